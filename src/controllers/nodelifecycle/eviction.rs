//! Pods that may not stay: on tainted nodes, and on nodes that are gone.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, ObjectReference, Pod, Taint};

use super::plan::stay;
use super::{NODES, pods_on, set_condition};
use crate::api::{Request, Status};
use crate::base::shared_map::SharedMap;
use crate::controllers::pod::{self, PODS};
use crate::object::{Key, Object, meta};
use crate::runtime::{Cache, Context, Controller, EventType, Next, Watch};
use crate::sim::Time;

/// How long the pods of a node that is gone are left: a look every 20 s, and 40 s of quarantine.
const QUARANTINE: Duration = Duration::from_secs(60);

/// Evicts pods from nodes whose `NoExecute` taints they do not tolerate (any longer).
#[derive(Clone, Debug, Default)]
pub struct TaintEviction {
    /// Since when a pod has been on a node with such taints.
    since: SharedMap<Key, Time>,
}

impl Controller for TaintEviction {
    fn name(&self) -> &'static str {
        "taint-eviction-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Mapped(PODS.clone(), bound), Watch::Mapped(NODES.clone(), tainted)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let object = cache.get(key).filter(|object| !meta::is_terminating(object.meta()));
        let pod = object.and_then(Object::get::<Pod>).filter(|pod| !pod::is_finished(pod));
        let (Some(object), Some(pod)) = (object, pod) else {
            self.since.remove(key);
            return Ok(Next::OnChange);
        };
        let node = cache.get(&Key::new(NODES.clone(), "", pod::node_name(pod)));
        let taints: Vec<&Taint> = node.map(no_execute).unwrap_or_default();
        let name = format!("{}/{}", key.namespace, key.name);
        let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.as_deref());
        let Some(time) = stay(&taints, tolerations.unwrap_or_default()) else {
            if self.since.remove(key).is_some() {
                let message = format!("Cancelling deletion of Pod {name}");
                cx.event_about(bare(key), EventType::Normal, "TaintManagerEviction", &message);
            }
            return Ok(Next::OnChange);
        };
        let due = *self.since.get_or_insert_with(key.clone(), || cx.now) + time;
        if due > cx.now {
            return Ok(Next::After(due.since(cx.now)));
        }
        let message = format!("Marking for deletion Pod {name}");
        cx.event_about(bare(key), EventType::Normal, "TaintManagerEviction", &message);
        let why = ("DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint");
        remove(cx, object, why, None)?;
        self.since.remove(key);
        Ok(Next::OnChange)
    }
}

/// A pod by its name alone: these events do not know its uid.
fn bare(key: &Key) -> ObjectReference {
    ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("Pod".to_owned()),
        namespace: Some(key.namespace.to_string()),
        name: Some(key.name.to_string()),
        ..ObjectReference::default()
    }
}

fn no_execute(node: &Object) -> Vec<&Taint> {
    let spec = node.get::<Node>().and_then(|node| node.spec.as_ref());
    let taints = spec.into_iter().flat_map(|spec| spec.taints.iter().flatten());
    taints.filter(|taint| taint.effect == "NoExecute").collect()
}

/// A pod that was just bound to a node with such taints, or is on one no longer.
fn bound(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let node = |object: &Object| object.get::<Pod>().map(|pod| pod::node_name(pod).to_owned());
    let going = meta::is_terminating(object.meta());
    if previous.is_some_and(|previous| node(previous) == node(object)) && !going {
        return Vec::new();
    }
    let node = cache.get(&Key::new(NODES.clone(), "", &node(object).unwrap_or_default()));
    if node.is_some_and(|node| !no_execute(node).is_empty()) { vec![object.key()] } else { vec![] }
}

/// The pods of a node whose taints have changed.
fn tainted(object: &Object, previous: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let before = previous.map(no_execute).unwrap_or_default();
    if before == no_execute(object) {
        return Vec::new();
    }
    pods_on(cache, object.name()).into_iter().map(Object::key).collect()
}

/// Removes the pods of nodes that are gone.
#[derive(Clone, Debug, Default)]
pub struct OrphanedPods {
    /// When a node was found to be gone.
    gone: SharedMap<Key, Time>,
}

impl Controller for OrphanedPods {
    fn name(&self) -> &'static str {
        "pod-garbage-collector-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Mapped(NODES.clone(), |object, _, cache| {
            let key = object.key();
            if cache.get(&key).is_none() { vec![key] } else { Vec::new() }
        })]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        if cx.cache.get(key).is_some() {
            self.gone.remove(key);
            return Ok(Next::OnChange);
        }
        let due = *self.gone.get_or_insert_with(key.clone(), || cx.now) + QUARANTINE;
        if due > cx.now {
            return Ok(Next::After(due.since(cx.now)));
        }
        for pod in pods_on(cx.cache, &key.name) {
            let why = ("DeletionByPodGC", "PodGC: node no longer exists");
            remove(cx, pod, why, Some(0))?;
        }
        self.gone.remove(key);
        Ok(Next::OnChange)
    }
}

/// Says on a pod why it goes, and deletes it. Without grace it has failed, too.
fn remove(
    cx: &mut Context<'_>,
    object: &Object,
    why: (&str, &str),
    grace: Option<i64>,
) -> Result<(), Status> {
    let mut marked = object.clone();
    if let Some(pod) = marked.edit::<Pod>() {
        set_condition(pod, "DisruptionTarget", "True", Some(why), cx.now);
        if grace == Some(0) && !pod::is_finished(pod) {
            pod.status.get_or_insert_default().phase = Some("Failed".to_owned());
        }
    }
    let mut request = Request::delete(&object.key());
    request.delete.grace_period_seconds = grace;
    let outcome = cx.update_status(marked).and_then(|_| cx.call(request));
    match outcome {
        Err(status) if !status.is_not_found() => Err(status),
        _ => Ok(()),
    }
}
