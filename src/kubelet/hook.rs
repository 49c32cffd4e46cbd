//! Lifecycle hooks: what runs after a container's start and before its stop.
//! Mirrors `pkg/kubelet/lifecycle/handlers.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as Spec, LifecycleHandler};

use super::ports;
use super::sandbox::Sandbox;
use super::step::Step;
use crate::machine::{ContainerId, SessionId};
use crate::sim::Time;

/// A hook that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hook {
    /// A command in the container.
    Session(ContainerId, SessionId),
    /// A sleep.
    Until(Time),
    /// It is over; whether it went well.
    Done(bool),
}

impl Hook {
    /// Runs a handler.
    pub fn begin(
        handler: &LifecycleHandler,
        spec: &Spec,
        id: ContainerId,
        sandbox: &Sandbox,
        step: &mut Step<'_, '_>,
    ) -> Self {
        let now = step.now();
        if let Some(exec) = &handler.exec {
            let command = exec.command.as_deref().unwrap_or_default();
            let session = step.machine().map(|machine| machine.exec(id, command, false, false));
            step.wake = step.wake.into_iter().chain([now]).min();
            return match session {
                Some(Ok(session)) => Self::Session(id, session),
                _ => Self::Done(false),
            };
        }
        if let Some(sleep) = &handler.sleep {
            return Self::Until(
                now + Duration::from_secs(u64::try_from(sleep.seconds).unwrap_or(0)),
            );
        }
        let Some(get) = &handler.http_get else { return Self::Done(false) };
        let Some(port) = ports::number(&get.port, spec) else { return Self::Done(false) };
        let host = get.host.as_deref().filter(|host| !host.is_empty());
        let host = host.unwrap_or(&sandbox.address);
        let path = get.path.as_deref().unwrap_or("/");
        // Any answer will do.
        Self::Done(step.machines.follow((host, port, path), "kube-lifecycle/1.36", now).is_some())
    }

    /// Whether it went well, if it is over.
    pub fn result(self, step: &mut Step<'_, '_>) -> Option<bool> {
        match self {
            Self::Done(well) => Some(well),
            Self::Until(time) if time <= step.now() => Some(true),
            Self::Until(time) => {
                step.again_at(Some(time));
                None
            }
            Self::Session(id, session) => {
                let state = step.machine()?.session(id, session);
                state.exit_code.map(|code| code == 0)
            }
        }
    }

    /// Stops waiting for it.
    pub fn end(self, step: &mut Step<'_, '_>) {
        if let (Self::Session(id, session), Some(machine)) = (self, step.machine()) {
            machine.end_session(id, session);
        }
    }
}
