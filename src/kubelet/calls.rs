//! What processes in pods want of the network. The kubelets hand it up; the cluster has it answered.

use super::Kubelets;
use super::agenda::Work;
use crate::machine::{Ask, Machines, Reply, RequestRate, Sender};
use crate::object::Str;
use crate::sim::Time;

/// A call of a container to the network.
#[derive(Clone, Debug)]
pub struct Call {
    /// The uid of its pod.
    pub pod: Str,
    /// Who calls.
    pub sender: Sender,
    /// What it wants.
    pub what: What,
}

/// What a container wants of the network.
#[derive(Clone, Debug)]
pub enum What {
    /// An answer.
    Ask(Ask),
    /// To send requests at these rates from now on, and at no others.
    Rates(Vec<RequestRate>),
}

impl Kubelets {
    /// Takes the calls that were made since the last time.
    pub fn take_calls(&mut self) -> Vec<Call> {
        std::mem::take(&mut self.calls)
    }

    /// The machines that the kubelets run their pods on.
    pub fn machines(&mut self) -> &mut Machines {
        &mut self.machines
    }

    /// Answers an ask; the process that waits for it goes on soon.
    pub fn answer(&mut self, call: &Call, ask: &Ask, reply: Reply, now: Time) {
        if let Some(machine) = self.machines.get_mut(&call.sender.machine) {
            machine.answer(call.sender.container, ask.asker, reply, now);
            self.agenda.plan(Work::Processes(call.pod.clone()), now);
        }
    }
}
