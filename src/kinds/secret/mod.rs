//! Secret.

mod describe;
mod validate;

use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;

use super::{Column, FieldError, Lookup, Names, Typed, cells};
use crate::sim::Time;

/// The kind Secret. Mirrors `pkg/registry/core/secret`.
pub struct Secrets;

impl Typed for Secrets {
    type Object = Secret;

    const NAMES: Names = Names::namespaced("", &["v1"], "Secret", "secrets", "secret");
    const COLUMNS: &'static [Column] =
        &[Column::new("Name"), Column::new("Type"), Column::number("Data"), Column::new("Age")];

    fn default(object: &mut Secret) {
        object.type_.get_or_insert_with(|| "Opaque".to_owned());
        // `stringData` is for writing only: the texts become data and are gone.
        if let Some(texts) = object.string_data.take() {
            let data = object.data.get_or_insert_default();
            data.extend(texts.into_iter().map(|(key, text)| (key, ByteString(text.into_bytes()))));
        }
    }

    fn prepare_update(new: &mut Secret, old: &Secret) {
        // The type cannot be changed, so leaving it out means keeping it.
        if new.type_.as_deref().unwrap_or_default().is_empty() {
            new.type_.clone_from(&old.type_);
        }
    }

    fn validate(object: &Secret) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn validate_update(new: &Secret, old: &Secret) -> Vec<FieldError> {
        validate::validate_update(new, old)
    }

    /// Mirrors `GetWarningsForSecret`, as far as a pair of keys can be judged without reading it.
    fn warnings(object: &Secret) -> Vec<String> {
        let block = |key: &str| {
            let data = object.data.as_ref().and_then(|data| data.get(key));
            data.is_some_and(|data| data.0.windows(10).any(|bytes| bytes == b"-----BEGIN"))
        };
        if object.type_.as_deref() != Some("kubernetes.io/tls") {
            return Vec::new();
        }
        let missing = [("tls.crt", "certificate"), ("tls.key", "key")];
        let first = missing.into_iter().find(|(key, _)| !block(key));
        let told =
            first.map(|(_, what)| format!("tls: failed to find any PEM data in {what} input"));
        told.into_iter().collect()
    }

    fn fields(object: &Secret) -> Vec<(&'static str, String)> {
        vec![("type", object.type_.clone().unwrap_or_default())]
    }

    fn row(object: &Secret, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let count = object.data.as_ref().map_or(0, std::collections::BTreeMap::len);
        let kind = object.type_.clone().unwrap_or_default();
        vec![cells::name(meta), kind, count.to_string(), cells::age(meta, now)]
    }

    fn describe(object: &Secret, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
