//! One decision of an autoscaler, with every number in it.

use super::calculator::{Proposal, Target};
use super::limits::{Normalized, Wish};
use crate::sim::{Explain, Fact};

/// What one metric says.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What the conditions call it: `cpu resource utilization (percentage of request)`.
    pub name: String,
    /// What is to be reached.
    pub target: Target,
    /// What came out.
    pub outcome: Result<Proposal, String>,
}

/// What to do with the target.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It was scaled to zero by hand: leave it.
    Disabled,
    /// It is out of its bounds: set it to this.
    Bound(i32),
    /// The metrics decide.
    Measured(Normalized),
}

/// The decision.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What the decision is about.
    pub wish: Wish,
    /// What the metrics say.
    pub readings: Vec<Reading>,
    /// What to do.
    pub verdict: Verdict,
}

impl Plan {
    /// The replicas that the target shall have.
    pub fn replicas(&self) -> i32 {
        match &self.verdict {
            Verdict::Disabled => self.wish.current,
            Verdict::Bound(replicas) => *replicas,
            Verdict::Measured(normalized) => normalized.replicas,
        }
    }
}

/// The metric that asks for the most replicas, as (replicas, name).
///
/// # Errors
/// How many metrics are of no use, where that forbids a decision, and what the first one lacks.
/// Mirrors `computeReplicasForMetrics`.
pub fn strongest(readings: &[Reading], current: i32) -> Result<(i32, &str), (usize, &str)> {
    let valid = readings.iter().filter_map(|reading| {
        let proposal = reading.outcome.as_ref().ok()?;
        Some((proposal.replicas, reading.name.as_str()))
    });
    // Of equal ones the first counts.
    let best = valid.reduce(|best, next| if next.0 > best.0 { next } else { best });
    let mut faults = readings.iter().filter_map(|reading| reading.outcome.as_ref().err());
    let invalid = faults.clone().count();
    match (faults.next(), best) {
        // With something unknown it is safe to scale up, but not down.
        (None, Some(best)) => Ok(best),
        (Some(_), Some(best)) if best.0 >= current => Ok(best),
        (fault, _) => Err((invalid, fault.map(String::as_str).unwrap_or_default())),
    }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let (current, replicas) = (self.wish.current, self.replicas());
        if current == replicas {
            format!("stay at {current} replicas")
        } else {
            format!("scale from {current} to {replicas} replicas")
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let number = |name, value: i32| Fact { name, value: value.to_string() };
        let mut facts = vec![
            number("current replicas", self.wish.current),
            number("min replicas", self.wish.min),
            number("max replicas", self.wish.max),
        ];
        for reading in &self.readings {
            facts.push(Fact { name: "metric", value: reading.name.clone() });
            let (target, is_percent) = match reading.target {
                Target::Utilization(percent) => (format!("{percent}%"), true),
                Target::AverageValue(milli) => (format!("{milli}m"), false),
            };
            facts.push(Fact { name: "target", value: target });
            match &reading.outcome {
                Err(why) => facts.push(Fact { name: "error", value: why.clone() }),
                Ok(proposal) => {
                    let usage = match proposal.utilization.filter(|_| is_percent) {
                        Some(percent) => format!("{percent}%"),
                        None => format!("{}m", proposal.average),
                    };
                    facts.push(Fact { name: "usage", value: usage });
                    let ratio = format!("{}.{:03}", proposal.ratio / 1000, proposal.ratio % 1000);
                    facts.push(Fact { name: "ratio", value: ratio });
                    facts.push(number("ready pods", proposal.ready));
                    facts.push(number("unready pods", proposal.unready));
                    facts.push(number("missing pods", proposal.missing));
                    facts.push(number("proposed replicas", proposal.replicas));
                }
            }
        }
        if let Verdict::Measured(normalized) = &self.verdict {
            facts.push(number("desired replicas", self.wish.desired));
            facts.push(number("stabilised replicas", normalized.stabilized));
            facts.push(Fact { name: "stabilisation", value: normalized.able.0.to_owned() });
            facts.push(Fact { name: "limit", value: normalized.limited.1.0.to_owned() });
        }
        facts.push(number("replicas", self.replicas()));
        facts
    }
}
