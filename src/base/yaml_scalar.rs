//! What an unquoted YAML scalar stands for, by the YAML 1.1 rules Kubernetes still follows.

/// The meaning of a plain scalar. Mirrors `resolve` of `go.yaml.in/yaml/v2`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Plain {
    Null,
    Bool(bool),
    Int(i64),
    Unsigned(u64),
    Float(f64),
    /// Looks like a date; read as text, but quoted when written.
    Timestamp,
    /// `<<`, which merges mappings.
    Merge,
    Text,
}

/// Resolves `text` as written without quotes.
pub(super) fn resolve(text: &str) -> Plain {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Plain::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Plain::Bool(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Plain::Bool(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Plain::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
            return Plain::Float(f64::INFINITY);
        }
        "-.inf" | "-.Inf" | "-.INF" => return Plain::Float(f64::NEG_INFINITY),
        "<<" => return Plain::Merge,
        _ => {}
    }
    match text.as_bytes()[0] {
        b'0'..=b'9' | b'+' | b'-' => number(text),
        b'.' if is_float(text) => text.parse().map_or(Plain::Text, Plain::Float),
        _ => Plain::Text,
    }
}

fn number(text: &str) -> Plain {
    if is_timestamp(text) {
        return Plain::Timestamp;
    }
    let digits = text.replace('_', "");
    if let Some(value) = integer(&digits) {
        return match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => Plain::Int(value),
            (_, Ok(value)) if !digits.starts_with('+') => Plain::Unsigned(value),
            _ => float(&digits),
        };
    }
    float(&digits)
}

fn float(digits: &str) -> Plain {
    match digits.parse() {
        Ok(value) if is_float(digits) => Plain::Float(value),
        _ => Plain::Text,
    }
}

/// Go's integer literals: a sign, then decimal, or `0x`, `0b`, `0o`, or octal after a zero.
fn integer(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &unsigned[2..]),
        [b'0', b'b' | b'B', ..] => (2, &unsigned[2..]),
        [b'0', b'o' | b'O', ..] => (8, &unsigned[2..]),
        [b'0', _, ..] => (8, &unsigned[1..]),
        _ => (10, unsigned),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let size = i128::from_str_radix(digits, radix).ok()?;
    Some(if text.starts_with('-') { -size } else { size })
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, rest) = digits(unsigned);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return false;
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent).1.is_empty()
        }
        None => rest.is_empty(),
    }
}

/// Whether text would be read as base 60 by YAML 1.1 (`1:30`), which go-yaml quotes.
pub(super) fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (unsigned, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    if !fraction.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return false;
    }
    let mut groups = unsigned.split(':');
    let first = groups.next().unwrap_or("");
    let starts = first.as_bytes().first().is_some_and(u8::is_ascii_digit)
        && first.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    let sixty =
        |group: &str| matches!(group.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9']);
    starts && unsigned.contains(':') && groups.all(sixty)
}

/// `2006-1-2`, alone or followed by `T`, `t` or a space and a time of day.
fn is_timestamp(text: &str) -> bool {
    let (year, rest) = digits(text);
    let Some((month, rest)) = rest.strip_prefix('-').map(digits) else { return false };
    let Some((day, rest)) = rest.strip_prefix('-').map(digits) else { return false };
    if year.len() != 4 || !within(month, 1, 12) || !within(day, 1, days(year, month)) {
        return false;
    }
    let (separator, time) = match rest.chars().next() {
        None => return true,
        Some(letter @ ('T' | 't' | ' ')) => (letter, &rest[1..]),
        Some(_) => return false,
    };
    let (hour, rest) = digits(time);
    let Some((minute, rest)) = rest.strip_prefix(':').map(digits) else { return false };
    let Some((second, rest)) = rest.strip_prefix(':').map(digits) else { return false };
    if !within(hour, 0, 23) || !within(minute, 0, 59) || !within(second, 0, 59) {
        return false;
    }
    let rest = match rest.strip_prefix('.').map(digits) {
        Some((fraction, rest)) if !fraction.is_empty() => rest,
        Some(_) => return false,
        None => rest,
    };
    match separator {
        ' ' => rest.is_empty(),
        _ => rest == "Z" || is_offset(rest),
    }
}

fn is_offset(text: &str) -> bool {
    let Some(clock) = text.strip_prefix(['+', '-']) else { return false };
    match clock.split_once(':') {
        Some((hour, minute)) => {
            hour.len() == 2 && minute.len() == 2 && within(hour, 0, 24) && within(minute, 0, 60)
        }
        None => false,
    }
}

fn days(year: &str, month: &str) -> u32 {
    let year: u32 = year.parse().unwrap_or(0);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month.trim_start_matches('0') {
        "2" if leap => 29,
        "2" => 28,
        "4" | "6" | "9" | "11" => 30,
        _ => 31,
    }
}

fn within(digits: &str, least: u32, most: u32) -> bool {
    let short = matches!(digits.len(), 1 | 2);
    short && digits.parse().is_ok_and(|value: u32| (least..=most).contains(&value))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_yaml_1_1() {
        let cases = [
            ("", Plain::Null),
            ("~", Plain::Null),
            ("yes", Plain::Bool(true)),
            ("Off", Plain::Bool(false)),
            ("n", Plain::Bool(false)),
            ("yEs", Plain::Text),
            ("0777", Plain::Int(511)),
            ("0o17", Plain::Int(15)),
            ("0x1F", Plain::Int(31)),
            ("-0b11", Plain::Int(-3)),
            ("1_000", Plain::Int(1000)),
            ("+12", Plain::Int(12)),
            ("08", Plain::Float(8.0)),
            ("1e3", Plain::Float(1000.0)),
            ("1.", Plain::Float(1.0)),
            (".5", Plain::Float(0.5)),
            ("18446744073709551615", Plain::Unsigned(u64::MAX)),
            ("100m", Plain::Text),
            ("1.2.3", Plain::Text),
            ("-", Plain::Text),
            (".", Plain::Text),
            ("<<", Plain::Merge),
            ("=", Plain::Text),
            ("2024-01-02", Plain::Timestamp),
            ("2024-02-30", Plain::Text),
            ("2024-01-02T03:04:05Z", Plain::Timestamp),
            ("2024-01-02T03:04:05.123456+02:00", Plain::Timestamp),
            ("2024-01-02T03:04", Plain::Text),
            ("2024-01-02 3:4:5", Plain::Timestamp),
            ("nginx:1.25", Plain::Text),
        ];
        for (text, expected) in cases {
            assert_eq!(resolve(text), expected, "{text}");
        }
        assert!(is_base_60("1:30"));
        assert!(is_base_60("12:30:45.5"));
        assert!(!is_base_60("1:75"));
        assert!(!is_base_60("8080"));
        assert!(!is_base_60("a:30"));
    }
}
