//! Pods whose Job is gone or over need not be counted. Mirrors `syncOrphanPod` of
//! `pkg/controller/job`.

use k8s_openapi::api::batch::v1::Job;
use serde_json::json;

use super::facts::TRACKING;
use super::{JOBS, PODS, is_own, without_finalizer};
use crate::api::{PatchType, Request, Status};
use crate::kinds::job;
use crate::object::{Key, Object, meta};
use crate::runtime::{Cache, Context, Next};

/// The pod itself, if it is kept for a Job that will not count it.
pub fn of_pod(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    if is_orphan(object, cache) { vec![object.key()] } else { Vec::new() }
}

/// The pods that a Job leaves behind when it goes or ends.
pub fn of_job(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let is_over = object.get::<Job>().is_some_and(|job| job::end(job).is_some());
    if !is_over && cache.get(&object.key()).is_some() {
        return Vec::new();
    }
    let pods = cache.owned_by(object.uid(), &PODS);
    pods.filter(|pod| is_orphan(pod, cache)).map(Object::key).collect()
}

fn is_orphan(pod: &Object, cache: &Cache) -> bool {
    if !meta::has_finalizer(pod.meta(), TRACKING) {
        return false;
    }
    let Some(owner) = meta::controller_of(pod.meta()) else { return true };
    if owner.kind != "Job" || owner.api_version != "batch/v1" {
        return false;
    }
    let job = cache.get(&Key::new(JOBS, pod.namespace(), &owner.name));
    let job = job.filter(|job| job.uid() == owner.uid).and_then(|job| job.get::<Job>());
    job.is_none_or(|job| is_own(job) && job::end(job).is_some())
}

/// Lets an orphan go.
pub fn release(key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
    let cache = cx.cache;
    if let Some(pod) = cache.get(key).filter(|pod| is_orphan(pod, cache)) {
        untrack(cx, pod)?;
    }
    Ok(Next::OnChange)
}

/// Takes the finalizer off the pod; `None` if it had none, or is gone.
pub fn untrack(cx: &mut Context<'_>, pod: &Object) -> Result<Option<Object>, Status> {
    if !meta::has_finalizer(pod.meta(), TRACKING) {
        return Ok(None);
    }
    let outcome = match cx.update(without_finalizer(pod)) {
        // The kubelet was faster: only this one field is at stake.
        Err(status) if status.is_conflict() => {
            let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": [TRACKING]}});
            let request = Request::patch(&pod.key(), PatchType::Strategic, patch);
            cx.call(request).map(crate::api::Reply::object)
        }
        outcome => outcome.map(Some),
    };
    match outcome {
        Err(status) if status.is_not_found() => Ok(None),
        outcome => outcome,
    }
}
