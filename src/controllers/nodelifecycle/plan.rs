//! What a node's silence means, and how long its pods may stay.
//! Mirrors `pkg/controller/nodelifecycle` and `pkg/controller/tainteviction`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Taint, Toleration};

use crate::kinds::placement::tolerates;
use crate::sim::{Explain, Fact, Time};

/// What is known of a node.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Its condition `Ready` as it is to be; `None` before its first report.
    pub ready: Option<String>,
    /// Whether all its conditions are to become Unknown.
    pub lost: bool,
    /// How long it has been silent.
    pub silence: Duration,
    /// How long it may be.
    pub grace: Duration,
}

/// Decides whether a node is lost, from its last sign of life and its condition `Ready`.
pub fn plan(ready: Option<&str>, last_sign: Time, grace: Duration, now: Time) -> Plan {
    let silence = now.since(last_sign);
    let lost = silence > grace && ready != Some("Unknown");
    let ready = if lost { Some("Unknown") } else { ready };
    Plan { ready: ready.map(str::to_owned), lost, silence, grace }
}

impl Plan {
    /// The keys of the taints that the node is to have, each with both effects.
    pub fn taint(&self) -> Option<&'static str> {
        match self.ready.as_deref()? {
            "False" => Some("node.kubernetes.io/not-ready"),
            "Unknown" => Some("node.kubernetes.io/unreachable"),
            _ => None,
        }
    }
}

/// For how long the tolerations let a pod stay: `None` for ever, zero not at all.
/// Mirrors `getMinTolerationTime`.
pub fn stay(taints: &[&Taint], tolerations: &[Toleration]) -> Option<Duration> {
    let mut shortest: Option<Duration> = None;
    for taint in taints {
        let mut matching =
            tolerations.iter().filter(|toleration| tolerates(toleration, taint)).peekable();
        if matching.peek().is_none() {
            return Some(Duration::ZERO);
        }
        for seconds in matching.filter_map(|toleration| toleration.toleration_seconds) {
            let time = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            shortest = Some(shortest.map_or(time, |known| known.min(time)));
        }
    }
    shortest
}

impl Explain for Plan {
    fn summary(&self) -> String {
        if self.lost {
            format!("the node has been silent for {} s", self.silence.as_secs())
        } else {
            format!("Ready is {}", self.ready.as_deref().unwrap_or("not known"))
        }
    }

    fn facts(&self) -> Vec<Fact> {
        vec![
            Fact { name: "silent seconds", value: self.silence.as_secs().to_string() },
            Fact { name: "grace seconds", value: self.grace.as_secs().to_string() },
            Fact { name: "taint", value: self.taint().unwrap_or_default().to_owned() },
        ]
    }
}
