//! Moves a Deployment's pods from one template to the next through ReplicaSets.
//! Mirrors `pkg/controller/deployment`.

mod plan;
#[cfg(test)]
mod plan_tests;
mod revision;
mod set;
mod status;

use k8s_openapi::api::apps::v1::{Deployment, DeploymentSpec, DeploymentStatus, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;

use self::plan::{Input, Plan, Step};
use self::set::{Bounds, Set};
use super::pod::{self, PODS};
use super::pod_control::namespace_is_terminating;
use crate::api::Status;
use crate::base::small_map::SmallMap;
use crate::kinds::selectors;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, EventType, Next, Watch, claim};

/// The type of Deployments.
pub static DEPLOYMENTS: GroupResource = GroupResource::new("apps", "deployments");
/// The type of ReplicaSets.
pub static REPLICA_SETS: GroupResource = GroupResource::new("apps", "replicasets");

/// The controller of Deployments.
#[derive(Clone, Debug, Default)]
pub struct Deployments;

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let (resource, owner) = (REPLICA_SETS.clone(), DEPLOYMENTS.clone());
        vec![
            Watch::Own(DEPLOYMENTS.clone()),
            Watch::Owned { resource: resource.clone(), kind: "Deployment", owner },
            Watch::Mapped(resource, adopters),
            Watch::Mapped(PODS.clone(), recreators),
        ]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(object) = cache.get(key) else { return Ok(Next::OnChange) };
        let Some(deployment) = object.get::<Deployment>() else { return Ok(Next::OnChange) };
        let Some(spec) = &deployment.spec else { return Ok(Next::OnChange) };
        let mut rollout = Rollout::new(cx, object, deployment, spec)?;
        if meta::is_terminating(&deployment.metadata) {
            return rollout.report_only();
        }
        if status::note_pause(deployment, &mut rollout.status, rollout.cx.now) {
            // The status alone first; its change brings us back here.
            rollout.write_status()?;
            return Ok(Next::OnChange);
        }
        rollout.renumber_new()?;
        let plan = plan::plan(rollout.input());
        if !plan.steps.is_empty() {
            rollout.cx.explain(key, &plan);
        }
        let plan = rollout.carry_out(plan)?;
        rollout.status = status::status(deployment, &rollout.status, &plan, rollout.cx.now);
        rollout.write_status()?;
        Ok(status::next_check(deployment, &rollout.status, rollout.cx.now))
    }
}

/// One sync of one Deployment.
struct Rollout<'a, 'c> {
    cx: &'a mut Context<'c>,
    object: &'a Object,
    deployment: &'a Deployment,
    spec: &'a DeploymentSpec,
    /// The Deployment's ReplicaSets by name, each in its newest version.
    sets: SmallMap<String, Object>,
    /// The name of the one with the current template.
    new: Option<String>,
    /// The status and the revision as they are to be written.
    status: DeploymentStatus,
    revision: Option<String>,
}

impl<'a, 'c> Rollout<'a, 'c> {
    /// Collects the Deployment's ReplicaSets, adopting and releasing as the selector says.
    fn new(
        cx: &'a mut Context<'c>,
        object: &'a Object,
        deployment: &'a Deployment,
        spec: &'a DeploymentSpec,
    ) -> Result<Self, Status> {
        let mut sets = SmallMap::new();
        let selector = selectors::parse(&spec.selector).map_err(|why| Status::internal(&why))?;
        let claim = claim::claim(cx.cache, object, &REPLICA_SETS, &selector);
        for set in &claim.owned {
            sets.insert(set.name().to_owned(), (*set).clone());
        }
        for orphan in &claim.adopt {
            let adopted = claim::adopt(cx, object, orphan)?;
            sets.insert(adopted.name().to_owned(), adopted);
        }
        for stray in &claim.release {
            claim::release(cx, object, stray)?;
        }
        let status = deployment.status.clone().unwrap_or_default();
        let revision = None;
        let mut rollout = Self { cx, object, deployment, spec, sets, new: None, status, revision };
        rollout.new = rollout.find_new();
        Ok(rollout)
    }

    fn typed(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.sets.values().filter_map(Object::get)
    }

