//! After a while the past can no longer be listed. Mirrors `storage/etcd3/compact.go`.

use std::time::Duration;

use crate::sim::Time;

/// How often the past is cut off. Mirrors `--etcd-compaction-interval`.
const INTERVAL: Duration = Duration::from_secs(300);

/// What has been cut off, and what will be next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compaction {
    due: Option<Time>,
    /// The revision at the last time, before which everything goes the next time.
    mark: u64,
    /// The oldest revision that can be listed.
    oldest: u64,
}

impl Compaction {
    /// The oldest revision that can be listed.
    pub(super) fn oldest(&self) -> u64 {
        self.oldest
    }

    /// Lets time pass, after which nothing newer than `revision` has been written.
    pub(super) fn pass(&mut self, now: Time, revision: u64) {
        let due = *self.due.get_or_insert(now + INTERVAL);
        if now < due {
            return;
        }
        let missed_one = now >= due + INTERVAL;
        self.oldest = if missed_one { revision } else { self.mark };
        self.mark = revision;
        self.due = Some(now + INTERVAL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_can_be_listed_for_one_interval_at_least_and_two_at_most() {
        let mut compaction = Compaction::default();
        let mut oldest = |second: u64, revision| {
            compaction.pass(Time::from_seconds(1000 + second), revision);
            compaction.oldest()
        };
        assert_eq!(oldest(0, 5), 0);
        assert_eq!(oldest(299, 20), 0);
        assert_eq!(oldest(300, 20), 0);
        assert_eq!(oldest(599, 30), 0);
        assert_eq!(oldest(600, 40), 20);
        assert_eq!(oldest(1500, 50), 50);
    }
}
