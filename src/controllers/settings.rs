//! What an administrator may set of the controllers. Mirrors kube-controller-manager's flags.

use std::time::Duration;

/// The settings of all controllers; the defaults are upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
