//! Who manages which fields. Mirrors
//! `k8s.io/apimachinery/pkg/util/managedfields/internal/managedfields.go`.

use std::fmt;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    FieldsV1, ManagedFieldsEntry, Time as Timestamp,
};

use super::set::FieldSet;
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;

/// One way in which somebody writes an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Manager {
    /// `kubectl`, `kube-controller-manager` …
    pub name: String,
    /// Whether it applies; else it updates.
    pub applies: bool,
    /// The version in which it updates; empty for those that apply.
    pub version: String,
    /// `status`, `scale` …; empty for the object itself.
    pub subresource: String,
}

/// `"one"`, `"upd" using v1`. Mirrors `printManager`.
impl fmt::Display for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.name)?;
        if !self.subresource.is_empty() {
            write!(f, " with subresource {:?}", self.subresource)?;
        }
        if !self.applies {
            write!(f, " using {}", self.version)?;
        }
        Ok(())
    }
}

/// What a manager manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Managed {
    /// The fields.
    pub set: FieldSet,
    /// The version in which they are named.
    pub version: String,
    /// When it changed last.
    pub time: Option<Timestamp>,
}

/// Every manager of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managers(pub SmallMap<Manager, Managed>);

impl Managers {
    /// Reads `metadata.managedFields`; `None` where it makes no sense.
    pub fn read(entries: Option<&Vec<ManagedFieldsEntry>>) -> Option<Self> {
        let mut managers = SmallMap::new();
        for entry in entries.into_iter().flatten() {
            let operation = entry.operation.as_deref();
            if !matches!(operation, Some("Apply" | "Update"))
                || entry.fields_type.as_deref() != Some("FieldsV1")
            {
                return None;
            }
            let version = entry.api_version.clone().filter(|version| !version.is_empty())?;
            let applies = operation == Some("Apply");
            let manager = Manager {
                name: entry.manager.clone().unwrap_or_default(),
                applies,
                version: if applies { String::new() } else { version.clone() },
                subresource: entry.subresource.clone().unwrap_or_default(),
            };
            let set = match &entry.fields_v1 {
                Some(fields) => FieldSet::from_value(&fields.0)?,
                None => FieldSet::default(),
            };
            managers.insert(manager, Managed { set, version, time: entry.time.clone() });
        }
        Some(Self(managers))
    }

    /// As `metadata.managedFields`; `None` for nobody. Mirrors `encodeManagedFields`.
    pub fn write(&self) -> Option<Vec<ManagedFieldsEntry>> {
        if self.0.is_empty() {
            return None;
        }
        let mut entries: Vec<_> = self.0.iter().collect();
        let seconds = |managed: &Managed| managed.time.as_ref().map_or(0, |t| t.0.as_second());
        // Those that apply come first; then by time and name.
        entries.order_by_key(|(manager, managed)| {
            (!manager.applies, seconds(managed), &manager.name, &managed.version)
        });
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let entries = entries.into_iter().map(|(manager, managed)| ManagedFieldsEntry {
            api_version: text(&managed.version),
            fields_type: text("FieldsV1"),
            fields_v1: Some(FieldsV1(managed.set.to_value())),
            manager: text(&manager.name),
            operation: text(if manager.applies { "Apply" } else { "Update" }),
            subresource: text(&manager.subresource),
            time: managed.time.clone(),
        });
        Some(entries.collect())
    }
}
