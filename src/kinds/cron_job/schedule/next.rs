//! The moments that a schedule names. Mirrors `spec.go` of `github.com/robfig/cron/v3`, and of
//! Go's `time` what it needs to treat the hours that clocks skip or repeat the same way.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::{Fields, STAR, Schedule};
use crate::sim::Time;

/// How many years ahead a moment is looked for.
const YEARS: i16 = 5;

/// The zones that are one rule in all times to come: a name and its rule a line, made by `build.rs`.
const RULES: &str = include_str!(concat!(env!("OUT_DIR"), "/zone_rules.txt"));
/// The zones whose changes to come are written out, as TZif.
const TABLES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/zone_tables.rs"));

/// Where clocks show the time that a schedule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Coordinated universal time: what controllers run in.
    pub const UTC: Self = Self(TimeZone::UTC);

    /// The zone called so. Mirrors `time.LoadLocation`, which minds case.
    ///
    /// # Errors
    /// Go's text for a zone that is not known.
    pub fn named(name: &str) -> Result<Self, String> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Self::UTC);
        }
        let rule = RULES.lines().filter_map(|line| line.split_once(' ')).find(|(n, _)| *n == name);
        let zone = match rule {
            Some((_, rule)) => TimeZone::posix(rule).ok(),
            None => TABLES
                .iter()
                .find(|(listed, _)| *listed == name)
                .and_then(|(_, table)| TimeZone::tzif(name, table).ok()),
        };
        zone.map(Self).ok_or_else(|| format!("unknown time zone {name}"))
    }

    /// The moment as clocks show it there. Mirrors `time.RFC3339`.
    pub fn rfc3339(&self, at: Time) -> String {
        let second = i64::try_from(at.seconds()).unwrap_or(i64::MAX);
        let civil = Local::at(self, second).civil;
        match self.offset(second) {
            0 => format!("{civil}Z"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.abs() / 60;
                format!("{civil}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }

    /// The offset from UTC at a second since the epoch.
    fn offset(&self, second: i64) -> i64 {
        let stamp = Timestamp::from_second(second).unwrap_or_default();
        i64::from(self.0.to_offset(stamp).seconds())
    }
}

/// A moment as the clocks of a zone show it.
#[derive(Clone, Copy)]
struct Local<'a> {
    zone: &'a Zone,
    second: i64,
    civil: DateTime,
}

impl<'a> Local<'a> {
    fn at(zone: &'a Zone, second: i64) -> Self {
        let offset = i32::try_from(zone.offset(second)).unwrap_or(0);
        let offset = Offset::from_seconds(offset).unwrap_or(Offset::UTC);
        let stamp = Timestamp::from_second(second).unwrap_or_default();
        Self { zone, second, civil: offset.to_datetime(stamp) }
    }

    /// The moment at which clocks show `civil`. Mirrors `time.Date`.
    fn showing(zone: &'a Zone, civil: DateTime) -> Self {
        let shown = Offset::UTC.to_timestamp(civil).map_or(0, |stamp| stamp.as_second());
        let second = match zone.offset(shown) {
            0 => shown,
            guess => shown - zone.offset(shown - guess),
        };
        Self::at(zone, second)
    }

    fn midnight(self, date: Date) -> Self {
        Self::showing(self.zone, date.at(0, 0, 0, 0))
    }

    /// The next day at the same time of day.
    fn tomorrow(self) -> Self {
        let date = self.civil.date().tomorrow().unwrap_or(Date::MAX);
        Self::showing(self.zone, date.to_datetime(self.civil.time()))
    }

    fn later(self, seconds: i64) -> Self {
        Self::at(self.zone, self.second.saturating_add(seconds))
    }
}

impl Schedule {
    /// The first moment after `time`; `None` if there is none in the next years.
    pub fn next(&self, time: Time, zone: &Zone) -> Option<Time> {
        let second = i64::try_from(time.seconds()).unwrap_or(i64::MAX);
        let next = match self {
            Self::Every(period) => second.checked_add(i64::try_from(period.as_secs()).ok()?),
            Self::Fields(fields) => fields.next(Local::at(zone, second.saturating_add(1))),
        };
        next.and_then(|second| u64::try_from(second).ok()).map(Time::from_seconds)
    }
}

impl Fields {
    /// Mirrors `SpecSchedule.Next`: field by field to the next value, from the top again whenever
    /// one wraps around.
    fn next(&self, from: Local<'_>) -> Option<i64> {
        let last_year = from.civil.year().saturating_add(YEARS);
        let mut at = from;
        let mut added = false;
        while at.civil.year() <= last_year {
            let steps: [fn(&Self, &mut Local<'_>, &mut bool) -> bool; 5] =
                [Self::month, Self::day, Self::hour, Self::minute, Self::second];
            if steps.iter().all(|step| step(self, &mut at, &mut added)) {
                return Some(at.second);
            }
        }
        None
    }

    /// Moves to a month that fits; false if that took it into another year.
    fn month(&self, at: &mut Local<'_>, added: &mut bool) -> bool {
        while self.month & (1 << at.civil.month()) == 0 {
            if !std::mem::replace(added, true) {
                *at = at.midnight(at.civil.date().first_of_month());
            }
            let next = at.civil.date().last_of_month().tomorrow().unwrap_or(Date::MAX);
            *at = Local::showing(at.zone, next.to_datetime(at.civil.time()));
            if at.civil.month() == 1 {
                return false;
            }
        }
        true
    }

    /// The same for a day. Where clocks skip midnight, the day begins later.
    fn day(&self, at: &mut Local<'_>, added: &mut bool) -> bool {
        while !self.fits_day(at.civil.date()) {
            if !std::mem::replace(added, true) {
                *at = at.midnight(at.civil.date());
            }
            *at = at.tomorrow();
            match i64::from(at.civil.hour()) {
                0 => {}
                late @ 13.. => *at = at.later((24 - late) * 3600),
                early => *at = at.later(-early * 3600),
            }
            if at.civil.day() == 1 {
                return false;
            }
        }
        true
    }

    fn hour(&self, at: &mut Local<'_>, added: &mut bool) -> bool {
        while self.hour & (1 << at.civil.hour()) == 0 {
            if !std::mem::replace(added, true) {
                let (date, hour) = (at.civil.date(), at.civil.hour());
                *at = Local::showing(at.zone, date.at(hour, 0, 0, 0));
            }
            *at = at.later(3600);
            if at.civil.hour() == 0 {
                return false;
            }
        }
        true
    }

    fn minute(&self, at: &mut Local<'_>, added: &mut bool) -> bool {
        while self.minute & (1 << at.civil.minute()) == 0 {
            if !std::mem::replace(added, true) {
                *at = at.later(-at.second.rem_euclid(60));
            }
            *at = at.later(60);
            if at.civil.minute() == 0 {
                return false;
            }
        }
        true
    }

    /// The full minute; moving to it has everything looked at again.
    fn second(&self, at: &mut Local<'_>, added: &mut bool) -> bool {
        if at.civil.second() == 0 {
            return true;
        }
        *added = true;
        *at = at.later(60 - i64::from(at.civil.second()));
        false
    }

    /// Both the day and the weekday must fit, or either where both are restricted.
    fn fits_day(&self, date: Date) -> bool {
        let day = self.day & (1 << date.day()) != 0;
        let weekday = self.weekday & (1 << date.weekday().to_sunday_zero_offset()) != 0;
        if (self.day | self.weekday) & STAR != 0 { day && weekday } else { day || weekday }
    }
}
