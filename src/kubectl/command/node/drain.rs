//! `kubectl drain`. Mirrors `k8s.io/kubectl/pkg/cmd/drain` and `k8s.io/kubectl/pkg/drain`.

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::json;

use super::cordon;
use super::filter::Sorted;
use crate::api::{Body, Verb};
use crate::base::duration::go_string;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::command::{DRY_RUN, SELECTOR, wait};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::object::Object;
use crate::sim::Time;

/// How long a refused eviction waits before it is tried again.
const RETRY: Duration = Duration::from_secs(5);
const TOO_MANY_REQUESTS: u16 = 429;

/// The verb.
pub const DRAIN: Spec = Spec {
    name: "drain",
    aliases: &[],
    shared: &[],
    flags: &[
        DRY_RUN,
        SELECTOR,
        Flag::value("chunk-size", "500"),
        Flag::switch("delete-emptydir-data"),
        Flag::switch("disable-eviction"),
        Flag::switch("force"),
        Flag::value("grace-period", "-1"),
        Flag::switch("ignore-daemonsets"),
        Flag::value("pod-selector", ""),
        Flag::value("skip-wait-for-delete-timeout", "0"),
        Flag::value("timeout", "0s"),
    ],
    usage: "kubectl drain NODE [options]",
    about: "Drain node in preparation for maintenance.",
    start,
};

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    if args.positional.is_empty() && !args.has("selector") {
        return Err(Failure::usage("drain", "USAGE: drain NODE [flags]"));
    }
    if !args.positional.is_empty() && args.has("selector") {
        let why = "cannot specify both a node name and a --selector option";
        return Err(Failure::usage("drain", why));
    }
    let dry_run = DryRun::from_args(&args)?;
    let grace: i64 = args.int("grace-period")?;
    let limit = wait::timeout(&args)?.filter(|limit| !limit.is_zero());
    Ok(Box::new(Drain {
        args,
        dry_run,
        grace,
        limit,
        nodes: None,
        going: None,
        failures: Vec::new(),
    }))
}

struct Drain {
    args: Args,
    dry_run: DryRun,
    grace: i64,
    limit: Option<Duration>,
    /// The nodes still to be drained; nothing before they are cordoned.
    nodes: Option<VecDeque<String>>,
    going: Option<Going>,
    /// Nodes that could not be drained, and why.
    failures: Vec<(String, Failure)>,
}

/// A node being drained.
struct Going {
    node: String,
    deadline: Option<Time>,
    /// Pods still to be evicted, and when.
    evict: Vec<(Object, Time)>,
    /// Pods that are on their way out.
    wait: Vec<Object>,
}

impl Job for Drain {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.nodes.is_none() {
            let names = cordon::nodes(&self.args, io)?;
            for name in &names {
                cordon::cordon(io, name, true, self.dry_run)?;
            }
            self.nodes = Some(names.into());
        }
        loop {
            let going = self.going.take();
            if let Some(step) = going.and_then(|going| self.go_on(io, going)) {
                return Ok(step);
            }
            let Some(node) = self.nodes.as_mut().and_then(VecDeque::pop_front) else { break };
            if let Err(failure) = self.begin(io, &node) {
                self.fail(io, node, failure);
            }
        }
        if !self.failures.is_empty() {
            io.err.push_str("There are pending nodes to be drained:\n");
        }
        for (node, _) in &self.failures {
            io.err.push_str(&format!(" {node}\n"));
        }
        let all: Vec<_> = self.failures.iter().map(|(_, failure)| failure.clone()).collect();
        Failure::several(&all).map(|()| Step::Done(0))
    }
}

impl Drain {
    fn fail(&mut self, io: &mut Io<'_>, node: String, failure: Failure) {
        let why = failure.among.clone().unwrap_or_else(|| failure.text.trim_end().to_owned());
        io.err.push_str(&format!(
            "error: unable to drain node {node:?} due to error: {why}, continuing command...\n"
        ));
        self.failures.push((node, failure));
    }

    fn begin(&mut self, io: &mut Io<'_>, node: &str) -> Result<(), Failure> {
        let sorted = Sorted::read(&self.args, io, node)?;
        sorted.check()?;
        let warning = sorted.warning();
        if !warning.is_empty() {
            io.err.push_str(&format!("Warning: {warning}\n"));
        }
        let mut evict = Vec::new();
        if self.dry_run == DryRun::Client {
            for pod in &sorted.pods {
                let (namespace, name) = (pod.namespace(), pod.name());
                io.out.push_str(&format!("evicting pod {namespace}/{name} (dry run)\n"));
            }
        } else {
            evict.extend(sorted.pods.into_iter().map(|pod| (pod, io.now)));
        }
        let deadline = self.limit.map(|limit| io.now + limit);
        self.going = Some(Going { node: node.to_owned(), deadline, evict, wait: Vec::new() });
        Ok(())
    }

