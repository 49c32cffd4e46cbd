//! What every kind of the table does with its objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, Value, json};

use super::{CLAIM_STATE, HEALTH, Stored};
use crate::base::base64::{self, Alphabet};
use crate::kinds::claim_state::claim_state;
use crate::kinds::{Column, FieldError, Kind, Names, cells, prepare};
use crate::object::{Object, Untyped, codec};
use crate::sim::Time;

/// A kind of which only the metadata is typed.
pub struct Kept(pub &'static Stored);

fn of(object: &Object) -> &Untyped {
    object.get().expect("an object is stored under its own kind")
}

fn of_mut(object: &mut Object) -> &mut Untyped {
    object.edit().expect("an object is stored under its own kind")
}

/// Puts a default where its place is but nothing stands there.
fn fill(value: &mut Value, path: &str, default: &str) {
    let (step, rest) = path.split_once('/').map_or((path, None), |(step, rest)| (step, Some(rest)));
    match (value, rest) {
        (Value::Array(items), Some(rest)) if step == "*" => {
            items.iter_mut().for_each(|item| fill(item, rest, default));
        }
        (Value::Object(map), Some(rest)) => {
            if let Some(inner) = map.get_mut(step) {
                fill(inner, rest, default);
            }
        }
        (Value::Object(map), None) => {
            let place = map.entry(step).or_insert(Value::Null);
            if place.is_null() {
                *place = codec::parse(default).unwrap_or_default();
            }
        }
        _ => {}
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.filter(|value| !value.is_null()).map(|value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    })
}

impl Stored {
    fn cell(&self, object: &Value, spec: &str) -> String {
        if let Some(path) = spec.strip_prefix('~') {
            return text(object.pointer(path)).unwrap_or_default();
        }
        if let Some(path) = spec.strip_prefix('-') {
            return text(object.pointer(path)).unwrap_or_else(|| cells::NONE.to_owned());
        }
        if let Some(wanted) = spec.strip_prefix('?') {
            let conditions = object["status"]["conditions"].as_array();
            let found = conditions.and_then(|all| all.iter().find(|one| one["type"] == wanted));
            return text(found.map(|one| &one["status"])).unwrap_or_else(|| "?".to_owned());
        }
        if let Some(path) = spec.strip_prefix(',') {
            let items = object.pointer(path).and_then(Value::as_array).map_or(&[][..], |all| all);
            let texts = items.iter().map(|item| item.get("audience").unwrap_or(item));
            let texts: Vec<_> = texts.filter_map(|item| text(Some(item))).collect();
            return if texts.is_empty() { "<unset>".to_owned() } else { texts.join(",") };
        }
        if let Some(path) = spec.strip_prefix('#') {
            let count = object.pointer(path).and_then(Value::as_array).map_or(0, Vec::len);
            return count.to_string();
        }
        if let Some(path) = spec.strip_prefix('@') {
            return cells::parameters(object.pointer(path).unwrap_or(&Value::Null));
        }
        let parts: Option<Vec<_>> =
            spec.split('+').map(|path| text(object.pointer(path))).collect();
        parts.map_or_else(|| "<unset>".to_owned(), |parts| parts.join("/"))
    }

    /// Whether two say the same but for metadata and status.
    fn same(new: &Untyped, old: &Untyped) -> bool {
        let rest = |object: &Untyped| {
            let mut fields = object.fields.clone();
            fields.remove("status");
            fields
        };
        rest(new) == rest(old)
    }
}

impl Kind for Kept {
    fn names(&self) -> &'static Names {
        &self.0.names
    }

    fn decode(&self, _: &str, value: &Value) -> Result<Object, String> {
        let mut fields = value.as_object().cloned().unwrap_or_default();
        fields.remove("apiVersion");
        fields.remove("kind");
        fields.retain(|_, value| !value.is_null());
        for hook in fields.get("webhooks").and_then(Value::as_array).into_iter().flatten() {
            let bundle = hook["clientConfig"]["caBundle"].as_str().unwrap_or_default();
            base64::decode(bundle, Alphabet::Standard)?;
        }
        let metadata = fields.remove("metadata").unwrap_or_else(|| Value::Object(Map::new()));
        let metadata: ObjectMeta = codec::decode(&metadata)?;
        let (resource, kind) = (self.0.names.resource(), self.0.names.kind);
        Ok(Object::new(Untyped {
            resource,
            api_version: self.0.api_version,
            kind,
            metadata,
            fields,
        }))
    }

    fn encode(&self, _: &str, object: &Object) -> Value {
        object.to_value()
    }

    fn default(&self, object: &mut Object) {
        let mut fields = Value::Object(std::mem::take(&mut of_mut(object).fields));
        for (path, default) in self.0.defaults {
            fill(&mut fields, path.trim_start_matches('/'), default);
        }
        if let Value::Object(fields) = fields {
            of_mut(object).fields = fields;
        }
    }

    fn prepare_create(&self, object: &mut Object) {
        let object = of_mut(object);
        object.fields.remove("status");
        if !self.0.names.subresources.is_empty() {
            object.fields.insert("status".to_owned(), json!({}));
        }
        if self.0.counts {
            prepare::first_generation(&mut object.metadata);
        }
    }

    fn prepare_update(&self, new: &mut Object, old: &Object) {
        let (new, old) = (of_mut(new), of(old));
        match old.fields.get("status") {
            Some(status) => new.fields.insert("status".to_owned(), status.clone()),
            None => new.fields.remove("status"),
        };
        if self.0.counts {
            let changed = !Stored::same(new, old);
            prepare::next_generation(&mut new.metadata, &old.metadata, changed);
        }
    }

    fn prepare_status(&self, new: &mut Object, old: &Object) {
        let (new, old) = (of_mut(new), of(old));
        let status = new.fields.remove("status");
        new.fields.clone_from(&old.fields);
        new.fields.insert("status".to_owned(), status.unwrap_or_else(|| json!({})));
        new.metadata.generation = old.metadata.generation;
    }

    fn validate(&self, object: &Object) -> Vec<FieldError> {
        let fields = Value::Object(of(object).fields.clone());
        let is_missing = |path: &&&str| match fields.pointer(path) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(items)) => items.is_empty(),
            Some(_) => false,
        };
        let missing = self.0.required.iter().filter(is_missing);
        let name = |path: &str| path.trim_start_matches('/').replace('/', ".");
        let missing = missing.map(|path| FieldError::required(&name(path), ""));
        missing.chain((self.0.check)(&fields)).collect()
    }

    fn fields(&self, object: &Object) -> Vec<(&'static str, String)> {
        let fields = Value::Object(of(object).fields.clone());
        let at = |path: &str| fields.pointer(&format!("/{}", path.replace('.', "/")));
        let text = |path| at(path).and_then(Value::as_str).unwrap_or_default();
        self.0.selectable.iter().map(|path| (*path, text(path).to_owned())).collect()
    }

    fn columns(&self) -> &'static [Column] {
        self.0.columns
    }

    fn deprecation(&self) -> Option<&str> {
        self.0.deprecation
    }

    fn rank(&self, object: &Object) -> i64 {
        let rank = self.0.rank.and_then(|path| of(object).fields.get("spec")?.get(path)?.as_i64());
        rank.unwrap_or(0)
    }

    fn row(&self, object: &Object, now: Time) -> Vec<String> {
        let fields = Value::Object(of(object).fields.clone());
        let mut given = self.0.cells.iter();
        let cells = self.0.columns.iter().map(|column| match column.name {
            "Name" => cells::name(object.meta()),
            "Age" => cells::age(object.meta(), now),
            _ => match given.next() {
                Some(&HEALTH) => match fields.pointer("/conditions/0/status") {
                    Some(Value::String(status)) if status == "True" => "Healthy".to_owned(),
                    Some(Value::String(status)) if status == "False" => "Unhealthy".to_owned(),
                    _ => "Unknown".to_owned(),
                },
                Some(&CLAIM_STATE) => {
                    claim_state(&fields, object.meta().deletion_timestamp.is_some())
                }
                spec => spec.map(|spec| self.0.cell(&fields, spec)).unwrap_or_default(),
            },
        });
        cells.collect()
    }
}
