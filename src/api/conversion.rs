//! Conversion of custom resources by the webhook that their definition names.
//! Mirrors `apiextensions-apiserver/pkg/apiserver/conversion`.

use serde_json::{Value, json};

use super::custom::Customs;
use super::webhook::{self, Callers, Shape};
use super::{Reply, Request, Server, Status, metadata};
use crate::base::go_text;
use crate::base::shared_map::SharedMap;
use crate::kinds::Kind;
use crate::object::{Key, Object, Resource as _, Untyped};
use crate::sim::Rng;
use crate::store::{Change, ChangeKind, Store};

const GROUP: &str = "apiextensions.k8s.io";
const KIND: &str = "ConversionReview";
/// How long a webhook may take. Mirrors the default of `NewClientManager`.
const SECONDS: u64 = 30;

/// What stands where in a review.
const SHAPE: &[Shape] = &[
    ("response", KIND, "v1.ConversionResponse", 'o'),
    ("response.uid", "ConversionResponse", "types.UID", 's'),
    ("response.convertedObjects", "ConversionResponse", "[]runtime.RawExtension", 'a'),
    ("response.result", "ConversionResponse", "v1.Status", 'o'),
    ("response.result.status", "Status", "string", 's'),
    ("response.result.message", "Status", "string", 's'),
];

/// What it takes to ask a webhook.
pub(super) struct Converter<'a> {
    pub store: &'a Store,
    pub customs: &'a Customs,
    pub callers: &'a Callers,
    pub rng: &'a mut Rng,
}

impl Converter<'_> {
    /// An object in the version of a kind. Without a webhook there is nothing to do here: kinds
    /// show any version as theirs.
    ///
    /// # Errors
    /// Why the webhook has not converted it.
    pub(super) fn convert(&mut self, object: &Object, kind: &dyn Kind) -> Result<Object, String> {
        let as_is = || Ok(object.clone());
        let Some(webhook) = self.customs.webhook(&object.resource()) else { return as_is() };
        let Some(from) = object.get::<Untyped>() else { return as_is() };
        let names = kind.names();
        let version = names.versions.first().copied().unwrap_or_default();
        let wanted = format!("{}/{version}", names.group);
        if from.api_version == wanted {
            return as_is();
        }
        let begin = format!("conversion webhook for {}, Kind={}", from.api_version, from.kind);
        let original = from.to_value();
        let converted = self.ask(&webhook, &original, &wanted);
        let mut objects = converted.map_err(|why| format!("{begin} failed: {why}"))?;
        if objects.len() != 1 {
            return Err(format!("{begin} returned {} objects, expected 1", objects.len()));
        }
        let mut converted = objects.pop().unwrap_or_default();
        same_type(&original, &converted, &wanted)
            .map_err(|why| format!("{begin} returned invalid object at index 0: {why}"))?;
        same_object(&original, &converted)
            .map_err(|why| format!("{begin} returned invalid object: {why}"))?;
        let metadata = |why| format!("{begin} returned invalid metadata: {why}");
        restore(&original, &mut converted).map_err(metadata)?;
        let made = kind.decode(version, &converted).map_err(metadata)?;
        let (before, after) = (object.meta(), made.meta());
        if before.labels != after.labels || before.annotations != after.annotations {
            let errors = metadata::maps(after);
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            match texts.as_slice() {
                [] => {}
                [one] => return Err(metadata(one.clone())),
                several => return Err(metadata(format!("[{}]", several.join(", ")))),
            }
        }
        Ok(made)
    }

    /// What a webhook makes of an object. Mirrors `getConvertedObjectsFromResponse`.
    fn ask(&mut self, webhook: &Value, object: &Value, wanted: &str) -> Result<Vec<Value>, String> {
        let versions = webhook["conversionReviewVersions"].as_array().into_iter().flatten();
        let mut known =
            versions.filter_map(|given| ["v1", "v1beta1"].into_iter().find(|one| given == one));
        let version = known.next().ok_or("no supported conversion review versions")?;
        let (uid, api_version) = (self.rng.uuid(), format!("{GROUP}/{version}"));
        let review = json!({
            "kind": KIND, "apiVersion": api_version,
            "request": {"uid": uid, "desiredAPIVersion": wanted, "objects": [object]},
        });
        let call = webhook::prepare(self.store, &webhook["clientConfig"], &review, SECONDS);
        let mut answer = webhook::post(self.callers, call)?;
        webhook::check(&answer, (GROUP, version, KIND), SHAPE)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if version == "v1" {
            let (found, kind) = (text(&answer["apiVersion"]), text(&answer["kind"]));
            if found != api_version || kind != KIND {
                let slash = if found.contains('/') { "" } else { "/" };
                return Err(format!(
                    "expected webhook response of {api_version}, Kind={KIND}, got {slash}{found}, \
                     Kind={kind}"
                ));
            }
        }
        let response = &mut answer["response"];
        if response.is_null() {
            return Err("no response provided".to_owned());
        }
        let found = text(&response["uid"]);
        if version == "v1" && found != uid {
            return Err(format!("expected response.uid={uid:?}, got {found:?}"));
        }
        let (status, message) =
            (text(&response["result"]["status"]), text(&response["result"]["message"]));
        match (status.as_str(), message.as_str()) {
            ("Success", _) => {}
            (status, "") => {
                return Err(format!("response.result.status was '{status}', not 'Success'"));
            }
            _ => return Err(message),
        }
        match response["convertedObjects"].take() {
            Value::Array(objects) => Ok(objects),
            _ => Ok(Vec::new()),
        }
    }
}