    /// Evicts what is due and looks what has gone; how to wait, while there is something to wait for.
    fn go_on(&mut self, io: &mut Io<'_>, mut going: Going) -> Option<Step> {
        let timed_out = going.deadline.is_some_and(|deadline| io.now >= deadline);
        if timed_out {
            self.give_up(io, going);
            return None;
        }
        let mut later = Vec::new();
        for (pod, due) in std::mem::take(&mut going.evict) {
            if due > io.now {
                later.push((pod, due));
                continue;
            }
            match self.remove(io, &pod) {
                Ok(true) => going.wait.push(pod),
                Ok(false) => later.push((pod, io.now + RETRY)),
                Err(failure) => {
                    self.fail(io, going.node, failure);
                    return None;
                }
            }
        }
        going.evict = later;
        if self.dry_run == DryRun::None {
            going.wait.retain(|pod| !self.has_gone(io, pod));
        } else {
            going.wait.clear();
        }
        if going.evict.is_empty() && going.wait.is_empty() {
            io.out.push_str(&format!("node/{} drained{}\n", going.node, self.dry_run.suffix()));
            return None;
        }
        let next = going.evict.iter().map(|(_, due)| *due).chain(going.deadline).min();
        let rest = next.map(|next| Duration::from_micros(next.micros() - io.now.micros()));
        self.going = Some(going);
        Some(Step::Wait(rest))
    }

    fn give_up(&mut self, io: &mut Io<'_>, going: Going) {
        let limit = go_string(self.limit.map_or(0, |l| i64::try_from(l.as_nanos()).unwrap_or(0)));
        let pending = going.evict.first().map(|(pod, _)| (pod, "evicting"));
        let pending = pending.or_else(|| going.wait.first().map(|pod| (pod, "waiting for")));
        let Some((pod, doing)) = pending else { return };
        let (name, namespace) = (pod.name(), pod.namespace());
        let what = if doing == "evicting" { "when evicting" } else { "when waiting for pod" };
        let why = if doing == "evicting" {
            format!("error {what} pods/{name:?} -n {namespace:?}: global timeout reached: {limit}")
        } else {
            format!(
                "error {what} {name:?} in namespace {namespace:?} to terminate: global timeout reached: {limit}"
            )
        };
        let left = Sorted::read(&self.args, io, &going.node).unwrap_or_default();
        if !left.pods.is_empty() {
            io.err.push_str(&format!(
                "There are pending pods in node {:?} when an error occurred: {why}\n",
                going.node
            ));
            for pod in &left.pods {
                io.err.push_str(&format!("pod/{}\n", pod.name()));
            }
        }
        self.fail(io, going.node, Failure::verbatim(why));
    }

    /// Asks for a pod's eviction; whether it was granted.
    fn remove(&self, io: &mut Io<'_>, pod: &Object) -> Result<bool, Failure> {
        let asked = resource::kind("pods")?;
        let (namespace, name) = (pod.namespace(), pod.name());
        let grace = (self.grace >= 0).then_some(self.grace);
        let is_dry = self.dry_run == DryRun::Server;
        let mut request;
        if self.args.is("disable-eviction") {
            request = asked.request(Verb::Delete, namespace, name);
            request.delete.grace_period_seconds = grace;
        } else {
            let suffix = self.dry_run.suffix();
            io.out.push_str(&format!("evicting pod {namespace}/{name}{suffix}\n"));
            request = asked.request(Verb::Create, namespace, name).to("eviction");
            let mut eviction = json!({
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": { "name": name, "namespace": namespace },
            });
            if let Some(grace) = grace {
                eviction["deleteOptions"] = json!({ "gracePeriodSeconds": grace });
            }
            request.body = Body::Json(eviction);
        }
        request.dry_run = is_dry;
        match io.api.call(request) {
            Ok(_) => Ok(true),
            Err(status) if status.is_not_found() => Ok(true),
            Err(status) if status.code == TOO_MANY_REQUESTS => {
                io.err.push_str(&format!(
                    "error when evicting pods/{name:?} -n {namespace:?} (will retry after 5s): {}\n",
                    status.message
                ));
                Ok(false)
            }
            Err(status) => Err(Failure::verbatim(format!(
                "error when evicting pods/{name:?} -n {namespace:?}: {}",
                status.message
            ))),
        }
    }

    /// Whether a pod has gone, which is then said.
    fn has_gone(&self, io: &mut Io<'_>, pod: &Object) -> bool {
        let Ok(asked) = resource::kind("pods") else { return true };
        let found = resource::fetch(io, &asked, pod.namespace(), pod.name());
        let gone = !found.is_ok_and(|found| found.uid() == pod.uid());
        if gone {
            let done = if self.args.is("disable-eviction") { "deleted" } else { "evicted" };
            io.out.push_str(&format!("pod/{} {done}\n", pod.name()));
        }
        gone
    }
}
