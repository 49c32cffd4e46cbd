//! Reading schedules. Mirrors `parser.go` of `github.com/robfig/cron/v3`, its texts included.

use std::time::Duration;

use super::{Fields, STAR, Schedule, Zone};
use crate::base::duration;

/// The values that a field may have, and their names from the first on.
struct Bounds {
    min: u64,
    max: u64,
    names: &'static [&'static str],
}

const MINUTES: Bounds = Bounds { min: 0, max: 59, names: &[] };
const HOURS: Bounds = Bounds { min: 0, max: 23, names: &[] };
const DAYS: Bounds = Bounds { min: 1, max: 31, names: &[] };
const MONTHS: Bounds = Bounds {
    min: 1,
    max: 12,
    names: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
};
const WEEKDAYS: Bounds =
    Bounds { min: 0, max: 6, names: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] };

impl Schedule {
    /// Reads a schedule. A time zone in it (`TZ=`) is read over: CronJobs may not have one there.
    ///
    /// # Errors
    /// Upstream's text.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Err("empty spec string".to_owned());
        }
        let text = after_zone(text)?;
        if text.starts_with('@') {
            return descriptor(text);
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = words[..] else {
            let found = words.len();
            let words = words.join(" ");
            return Err(format!("expected exactly 5 fields, found {found}: [{words}]"));
        };
        Ok(Self::Fields(Fields {
            minute: field(minute, &MINUTES)?,
            hour: field(hour, &HOURS)?,
            day: field(day, &DAYS)?,
            month: field(month, &MONTHS)?,
            weekday: field(weekday, &WEEKDAYS)?,
        }))
    }
}

/// What stands behind `TZ=Zone `, if that is there.
fn after_zone(text: &str) -> Result<&str, String> {
    if !text.starts_with("TZ=") && !text.starts_with("CRON_TZ=") {
        return Ok(text);
    }
    let Some((zone, rest)) = text.split_once(' ') else {
        // Upstream panics and says so.
        return Err(
            "invalid schedule format: runtime error: slice bounds out of range [:-1]".to_owned()
        );
    };
    let name = zone.split_once('=').map_or("", |(_, name)| name);
    Zone::named(name).map_err(|why| format!("provided bad location {name}: {why}"))?;
    Ok(rest.trim())
}

fn descriptor(text: &str) -> Result<Schedule, String> {
    let star = |bounds: &Bounds| bits(bounds.min, bounds.max, 1) | STAR;
    let daily = Fields {
        minute: 1,
        hour: 1,
        day: star(&DAYS),
        month: star(&MONTHS),
        weekday: star(&WEEKDAYS),
    };
    let fields = match text {
        "@yearly" | "@annually" => Fields { day: 1 << 1, month: 1 << 1, ..daily },
        "@monthly" => Fields { day: 1 << 1, ..daily },
        "@weekly" => Fields { weekday: 1, ..daily },
        "@daily" | "@midnight" => daily,
        "@hourly" => Fields { hour: star(&HOURS), ..daily },
        _ => {
            let period = text
                .strip_prefix("@every ")
                .ok_or_else(|| format!("unrecognized descriptor: {text}"))?;
            let nanos = duration::parse_go(period)
                .map_err(|why| format!("failed to parse duration {text}: {why}"))?;
            let seconds = u64::try_from(nanos / 1_000_000_000).unwrap_or(0).max(1);
            return Ok(Schedule::Every(Duration::from_secs(seconds)));
        }
    };
    Ok(Schedule::Fields(fields))
}

/// A list of ranges.
fn field(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let ranges = text.split(',').filter(|range| !range.is_empty());
    ranges.map(|text| range(text, bounds)).try_fold(0, |all, bits| Ok(all | bits?))
}

/// `*`, `3`, `mon-fri`, each with an optional step: `*/5`, `3/5` (to the end), `1-30/5`.
fn range(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let limits: Vec<&str> = parts[0].split('-').collect();
    let is_star = matches!(limits[0], "*" | "?");
    let (start, mut end) = match limits[..] {
        _ if is_star => (bounds.min, bounds.max),
        [one] => {
            let one = number_or_name(one, bounds)?;
            (one, one)
        }
        [first, last] => (number_or_name(first, bounds)?, number_or_name(last, bounds)?),
        _ => {
            number_or_name(limits[0], bounds)?;
            return Err(format!("too many hyphens: {text}"));
        }
    };
    let step = match parts[..] {
        [_] => 1,
        [_, step] => {
            let step = number(step)?;
            if limits.len() == 1 {
                end = bounds.max;
            }
            step
        }
        _ => return Err(format!("too many slashes: {text}")),
    };
    let (min, max) = (bounds.min, bounds.max);
    if start < min {
        return Err(format!("beginning of range ({start}) below minimum ({min}): {text}"));
    }
    if end > max {
        return Err(format!("end of range ({end}) above maximum ({max}): {text}"));
    }
    if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {text}"));
    }
    let star = if is_star && step == 1 { STAR } else { 0 };
    Ok(bits(start, end, step) | star)
}

fn number_or_name(text: &str, bounds: &Bounds) -> Result<u64, String> {
    let name = text.to_ascii_lowercase();
    let named = (bounds.min..).zip(bounds.names).find(|(_, known)| **known == name);
    named.map_or_else(|| number(text), |(value, _)| Ok(value))
}

fn number(text: &str) -> Result<u64, String> {
    let number: i64 = text.parse().map_err(|error: std::num::ParseIntError| {
        let why = match error.kind() {
            std::num::IntErrorKind::PosOverflow | std::num::IntErrorKind::NegOverflow => {
                "value out of range"
            }
            _ => "invalid syntax",
        };
        format!("failed to parse int from {text}: strconv.Atoi: parsing {text:?}: {why}")
    })?;
    u64::try_from(number).map_err(|_| format!("negative number ({number}) not allowed: {text}"))
}

fn bits(first: u64, last: u64, step: u64) -> u64 {
    let mut bits = 0;
    let mut at = first;
    while at <= last {
        bits |= 1 << at;
        at = at.saturating_add(step);
    }
    bits
}
