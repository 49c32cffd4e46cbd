//! How the fields of a custom resource are owned, as its schema says.
//! Mirrors `managedfields.NewTypeConverter` on the schema that `builder.BuildOpenAPIV3` makes.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;

use super::schema::Schema;
use crate::base::order::Gather;
use crate::object::codec;
use crate::object::managed::{Field, Items, Scalar, Schema as Fields, Struct, Type};

/// What is known of the fields of a kind with that schema.
pub(super) fn fields(schema: Schema<'_>, kind: &str) -> Fields {
    // What every object has is taken from one whose struct is known.
    let Fields { types: mut known, root: like } = codec::schema::<ConfigMap>();
    let mut types = BTreeMap::new();
    let root = convert(schema, kind, &mut types);
    let (Type::Named(name), Type::Named(like)) = (&root, &like) else {
        return Fields { types, root: Type::Any };
    };
    let meta = known.remove(like).map(|like| like.fields).unwrap_or_default();
    if let Some(object) = types.get_mut(name) {
        let names = ["apiVersion", "kind", "metadata"];
        object.fields.extend(meta.into_iter().filter(|(name, _)| names.contains(&&**name)));
    }
    known.append(&mut types);
    Fields { types: known, root }
}

/// The type of a schema; objects with fields are noted under `name`, which their path makes unique.
fn convert(
    schema: Schema<'_>,
    name: &str,
    types: &mut BTreeMap<crate::object::Str, Struct>,
) -> Type {
    if schema.is("x-kubernetes-int-or-string") {
        return Type::Scalar(Scalar::Any);
    }
    let whole = schema.text("x-kubernetes-map-type") == "atomic";
    match schema.kind() {
        "string" => Type::Scalar(Scalar::Text),
        "integer" | "number" => Type::Scalar(Scalar::Number),
        "boolean" => Type::Scalar(Scalar::Truth),
        "array" => {
            let of =
                schema.items().map_or(Type::Any, |of| convert(of, &format!("{name}[]"), types));
            let keys = schema.texts("x-kubernetes-list-map-keys").map(Into::into);
            let items = match schema.text("x-kubernetes-list-type") {
                "set" => Items::Set,
                "map" => Items::Keys(keys.collect()),
                _ => Items::Whole,
            };
            Type::List { of: Box::new(of), items }
        }
        "object" if schema.properties().next().is_none() => match schema.additional() {
            Some(of) => {
                let of = convert(of, &format!("{name}{{}}"), types);
                Type::Map { of: Box::new(of), whole }
            }
            None if whole => Type::Whole,
            None if schema.preserves() || schema.is_map() => Type::Any,
            None => note(name, Struct { whole, ..Struct::default() }, types),
        },
        "object" => {
            let fields = schema.properties().map(|(field, of)| {
                let kind = convert(of, &format!("{name}.{field}"), types);
                let default = of.default().cloned();
                (field.as_str().into(), Field { of: kind, default, always: false })
            });
            let fields = fields.gathered();
            let rest = schema.preserves().then_some(Type::Any);
            note(name, Struct { fields, whole, rest }, types)
        }
        _ => Type::Any,
    }
}

fn note(name: &str, object: Struct, types: &mut BTreeMap<crate::object::Str, Struct>) -> Type {
    types.insert(name.into(), object);
    Type::Named(name.into())
}
