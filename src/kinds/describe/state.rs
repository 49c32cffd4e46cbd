//! What a container is doing. Mirrors `describe.describeContainerState`.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus};

use super::{Lines, boolean, time};

/// Adds the lines `State:` to `Restart Count:`.
pub fn write(out: &mut Lines, status: &ContainerStatus) {
    state(out, "State", status.state.as_ref());
    let last = status.last_state.as_ref().filter(|state| state.terminated.is_some());
    if last.is_some() {
        state(out, "Last State", last);
    }
    out.field(2, "Ready", boolean(status.ready));
    out.field(2, "Restart Count", status.restart_count);
}

fn state(out: &mut Lines, title: &str, state: Option<&ContainerState>) {
    let nothing = ContainerState::default();
    let state = state.unwrap_or(&nothing);
    if let Some(running) = &state.running {
        out.field(2, title, "Running");
        out.field(3, "Started", time(running.started_at.as_ref()));
    } else if let Some(end) = &state.terminated {
        out.field(2, title, "Terminated");
        for (title, text) in [("Reason", &end.reason), ("Message", &end.message)] {
            if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
                out.field(3, title, text);
            }
        }
        out.field(3, "Exit Code", end.exit_code);
        if let Some(signal) = end.signal.filter(|signal| *signal > 0) {
            out.field(3, "Signal", signal);
        }
        out.field(3, "Started", time(end.started_at.as_ref()));
        out.field(3, "Finished", time(end.finished_at.as_ref()));
    } else {
        out.field(2, title, "Waiting");
        let reason = state.waiting.as_ref().and_then(|waiting| waiting.reason.as_ref());
        if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
            out.field(3, "Reason", reason);
        }
    }
}