    /// The oldest set with the current template. Mirrors `FindNewReplicaSet`.
    fn find_new(&self) -> Option<String> {
        let same = self.typed().filter(|set| {
            let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            template.is_some_and(|template| revision::same_template(template, &self.spec.template))
        });
        same.min_by_key(|set| meta::created(&set.metadata))?.metadata.name.clone()
    }

    /// Brings the new set's revision, annotations and `minReadySeconds` up to date, and says on the
    /// Deployment which revision it is. Mirrors the first half of `getNewReplicaSet`.
    fn renumber_new(&mut self) -> Result<(), Status> {
        let Some(name) = self.new.clone() else { return Ok(()) };
        let revision = self.next_revision();
        let before = self.sets[&name].clone();
        let mut object = before.clone();
        let Some(set) = object.edit::<ReplicaSet>() else { return Ok(()) };
        revision::number(set, self.deployment, revision);
        if let Some(spec) = &mut set.spec {
            spec.min_ready_seconds = self.spec.min_ready_seconds;
        }
        if !object.equal(&before) {
            let updated = self.cx.update(object)?;
            self.sets.insert(name.clone(), updated);
        }
        let number = meta::annotation(self.sets[&name].meta(), set::REVISION);
        self.revision = number.map(str::to_owned);
        if status::progressing(&self.status).is_none() {
            let message = format!("Found new replica set \"{name}\"");
            self.note_progress("True", "FoundNewReplicaSet", message);
        }
        Ok(())
    }

    /// One more than that of any other set. Mirrors `MaxRevision`.
    fn next_revision(&self) -> i64 {
        let old = self.typed().filter(|set| set.metadata.name != self.new);
        old.map(set::revision).max().unwrap_or(0) + 1
    }

    fn input(&self) -> Input {
        let is_new = |set: &Set| Some(&set.name) == self.new.as_ref();
        let (new, old): (Vec<Set>, Vec<Set>) = self.typed().map(Set::of).partition(is_new);
        Input {
            bounds: Bounds::of(self.deployment),
            old_pods_running: old.iter().any(|set| set.actual > 0) || self.old_pods_running(),
            new: new.into_iter().next(),
            old,
            paused: self.spec.paused == Some(true),
            complete: status::is_complete(self.deployment, &self.status),
            history_limit: self.spec.revision_history_limit.filter(|limit| *limit != i32::MAX),
            status_replicas: self.status.replicas.unwrap_or(0),
        }
    }

    /// Whether any pod of an old set may still run. Mirrors `oldPodsRunning`.
    fn old_pods_running(&self) -> bool {
        let old = self.sets.iter().filter(|(name, _)| Some(*name) != self.new.as_ref());
        let mut pods = old.flat_map(|(_, set)| self.cx.cache.owned_by(set.uid(), &PODS));
        pods.any(|object| object.get::<Pod>().is_some_and(|pod| !pod::is_finished(pod)))
    }

    /// Carries the steps out, in their order; the plan with what was not known before.
    fn carry_out(&mut self, mut plan: Plan) -> Result<Plan, Status> {
        for step in plan.steps.clone() {
            match step {
                Step::Create(replicas) => {
                    let created = self.create(replicas)?;
                    plan.new = created.get().map(Set::of);
                }
                Step::Scale { name, from, to } => self.scale(&name, from, to)?,
                Step::Delete(name) => self.delete(&name)?,
            }
        }
        Ok(plan)
    }

    /// Mirrors `scaleReplicaSet`.
    fn scale(&mut self, name: &str, from: i32, to: i32) -> Result<(), Status> {
        let Some(mut object) = self.sets.get(name).cloned() else { return Ok(()) };
        let Some(set) = object.edit::<ReplicaSet>() else { return Ok(()) };
        set.spec.get_or_insert_default().replicas = Some(to);
        revision::note_replicas(set, Bounds::of(self.deployment));
        let updated = self.cx.update(object)?;
        self.sets.insert(name.to_owned(), updated);
        if from != to {
            let way = if from < to { "up" } else { "down" };
            let message = format!("Scaled {way} replica set {name} from {from} to {to}");
            self.cx.event(self.object, EventType::Normal, "ScalingReplicaSet", &message);
        }
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), Status> {
        match self.cx.delete(&Key::new(REPLICA_SETS.clone(), self.object.namespace(), name)) {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(()),
        }
    }

