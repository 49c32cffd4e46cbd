//! [`Typed`]: a kind described in terms of its typed struct, from which [`Kind`] follows.

use std::borrow::Cow;
use std::rc::Rc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::describe::generic;
use super::{Column, FieldError, Kind, Lookup, Names, quantities};
use crate::object::managed::Schema;
use crate::object::{GroupResource, Object, Resource, codec};
use crate::sim::Time;

/// A kind in terms of its typed struct. Every method but the names has a sensible default.
#[expect(unused_variables, reason = "defaults ignore what they are given")]
pub trait Typed: Sync + 'static {
    /// The typed struct.
    type Object: Resource + DeserializeOwned;

    /// How it is called and where it is served.
    const NAMES: Names;
    /// The columns of `kubectl get`.
    const COLUMNS: &'static [Column];
    /// What clients are told where the whole kind is deprecated.
    const DEPRECATION: Option<&'static str> = None;

    /// The resource type under which its objects are kept, where it is another kind's.
    const KEPT_AS: Option<GroupResource> = None;
    /// The group in whose name an object is refused.
    const REFUSING_GROUP: &'static str = Self::NAMES.group;

    /// Converts JSON of another served version to the stored one.
    fn to_hub(version: &str, value: &Value) -> Option<Value> {
        None
    }
    /// Converts JSON of the stored version to the served one that is asked for.
    fn from_hub(version: &str, value: Value) -> Value {
        value
    }
    /// Fills in the defaults.
    fn default(object: &mut Self::Object) {}
    /// Clears and sets what clients may not choose in a new object (the status, the generation).
    fn prepare_create(object: &mut Self::Object) {}
    /// The same for a replacement: keeps the status, raises the generation if the spec changed.
    fn prepare_update(new: &mut Self::Object, old: &Self::Object) {}
    /// The same for a replacement of the status: keeps everything but it.
    fn prepare_status(new: &mut Self::Object, old: &Self::Object) {}
    /// What is wrong with an object.
    fn validate(object: &Self::Object) -> Vec<FieldError> {
        Vec::new()
    }
    /// What is wrong with a replacement, beyond `validate`.
    fn validate_update(new: &Self::Object, old: &Self::Object) -> Vec<FieldError> {
        Vec::new()
    }
    /// Everything that is wrong with a replacement, in the order in which upstream looks.
    fn validate_replacement(new: &Self::Object, old: &Self::Object) -> Vec<FieldError> {
        let mut errors = Self::validate(new);
        errors.extend(Self::validate_update(new, old));
        errors
    }
    /// What whoever writes an object is to be told, though it is valid.
    fn warnings(object: &Self::Object) -> Vec<String> {
        Vec::new()
    }
    /// Seconds of grace that deletion gives by default.
    fn default_grace(object: &Self::Object) -> i64 {
        0
    }
    /// The fields that field selectors may name.
    fn fields(object: &Self::Object) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// One of these fields; empty where there is none of that name.
    fn field<'a>(object: &'a Self::Object, name: &str) -> Cow<'a, str> {
        let found = Self::fields(object).into_iter().find(|(field, _)| *field == name);
        found.map_or(Cow::Borrowed(""), |(_, value)| Cow::Owned(value))
    }
    /// One row of `kubectl get`, a cell a column.
    fn row(object: &Self::Object, now: Time) -> Vec<String>;
    /// The text of `kubectl describe`, its tabs not yet aligned, without the `Events:` section.
    fn describe(object: &Self::Object, others: &mut dyn Lookup, now: Time) -> String {
        generic::describe(object.meta(), &Self::from_hub("", object.to_value()))
    }
    /// (`spec.replicas`, `status.replicas`, selector text), where the kind can be scaled.
    fn scale(object: &Self::Object) -> Option<(i32, i32, String)> {
        None
    }
    /// Sets `spec.replicas`.
    fn set_scale(object: &mut Self::Object, replicas: i32) {}
}

fn typed<K: Typed>(object: &Object) -> &K::Object {
    object.get().expect("an object is stored under its own kind")
}

fn typed_mut<K: Typed>(object: &mut Object) -> &mut K::Object {
    object.edit().expect("an object is stored under its own kind")
}

/// The times of conditions: Go writes those that are absent as null, since a struct is never empty.
fn with_times(kind: &str, mut value: Value) -> Value {
    let other = match kind {
        "Deployment" => "lastUpdateTime",
        "Node" => "lastHeartbeatTime",
        "Pod" | "Job" | "PersistentVolumeClaim" => "lastProbeTime",
        _ => "lastTransitionTime",
    };
    let conditions = value.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    for condition in conditions.into_iter().flatten().filter_map(Value::as_object_mut) {
        for name in ["lastTransitionTime", other] {
            condition.entry(name).or_insert(Value::Null);
        }
    }
    value
}

impl<K: Typed> Kind for K {
    fn names(&self) -> &'static Names {
        &K::NAMES
    }

    fn kept_as(&self) -> Option<GroupResource> {
        K::KEPT_AS
    }

    fn refusing_group(&self) -> &'static str {
        K::REFUSING_GROUP
    }

    fn decode(&self, version: &str, value: &Value) -> Result<Object, String> {
        let converted = K::to_hub(version, value);
        let value = quantities::canonical(converted.as_ref().unwrap_or(value))?;
        let object: K::Object = codec::decode(&value)?;
        Ok(Object::new(object))
    }

    fn encode(&self, version: &str, object: &Object) -> Value {
        K::from_hub(version, with_times(K::NAMES.kind, object.to_value()))
    }

    fn schema(&self) -> Rc<Schema> {
        Rc::new(codec::schema::<K::Object>())
    }

    fn default(&self, object: &mut Object) {
        K::default(typed_mut::<K>(object));
    }

    fn prepare_create(&self, object: &mut Object) {
        K::prepare_create(typed_mut::<K>(object));
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        K::prepare_update(typed_mut::<K>(new), typed::<K>(old));
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        K::prepare_status(typed_mut::<K>(new), typed::<K>(old));
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        K::validate(typed::<K>(object))
    }

    fn validate_replacement(&self, new: &Object, old: &Object) -> Vec<FieldError> {
        K::validate_replacement(typed::<K>(new), typed::<K>(old))
    }

    fn warnings(&self, object: &Object) -> Vec<String> {
        K::warnings(typed::<K>(object))
    }

    fn deprecation(&self) -> Option<&str> {
        K::DEPRECATION
    }

    fn default_grace(&self, object: &Object) -> i64 {
        K::default_grace(typed::<K>(object))
    }

    fn fields(&self, object: &Object) -> Vec<(&'static str, String)> {
        K::fields(typed::<K>(object))
    }

    fn field<'a>(&self, object: &'a Object, name: &str) -> Cow<'a, str> {
        K::field(typed::<K>(object), name)
    }

    fn columns(&self) -> &'static [Column] {
        K::COLUMNS
    }

    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        K::row(typed::<K>(object), now)
    }

    fn describe(&self, object: &Object, others: &mut dyn Lookup, now: Time) -> String {
        K::describe(typed::<K>(object), others, now)
    }

    fn scale(&self, object: &Object) -> Option<(i32, i32, String)> {
        K::scale(typed::<K>(object))
    }

    fn set_scale(&self, object: &mut Object, replicas: i32) {
        K::set_scale(typed_mut::<K>(object), replicas);
    }
}
