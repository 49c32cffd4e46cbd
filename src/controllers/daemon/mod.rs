//! Keeps one pod of a DaemonSet on every node that should run it, and moves them from one
//! revision to the next. Mirrors `pkg/controller/daemon`.

mod backoff;
mod eligibility;
mod history;
mod plan;
#[cfg(test)]
mod plan_tests;
mod template;

use std::time::Duration;

use k8s_openapi::api::apps::v1::{DaemonSet, DaemonSetSpec, DaemonSetStatus};
use k8s_openapi::api::core::v1::{Node, Pod};

use self::backoff::Backoff;
use self::history::History;
use self::plan::{Counts, Input, Plan};
use super::history::REVISIONS;
use super::pod::{self, PODS};
use super::pod_control;
use crate::api::Status;
use crate::base::label_selector::Selector;
use crate::kinds::daemon_set::template_generation;
use crate::kinds::selectors;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{
    Cache, Context, Controller, EventType, Expectations, Next, Watch, batch, claim,
};

/// The type of DaemonSets.
pub static DAEMON_SETS: GroupResource = GroupResource::new("apps", "daemonsets");
/// The type of nodes.
static NODES: GroupResource = GroupResource::new("", "nodes");

/// The controller of DaemonSets.
#[derive(Clone, Debug, Default)]
pub struct DaemonSets {
    /// The pods written last, until the cache shows them.
    expectations: Expectations,
    /// Where failed pods are left alone for a while.
    backoff: Backoff,
}

impl Controller for DaemonSets {
    fn name(&self) -> &'static str {
        "daemonset-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let (kind, owner) = ("DaemonSet", DAEMON_SETS.clone());
        vec![
            Watch::Own(DAEMON_SETS.clone()),
            Watch::Owned { resource: PODS.clone(), kind, owner },
            Watch::Mapped(REVISIONS.clone(), owners_of_changed),
            Watch::Mapped(PODS.clone(), adopters),
            Watch::Mapped(REVISIONS.clone(), adopters),
            Watch::Mapped(NODES.clone(), sets_of_node),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(object) = cache.get(key) else {
            self.expectations.forget(key);
            return Ok(Next::OnChange);
        };
        let Some(set) = object.get::<DaemonSet>() else { return Ok(Next::OnChange) };
        let Some(spec) = &set.spec else { return Ok(Next::OnChange) };
        let Ok(selector) = selectors::parse(&spec.selector) else { return Ok(Next::OnChange) };
        if meta::is_terminating(&set.metadata) {
            return Ok(Next::OnChange);
        }
        let settled = self.expectations.met(key, cache);
        let pods = self.claim(key, cx, object, &selector, settled)?;
        let pods = pod::typed(&pods);
        let history = History::find(cx, object, set, spec, &selector, &pods)?;
        let nodes: Vec<&Node> = cache.list(&NODES).filter_map(Object::get).collect();
        let (backoff, now) = (&self.backoff, cx.now);
        let plan = plan::plan(&Input {
            set,
            hash: history.hash(),
            nodes: &nodes,
            pods: &pods,
            backoff: &|node| backoff.under_way(&backoff_key(set, node), now),
            now,
        });
        let mut outcome = Ok(());
        if settled {
            outcome = self.carry_out(key, cx, object, spec, history.hash(), &plan);
            outcome = outcome.and_then(|()| history.truncate(cx, spec, &pods));
        }
        let written = write_status(cx, object, set, &plan.counts, settled);
        outcome.and(written)?;
        Ok(next(&plan, spec, cx.now))
    }
}

impl DaemonSets {
    /// The set's pods, taking in and letting go as the selector says.
    fn claim(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        selector: &Selector,
        settled: bool,
    ) -> Result<Vec<Object>, Status> {
        let claim = claim::claim(cx.cache, object, &PODS, selector);
        let mut pods: Vec<Object> = claim.owned.into_iter().cloned().collect();
        if !settled {
            return Ok(pods);
        }
        for orphan in claim.adopt {
            let adopted = claim::adopt(cx, object, orphan)?;
            self.expectations.expect(key, &adopted);
            pods.push(adopted);
        }
        for stray in claim.release {
            if let Some(released) = claim::release(cx, object, stray)? {
                self.expectations.expect(key, &released);
            }
        }
        Ok(pods)
    }

    /// Mirrors `syncNodes`.
    fn carry_out(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        spec: &DaemonSetSpec,
        hash: &str,
        plan: &Plan,
    ) -> Result<(), Status> {
        if !plan.changes_pods() {
            return Ok(());
        }
        cx.explain(key, plan);
        self.tell_stopped(cx, object, plan);
        let generation = template_generation(object.meta());
        let mut nodes = plan.create.iter();
        let (_, mut outcome) = batch::slow_start(plan.create.len(), || {
            let Some(node) = nodes.next() else { return Ok(()) };
            let template = template::for_node(&spec.template, generation, hash, node);
            let pod = pod_control::from_template(object, &template);
            match pod_control::create(cx, object, pod) {
                Ok(created) => self.expectations.expect(key, &created),
                Err(status) if pod_control::namespace_is_terminating(&status) => {}
                Err(status) => return Err(status),
            }
            Ok(())
        });
        for name in &plan.delete {
            let victim = Key::new(PODS.clone(), object.namespace(), name);
            let Some(pod) = cx.cache.get(&victim).and_then(|pod| pod.get::<Pod>()) else {
                continue;
            };
            match pod_control::delete(cx, object, &pod_control::key(pod)) {
                Ok(Some(deleted)) => self.expectations.expect(key, &deleted),
                Ok(None) => {}
                Err(status) => outcome = outcome.and(Err(status)),
            }
        }
        outcome
    }

