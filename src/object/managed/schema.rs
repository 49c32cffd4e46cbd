//! What is known of the fields of a kind: their types, and how their lists and maps are owned.
//! Mirrors `structured-merge-diff/schema` and the `x-kubernetes-*` marks of `k8s.io/api`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::object::Str;
use crate::object::patch::list_kind;

/// What a scalar may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar {
    /// A number.
    Number,
    /// Text.
    Text,
    /// `true` or `false`.
    Truth,
    /// Any of them: quantities, times, ports by name or number.
    Any,
}

/// How the items of a list are told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Items {
    /// They are not: the list is owned as a whole.
    Whole,
    /// By their value.
    Set,
    /// By these fields.
    Keys(Vec<Str>),
}

/// The type of a value.
#[derive(Clone, Debug)]
pub enum Type {
    /// No list and no map.
    Scalar(Scalar),
    /// A list.
    List {
        /// Its items.
        of: Box<Type>,
        /// How they are told apart.
        items: Items,
    },
    /// A map from names that are not known before.
    Map {
        /// Its values.
        of: Box<Type>,
        /// Whether it is owned as a whole.
        whole: bool,
    },
    /// The object of that name in [`Schema::types`].
    Named(Str),
    /// Whatever it turns out to be: maps are owned key by key, lists as a whole.
    Any,
    /// Whatever it turns out to be, owned as a whole.
    Whole,
}

/// A field of an object.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its type.
    pub of: Type,
    /// Its value where none is given.
    pub default: Option<Value>,
    /// Whether a Go struct has it even while it is empty.
    pub always: bool,
}

/// An object with fields of its own.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    /// Its fields.
    pub fields: BTreeMap<Str, Field>,
    /// Whether it is owned as a whole.
    pub whole: bool,
    /// The type of the fields beyond these; `None` where there may be none.
    pub rest: Option<Type>,
}

/// What is known of the fields of a kind.
#[derive(Clone, Debug)]
pub struct Schema {
    /// The objects within it, by name.
    pub types: BTreeMap<Str, Struct>,
    /// The object itself.
    pub root: Type,
}

/// How a value is to be walked through.
pub(super) enum Shape<'s> {
    /// It has no parts that are owned apart.
    Leaf,
    /// A list whose items are owned one by one.
    List(&'s Type, &'s [Str]),
    /// A map whose values are owned one by one: its known fields, and the type of the others.
    Map(Option<&'s Struct>, Option<&'s Type>),
}

const ANY: &Type = &Type::Any;

impl Schema {
    /// Nothing is known: maps are owned key by key, lists as a whole.
    pub fn deduced() -> Self {
        Self { types: BTreeMap::new(), root: Type::Any }
    }

    pub(super) fn find(&self, name: &str) -> Option<&Struct> {
        self.types.get(name)
    }

    /// Takes out the empty lists and maps that a Go struct does not write.
    pub fn prune(&self, value: &mut Value) {
        self.prune_value(&self.root, value);
    }

    fn prune_value(&self, of: &Type, value: &mut Value) {
        match (of, value) {
            (Type::List { of, .. }, Value::Array(items)) => {
                items.iter_mut().for_each(|item| self.prune_value(of, item));
            }
            (Type::Map { of, .. }, Value::Object(map)) => {
                map.values_mut().for_each(|value| self.prune_value(of, value));
            }
            (Type::Named(name), Value::Object(map)) => {
                let Some(known) = self.find(name) else { return };
                map.retain(|name, value| {
                    let Some(field) = known.fields.get(name.as_str()) else { return true };
                    self.prune_value(&field.of, value);
                    let is_omitted = match (&field.of, &*value) {
                        (Type::List { .. }, Value::Array(items)) => items.is_empty(),
                        (Type::Map { .. }, Value::Object(map)) => map.is_empty(),
                        _ => false,
                    };
                    field.always || !is_omitted
                });
            }
            _ => {}
        }
    }

