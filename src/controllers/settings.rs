//! What an administrator may set of the controllers. Mirrors kube-controller-manager's flags.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::duration;
use crate::base::quantity::Quantity;

/// The settings of all controllers; the defaults are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// How often each autoscaler looks: `--horizontal-pod-autoscaler-sync-period`.
    pub autoscaler_sync_period: Duration,
    /// For how long the highest recommendation holds, unless `behavior` says otherwise:
    /// `--horizontal-pod-autoscaler-downscale-stabilization`.
    pub autoscaler_downscale_stabilization: Duration,
    /// How far from its target a metric changes nothing, in thousandths:
    /// `--horizontal-pod-autoscaler-tolerance`.
    pub autoscaler_tolerance: i64,
    /// A pod that started this recently is judged by whether a whole window was measured while it
    /// was ready: `--horizontal-pod-autoscaler-cpu-initialization-period`.
    pub autoscaler_cpu_initialization: Duration,
    /// A pod that became unready this soon after its start was never ready:
    /// `--horizontal-pod-autoscaler-initial-readiness-delay`.
    pub autoscaler_initial_readiness: Duration,
    /// How often nodes are looked at: `--node-monitor-period`.
    pub node_monitor_period: Duration,
    /// How long a node may be silent: `--node-monitor-grace-period`.
    pub node_monitor_grace: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            autoscaler_sync_period: Duration::from_secs(15),
            autoscaler_downscale_stabilization: Duration::from_secs(300),
            autoscaler_tolerance: 100,
            autoscaler_cpu_initialization: Duration::from_secs(300),
            autoscaler_initial_readiness: Duration::from_secs(30),
            node_monitor_period: Duration::from_secs(5),
            node_monitor_grace: Duration::from_secs(50),
        }
    }
}

impl Settings {
    /// The flags that [`Settings::set`] takes, with what they mean when they are not given.
    pub const FLAGS: [(&'static str, &'static str); 7] = [
        ("--horizontal-pod-autoscaler-sync-period", "15s"),
        ("--horizontal-pod-autoscaler-downscale-stabilization", "5m0s"),
        ("--horizontal-pod-autoscaler-tolerance", "0.1"),
        ("--horizontal-pod-autoscaler-cpu-initialization-period", "5m0s"),
        ("--horizontal-pod-autoscaler-initial-readiness-delay", "30s"),
        ("--node-monitor-period", "5s"),
        ("--node-monitor-grace-period", "50s"),
    ];

    /// Sets what a flag of kube-controller-manager sets: whether it is one that counts here.
    ///
    /// # Errors
    /// The value is none: not a duration as Go reads it, not positive, not a number.
    pub fn set(&mut self, flag: &str, value: &str) -> Result<bool, String> {
        let period = match flag.strip_prefix("--horizontal-pod-autoscaler-").unwrap_or(flag) {
            "sync-period" => &mut self.autoscaler_sync_period,
            "downscale-stabilization" => &mut self.autoscaler_downscale_stabilization,
            "cpu-initialization-period" => &mut self.autoscaler_cpu_initialization,
            "initial-readiness-delay" => &mut self.autoscaler_initial_readiness,
            "--node-monitor-period" => &mut self.node_monitor_period,
            "--node-monitor-grace-period" => &mut self.node_monitor_grace,
            "tolerance" => {
                let milli = value.parse::<Quantity>().map(|quantity| quantity.milli())?;
                self.autoscaler_tolerance = milli;
                return Ok(true);
            }
            _ => return Ok(false),
        };
        let nanos = u64::try_from(duration::parse_go(value)?).ok().filter(|nanos| *nanos > 0);
        *period = Duration::from_nanos(nanos.ok_or_else(|| format!("{value} is not positive"))?);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_set_what_their_defaults_are() {
        let mut settings = Settings {
            autoscaler_sync_period: Duration::ZERO,
            autoscaler_downscale_stabilization: Duration::ZERO,
            autoscaler_tolerance: 0,
            autoscaler_cpu_initialization: Duration::ZERO,
            autoscaler_initial_readiness: Duration::ZERO,
            node_monitor_period: Duration::ZERO,
            node_monitor_grace: Duration::ZERO,
        };
        for (flag, default) in Settings::FLAGS {
            assert_eq!(settings.set(flag, default), Ok(true), "{flag}");
        }
        assert_eq!(settings, Settings::default());
        assert_eq!(settings.set("--port", "1"), Ok(false));
        assert!(settings.set("--node-monitor-period", "0s").is_err());
        assert!(settings.set("--node-monitor-period", "soon").is_err());
    }
}
