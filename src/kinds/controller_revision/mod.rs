//! ControllerRevision.

use k8s_openapi::api::apps::v1::ControllerRevision;
use serde_json::Value;

use super::cells::{self, NONE};
use super::path::{Errors, Path};
use super::{Column, FieldError, Names, Typed};
use crate::object::meta;
use crate::sim::Time;

/// The kind ControllerRevision. Mirrors `pkg/registry/apps/controllerrevision`.
pub struct ControllerRevisions;

impl Typed for ControllerRevisions {
    type Object = ControllerRevision;

    const NAMES: Names = Names::namespaced(
        "apps",
        &["v1"],
        "ControllerRevision",
        "controllerrevisions",
        "controllerrevision",
    );
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Controller"),
        Column::number("Revision"),
        Column::new("Age"),
    ];

    fn validate(object: &ControllerRevision) -> Vec<FieldError> {
        let mut errors = Errors::default();
        errors.non_negative(&Path::new("revision"), object.revision);
        match object.data.as_ref().map(|data| &data.0) {
            Some(Value::Object(_)) => {}
            None | Some(Value::Null) => errors.required(&Path::new("data"), "data is mandatory"),
            Some(_) => errors.required(&Path::new("data"), "data must be a valid JSON object"),
        }
        errors.0
    }

    fn validate_update(new: &ControllerRevision, old: &ControllerRevision) -> Vec<FieldError> {
        let mut errors = Errors::default();
        errors.immutable(&Path::new("data"), &new.data, &old.data);
        errors.0
    }

    fn row(object: &ControllerRevision, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let controller = meta::controller_of(meta).map(|owner| {
            let group = owner.api_version.split_once('/').map_or("", |(group, _)| group);
            let dot = if group.is_empty() { "" } else { "." };
            format!("{}{dot}{group}/{}", owner.kind.to_ascii_lowercase(), owner.name)
        });
        vec![
            cells::name(meta),
            controller.unwrap_or_else(|| NONE.to_owned()),
            object.revision.to_string(),
            cells::age(meta, now),
        ]
    }
}
