//! CustomResourceDefinition.

mod schema;
mod shape;
/// Its status: conditions and accepted names.
pub mod status;
mod structural;
#[cfg(test)]
mod tests;
mod validate;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use super::{Column, FieldError, Kind, Names, cells, prepare};
use crate::object::{GroupResource, Object, Untyped, codec};
use crate::sim::Time;

/// The kind CustomResourceDefinition. Mirrors `registry/customresourcedefinition/strategy.go`.
pub struct CustomResourceDefinitions;

/// The resource type.
pub const RESOURCE: GroupResource = NAMES.resource();
/// What keeps a definition until its objects are gone. Mirrors `CustomResourceCleanupFinalizer`.
pub const FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

const NAMES: Names = Names {
    short: &["crd", "crds"],
    categories: &["api-extensions"],
    subresources: &["status"],
    ..Names::cluster(
        "apiextensions.k8s.io",
        &["v1"],
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "customresourcedefinition",
    )
};

fn of(object: &Object) -> &Untyped {
    object.get().expect("an object is stored under its own kind")
}

fn of_mut(object: &mut Object) -> &mut Untyped {
    object.edit().expect("an object is stored under its own kind")
}

/// The name of the version that is stored.
fn storage_version(spec: &Value) -> Option<&str> {
    let versions = spec["versions"].as_array()?;
    versions.iter().find(|version| version["storage"] == true)?["name"].as_str()
}

/// Notes that objects of the storage version may exist from now on.
fn note_stored_version(object: &mut Untyped) {
    let spec = object.field("spec");
    let Some(version) = storage_version(spec).map(str::to_owned) else { return };
    let status = object.fields.entry("status").or_insert_with(|| json!({}));
    match status["storedVersions"].as_array_mut() {
        Some(list) if list.contains(&Value::from(version.as_str())) => {}
        Some(list) => list.push(Value::from(version)),
        None => status["storedVersions"] = json!([version]),
    }
}

impl Kind for CustomResourceDefinitions {
    fn names(&self) -> &'static Names {
        &NAMES
    }

    fn decode(&self, _version: &str, value: &Value) -> Result<Object, String> {
        let mut fields = value.as_object().cloned().unwrap_or_default();
        let metadata = fields.remove("metadata").unwrap_or_else(|| Value::Object(Map::new()));
        let metadata: ObjectMeta = codec::decode(&metadata)?;
        let mut value = Value::Object(fields);
        shape::read(&mut value, NAMES.kind, NAMES.kind, "")?;
        let Value::Object(fields) = value else { return Err("no object".to_owned()) };
        Ok(Object::new(Untyped {
            resource: RESOURCE,
            api_version: "apiextensions.k8s.io/v1",
            kind: NAMES.kind,
            metadata,
            fields,
        }))
    }

    fn encode(&self, _version: &str, object: &Object) -> Value {
        object.to_value()
    }

    /// Mirrors `SetDefaults_CustomResourceDefinition`.
    fn default(&self, object: &mut Object) {
        let object = of_mut(object);
        let Some(spec) = object.fields.get_mut("spec") else { return };
        let kind = spec["names"]["kind"].as_str().unwrap_or_default().to_owned();
        let is_empty = |value: &Value| value.as_str().unwrap_or_default().is_empty();
        if !kind.is_empty() && is_empty(&spec["names"]["singular"]) {
            spec["names"]["singular"] = Value::from(kind.to_ascii_lowercase());
        }
        if !kind.is_empty() && is_empty(&spec["names"]["listKind"]) {
            spec["names"]["listKind"] = Value::from(format!("{kind}List"));
        }
        if spec["conversion"].is_null() {
            spec["conversion"] = json!({"strategy": "None"});
        }
        if let Some(service) = spec["conversion"].pointer_mut("/webhook/clientConfig/service")
            && service["port"].is_null()
        {
            service["port"] = json!(443);
        }
        if object.field("status")["storedVersions"].as_array().is_none_or(Vec::is_empty) {
            note_stored_version(object);
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        let object = of_mut(object);
        let mut status = Value::Null;
        // Zeros always fit.
        let _ = shape::read(&mut status, "CustomResourceDefinitionStatus", "", "");
        object.fields.insert("status".to_owned(), status);
        note_stored_version(object);
        prepare::first_generation(&mut object.metadata);
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        let (new, old) = (of_mut(new), of(old));
        new.fields.insert("status".to_owned(), old.field("status").clone());
        note_stored_version(new);
        let changed = new.field("spec") != old.field("spec");
        prepare::next_generation(&mut new.metadata, &old.metadata, changed);
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        let (new, old) = (of_mut(new), of(old));
        new.fields.insert("spec".to_owned(), old.field("spec").clone());
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        validate::validate(of(object), None)
    }

    fn validate_replacement(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        validate::validate(of(new), Some(of(old)))
    }

    fn columns(&self) -> &'static [Column] {
        const COLUMNS: &[Column] = &[Column::new("Name"), Column::new("Created At")];
        COLUMNS
    }

    fn row(&self, object: &Object, _: Time) -> Vec<String> {
        let created = codec::encode(&object.meta().creation_timestamp);
        let created = created.as_str().unwrap_or(cells::UNKNOWN).to_owned();
        vec![cells::name(object.meta()), created]
    }

    /// Mirrors `WarningsOnCreate`.
    fn warnings(&self, object: &Object) -> Vec<String> {
        schema::warnings(of(object).field("spec"))
    }

    fn needs_version(&self) -> bool {
        true
    }
}