    /// Creates the set of the current template. Mirrors the second half of `getNewReplicaSet`.
    fn create(&mut self, replicas: i32) -> Result<Object, Status> {
        let number = self.next_revision();
        let set = revision::new_set(self.deployment, self.object, self.spec, replicas, number);
        let name = set.metadata.name.clone().unwrap_or_default();
        let created = match self.cx.create(Object::new(set)) {
            Ok(created) => {
                if replicas > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {replicas}");
                    self.cx.event(self.object, EventType::Normal, "ScalingReplicaSet", &message);
                }
                let message = format!("Created new replica set \"{name}\"");
                self.note_progress("True", "NewReplicaSetCreated", message);
                created
            }
            Err(status) if status.is_already_exists() => self.collided(&name, status)?,
            Err(status) if namespace_is_terminating(&status) => return Err(status),
            Err(status) => {
                let message = format!("Failed to create new replica set \"{name}\": {status}");
                self.note_progress("False", "ReplicaSetCreateError", message.clone());
                let (object, reason) = (self.object, "ReplicaSetCreateError");
                self.cx.event(object, EventType::Warning, reason, &message);
                self.write_status()?;
                return Err(status);
            }
        };
        self.revision = Some(number.to_string());
        self.new = Some(name.clone());
        self.sets.insert(name, created.clone());
        Ok(created)
    }

    /// The name is taken: by our own set that the cache does not show yet, or by another
    /// template with the same hash. Then the next try hashes with another count of collisions.
    fn collided(&mut self, name: &str, status: Status) -> Result<Object, Status> {
        let key = Key::new(REPLICA_SETS.clone(), self.object.namespace(), name);
        let present = self.cx.cache.get(&key).ok_or_else(|| status.clone())?;
        let ours = meta::is_controlled_by(present.meta(), self.object.uid());
        let template =
            present.get::<ReplicaSet>().and_then(|set| set.spec.as_ref()?.template.as_ref());
        if ours && template.is_some_and(|t| revision::same_template(t, &self.spec.template)) {
            return Ok(present.clone());
        }
        let collisions = self.status.collision_count.unwrap_or(0);
        self.status.collision_count = Some(collisions + 1);
        self.write_status()?;
        Err(status)
    }

    fn note_progress(&mut self, truth: &str, reason: &str, message: String) {
        let now = self.cx.now;
        status::note_progress(self.deployment, &mut self.status, truth, reason, message, now);
    }

    /// A Deployment that is being deleted only reports. Mirrors `syncStatusOnly`.
    fn report_only(&mut self) -> Result<Next, Status> {
        let plan = Plan::none(self.input());
        self.status = status::status(self.deployment, &self.status, &plan, self.cx.now);
        self.write_status()?;
        Ok(Next::OnChange)
    }

    fn write_status(&mut self) -> Result<(), Status> {
        let mut object = self.object.clone();
        let Some(deployment) = object.edit::<Deployment>() else { return Ok(()) };
        let mut changed = deployment.status.as_ref() != Some(&self.status);
        deployment.status = Some(self.status.clone());
        if let Some(number) = &self.revision {
            changed |= revision::set_revision(&mut deployment.metadata.annotations, number);
        }
        if changed {
            self.cx.update_status(object)?;
        }
        Ok(())
    }
}

/// The Deployments that may adopt a ReplicaSet that nothing manages.
fn adopters(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    claim::adopters(cache, &DEPLOYMENTS, object, |deployment| {
        let deployment: &Deployment = deployment.get()?;
        selectors::parse(&deployment.spec.as_ref()?.selector).ok()
    })
}

/// The Deployment that waits for this pod to be gone before it creates new ones.
fn recreators(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let deployment = meta::controller_of(object.meta())
        .map(|owner| Key::new(REPLICA_SETS.clone(), object.namespace(), &owner.name))
        .and_then(|key| cache.get(&key))
        .and_then(|set| meta::controller_of(set.meta()))
        .map(|owner| Key::new(DEPLOYMENTS.clone(), object.namespace(), &owner.name))
        .and_then(|key| cache.get(&key));
    let waits = deployment.filter(|deployment| {
        deployment.get::<Deployment>().is_some_and(|deployment| !Bounds::of(deployment).rolling)
    });
    waits.map(Object::key).into_iter().collect()
}
