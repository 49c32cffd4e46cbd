//! Which scheduled moment is due, and when to look again.
//! Mirrors `mostRecentScheduleTime` and its users of `pkg/controller/cronjob/utils.go`.

use std::time::Duration;

use k8s_openapi::api::batch::v1::CronJob;

use crate::kinds::cron_job::schedule::{Schedule, Zone};
use crate::object::meta;
use crate::sim::Time;

/// How much later than the moment one looks, since clocks differ. Mirrors `nextScheduleDelta`.
const LATER: Duration = Duration::from_millis(100);
/// From this many missed starts on, one is warned of.
const MANY: u64 = 100;

/// A schedule, and where its clocks are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    schedule: Schedule,
    zone: Zone,
}

/// How many scheduled moments have passed unmet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    None,
    Few,
    Many,
}

/// The last unmet moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub at: Time,
    /// Whether it is the last of so many that something must be wrong.
    pub too_many: bool,
}

/// From where moments are looked for, and what is found.
struct Recent {
    earliest: Time,
    at: Option<Time>,
    missed: Missed,
}

impl Clock {
    /// The clock that a CronJob goes by.
    ///
    /// # Errors
    /// The reason and the message of the event that tells what is wrong with it.
    pub fn of(job: &CronJob) -> Result<Self, (&'static str, String)> {
        let name = job.spec.time_zone.as_deref().unwrap_or_default();
        let zone = Zone::named(name)
            .map_err(|why| ("UnknownTimeZone", format!("invalid timeZone: {name:?}: {why}")))?;
        let text = &job.spec.schedule;
        let schedule = Schedule::parse(text).map_err(|why| {
            ("UnparseableSchedule", format!("unparseable schedule: {text:?} : {why}"))
        })?;
        Ok(Self { schedule, zone })
    }

    fn next(&self, after: Time) -> Option<Time> {
        self.schedule.next(after, &self.zone)
    }

    fn recent(&self, job: &CronJob, now: Time, minds_deadline: bool) -> Result<Recent, Recent> {
        let status = job.status.as_ref();
        let last = status.and_then(|status| status.last_schedule_time.as_ref());
        let mut earliest = last.map_or_else(|| meta::created(&job.metadata), meta::moment);
        let deadline = job.spec.starting_deadline_seconds.filter(|_| minds_deadline);
        if let Some(seconds) = deadline {
            let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            earliest = earliest.max(now - seconds);
        }
        let none = Recent { earliest, at: None, missed: Missed::None };
        let (first, second) = (self.next(earliest), self.next(earliest).and_then(|t| self.next(t)));
        match (first, second) {
            (Some(first), _) if now < first => return Ok(none),
            (first, Some(second)) if now < second => return Ok(Recent { at: first, ..none }),
            _ => {}
        }
        let (Some(first), Some(second)) = (first, second) else { return Err(none) };
        let between = second.since(first).as_secs();
        if between == 0 {
            return Err(none);
        }
        // A rough count; then exactly, from shortly before now.
        let count = now.since(first).as_secs() / between + 1;
        let mut from = first + Duration::from_secs(between * count.saturating_sub(2));
        if count < 2 {
            from = first - Duration::from_secs(between);
        }
        let mut at = None;
        while let Some(next) = self.next(from).filter(|next| *next <= now) {
            at = Some(next);
            from = next;
        }
        let missed = if count > MANY { Missed::Many } else { Missed::Few };
        Ok(Recent { earliest, at, missed })
    }

    /// The moment to start a Job for, if it has come.
    ///
    /// # Errors
    /// What is wrong with a schedule that names no moments.
    pub fn due(&self, job: &CronJob, now: Time) -> Result<Option<Due>, String> {
        match self.recent(job, now, true) {
            Err(_) => Err("time difference between two schedules is less than 1 second".into()),
            Ok(recent) => {
                let too_many = recent.missed == Missed::Many;
                Ok(recent.at.map(|at| Due { at, too_many }))
            }
        }
    }

    /// How long until the next moment.
    pub fn wait(&self, job: &CronJob, now: Time) -> Option<Duration> {
        let from = match self.recent(job, now, false) {
            Ok(Recent { at: Some(at), .. }) => at,
            Ok(Recent { earliest, missed: Missed::None, .. }) => earliest,
            _ => now,
        };
        self.next(from).map(|next| (next + LATER).since(now))
    }

    /// The moment as clocks show it there, in RFC 3339.
    pub fn shown(&self, at: Time) -> String {
        self.zone.rfc3339(at)
    }
}
