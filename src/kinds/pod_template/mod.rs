//! What all kinds with pods in them share: the defaults and rules of `PodSpec` and
//! `PodTemplateSpec`.

/// The defaults of pod specs.
pub mod defaults;
/// The rules of pod specs.
pub mod validate;
/// The defaults of volumes.
pub mod volume_defaults;

/// The sysctls that any pod may set. Mirrors `safeSysctls` of `pkg/kubelet/sysctl`, which the
/// baseline Pod Security Standard allows, too.
pub const SAFE_SYSCTLS: &[&str] = &[
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];
