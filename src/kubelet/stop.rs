//! How a container is stopped: preStop hook, SIGTERM, SIGKILL. Mirrors `killContainer` of
//! `pkg/kubelet/kuberuntime/kuberuntime_container.go`.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::container::Container;
use super::hook::Hook;
use super::sandbox::Sandbox;
use super::step::Step;
use crate::machine::ContainerId;
use crate::runtime::EventType::{Normal, Warning};
use crate::sim::Time;

/// A container that just got SIGTERM has at least this long.
const MINIMUM_GRACE: Duration = Duration::from_secs(2);

/// A container on its way to its end.
#[derive(Clone, Copy, Debug)]
pub struct Stopping {
    /// When it is killed.
    deadline: Time,
    /// The hook that comes before SIGTERM.
    pub(super) hook: Option<Hook>,
    /// When it ends, where that is not left to its process.
    ends: Option<Time>,
}

impl Container {
    /// Asks it to stop within `grace`: first its preStop hook, then SIGTERM.
    pub fn stop(&mut self, step: &mut Step<'_, '_>, sandbox: &Sandbox, why: &str, grace: Duration) {
        let (true, None, Some(id)) = (self.is_alive(), self.stopping, self.instance) else {
            return;
        };
        step.event(&self.path(), Normal, "Killing", why);
        let object = step.pod.clone();
        let spec = object.get::<Pod>().and_then(|pod| self.spec(pod));
        let lifecycle = spec.as_deref().and_then(|spec| Some((spec, spec.lifecycle.as_ref()?)));
        let hook = lifecycle.and_then(|(spec, lifecycle)| {
            let handler = lifecycle.pre_stop.as_ref().filter(|_| !grace.is_zero())?;
            Some(Hook::begin(handler, spec, id, sandbox, step))
        });
        let deadline = step.now() + grace;
        let hook = Some(hook.unwrap_or(Hook::Done(true)));
        self.stopping = Some(Stopping { deadline, hook, ends: None });
        self.continue_stop(step, sandbox, None);
    }

    /// Goes on stopping it, by `deadline` if that is earlier than what it was told before.
    pub fn continue_stop(
        &mut self,
        step: &mut Step<'_, '_>,
        sandbox: &Sandbox,
        deadline: Option<Time>,
    ) {
        let now = step.now();
        let (Some(mut stopping), Some(id)) = (self.stopping, self.instance) else { return };
        let sooner = deadline.filter(|deadline| *deadline < stopping.deadline);
        stopping.deadline = sooner.unwrap_or(stopping.deadline);
        if let Some(hook) = stopping.hook {
            let result = hook.result(step);
            if result.is_some() || now >= stopping.deadline {
                stopping.hook = None;
                hook.end(step);
                if result == Some(false) {
                    step.event(&self.path(), Warning, "FailedPreStopHook", "PreStopHook failed");
                }
            } else {
                step.again_at(Some(stopping.deadline));
            }
        }
        let signals = stopping.hook.is_none() && self.stopping.is_some_and(|s| s.hook.is_some());
        let news = signals || stopping.hook.is_none() && sooner.is_some();
        if let (Some(takes), true) = (step.pace.stop, news) {
            let ends = (now + takes).min(stopping.deadline);
            stopping.ends = Some(stopping.ends.map_or(ends, |earlier| earlier.min(ends)));
        }
        self.stopping = Some(stopping);
        let rest = stopping.deadline.since(now).max(MINIMUM_GRACE);
        if let Some(ends) = stopping.ends {
            self.end_at(ends, id, step);
        } else if let (true, Some(machine)) = (news, step.machine()) {
            machine.stop(id, now, rest);
        }
        self.collect(step, sandbox);
    }

    /// Ends it when that was said to be: a program that came with its image ends well.
    fn end_at(&self, ends: Time, id: ContainerId, step: &mut Step<'_, '_>) {
        let now = step.now();
        if now < ends {
            return step.again_at(Some(ends));
        }
        let object = step.pod.clone();
        let spec = object.get::<Pod>().and_then(|pod| self.spec(pod));
        let own = spec.is_some_and(|spec| spec.command.is_some() || spec.args.is_some());
        let Some(machine) = step.machine() else { return };
        if own {
            machine.kill(id, now);
        } else {
            machine.stop(id, now, MINIMUM_GRACE);
        }
    }
}
