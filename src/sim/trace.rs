//! What happened and why: the record that the page draws and that determinism proofs hash.

use std::fmt::Write as _;

use imbl::Vector;

use super::Time;
use crate::base::fnv::Fnv;

/// How many records are kept; older ones are dropped, the hash still covers them.
const RECORDS_MAX: usize = 4096;

/// One named input or result of a decision, for example `("desired", "8")`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it is, in the field's own words.
    pub name: &'static str,
    /// Its value, as text.
    pub value: String,
}

/// A decision that can say what it decided and from which inputs.
pub trait Explain {
    /// One line: what was decided.
    fn summary(&self) -> String;
    /// The inputs and results, in reading order.
    fn facts(&self) -> Vec<Fact>;
}

/// One line of the trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number; the first is 1 and none is skipped.
    pub sequence: u64,
    /// When it happened.
    pub at: Time,
    /// Who did it: a controller's name, `scheduler`, `kubelet`, `apiserver` …
    pub actor: &'static str,
    /// What it is about: `deployments.apps default/web`.
    pub subject: String,
    /// What happened.
    pub summary: String,
    /// The decision's inputs and results.
    pub facts: Vec<Fact>,
}

/// The records of a run, newest last, and a hash over every record ever added.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    records: Vector<Record>,
    sequence: u64,
    hash: Fnv,
}

impl Trace {
    /// Adds a record.
    pub fn add(
        &mut self,
        at: Time,
        actor: &'static str,
        subject: String,
        summary: String,
        facts: Vec<Fact>,
    ) {
        self.sequence += 1;
        let record = Record { sequence: self.sequence, at, actor, subject, summary, facts };
        self.digest(&record);
        if self.records.len() == RECORDS_MAX {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }

    /// Adds the explanation of a decision.
    pub fn decision(&mut self, at: Time, actor: &'static str, subject: String, why: &dyn Explain) {
        self.add(at, actor, subject, why.summary(), why.facts());
    }

    /// The records still kept, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.iter()
    }

    /// The records added after number `sequence`, oldest first.
    pub fn since(&self, sequence: u64) -> impl Iterator<Item = &Record> {
        let first = self.records.front().map_or(self.sequence + 1, |record| record.sequence);
        let skip = (sequence + 1).saturating_sub(first);
        let first = usize::try_from(skip).unwrap_or(usize::MAX);
        // By number: skipping would walk over all that is skipped.
        (first..self.records.len()).filter_map(|index| self.records.get(index))
    }

    /// The number of the newest record; zero before the first.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// A 64-bit FNV-1a hash over all records so far: equal runs have equal hashes.
    pub fn hash(&self) -> u64 {
        self.hash.0
    }

    fn digest(&mut self, record: &Record) {
        let hash = &mut self.hash;
        let written = write!(
            hash,
            "{} {} {} {}",
            record.at.micros(),
            record.actor,
            record.subject,
            record.summary
        );
        let facts = record.facts.iter().try_for_each(|f| write!(hash, "|{}={}", f.name, f.value));
        assert!(written.is_ok() && facts.is_ok(), "hashing cannot fail");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_skips_what_was_seen() {
        let mut trace = Trace::default();
        for n in 1..=3 {
            trace.add(Time::from_seconds(n), "test", String::new(), n.to_string(), vec![]);
        }
        let seen: Vec<_> = trace.since(1).map(|r| r.summary.as_str()).collect();
        assert_eq!(seen, ["2", "3"]);
    }
}
