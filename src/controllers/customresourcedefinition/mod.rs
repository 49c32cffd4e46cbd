//! The controllers of CustomResourceDefinitions, which upstream's API server runs itself: they give
//! names, say that a definition is served, and empty it before it goes.

mod plan;
#[cfg(test)]
mod plan_tests;

use std::time::Duration;

use self::plan::{Names, Plan};
use crate::api::{Request, Status};
use crate::kinds::custom_resource_definition::status::{self, Condition};
use crate::kinds::custom_resource_definition::{FINALIZER, RESOURCE};
use crate::object::{GroupResource, Key, Object, Untyped, meta};
use crate::runtime::{Cache, Context, Controller, Next, Watch};
use crate::sim::{Explain, Fact};

/// How long emptying waits before it looks again. Mirrors the poll of `deleteInstances`.
const POLL: Duration = Duration::from_secs(5);
/// How long emptying waits for objects to go. Mirrors the poll's timeout.
const PATIENCE: Duration = Duration::from_secs(60);

/// Gives definitions their names. Mirrors `pkg/controller/status`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Naming;

/// Says that definitions are served. Mirrors `pkg/controller/establish`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Establishing;

/// Deletes the objects of definitions that go. Mirrors `pkg/controller/finalizer`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Emptying;

/// A definition wakes itself; when it has changed or gone, those of its group may get names.
fn group(object: &Object, _: Option<&Object>, cache: &Cache) -> Vec<Key> {
    let group_of = |object: &Object| {
        let definition = object.get::<Untyped>()?;
        Some(definition.field("spec")["group"].clone())
    };
    let own = group_of(object);
    let others = cache.list(&RESOURCE).filter(|other| group_of(other) == own);
    std::iter::once(object.key()).chain(others.map(Object::key)).collect()
}

/// Writes a status; that somebody else was faster is no failure, the change wakes the key again.
fn write(cx: &mut Context<'_>, object: Untyped) -> Result<Option<Object>, Status> {
    match cx.update_status(Object::new(object)) {
        Ok(object) => Ok(Some(object)),
        Err(status) if status.is_conflict() || status.is_not_found() => Ok(None),
        Err(status) => Err(status),
    }
}

impl Controller for Naming {
    fn name(&self) -> &'static str {
        "crd-naming-condition-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Mapped(RESOURCE, group)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(known) = cache.get(key).and_then(|object| object.get::<Untyped>()) else {
            return Ok(Next::OnChange);
        };
        let group = &known.field("spec")["group"];
        let others = cache
            .list(&RESOURCE)
            .filter_map(|object| object.get::<Untyped>())
            .filter(|other| other.field("spec")["group"] == *group)
            .map(|other| &other.field("status")["acceptedNames"]);
        let Some(plan) = plan::plan(known, &Names::taken(others)) else {
            return Ok(Next::OnChange);
        };
        cx.explain(key, &plan);
        let mut object = known.clone();
        if let Some(status) = object.fields.get_mut("status") {
            status["acceptedNames"] = plan.accepted.clone();
        }
        status::set(&mut object, &plan.names, cx.now);
        status::set(&mut object, &plan.established, cx.now);
        write(cx, object)?;
        Ok(Next::OnChange)
    }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        format!("{}: {}", self.names.reason, self.names.message)
    }

    fn facts(&self) -> Vec<Fact> {
        vec![Fact { name: "accepted", value: self.accepted.to_string() }]
    }
}

impl Controller for Establishing {
    fn name(&self) -> &'static str {
        "crd-establishing-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(RESOURCE)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let known = cx.cache.get(key).and_then(|object| object.get::<Untyped>());
        let Some(known) = known else { return Ok(Next::OnChange) };
        if !status::is_true(known, "NamesAccepted") || status::is_true(known, "Established") {
            return Ok(Next::OnChange);
        }
        let mut object = known.clone();
        let text = "the initial names have been accepted";
        let condition = Condition::new("Established", true, "InitialNamesAccepted", text);
        status::set(&mut object, &condition, cx.now);
        write(cx, object)?;
        Ok(Next::OnChange)
    }
}

/// The objects of a definition's type.
fn objects_of(definition: &Untyped) -> GroupResource {
    let spec = definition.field("spec");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    GroupResource::dynamic(&text(&spec["group"]), &text(&spec["names"]["plural"]))
}

impl Controller for Emptying {
    fn name(&self) -> &'static str {
        "crd-finalizer"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(RESOURCE)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let known = cx.cache.get(key).and_then(|object| object.get::<Untyped>());
        let Some(known) = known else { return Ok(Next::OnChange) };
        let keeps = meta::has_finalizer(&known.metadata, FINALIZER);
        if !meta::is_terminating(&known.metadata) || !keeps {
            return Ok(Next::OnChange);
        }
        let mut object = known.clone();
        let going = Condition::new(
            "Terminating",
            true,
            "InstanceDeletionInProgress",
            "CustomResource deletion is in progress",
        );
        if !status::says(&object, &going) {
            status::set(&mut object, &going, cx.now);
            let Some(written) = write(cx, object)? else { return Ok(Next::OnChange) };
            let Some(written) = written.get::<Untyped>() else { return Ok(Next::OnChange) };
            object = written.clone();
        }
        let done = if status::is_true(&object, "Established") {
            if !delete_all(cx, &objects_of(&object))? {
                let begun = known.metadata.deletion_timestamp.as_ref().map(meta::moment);
                let waited = begun.map_or(Duration::ZERO, |begun| cx.now.since(begun));
                // Upstream gives up for a while, and is woken with growing delays.
                return Ok(Next::After(if waited < PATIENCE { POLL } else { POLL * 2 }));
            }
            let text = "removed all instances";
            Condition::new("Terminating", false, "InstanceDeletionCompleted", text)
        } else {
            let text = "resource was never established";
            Condition::new("Terminating", false, "NeverEstablished", text)
        };
        status::set(&mut object, &done, cx.now);
        if let Some(finalizers) = &mut object.metadata.finalizers {
            finalizers.retain(|name| name != FINALIZER);
        }
        write(cx, object)?;
        Ok(Next::OnChange)
    }
}

/// Deletes all objects of a type; whether none is left.
fn delete_all(cx: &mut Context<'_>, resource: &GroupResource) -> Result<bool, Status> {
    let list = |cx: &mut Context<'_>| match cx.call(Request::list(resource.clone(), "")) {
        Ok(reply) => Ok(reply.items()),
        Err(status) if status.is_not_found() => Ok(Vec::new()),
        Err(status) => Err(status),
    };
    for object in list(cx)? {
        if meta::is_terminating(object.meta()) {
            continue;
        }
        match cx.delete(&object.key()) {
            Err(status) if !status.is_not_found() => return Err(status),
            _ => {}
        }
    }
    Ok(list(cx)?.is_empty())
}
