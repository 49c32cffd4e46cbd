//! Keeps the numbered pods of a StatefulSet, with their claims, and moves them from one revision
//! to the next. Mirrors `pkg/controller/statefulset`.

mod carry_out;
mod claims;
mod identity;
mod plan;
#[cfg(test)]
mod plan_tests;

use std::time::Duration;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec, StatefulSetStatus};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};

use self::carry_out::Carrier;
use self::plan::{Counts, Input, Plan};
use super::history::{self, Choice, Revision};
use super::pod::{self, PODS};
use crate::api::Status;
use crate::base::label_selector::Selector;
use crate::kinds::selectors;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::claim::{self, Claim};
use crate::runtime::{Cache, Context, Controller, Expectations, Next, Watch};

/// The type of StatefulSets.
pub static STATEFUL_SETS: GroupResource = GroupResource::new("apps", "statefulsets");
/// The type of claims.
static CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");

/// The controller of StatefulSets.
#[derive(Clone, Debug, Default)]
pub struct StatefulSets {
    /// The pods written last, until the cache shows them.
    expectations: Expectations,
}

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let owner = STATEFUL_SETS.clone();
        vec![
            Watch::Own(STATEFUL_SETS.clone()),
            Watch::Owned { resource: PODS.clone(), kind: "StatefulSet", owner },
            Watch::Mapped(PODS.clone(), adopters),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(object) = cache.get(key) else {
            self.expectations.forget(key);
            return Ok(Next::OnChange);
        };
        let Some(set) = object.get::<StatefulSet>() else { return Ok(Next::OnChange) };
        let Some(spec) = &set.spec else { return Ok(Next::OnChange) };
        let Ok(selector) = selectors::parse(&spec.selector) else { return Ok(Next::OnChange) };
        if !self.expectations.met(key, cache) {
            return Ok(Next::OnChange);
        }
        let mut history = History::find(cx, object, set, spec, &selector)?;
        let owned = self.claim(key, cx, object, &selector)?;
        let pods: Vec<&Pod> = pod::typed(&owned);
        let find = |name: &str| claim_named(cache, object.namespace(), name);
        let plan = plan::plan(&Input {
            set,
            current: history.current.name(),
            update: history.update.name(),
            pods: &pods,
            claim: &find,
            now: cx.now,
        });
        let outcome = if plan.steps.is_empty() {
            Ok(())
        } else {
            cx.explain(key, &plan);
            let expectations = &mut self.expectations;
            Carrier { cx, key, object, set, history: &history, pods: &pods, expectations }
                .carry_out(&plan.steps)
        };
        let written = write_status(cx, object, set, &history, &plan.counts);
        history.truncate(cx, spec, &pods)?;
        outcome.and(written)?;
        Ok(next(&plan, spec, cx))
    }
}

impl StatefulSets {
    /// The set's pods, taking in and letting go as the selector and their names say.
    fn claim(
        &mut self,
        key: &Key,
        cx: &mut Context<'_>,
        object: &Object,
        selector: &Selector,
    ) -> Result<Vec<Object>, Status> {
        let Claim { mut owned, adopt, mut release } =
            claim::claim(cx.cache, object, &PODS, selector);
        let is_member = |pod: &&Object| identity::is_member(object.name(), pod.name());
        if !meta::is_terminating(object.meta()) {
            release.extend(owned.iter().copied().filter(|pod| !is_member(pod)));
        }
        owned.retain(is_member);
        let mut pods: Vec<Object> = owned.into_iter().cloned().collect();
        for orphan in adopt.into_iter().filter(is_member) {
            let adopted = claim::adopt(cx, object, orphan)?;
            self.expectations.expect(key, &adopted);
            pods.push(adopted);
        }
        for stray in release {
            if let Some(released) = claim::release(cx, object, stray)? {
                self.expectations.expect(key, &released);
            }
        }
        Ok(pods)
    }
}

fn claim_named<'a>(
    cache: &'a Cache,
    namespace: &str,
    name: &str,
) -> Option<&'a PersistentVolumeClaim> {
    cache.get(&Key::new(CLAIMS.clone(), namespace, name))?.get()
}

/// The set's revisions and which of them are in use.
struct History {
    revisions: Vec<Revision>,
    current: Revision,
    update: Revision,
    collisions: i32,
}

