//! Spans of time as text: kubectl's ages and Go's durations.

const SECOND: i64 = 1_000_000_000;
const UNITS: [(&str, i64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3600 * SECOND),
];

/// An age of whole seconds with two or three significant figures: `5s`, `2m30s`, `3h20m`, `2d`.
///
/// Mirrors `k8s.io/apimachinery/pkg/util/duration.HumanDuration`.
pub fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    match seconds {
        ..-1 => "<invalid>".to_string(),
        -1 => "0s".to_string(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if hours < 192 => pair(days, "d", hours % 24, "h"),
        _ if years < 2 => format!("{days}d"),
        _ if years < 8 => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

fn pair(large: i64, large_unit: &str, small: i64, small_unit: &str) -> String {
    match small {
        0 => format!("{large}{large_unit}"),
        _ => format!("{large}{large_unit}{small}{small_unit}"),
    }
}

/// An age of whole seconds with one unit: `5s`, `2m`, `3h`. Mirrors `ShortHumanDuration`.
pub fn short_human(seconds: i64) -> String {
    match seconds {
        ..-1 => "<invalid>".to_string(),
        -1 => "0s".to_string(),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

/// A span of nanoseconds as Go prints it: `1m30s`, `1.5s`, `250ms`. Mirrors
/// `time.Duration.String`.
pub fn go_string(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    let second = SECOND.unsigned_abs();
    match size {
        0 => "0s".to_string(),
        1..1_000 => format!("{sign}{size}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(size, 1_000)),
        _ if size < second => format!("{sign}{}ms", decimal(size, 1_000_000)),
        _ => {
            let minutes = size / (60 * second);
            let seconds = decimal(size % (60 * second), second);
            match (minutes / 60, minutes % 60) {
                (0, 0) => format!("{sign}{seconds}s"),
                (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
                (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
            }
        }
    }
}

fn decimal(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let text = format!("{}.{:0width$}", value / unit, value % unit);
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// The nanoseconds of a Go duration such as `1h2m3.5s`; the error is Go's. Mirrors
/// `time.ParseDuration`.
pub fn parse_go(text: &str) -> Result<i64, String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned == "0" {
        return Ok(0);
    }
    if unsigned.is_empty() {
        return Err(invalid());
    }
    let mut total: i128 = 0;
    let mut rest = unsigned;
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return Err(invalid());
        }
        let ends = |letter: char| letter == '.' || letter.is_ascii_digit();
        let (unit, after) = after.split_at(after.find(ends).unwrap_or(after.len()));
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(format!("time: unknown unit {unit:?} in duration {text:?}"));
        };
        let whole: i64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| invalid())? };
        total += i128::from(whole) * i128::from(*nanos) + fraction_of(fraction, *nanos);
        rest = after;
    }
    let signed = if text.starts_with('-') { -total } else { total };
    i64::try_from(signed).map_err(|_| invalid())
}

/// `0.fraction` of `unit`, rounded down.
fn fraction_of(fraction: &str, unit: i64) -> i128 {
    let kept = &fraction[..fraction.len().min(18)];
    let digits: i128 = kept.parse().unwrap_or(0);
    digits * i128::from(unit) / 10_i128.pow(kept.len() as u32)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        const HOUR: i64 = 3600;
        const DAY: i64 = 24 * HOUR;
        let cases = [
            (-2, "<invalid>", "<invalid>"),
            (-1, "0s", "0s"),
            (0, "0s", "0s"),
            (5, "5s", "5s"),
            (119, "119s", "1m"),
            (120, "2m", "2m"),
            (150, "2m30s", "2m"),
            (600, "10m", "10m"),
            (179 * 60, "179m", "2h"),
            (3 * HOUR, "3h", "3h"),
            (3 * HOUR + 1200, "3h20m", "3h"),
            (8 * HOUR + 1200, "8h", "8h"),
            (47 * HOUR, "47h", "1d"),
            (2 * DAY, "2d", "2d"),
            (2 * DAY + HOUR, "2d1h", "2d"),
            (8 * DAY + HOUR, "8d", "8d"),
            (700 * DAY, "700d", "1y"),
            (730 * DAY, "2y", "2y"),
            (740 * DAY, "2y10d", "2y"),
            (8 * 365 * DAY + DAY, "8y", "8y"),
        ];
        for (seconds, long, short) in cases {
            assert_eq!(human(seconds), long);
            assert_eq!(short_human(seconds), short);
        }
    }

    #[test]
    fn go_durations() {
        let cases = [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5µs"),
            (250_000_000, "250ms"),
            (1_500_000_000, "1.5s"),
            (90 * SECOND, "1m30s"),
            (3600 * SECOND, "1h0m0s"),
            (-60 * SECOND, "-1m0s"),
        ];
        for (nanos, text) in cases {
            assert_eq!(go_string(nanos), text);
            assert_eq!(parse_go(text), Ok(nanos));
        }
        assert_eq!(parse_go("1.5h"), Ok(5400 * SECOND));
        assert_eq!(parse_go("+.5s"), Ok(SECOND / 2));
        assert_eq!(parse_go("0"), Ok(0));
        let refused = [
            ("", "time: invalid duration \"\""),
            ("x", "time: invalid duration \"x\""),
            ("10", "time: missing unit in duration \"10\""),
            ("10x", "time: unknown unit \"x\" in duration \"10x\""),
            ("9999999h", "time: invalid duration \"9999999h\""),
        ];
        for (text, error) in refused {
            assert_eq!(parse_go(text), Err(error.to_string()));
        }
    }
}