    /// Says which pods have stopped, and begins to wait longer for failed ones.
    fn tell_stopped(&mut self, cx: &mut Context<'_>, object: &Object, plan: &Plan) {
        let namespace = object.namespace();
        for (pod, node, failed) in &plan.stopped {
            if !failed {
                let message = format!(
                    "Found succeeded daemon pod {namespace}/{pod} on node {node}, will try to \
                     delete it"
                );
                cx.event(object, EventType::Normal, "SucceededDaemonPod", &message);
                continue;
            }
            if let Some(set) = object.get::<DaemonSet>() {
                self.backoff.next(backoff_key(set, node), cx.now);
            }
            let message = format!(
                "Found failed daemon pod {namespace}/{pod} on node {node}, will try to kill it"
            );
            cx.event(object, EventType::Warning, "FailedDaemonPod", &message);
        }
    }
}

/// Mirrors `failedPodsBackoffKey`: another spec begins anew.
fn backoff_key(set: &DaemonSet, node: &str) -> String {
    let observed = set.status.as_ref().and_then(|status| status.observed_generation).unwrap_or(0);
    format!("{}/{observed}/{node}", set.metadata.uid.as_deref().unwrap_or_default())
}

/// Mirrors `storeDaemonSetStatus`.
fn write_status(
    cx: &mut Context<'_>,
    object: &Object,
    set: &DaemonSet,
    counts: &Counts,
    settled: bool,
) -> Result<(), Status> {
    let before = set.status.clone().unwrap_or_default();
    let nonzero = |count: i32| Some(count).filter(|count| *count != 0);
    let observed = if settled { set.metadata.generation } else { before.observed_generation };
    let status = DaemonSetStatus {
        desired_number_scheduled: counts.desired,
        current_number_scheduled: counts.current,
        number_misscheduled: counts.misscheduled,
        number_ready: counts.ready,
        updated_number_scheduled: nonzero(counts.updated),
        number_available: nonzero(counts.available),
        number_unavailable: nonzero(counts.desired - counts.available),
        observed_generation: observed,
        collision_count: before.collision_count,
        conditions: before.conditions.clone(),
    };
    if status == before {
        return Ok(());
    }
    let mut object = object.clone();
    if let Some(set) = object.edit::<DaemonSet>() {
        set.status = Some(status);
    }
    match cx.update_status(object) {
        Err(status) if status.is_not_found() => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

/// When to look again although nothing changes.
fn next(plan: &Plan, spec: &DaemonSetSpec, now: crate::sim::Time) -> Next {
    let waits = spec.min_ready_seconds.unwrap_or(0) > 0;
    let available = plan.next_available.filter(|_| waits).map(|at| at.since(now));
    let first: Option<Duration> = [available, plan.retry].into_iter().flatten().min();
    first.map_or(Next::OnChange, Next::After)
}

/// The sets of a revision that changed or went; a new one wakes nobody. Mirrors `addHistory`,
/// `updateHistory` and `deleteHistory`.
fn owners_of_changed(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let (resource, owner) = (REVISIONS.clone(), DAEMON_SETS.clone());
    match previous {
        Some(_) => {
            let watch = Watch::Owned { resource, kind: "DaemonSet", owner };
            watch.wakes(object, previous, cache)
        }
        None => Vec::new(),
    }
}

/// The sets that may adopt a pod or a revision that nothing manages.
fn adopters(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    claim::adopters(cache, &DAEMON_SETS, object, |set| {
        let set: &DaemonSet = set.get()?;
        selectors::parse(&set.spec.as_ref()?.selector).ok()
    })
}

/// The sets to which a change of a node matters. Mirrors `syncNodeUpdate`.
fn sets_of_node(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let Some(node) = object.get::<Node>() else { return Vec::new() };
    let sets = cache.list(&DAEMON_SETS);
    if cache.get(&object.key()).is_none() {
        return sets.map(Object::key).collect();
    }
    let taints = |node: &Node| node.spec.as_ref().and_then(|spec| spec.taints.clone());
    let is_same = previous.and_then(Object::get::<Node>).is_some_and(|before| {
        before.metadata.labels == node.metadata.labels && taints(before) == taints(node)
    });
    if is_same {
        return Vec::new();
    }
    let concerned = sets.filter(|object| {
        let Some(set) = object.get::<DaemonSet>() else { return false };
        let Some(spec) = &set.spec else { return false };
        let eligible = eligibility::eligible(spec, node);
        let mut pods = cache.owned_by(object.uid(), &PODS).filter_map(Object::get::<Pod>);
        let scheduled = pods.any(|pod| Some(pod::node_name(pod)) == node.metadata.name.as_deref());
        let misscheduled = set.status.as_ref().is_some_and(|status| status.number_misscheduled > 0);
        eligible.runs && !scheduled || scheduled && (!eligible.stays || misscheduled)
    });
    concerned.map(Object::key).collect()
}
