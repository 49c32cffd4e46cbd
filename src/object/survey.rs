//! What the decoders of types show of them when they are led through every field once: the schema
//! of a kind, without a second description of its types.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::Str;
use super::managed::{Items, Scalar, Schema, Struct, Type};

/// A field that has been seen.
type Seen = (&'static str, Type);

/// What has been seen so far, and the values that are given meanwhile.
pub(super) struct Survey {
    types: RefCell<BTreeMap<Str, Struct>>,
    /// The structs that are being led through, outermost first, with the fields seen of each.
    open: RefCell<Vec<(&'static str, Vec<Seen>)>>,
    /// The field that is being read, of the innermost.
    last: RefCell<Type>,
    null: Value,
    zero: Value,
    epoch: Value,
}

impl Default for Survey {
    fn default() -> Self {
        Self {
            types: RefCell::default(),
            open: RefCell::default(),
            last: RefCell::new(Type::Any),
            null: Value::Null,
            zero: 0.into(),
            epoch: "1970-01-01T00:00:00Z".into(),
        }
    }
}

impl Survey {
    /// All that has been seen.
    pub(super) fn schema(self) -> Schema {
        Schema { types: self.types.into_inner(), root: self.last.into_inner() }
    }

    fn note(&self, of: Type) {
        self.last.replace(of);
    }

    /// A scalar of Go, and a value for it.
    pub(super) fn scalar(&self, go_type: &str) -> &Value {
        let scalar = match go_type {
            "string" => Scalar::Text,
            "bool" => Scalar::Truth,
            "interface {}" => Scalar::Any,
            _ => Scalar::Number,
        };
        self.note(Type::Scalar(scalar));
        if scalar == Scalar::Any { &self.zero } else { &self.null }
    }

    /// A type with a name and no fields, and a value for it.
    pub(super) fn named(&self, name: &str) -> &Value {
        let is_scalar = matches!(name, "Time" | "MicroTime" | "Quantity");
        self.note(if is_scalar { Type::Scalar(Scalar::Any) } else { Type::Any });
        if name.ends_with("Time") { &self.epoch } else { &self.zero }
    }

    /// What was seen last is in a list.
    pub(super) fn list(&self) {
        let of = Box::new(self.last.borrow().clone());
        self.note(Type::List { of, items: Items::Whole });
    }

    /// What was seen last is in a map.
    pub(super) fn map(&self) {
        let of = Box::new(self.last.borrow().clone());
        self.note(Type::Map { of, whole: false });
    }

    /// Begins a struct; the fields to be led through, none if that has been done.
    pub(super) fn enter(
        &self,
        name: &'static str,
        fields: &'static [&'static str],
    ) -> &'static [&'static str] {
        let is_known = self.types.borrow().contains_key(name);
        let is_open = self.open.borrow().iter().any(|(open, _)| *open == name);
        self.open.borrow_mut().push((name, Vec::new()));
        if is_known || is_open { &[] } else { fields }
    }

    /// The next field of the innermost struct; what was seen meanwhile is the one before.
    pub(super) fn next(
        &self,
        owner: &str,
        is_object: bool,
        names: &mut std::slice::Iter<'static, &'static str>,
    ) -> Option<&'static str> {
        self.keep_last();
        let mut name = *names.next()?;
        // What an object is called is not asked of it.
        while is_object && matches!(name, "apiVersion" | "kind") {
            self.keep(name, Type::Scalar(Scalar::Text));
            name = names.next()?;
        }
        debug_assert!(self.open.borrow().last().is_some_and(|(open, _)| *open == owner));
        self.keep(name, Type::Any);
        Some(name)
    }

    fn keep(&self, name: &'static str, of: Type) {
        if let Some((_, seen)) = self.open.borrow_mut().last_mut() {
            seen.push((name, of));
        }
    }

    /// Says of the field before what it turned out to be.
    fn keep_last(&self) {
        if let Some((_, seen)) = self.open.borrow_mut().last_mut()
            && let Some(field) = seen.last_mut().filter(|field| matches!(field.1, Type::Any))
        {
            field.1 = self.last.replace(Type::Any);
        }
    }

    /// Ends a struct.
    pub(super) fn leave(&self, name: &'static str) {
        let seen = self.open.borrow_mut().pop().map(|(_, seen)| seen).unwrap_or_default();
        if !seen.is_empty() {
            self.types.borrow_mut().insert(name.into(), Struct::marked(name, seen));
        }
        self.note(Type::Named(name.into()));
    }
}