/// Whether what came back is of the version that was asked for, and of the same kind.
fn same_type(original: &Value, converted: &Value, wanted: &str) -> Result<(), String> {
    let text = |value: &'_ Value| value.as_str().unwrap_or_default().to_owned();
    let found = text(&converted["apiVersion"]);
    if found != wanted {
        return Err(format!("invalid groupVersion (expected {wanted}, received {found})"));
    }
    let (expected, found) = (text(&original["kind"]), text(&converted["kind"]));
    if expected != found {
        return Err(format!("invalid kind (expected {expected}, received {found})"));
    }
    Ok(())
}

/// Mirrors `validateConvertedObject`.
fn same_object(original: &Value, converted: &Value) -> Result<(), String> {
    for (field, what) in [("name", "name"), ("namespace", "namespace"), ("uid", "UID")] {
        let text =
            |value: &'_ Value| value["metadata"][field].as_str().unwrap_or_default().to_owned();
        let (expected, found) = (text(original), text(converted));
        if expected != found {
            return Err(format!("must have the same {what}: {expected} != {found}"));
        }
    }
    Ok(())
}

/// Leaves to a webhook labels and annotations alone of the metadata. Mirrors `restoreObjectMeta`.
fn restore(original: &Value, converted: &mut Value) -> Result<(), String> {
    let Some(given) = converted.get("metadata").cloned() else {
        return Err("missing metadata in converted object".to_owned());
    };
    if !given.is_object() {
        return Err(format!(
            "invalid metadata of type {} in converted object",
            go_text::type_name(&given)
        ));
    }
    let mut metadata = original["metadata"].clone();
    for field in ["labels", "annotations"] {
        let own = metadata.as_object_mut().ok_or("invalid metadata in input object")?;
        let pairs = match given.get(field) {
            None | Some(Value::Null) => {
                own.remove(field);
                continue;
            }
            Some(Value::Object(pairs)) => pairs,
            Some(other) => {
                let found = go_text::type_name(other);
                return Err(format!(
                    "invalid metadata.{field} of type {found} in converted object"
                ));
            }
        };
        if let Some((key, value)) = pairs.iter().find(|(_, value)| !value.is_string()) {
            return Err(format!(
                "metadata.{field}[{key}] must be a string, but is {} in converted object",
                go_text::type_name(value)
            ));
        }
        own.insert(field.to_owned(), Value::Object(pairs.clone()));
    }
    converted["metadata"] = metadata;
    Ok(())
}

/// An object as it was shown in a version, and under which generation of its definition.
#[derive(Clone)]
pub(super) struct Shown {
    generation: i64,
    object: Object,
    /// How it was shown before.
    before: Option<Object>,
}

/// How many objects that are gone are remembered, for those who hear of it late.
const GONE_MAX: usize = 256;

/// The objects as they are shown in one version.
pub(super) struct ShownIn {
    all: SharedMap<(Key, String), Shown>,
    version: String,
}

impl ShownIn {
    /// A version of an object as it is shown; `None` for one that is too old.
    pub(super) fn find(&self, object: &Object) -> Option<&Object> {
        let known = self.all.get(&(object.key(), self.version.clone()))?;
        let mut versions = [Some(&known.object), known.before.as_ref()].into_iter().flatten();
        versions.find(|shown| shown.revision() == object.revision())
    }
}

impl Server {
    /// The object in the version of a kind.
    ///
    /// # Errors
    /// Why the webhook of its definition has not converted it.
    pub(super) fn converted(&mut self, kind: &dyn Kind, object: &Object) -> Result<Object, Status> {
        let mut converter = Converter {
            store: &self.store,
            customs: &self.customs,
            callers: &self.callers,
            rng: &mut self.rng,
        };
        converter.convert(object, kind).map_err(Status::unexplained)
    }

