//! Sets of fields. Mirrors `structured-merge-diff/fieldpath/set.go`.

use crate::base::order::Gather;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::element::Element;

/// A set of fields of an object, as a tree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSet {
    /// What is in the set at this level.
    pub(super) members: BTreeSet<Element>,
    /// What has something in the set below it; it need not be in the set itself.
    pub(super) children: BTreeMap<Element, FieldSet>,
}

impl FieldSet {
    /// The set of these paths of fields.
    pub fn of(paths: &[&[&str]]) -> Self {
        let mut set = Self::default();
        for path in paths {
            let path: Vec<_> = path.iter().map(|name| Element::Field((*name).to_owned())).collect();
            set.insert(&path);
        }
        set
    }

    /// Puts a path into the set, not the fields that lead to it.
    pub(super) fn insert(&mut self, path: &[Element]) {
        match path {
            [] => {}
            [last] => {
                self.members.insert(last.clone());
            }
            [first, rest @ ..] => self.children.entry(first.clone()).or_default().insert(rest),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.children.values().all(Self::is_empty)
    }

    /// Whether a path of fields is in it.
    pub fn has(&self, path: &[Element]) -> bool {
        match path {
            [] => false,
            [last] => self.members.contains(last),
            [first, rest @ ..] => self.children.get(first).is_some_and(|child| child.has(rest)),
        }
    }

    /// What is in either.
    pub(super) fn union(&self, other: &Self) -> Self {
        let mut all = self.clone();
        all.members.extend(other.members.iter().cloned());
        for (element, child) in &other.children {
            let place = all.children.entry(element.clone()).or_default();
            *place = place.union(child);
        }
        all
    }

    /// What is in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        let members = self.members.intersection(&other.members).cloned().gathered();
        let common = self.children.iter().filter_map(|(element, child)| {
            Some((element.clone(), child.intersection(other.children.get(element)?)))
        });
        Self { members, children: common.filter(|(_, child)| !child.is_empty()).gathered() }
    }

    /// What is in this one alone.
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.without(other, false)
    }

    /// The same, where what is in the other takes everything below it with it.
    pub(super) fn recursive_difference(&self, other: &Self) -> Self {
        self.without(other, true)
    }

    fn without(&self, other: &Self, recursive: bool) -> Self {
        let members = self.members.difference(&other.members).cloned().gathered();
        let kept = self.children.iter().filter(|(element, _)| {
            // A member takes its children along only if it is told to.
            !(recursive && other.members.contains(element))
        });
        let children = kept.map(|(element, child)| {
            let rest = match other.children.get(element) {
                Some(other) => child.without(other, recursive),
                None => child.clone(),
            };
            (element.clone(), rest)
        });
        Self { members, children: children.filter(|(_, child)| !child.is_empty()).gathered() }
    }

    /// Every path in the set: those that end at a level before those that go on.
    pub(super) fn paths(&self) -> Vec<Vec<Element>> {
        let mut paths: Vec<_> = self.members.iter().map(|element| vec![element.clone()]).collect();
        for (element, child) in &self.children {
            paths.extend(child.paths().into_iter().map(|mut path| {
                path.insert(0, element.clone());
                path
            }));
        }
        paths
    }

    /// The set as `fieldsV1`.
    pub(super) fn to_value(&self) -> Value {
        let mut map = Map::new();
        for element in &self.members {
            map.insert(element.written(), json!({}));
        }
        for (element, child) in self.children.iter().filter(|(_, child)| !child.is_empty()) {
            let mut value = child.to_value();
            if self.members.contains(element) {
                value["."] = json!({});
            }
            map.insert(element.written(), value);
        }
        Value::Object(map)
    }

    /// Reads `fieldsV1`; what cannot be read is `None`.
    pub(super) fn from_value(value: &Value) -> Option<Self> {
        let mut set = Self::default();
        for (name, below) in value.as_object()?.iter().filter(|(name, _)| *name != ".") {
            let element = Element::parse(name)?;
            let below = below.as_object()?;
            if below.is_empty() || below.contains_key(".") {
                set.members.insert(element.clone());
            }
            if below.keys().any(|name| name != ".") {
                set.children.insert(element, Self::from_value(&Value::Object(below.clone()))?);
            }
        }
        Some(set)
    }
}
