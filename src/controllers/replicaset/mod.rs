//! Keeps as many pods as a ReplicaSet, or a ReplicationController, asks for.
//! Mirrors `pkg/controller/replicaset` and `pkg/controller/replication`.

mod owner;
mod plan;
#[cfg(test)]
mod plan_tests;

use std::marker::PhantomData;
use std::time::Duration;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec, ReplicationController};

use self::owner::{Counts, Failure, PodOwner};
use self::plan::{Action, Plan, Wanted};
use super::pod::{self, PODS};
use super::pod_control;
use crate::api::Status;
use crate::object::{Key, Object, meta};
use crate::runtime::batch::SlowStart;
use crate::runtime::claim::{self, Claim};
use crate::runtime::{Cache, Context, Controller, Expectations, Next, Watch};
use crate::sim::Time;

/// The controller of ReplicaSets.
pub fn replica_sets() -> Replicas<ReplicaSet> {
    Replicas::new()
}

/// The controller of ReplicationControllers.
pub fn replication_controllers() -> Replicas<ReplicationController> {
    Replicas::new()
}

/// A controller that keeps the pods of one kind of owner.
#[derive(Clone)]
pub struct Replicas<K> {
    /// The pods written last, until the cache shows them: counting earlier would count them out.
    expectations: Expectations,
    /// The plan that is being carried out, between two of its portions.
    work: Option<Work>,
    kind: PhantomData<K>,
}

/// How many pods one step writes: a plan may want hundreds, and whoever draws the cluster must
/// get a turn in between.
const PORTION: usize = 16;

/// What is left of carrying out a plan.
#[derive(Clone)]
struct Work {
    /// The version of the owner that the plan was made for.
    owner: Object,
    writes: Writes,
    /// Whether there were too few pods.
    shortfall: bool,
    /// What the status says afterwards.
    counts: Counts,
    next: Next,
}

/// Pods to be written, in order.
#[derive(Clone)]
enum Writes {
    Create(SlowStart),
    /// These are to be deleted; the first refusal so far.
    Delete(Vec<Key>, Result<(), Status>),
    Nothing,
}

impl<K: PodOwner> Controller for Replicas<K> {
    fn name(&self) -> &'static str {
        K::CONTROLLER
    }

    fn watches(&self) -> Vec<Watch> {
        vec![
            Watch::Own(K::RESOURCE),
            Watch::Owned { resource: PODS.clone(), kind: K::KIND, owner: K::RESOURCE },
            Watch::Mapped(PODS.clone(), adopters::<K>),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        if let Some(work) = self.work.take() {
            return self.carry_out(key, cx, work);
        }
        let cache = cx.cache;
        let Some(object) = cache.get(key) else {
            self.expectations.forget(key);
            return Ok(Next::OnChange);
        };
        let Some(owner) = object.get::<K>() else { return Ok(Next::OnChange) };
        let Some(selector) = owner.selector() else { return Ok(Next::OnChange) };

        let settled = self.expectations.met(key, cache);
        let mut claim = claim::claim(cache, object, &PODS, &selector);
        claim.adopt.retain(|orphan| orphan.get().is_some_and(pod::is_active));
        if settled {
            self.adopt_and_release(key, cx, object, &claim)?;
        }
        let owned = || claim.owned.iter().chain(&claim.adopt).filter_map(|object| object.get());
        let active: Vec<&Pod> = owned().filter(|pod| pod::is_active(pod)).collect();
        let terminating = owned().filter(|pod| pod::is_terminating(pod)).count();

        let wanted = Wanted {
            replicas: usize::try_from(owner.replicas()).unwrap_or(0),
            min_ready: Duration::from_secs(owner.min_ready_seconds().try_into().unwrap_or(0)),
        };
        let too_many = active.len() > wanted.replicas;
        let related = if too_many { related(cache, object) } else { Vec::new() };
        let plan = plan::plan(wanted, &active, &related, cx.now);
        let acts = settled && !meta::is_terminating(object.meta());
        if acts && !matches!(plan.action, Action::Nothing) {
            cx.explain(key, &plan);
        }
        let work = Work {
            owner: object.clone(),
            writes: if acts { Writes::of(&plan, owner.template()) } else { Writes::Nothing },
            shortfall: plan.current < plan.desired,
            counts: counts(owner, &plan, &active, terminating),
            next: plan.next_available.map_or(Next::OnChange, |at| Next::After(at.since(cx.now))),
        };
        self.carry_out(key, cx, work)
    }
}

impl<K: PodOwner> Replicas<K> {
    fn new() -> Self {
        Self { expectations: Expectations::default(), work: None, kind: PhantomData }
    }

    fn adopt_and_release(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        owner: &Object,
        claim: &Claim<'_>,
    ) -> Result<(), Status> {
        for orphan in &claim.adopt {
            let adopted = claim::adopt(cx, owner, orphan)?;
            self.expectations.expect(key, &adopted);
        }
        for stray in &claim.release {
            if let Some(released) = claim::release(cx, owner, stray)? {
                self.expectations.expect(key, &released);
            }
        }
        Ok(())
    }