    /// An object in the version in which it is stored.
    pub(super) fn in_stored_version(&mut self, object: Object) -> Result<Object, Status> {
        match self.customs.stored(&object.resource()) {
            Some(kind) => self.converted(kind, &object),
            None => Ok(object),
        }
    }

    /// The object that a request is about to change, in the version of the request. Its stored form
    /// is made anew, as upstream does to be sure of what it replaces (`getStateFromObject`).
    pub(super) fn target(&mut self, kind: &dyn Kind, request: &Request) -> Result<Object, Status> {
        let object = self.current(request)?.clone();
        if self.customs.webhook(&object.resource()).is_none() {
            return Ok(object);
        }
        let shown = self.shown(kind, &object)?;
        self.in_stored_version(shown.clone())?;
        Ok(shown)
    }

    /// An object as the watch cache of a version has it.
    fn shown(&mut self, kind: &dyn Kind, object: &Object) -> Result<Object, Status> {
        let generation = self.customs.generation(&object.resource());
        let version = kind.names().versions.first().copied().unwrap_or_default();
        let place = (object.key(), version.to_owned());
        let known = self.shown.get(&place);
        if let Some(known) = known.filter(|known| {
            known.generation == generation && known.object.revision() == object.revision()
        }) {
            return Ok(known.object.clone());
        }
        let is_newer = known.is_none_or(|known| known.object.revision() <= object.revision());
        let object = self.converted(kind, object)?;
        if is_newer {
            let before = self.shown.remove(&place).map(|known| known.object);
            self.shown.insert(place, Shown { generation, object: object.clone(), before });
        }
        Ok(object)
    }

    /// Shows a stored object in every version that is served, as each version's watch cache does
    /// when it hears of it. What cannot be shown is tried again when somebody asks.
    pub(super) fn show_everywhere(&mut self, object: &Object) {
        if self.customs.webhook(&object.resource()).is_none() {
            return;
        }
        let kinds: Vec<_> = self.customs.versions(&object.resource()).collect();
        for kind in kinds {
            let _ = self.shown(kind, object);
        }
    }

    /// How the objects of a kind are shown in its version, if a webhook converts them.
    pub(super) fn shown_in(&self, kind: &dyn Kind) -> Option<ShownIn> {
        self.customs.webhook(&kind.names().resource())?;
        let version = kind.names().versions.first().copied().unwrap_or_default().to_owned();
        Some(ShownIn { all: self.shown.clone(), version })
    }

    /// Forgets in a while how an object was shown.
    pub(super) fn show_no_more(&mut self, key: &Key) {
        let versions: Vec<_> = self.customs.versions(&key.resource).collect();
        for kind in versions {
            let version = kind.names().versions.first().copied().unwrap_or_default();
            self.gone.push_back((key.clone(), version.to_owned()));
        }
        while self.gone.len() > GONE_MAX {
            let Some(place) = self.gone.pop_front() else { return };
            let is_back = self.store.get(&place.0).is_some();
            if !is_back {
                self.shown.remove(&place);
            }
        }
    }

    /// Fills the watch caches of a definition's versions when somebody asks for its objects for the
    /// first time since it was changed.
    pub(super) fn fill_caches(&mut self, kind: &dyn Kind) {
        let resource = kind.names().resource();
        let generation = self.customs.generation(&resource);
        if self.customs.webhook(&resource).is_none()
            || self.filled.get(&resource) == Some(&generation)
        {
            return;
        }
        let objects: Vec<Object> = self.store.list(&resource).cloned().collect();
        let kinds: Vec<_> = self.customs.versions(&resource).collect();
        let filled = kinds.into_iter().all(|kind| {
            let shown = |object: &Object| self.shown(kind, object).is_ok();
            objects.iter().all(shown)
        });
        if filled {
            self.filled.insert(resource, generation);
        }
    }

    /// A reply with its objects in the version of a kind.
    pub(super) fn converted_reply(
        &mut self,
        kind: &dyn Kind,
        reply: Reply,
    ) -> Result<Reply, Status> {
        if self.customs.webhook(&kind.names().resource()).is_none() {
            return Ok(reply);
        }
        Ok(match reply {
            Reply::Object(object) => Reply::Object(self.converted(kind, &object)?),
            Reply::List(mut list) => {
                for item in &mut list.items {
                    *item = self.shown(kind, item)?;
                }
                Reply::List(list)
            }
            Reply::Changes(mut changes, next) => {
                for change in &mut changes {
                    self.convert_change(kind, change)?;
                }
                Reply::Changes(changes, next)
            }
            other => other,
        })
    }

    fn convert_change(&mut self, kind: &dyn Kind, change: &mut Change) -> Result<(), Status> {
        change.object = match change.kind {
            ChangeKind::Deleted => self.converted(kind, &change.object)?,
            _ => self.shown(kind, &change.object)?,
        };
        Ok(())
    }
}
