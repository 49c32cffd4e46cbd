//! How long failed daemon pods are left alone. Mirrors `client-go/util/flowcontrol.Backoff`.

use std::time::Duration;

use crate::base::shared_map::SharedMap;
use crate::sim::Time;

/// The first delay.
const FIRST: Duration = Duration::from_secs(1);
/// The longest delay.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// The delays, by what they are for.
#[derive(Clone, Debug, Default)]
pub struct Backoff(SharedMap<String, (Duration, Time)>);

impl Backoff {
    /// The delay that is under way, if one is.
    pub fn under_way(&self, key: &str, now: Time) -> Option<Duration> {
        let (delay, since) = self.0.get(key)?;
        Some(*delay).filter(|delay| now.since(*since) < *delay)
    }

    /// Begins the next delay: twice the last one, unless that is long over.
    pub fn next(&mut self, key: String, now: Time) {
        let is_recent = |since: Time| now.since(since) <= LONGEST * 2;
        self.0.retain(|_, (_, since)| is_recent(*since));
        let delay = self.0.get(&key).map_or(FIRST, |(delay, _)| (*delay * 2).min(LONGEST));
        self.0.insert(key, (delay, now));
    }
}
