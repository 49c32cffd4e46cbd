//! What one visible step of a pod works with.

use super::Pace;
use super::calls::{Call, What};
use super::node::NodeState;
use super::sandbox::Sandbox;
use crate::machine::{ContainerId, ContainerState, Exit, Machine, Machines, Sender};
use crate::object::{Object, Str};
use crate::runtime::{Context, EventType, Place};
use crate::sim::Time;

/// One step of a pod.
pub struct Step<'s, 'c> {
    /// The door to the API, the clock, the cache.
    pub cx: &'s mut Context<'c>,
    /// The pod's node.
    pub node: &'s mut NodeState,
    /// All machines, that of the node among them.
    pub machines: &'s mut Machines,
    /// What processes want of the network.
    pub calls: &'s mut Vec<Call>,
    /// The pod's newest known version.
    pub pod: Object,
    /// How long images and containers take, where that is not left to them.
    pub pace: Pace,
    /// When the pod wants to be looked at again.
    pub next: Option<Time>,
    /// When one of its processes goes on by itself.
    pub wake: Option<Time>,
}

impl Step<'_, '_> {
    /// The current time.
    pub fn now(&self) -> Time {
        self.cx.now
    }

    /// Looks at the pod again at `time`; of several the earliest counts.
    pub fn again_at(&mut self, time: Option<Time>) {
        self.next = self.next.into_iter().chain(time).min();
    }

    /// Records an Event about a part of the pod (empty: all of it).
    pub fn event(&mut self, field_path: &str, kind: EventType, reason: &str, message: &str) {
        let host = self.node.name.clone();
        let place = Place { host: &host, field_path };
        self.cx.event_at(&self.pod, place, kind, reason, message);
    }

    /// The pod's name, namespace and uid.
    pub fn names(&self) -> (&str, &str, &str) {
        (self.pod.name(), self.pod.namespace(), self.pod.uid())
    }

    /// The node's machine.
    pub fn machine(&mut self) -> Option<&mut Machine> {
        self.machines.get_mut(&self.node.name)
    }

    /// Lets a container's processes go on; how it ended, if it has. `sends` is whether it sent
    /// requests at a steady rate.
    pub fn advance(
        &mut self,
        id: ContainerId,
        sandbox: &Sandbox,
        sends: &mut bool,
    ) -> Option<Exit> {
        let now = self.now();
        let machine = self.machines.get_mut(&self.node.name)?;
        let state = machine.advance(id, now);
        let rates = machine.request_rates(id);
        let mut call = |what: What| {
            let sender = Sender {
                machine: self.node.name.clone(),
                container: id,
                address: sandbox.address.clone(),
                resolver: sandbox.resolver.clone(),
            };
            self.calls.push(Call { pod: Str::from(self.pod.uid()), sender, what });
        };
        if *sends || !rates.is_empty() {
            *sends = !rates.is_empty();
            call(What::Rates(rates));
        }
        match state {
            ContainerState::Running { wake, ask } => {
                if let Some(ask) = ask {
                    call(What::Ask(ask));
                }
                self.wake = self.wake.into_iter().chain(wake).min();
                None
            }
            ContainerState::Exited(exit) => {
                self.machines.detach(&sandbox.address, id);
                Some(exit)
            }
        }
    }
}