    /// How a value of that type is walked through.
    pub(super) fn shape<'s>(&'s self, of: &'s Type, value: Option<&Value>) -> Shape<'s> {
        match of {
            Type::List { of, items: Items::Set } => Shape::List(of, &[]),
            Type::List { of, items: Items::Keys(keys) } => Shape::List(of, keys),
            Type::Map { of, whole: false } => Shape::Map(None, Some(of)),
            Type::Named(name) => match self.find(name) {
                Some(found) if found.whole => Shape::Leaf,
                Some(found) => Shape::Map(Some(found), found.rest.as_ref()),
                None => Shape::Map(None, Some(ANY)),
            },
            Type::Any if matches!(value, Some(Value::Object(_))) => Shape::Map(None, Some(ANY)),
            Type::Scalar(_) | Type::List { .. } | Type::Map { .. } | Type::Any | Type::Whole => {
                Shape::Leaf
            }
        }
    }

    /// The default of a key field of a list's items.
    pub(super) fn key_default(&self, items: &Type, key: &str) -> Option<&Value> {
        let Type::Named(name) = items else { return None };
        self.find(name)?.fields.get(key)?.default.as_ref()
    }
}

/// The type of a map's value.
pub(super) fn below<'s>(
    known: Option<&'s Struct>,
    rest: Option<&'s Type>,
    name: &str,
) -> Option<&'s Type> {
    known.and_then(|known| known.fields.get(name)).map(|field| &field.of).or(rest)
}

impl Struct {
    /// The struct of that name, with these fields; the marks are added.
    pub(in crate::object) fn marked(name: &str, fields: Vec<(&str, Type)>) -> Self {
        let fields = fields.into_iter().map(|(field, of)| {
            let of = mark(name, field, of);
            let default = match &of {
                _ if (name, field) == ("ContainerPort", "protocol") => Some(json!("TCP")),
                _ if (name, field) == ("ServicePort", "protocol") => Some(json!("TCP")),
                Type::Scalar(Scalar::Text) => Some(json!("")),
                Type::Scalar(Scalar::Number) => Some(json!(0)),
                _ => None,
            };
            (field.into(), Field { of, default, always: is_always(name, field) })
        });
        Self { fields: fields.collect(), whole: WHOLE.contains(&name), rest: None }
    }
}

/// Says how a field's lists and maps are owned.
fn mark(owner: &str, field: &str, of: Type) -> Type {
    match of {
        Type::List { of, .. } => Type::List { of, items: list_kind(owner, field) },
        Type::Map { of, .. } => Type::Map { of, whole: WHOLE_MAPS.contains(&(owner, field)) },
        other => other,
    }
}

/// Whether a Go struct holds a field by value, or writes it even while it is empty.
fn is_always(owner: &str, field: &str) -> bool {
    match field {
        "metadata" | "spec" | "status" | "updateStrategy" | "jobTemplate" | "loadBalancer" => true,
        "template" => owner != "ReplicationControllerSpec",
        _ => ALWAYS.contains(&(owner, field)),
    }
}

const ALWAYS: &[(&str, &str)] = &[
    ("PodSpec", "containers"),
    ("DeploymentSpec", "strategy"),
    ("PersistentVolumeClaimSpec", "resources"),
    ("NodeStatus", "daemonEndpoints"),
    ("NodeStatus", "nodeInfo"),
    ("NodeDaemonEndpoints", "kubeletEndpoint"),
    ("Event", "source"),
    ("Role", "rules"),
    ("ClusterRole", "rules"),
    ("LimitRangeSpec", "limits"),
    ("EndpointSlice", "endpoints"),
    ("Endpoint", "addresses"),
    ("HTTPIngressRuleValue", "paths"),
];

/// The maps that are owned as a whole.
const WHOLE_MAPS: &[(&str, &str)] = &[
    ("PodSpec", "nodeSelector"),
    ("ReplicationControllerSpec", "selector"),
    ("ServiceSpec", "selector"),
    ("Scheduling", "nodeSelector"),
];

/// The types whose objects are owned as a whole.
const WHOLE: &[&str] = &[
    "ConfigMapKeySelector",
    "CrossVersionObjectReference",
    "EndpointAddress",
    "EndpointPort",
    "FileKeySelector",
    "LabelSelector",
    "LocalObjectReference",
    "MatchResources",
    "NamedRuleWithOperations",
    "NodeSelector",
    "NodeSelectorTerm",
    "ObjectFieldSelector",
    "ObjectReference",
    "OwnerReference",
    "ParamKind",
    "ParamRef",
    "ResourceFieldSelector",
    "RoleRef",
    "ScopeSelector",
    "SecretKeySelector",
    "SecretReference",
    "ServiceBackendPort",
    "Subject",
    "TopologySelectorTerm",
    "TypedLocalObjectReference",
    "Variable",
];