impl History {
    /// Finds, or makes, the revision of the set's template. Mirrors `getStatefulSetRevisions`.
    fn find(
        cx: &mut Context<'_>,
        object: &Object,
        set: &StatefulSet,
        spec: &StatefulSetSpec,
        selector: &Selector,
    ) -> Result<Self, Status> {
        let revisions = history::adopted(cx, object, selector)?;
        let status = set.status.clone().unwrap_or_default();
        let mut collisions = status.collision_count.unwrap_or(0);
        let data = history::patch(&spec.template);
        let update = match history::choose(&revisions, &data) {
            Choice::Newest => revisions.last().cloned(),
            Choice::Again(at, number) => Some(history::renumber(cx, &revisions[at], number)?),
            Choice::New(number) => {
                let made =
                    history::create(cx, object, &spec.template, data, number, &mut collisions)?;
                Some(made)
            }
        };
        let update = update.ok_or_else(|| Status::internal("a new revision is lost"))?;
        let current = status.current_revision.unwrap_or_default();
        let current = revisions.iter().find(|revision| revision.name() == current);
        let current = current.unwrap_or(&update).clone();
        Ok(Self { revisions, current, update, collisions })
    }

    /// Deletes revisions beyond the limit that nothing needs. Mirrors `truncateHistory`.
    fn truncate(
        &mut self,
        cx: &mut Context<'_>,
        spec: &StatefulSetSpec,
        pods: &[&Pod],
    ) -> Result<(), Status> {
        let is_live = |revision: &Revision| {
            let name = revision.name();
            name == self.current.name()
                || name == self.update.name()
                || pods.iter().any(|pod| identity::revision(pod) == name)
        };
        for revision in history::surplus(&self.revisions, spec.revision_history_limit, is_live) {
            cx.delete(&revision.object.key())?;
        }
        Ok(())
    }
}

/// Mirrors `completeRollingUpdate` and `updateStatefulSetStatus`.
fn write_status(
    cx: &mut Context<'_>,
    object: &Object,
    set: &StatefulSet,
    history: &History,
    counts: &Counts,
) -> Result<(), Status> {
    let spec = set.spec.clone().unwrap_or_default();
    let strategy = spec.update_strategy.and_then(|strategy| strategy.type_);
    let wanted = spec.replicas.unwrap_or(1);
    let all = [counts.updated, counts.ready, counts.replicas];
    let (mut current, mut revision) = (counts.current, history.current.name());
    if strategy.as_deref() == Some("RollingUpdate") && all.iter().all(|count| *count == wanted) {
        (current, revision) = (counts.updated, history.update.name());
    }
    let nonzero = |count: i32| Some(count).filter(|count| *count != 0);
    let before = set.status.clone().unwrap_or_default();
    let status = StatefulSetStatus {
        observed_generation: set.metadata.generation,
        replicas: counts.replicas,
        ready_replicas: nonzero(counts.ready),
        available_replicas: Some(counts.available),
        current_replicas: nonzero(current),
        updated_replicas: nonzero(counts.updated),
        current_revision: Some(revision.to_owned()),
        update_revision: Some(history.update.name().to_owned()),
        collision_count: Some(history.collisions),
        conditions: before.conditions.clone(),
    };
    let is_news =
        StatefulSetStatus { collision_count: before.collision_count, ..status.clone() } != before;
    if !is_news {
        return Ok(());
    }
    let mut object = object.clone();
    if let Some(set) = object.edit::<StatefulSet>() {
        set.status = Some(status);
    }
    match cx.update_status(object) {
        Err(status) if status.is_not_found() => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

/// When a ready pod is going to be available, look again.
fn next(plan: &Plan, spec: &StatefulSetSpec, cx: &Context<'_>) -> Next {
    let seconds = u64::try_from(spec.min_ready_seconds.unwrap_or(0)).unwrap_or(0);
    if seconds == 0 || plan.counts.ready == plan.counts.available {
        return Next::OnChange;
    }
    let wait = plan.next_available.map(|at| at.since(cx.now));
    Next::After(wait.unwrap_or(Duration::from_secs(seconds)))
}

/// The sets that may adopt a pod that nothing manages.
fn adopters(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    claim::adopters(cache, &STATEFUL_SETS, object, |set| {
        let set: &StatefulSet = set.get()?;
        selectors::parse(&set.spec.as_ref()?.selector).ok()
    })
}
