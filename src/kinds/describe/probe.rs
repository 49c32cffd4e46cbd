//! One line about a probe. Mirrors `describe.DescribeProbe`.

use k8s_openapi::api::core::v1::Probe;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// `http-get http://:80/healthz delay=0s timeout=1s period=10s #success=1 #failure=3`.
pub fn text(probe: &Probe) -> String {
    format!(
        "{} delay={}s timeout={}s period={}s #success={} #failure={}",
        action(probe),
        probe.initial_delay_seconds.unwrap_or(0),
        probe.timeout_seconds.unwrap_or(0),
        probe.period_seconds.unwrap_or(0),
        probe.success_threshold.unwrap_or(0),
        probe.failure_threshold.unwrap_or(0),
    )
}

fn action(probe: &Probe) -> String {
    if let Some(exec) = &probe.exec {
        return format!("exec [{}]", exec.command.clone().unwrap_or_default().join(" "));
    }
    if let Some(http) = &probe.http_get {
        let scheme = http.scheme.as_deref().unwrap_or("HTTP").to_ascii_lowercase();
        let host = http.host.as_deref().unwrap_or_default();
        let path = http.path.as_deref().unwrap_or_default();
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        return format!("http-get {scheme}://{host}:{}{slash}{path}", port(&http.port));
    }
    if let Some(tcp) = &probe.tcp_socket {
        let host = tcp.host.as_deref().unwrap_or_default();
        return format!("tcp-socket {host}:{}", port(&tcp.port));
    }
    if let Some(grpc) = &probe.grpc {
        let service = grpc.service.as_deref().unwrap_or_default();
        return format!("grpc <pod>:{} {service}", grpc.port);
    }
    "unknown".to_owned()
}

/// A port's number or name.
pub fn port(port: &IntOrString) -> String {
    match port {
        IntOrString::Int(number) => number.to_string(),
        IntOrString::String(name) => name.clone(),
    }
}