    /// Writes some of the pods; after the last of them, what came of it.
    /// Mirrors `ReplicaSetController.manageReplicas`.
    fn carry_out(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        mut work: Work,
    ) -> Result<Next, Status> {
        let Work { owner, writes, .. } = &mut work;
        let Some(set) = owner.get::<K>() else { return Ok(Next::OnChange) };
        let outcome = match writes {
            Writes::Nothing => Ok(()),
            Writes::Create(creations) => {
                let unfinished = creations.go_on(PORTION, || {
                    let Some(template) = set.template() else { return Ok(()) };
                    let pod = pod_control::from_template(owner, template);
                    let created = pod_control::create(cx, owner, pod)?;
                    self.expectations.expect(key, &created);
                    Ok(())
                });
                if unfinished {
                    self.work = Some(work);
                    return Ok(Next::GoOn);
                }
                creations.outcome().or_else(|status| {
                    if pod_control::namespace_is_terminating(&status) {
                        Ok(())
                    } else {
                        Err(status)
                    }
                })
            }
            Writes::Delete(victims, outcome) => {
                for victim in victims.drain(..victims.len().min(PORTION)) {
                    match pod_control::delete(cx, owner, &victim) {
                        Ok(Some(deleted)) => self.expectations.expect(key, &deleted),
                        Ok(None) => {}
                        Err(status) => *outcome = outcome.clone().and(Err(status)),
                    }
                }
                if !victims.is_empty() {
                    self.work = Some(work);
                    return Ok(Next::GoOn);
                }
                std::mem::replace(outcome, Ok(()))
            }
        };
        let failure = outcome.as_ref().err().map(|status| work.failure::<K>(status, cx.now));
        write_status::<K>(cx, &work.owner, Counts { failure, ..work.counts })?;
        outcome.map(|()| work.next)
    }
}

impl Writes {
    /// What a plan has to write.
    fn of(plan: &Plan<'_>, template: Option<&PodTemplateSpec>) -> Self {
        match &plan.action {
            Action::Create(count) if template.is_some() => Self::Create(SlowStart::new(*count)),
            Action::Delete(pods) => {
                Self::Delete(pods.iter().map(|pod| pod_control::key(pod)).collect(), Ok(()))
            }
            Action::Nothing | Action::Create(_) => Self::Nothing,
        }
    }
}

impl Work {
    /// What the status says of a refusal; one that is known keeps its moment.
    fn failure<K: PodOwner>(&self, refusal: &Status, now: Time) -> Failure {
        let known = self.owner.get::<K>().and_then(|owner| owner.counts().failure);
        known.unwrap_or_else(|| Failure {
            reason: if self.shortfall { "FailedCreate" } else { "FailedDelete" }.into(),
            message: refusal.message.clone(),
            since: Some(meta::timestamp(now)),
        })
    }
}

/// The owners that may adopt a pod that nothing manages. Mirrors `addPod` of an orphan.
fn adopters<K: PodOwner>(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    claim::adopters(cache, &K::RESOURCE, object, |owner| owner.get().and_then(K::selector))
}

/// The active pods of all sets with the same owner: of this one and, under a Deployment, of its
/// older and newer ones. Mirrors `getIndirectlyRelatedPods`.
fn related<'a>(cache: &'a Cache, set: &'a Object) -> Vec<&'a Pod> {
    let resource = set.resource();
    let uids: Vec<&str> = match meta::controller_of(set.meta()) {
        None => vec![set.uid()],
        Some(owner) => {
            let siblings = cache.list_in(&resource, set.namespace());
            let siblings = siblings.filter(|set| meta::is_controlled_by(set.meta(), &owner.uid));
            siblings.map(Object::uid).collect()
        }
    };
    let pods = uids.into_iter().flat_map(|uid| cache.owned_by(uid, &PODS));
    pods.filter_map(Object::get).filter(|pod| pod::is_active(pod)).collect()
}

/// The new status. Mirrors `calculateStatus`.
fn counts<K: PodOwner>(owner: &K, plan: &Plan<'_>, active: &[&Pod], terminating: usize) -> Counts {
    let template = owner.template().and_then(|template| template.metadata.as_ref());
    let wanted = template.and_then(|meta| meta.labels.clone()).unwrap_or_default();
    let fully_labeled = active.iter().filter(|pod| {
        let labels = pod.metadata.labels.as_ref();
        labels.map_or(wanted.is_empty(), |labels| {
            crate::base::label_selector::has_all(labels, &wanted)
        })
    });
    Counts {
        replicas: number(plan.current),
        fully_labeled: number(fully_labeled.count()),
        ready: number(plan.ready),
        available: number(plan.available),
        terminating: number(terminating),
        observed_generation: owner.meta().generation.unwrap_or(0),
        failure: None,
    }
}

fn write_status<K: PodOwner>(
    cx: &mut Context<'_>,
    object: &Object,
    counts: Counts,
) -> Result<(), Status> {
    let mut object = object.clone();
    let Some(owner) = object.edit::<K>() else { return Ok(()) };
    let before = owner.counts();
    owner.set_counts(counts);
    if owner.counts() == before {
        return Ok(());
    }
    match cx.update_status(object) {
        Err(status) if status.is_not_found() => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

fn number(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}
