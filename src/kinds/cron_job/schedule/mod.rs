//! When a CronJob runs: schedules of five fields, and the moments they name.
//! Mirrors `github.com/robfig/cron/v3`, upstream's parser.

mod next;
mod parse;
#[cfg(test)]
mod tests;

pub use next::Zone;

use std::time::Duration;

/// Set in a field that takes every value: it does not restrict the day.
const STAR: u64 = 1 << 63;

/// A schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// Minutes, hours, days, months and days of the week, a bit for each.
    Fields(Fields),
    /// After each run, this much later.
    Every(Duration),
}

/// The minutes that a schedule names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    minute: u64,
    hour: u64,
    day: u64,
    month: u64,
    weekday: u64,
}
