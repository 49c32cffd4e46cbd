//! From client-side to server-side apply: what the one has written becomes the other's.
//! Mirrors `migrateToSSAIfNecessary` and `saveLastApplyAnnotationIfNecessary` of `apply.go`, and
//! `k8s.io/client-go/util/csaupgrade`.

use serde_json::{Map, Value, json};

use crate::api::{Body, PatchType, Verb};
use crate::kubectl::resource::{self, Manifest};
use crate::kubectl::{Failure, Io};
use crate::object::Object;
use crate::object::meta::LAST_APPLIED;

/// Who writes from the client's side.
const CLIENT: &str = "kubectl-client-side-apply";
/// Who then keeps the annotation.
const ANNOTATION: &str = "kubectl-last-applied";

/// Whether fields have become those of `manager`, so that it must apply once more.
///
/// # Errors
/// What the server refuses.
pub(super) fn migrate(
    io: &mut Io<'_>,
    manifest: &Manifest,
    object: &Object,
    manager: &str,
) -> Result<bool, Failure> {
    let mut live = whole(manifest, object);
    if let Some(text) = live["metadata"]["annotations"][LAST_APPLIED].as_str() {
        let verb = Verb::Patch(PatchType::Apply);
        let mut request = manifest.asked.request(verb, &manifest.namespace, &manifest.name);
        ANNOTATION.clone_into(&mut request.manager);
        request.force = true;
        let mut bare = json!({
            "apiVersion": live["apiVersion"],
            "kind": live["kind"],
            "metadata": { "name": manifest.name, "annotations": { LAST_APPLIED: text } },
        });
        if !manifest.namespace.is_empty() {
            bare["metadata"]["namespace"] = json!(manifest.namespace);
        }
        request.body = Body::Json(bare);
        live = whole(manifest, &resource::object_of(io.api.call(request)?)?);
    }
    let Some(entries) = moved(&live["metadata"]["managedFields"], manager) else {
        return Ok(false);
    };
    let verb = Verb::Patch(PatchType::Json);
    let mut request = manifest.asked.request(verb, &manifest.namespace, &manifest.name);
    manager.clone_into(&mut request.manager);
    request.body = Body::Json(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]},
    ]));
    io.api.call(request)?;
    Ok(true)
}

/// The object with its managed fields.
fn whole(manifest: &Manifest, object: &Object) -> Value {
    manifest.asked.kind.encode(manifest.asked.version, object)
}

/// The entries once what was written from the client's side is `manager`'s; `None` if nothing was.
fn moved(entries: &Value, manager: &str) -> Option<Vec<Value>> {
    let mut entries = entries.as_array()?.clone();
    let is_own = |entry: &Value, name: &str, operation: &str| {
        entry["manager"] == name
            && entry["operation"] == operation
            && entry["subresource"].is_null()
    };
    let from = entries.iter().position(|entry| is_own(entry, CLIENT, "Update"))?;
    let old = entries.remove(from);
    let to = entries.iter_mut().find(|entry| is_own(entry, manager, "Apply"))?;
    join(&mut to["fieldsV1"], &old["fieldsV1"]);
    let annotation = format!("f:{LAST_APPLIED}");
    if let Some(Value::Object(kept)) = to.pointer_mut("/fieldsV1/f:metadata/f:annotations") {
        kept.remove(&annotation);
    }
    Some(entries)
}

/// The union of two sets of fields.
fn join(into: &mut Value, from: &Value) {
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        for (field, below) in from {
            join(into.entry(field.as_str()).or_insert_with(|| json!({})), below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_wrote_is_moved() {
        let entries = json!([
            {"manager": "kubectl", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": CLIENT, "operation": "Update", "fieldsV1": {
                "f:data": {"f:b": {}},
                "f:metadata": {"f:annotations": {".": {}, format!("f:{LAST_APPLIED}"): {}}}}},
            {"manager": "other", "operation": "Update", "fieldsV1": {"f:data": {"f:c": {}}}},
        ]);
        let moved = moved(&entries, "kubectl").unwrap();
        let fields =
            json!({"f:data": {"f:a": {}, "f:b": {}}, "f:metadata": {"f:annotations": {".": {}}}});
        assert_eq!((moved.len(), &moved[0]["fieldsV1"]), (2, &fields));
        assert!(super::moved(&json!(moved), "kubectl").is_none());
    }
}
