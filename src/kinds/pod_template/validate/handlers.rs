//! The rules of probes and lifecycle handlers.

use k8s_openapi::api::core::v1::{
    Container, ExecAction, GRPCAction, HTTPGetAction, Lifecycle, LifecycleHandler, Probe,
    SleepAction, TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::{containers, word};
use crate::kinds::names;
use crate::kinds::path::{Errors, Path};

/// What probes and lifecycle handlers can do.
#[derive(Default)]
struct Actions<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
}

/// Mirrors `validateLifecycle`.
pub fn lifecycle(path: &Path<'_>, lifecycle: Option<&Lifecycle>, errors: &mut Errors) {
    let Some(lifecycle) = lifecycle else { return };
    let handlers = [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)];
    for (name, handler) in handlers {
        let Some(LifecycleHandler { exec, http_get, sleep, tcp_socket }) = handler else {
            continue;
        };
        let all = Actions {
            exec: exec.as_ref(),
            http_get: http_get.as_ref(),
            tcp_socket: tcp_socket.as_ref(),
            grpc: None,
            sleep: sleep.as_ref(),
        };
        actions(&path.child(name), &all, errors);
    }
}

/// Mirrors `validateLivenessProbe` and its siblings.
pub fn probes(path: &Path<'_>, container: &Container, errors: &mut Errors) {
    let must_succeed_once = "must be 1";
    if let Some(liveness) = &container.liveness_probe {
        let path = path.child("livenessProbe");
        probe(&path, liveness, errors);
        if let Some(threshold) = liveness.success_threshold.filter(|threshold| *threshold != 1) {
            errors.invalid(&path.child("successThreshold"), &threshold, must_succeed_once);
        }
    }
    if let Some(readiness) = &container.readiness_probe {
        let path = path.child("readinessProbe");
        probe(&path, readiness, errors);
        if let Some(seconds) = readiness.termination_grace_period_seconds {
            let text = "must not be set for readinessProbes";
            errors.invalid(&path.child("terminationGracePeriodSeconds"), &seconds, text);
        }
    }
    if let Some(startup) = &container.startup_probe {
        let path = path.child("startupProbe");
        probe(&path, startup, errors);
        if let Some(threshold) = startup.success_threshold.filter(|threshold| *threshold != 1) {
            errors.invalid(&path.child("successThreshold"), &threshold, must_succeed_once);
        }
    }
}

/// Mirrors `validateProbe`.
fn probe(path: &Path<'_>, probe: &Probe, errors: &mut Errors) {
    let all = Actions {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    actions(path, &all, errors);
    for (name, value) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        errors.non_negative(&path.child(name), i64::from(value.unwrap_or(0)));
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|seconds| *seconds <= 0) {
        let path = path.child("terminationGracePeriodSeconds");
        errors.invalid(&path, &seconds, "must be greater than 0");
    }
}

/// Mirrors `validateHandler`: exactly one action.
fn actions(path: &Path<'_>, actions: &Actions<'_>, errors: &mut Errors) {
    let mut count = 0;
    let mut is_first = |path: &Path<'_>, errors: &mut Errors| {
        count += 1;
        if count > 1 {
            errors.forbidden(path, "may not specify more than 1 handler type");
        }
        count == 1
    };
    if let Some(exec) = actions.exec {
        let path = path.child("exec");
        let is_empty = exec.command.as_ref().is_none_or(Vec::is_empty);
        if is_first(&path, errors) && is_empty {
            errors.required(&path.child("command"), "");
        }
    }
    if let Some(get) = actions.http_get {
        let path = path.child("httpGet");
        if is_first(&path, errors) {
            if get.path.as_deref().unwrap_or_default().is_empty() {
                errors.required(&path.child("path"), "");
            }
            port(&path.child("port"), &get.port, errors);
            word(&path.child("scheme"), get.scheme.as_ref(), &["HTTP", "HTTPS"], errors);
        }
    }
    if let Some(socket) = actions.tcp_socket {
        let path = path.child("tcpSocket");
        if is_first(&path, errors) {
            port(&path.child("port"), &socket.port, errors);
        }
    }
    if let Some(grpc) = actions.grpc {
        let path = path.child("grpc");
        if is_first(&path, errors) {
            containers::number(&path.child("port"), grpc.port, errors);
        }
    }
    if let Some(sleep) = actions.sleep {
        let path = path.child("sleep");
        if is_first(&path, errors) {
            errors.non_negative(&path.child("seconds"), sleep.seconds);
        }
    }
    if count == 0 {
        errors.required(path, "must specify a handler type");
    }
}

/// A port by number or name. Mirrors `ValidatePortNumOrName`.
pub fn port(path: &Path<'_>, port: &IntOrString, errors: &mut Errors) {
    match port {
        IntOrString::Int(number) => containers::number(path, *number, errors),
        IntOrString::String(name) => {
            errors.invalid_for(path, name, names::port_name_errors(name));
        }
    }
}
