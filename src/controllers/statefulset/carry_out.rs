//! Carrying a plan out: pods and claims made, deleted and mended, with the events that tell of it.
//! Mirrors `stateful_pod_control.go`.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};

use super::claims::{self, Owners};
use super::plan::{Step, Which};
use super::{CLAIMS, History, claim_named, identity};
use crate::api::{Request, Status};
use crate::object::{Key, Object};
use crate::runtime::{Context, EventType, Expectations};

/// One sync of one set.
pub struct Carrier<'a, 'c> {
    pub cx: &'a mut Context<'c>,
    pub key: &'a Key,
    pub object: &'a Object,
    pub set: &'a StatefulSet,
    pub(super) history: &'a History,
    pub pods: &'a [&'a Pod],
    pub expectations: &'a mut Expectations,
}

impl Carrier<'_, '_> {
    /// Does one step after the other until one fails.
    pub fn carry_out(mut self, steps: &[Step]) -> Result<(), Status> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &Step) -> Result<(), Status> {
        match step {
            Step::Create(ordinal, which) => self.create(*ordinal, *which),
            Step::Claims(name) => match self.pod(name) {
                Some(pod) => {
                    self.make_claims(&pod)?;
                    self.own_claims_of(&pod)
                }
                None => Ok(()),
            },
            Step::Repair(name) => self.repair(name),
            Step::Condemn(name) => match self.pod(name) {
                Some(pod) => self.own_claims(&pod),
                None => Ok(()),
            },
            Step::Restart(name) | Step::ScaleDown(name) | Step::Replace(name) => self.delete(name),
        }
    }

    fn pod(&self, name: &str) -> Option<Pod> {
        let mut pods = self.pods.iter();
        pods.find(|pod| pod.metadata.name.as_deref() == Some(name)).map(|pod| (*pod).clone())
    }

    /// Mirrors `CreateStatefulPod`.
    fn create(&mut self, ordinal: i64, which: Which) -> Result<(), Status> {
        let revision = match which {
            Which::Current => &self.history.current,
            Which::Update => &self.history.update,
        };
        let template =
            revision.template().ok_or_else(|| Status::internal("a revision holds no template"))?;
        let name = revision.name();
        let pod = identity::new_pod(self.object, self.set, &template, name, ordinal);
        if let Err(status) = self.make_claims(&pod) {
            self.tell("create", &pod, Some(&status));
            return Err(status);
        }
        let created = self.cx.create(Object::new(pod.clone()));
        match &created {
            Ok(created) => self.expectations.expect(self.key, created),
            Err(status) if status.is_already_exists() => return Err(status.clone()),
            Err(_) => {}
        }
        self.own_claims_of(&pod)?;
        self.tell("create", &pod, created.as_ref().err());
        created.map(|_| ())
    }

    fn delete(&mut self, name: &str) -> Result<(), Status> {
        let Some(pod) = self.pod(name) else { return Ok(()) };
        match self.cx.call(Request::delete(&Object::new(pod.clone()).key())) {
            Ok(reply) => {
                if let Some(deleted) = reply.object() {
                    self.expectations.expect(self.key, &deleted);
                }
            }
            Err(status) if status.is_not_found() => {}
            Err(status) => {
                self.tell("delete", &pod, Some(&status));
                return Err(status);
            }
        }
        self.tell("delete", &pod, None);
        Ok(())
    }

    /// Mirrors `UpdateStatefulPod`.
    fn repair(&mut self, name: &str) -> Result<(), Status> {
        let Some(mut pod) = self.pod(name) else { return Ok(()) };
        if !identity::matches(self.set, &pod) {
            identity::restore(&mut pod);
        }
        if !claims::mounted(self.set, &pod) {
            claims::mount(self.set, &mut pod);
            if let Err(status) = self.make_claims(&pod) {
                self.tell("update", &pod, Some(&status));
                return Err(status);
            }
        }
        self.own_claims_of(&pod)?;
        let updated = self.cx.update(Object::new(pod.clone()));
        if let Ok(updated) = &updated {
            self.expectations.expect(self.key, updated);
        }
        self.tell("update", &pod, updated.as_ref().err());
        updated.map(|_| ())
    }

    /// Creates the claims that a pod lacks. Mirrors `createPersistentVolumeClaims`.
    fn make_claims(&mut self, pod: &Pod) -> Result<(), Status> {
        let ordinal = identity::ordinal(pod).unwrap_or(-1);
        let mut faults = Vec::new();
        for claim in claims::new(self.set, ordinal) {
            let name = claim.metadata.name.clone().unwrap_or_default();
            match claim_named(self.cx.cache, self.object.namespace(), &name) {
                Some(present) => {
                    if present.metadata.deletion_timestamp.is_some() {
                        faults.push(format!("pvc {name} is being deleted"));
                    }
                }
                None => {
                    let failure = self.cx.create(Object::new(claim)).err();
                    if let Some(status) = &failure {
                        faults.push(format!("failed to create PVC {name}: {status}"));
                    }
                    if failure.as_ref().is_none_or(|status| !status.is_already_exists()) {
                        self.tell_claim(&name, pod, failure.as_ref());
                    }
                }
            }
        }
        match faults.len() {
            0 => Ok(()),
            1 => Err(Status::unexplained(faults.remove(0))),
            _ => Err(Status::unexplained(format!("[{}]", faults.join(", ")))),
        }
    }

    fn own_claims_of(&mut self, pod: &Pod) -> Result<(), Status> {
        let outcome = self.own_claims(pod);
        if let Err(status) = &outcome {
            self.tell("update", pod, Some(status));
        }
        outcome
    }

    /// Sets the owners of a pod's claims. Mirrors `UpdatePodClaimForRetentionPolicy`.
    fn own_claims(&mut self, pod: &Pod) -> Result<(), Status> {
        let ordinal = identity::ordinal(pod).unwrap_or(-1);
        let spec = self.set.spec.clone().unwrap_or_default();
        let owners = Owners::new(self.set, pod, !identity::in_range(&spec, ordinal));
        for name in claims::of(self.set, ordinal) {
            let key = Key::new(CLAIMS.clone(), self.object.namespace(), &name);
            let Some(mut object) = self.cx.cache.get(&key).cloned() else { continue };
            let Some(claim) = object.edit::<PersistentVolumeClaim>() else { continue };
            if owners.conflict(claim) {
                let message = format!(
                    "PersistentVolumeClaim {name} has a conflicting OwnerReference that acts as \
                     a manging controller, the retention policy is ignored for this claim"
                );
                let (subject, reason) = (self.object, "ConflictingController");
                self.cx.event(subject, EventType::Warning, reason, &message);
            }
            if !owners.are_up_to_date(claim) {
                owners.set(claim);
                self.cx.update(object).map_err(|status| {
                    let text = "could not update claim";
                    Status::unexplained(format!(
                        "{text} {name} for delete policy ownerRefs: {status}"
                    ))
                })?;
            }
        }
        Ok(())
    }

    /// Mirrors `recordPodEvent`.
    fn tell(&mut self, verb: &str, pod: &Pod, failure: Option<&Status>) {
        let pod = pod.metadata.name.as_deref().unwrap_or_default();
        let (word, set) = (title(verb), self.object.name());
        let what = format!("{word} Pod {pod} in StatefulSet {set}");
        self.record(&word, failure, &format!("{what} successful"), &what);
    }

    /// Mirrors `recordClaimEvent`.
    fn tell_claim(&mut self, claim: &str, pod: &Pod, failure: Option<&Status>) {
        let pod = pod.metadata.name.as_deref().unwrap_or_default();
        let set = self.object.name();
        let done = format!("Create Claim {claim} Pod {pod} in StatefulSet {set} success");
        let what = format!("Create Claim {claim} for Pod {pod} in StatefulSet {set}");
        self.record("Create", failure, &done, &what);
    }

    fn record(&mut self, word: &str, failure: Option<&Status>, done: &str, what: &str) {
        let subject = self.object;
        match failure {
            None => {
                self.cx.event(subject, EventType::Normal, &format!("Successful{word}"), done);
            }
            Some(status) => {
                let message = format!("{what} failed error: {status}");
                self.cx.event(subject, EventType::Warning, &format!("Failed{word}"), &message);
            }
        }
    }
}

/// `create` as `Create`.
fn title(verb: &str) -> String {
    let mut letters = verb.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
