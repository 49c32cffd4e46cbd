//! The rules of PersistentVolumeClaims.
//! Mirrors `pkg/apis/core/validation.ValidatePersistentVolumeClaimSpec`.

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, PersistentVolumeClaimSpec};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use crate::base::quantity::Quantity;
use crate::kinds::path::{Errors, Path};
use crate::kinds::persistent_volume::validate::{VOLUME_MODES, access_modes};
use crate::kinds::{FieldError, internal, names};
use crate::object::codec;

const IMMUTABLE: &str = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

/// What is wrong with a PersistentVolumeClaim.
pub fn validate(object: &PersistentVolumeClaim) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if let Some(spec) = &object.spec {
        validate_spec(&Path::new("spec"), spec, &mut errors);
    }
    errors.0
}

/// The rules of a claim's spec, which templates of StatefulSets and pods carry too.
pub fn validate_spec(path: &Path<'_>, spec: &PersistentVolumeClaimSpec, errors: &mut Errors) {
    let modes = path.child("accessModes");
    let missing = "at least 1 access mode is required";
    if spec.access_modes.as_ref().is_none_or(Vec::is_empty) {
        errors.required(&modes, missing);
    }
    if let Some(selector) = &spec.selector {
        names::label_selector(&path.child("selector"), selector, errors);
    }
    if spec.access_modes.as_ref().is_some_and(|modes| !modes.is_empty()) {
        access_modes(&modes, spec.access_modes.as_deref(), missing, errors);
    }
    let resources = path.child("resources");
    match storage(spec) {
        None => errors.required(&resources.key("storage"), ""),
        Some(amount) => {
            errors.amount_positive(&resources.key("storage"), &amount.0);
        }
    }
    if let Some(class) = spec.storage_class_name.as_ref().filter(|class| !class.is_empty()) {
        errors.invalid_for(&path.child("storageClassName"), class, names::subdomain_errors(class));
    }
    errors.one_of(&path.child("volumeMode"), spec.volume_mode.as_ref(), VOLUME_MODES);
}

fn storage(spec: &PersistentVolumeClaimSpec) -> Option<&Amount> {
    spec.resources.as_ref()?.requests.as_ref()?.get("storage")
}

/// What is wrong with a replacement.
pub fn validate_update(
    new: &PersistentVolumeClaim,
    old: &PersistentVolumeClaim,
) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let status = new.status.as_ref();
    let is_bound = status.and_then(|status| status.phase.as_deref()) == Some("Bound");
    let (Some(new), Some(old)) = (&new.spec, &old.spec) else { return Vec::new() };
    let mut masked = new.clone();
    if old.volume_name.as_deref().unwrap_or_default().is_empty() {
        // The binder sets this, once.
        masked.volume_name.clone_from(&old.volume_name);
    }
    if old.storage_class_name.is_none() {
        // A default class may come later.
        masked.storage_class_name = None;
    }
    if is_bound {
        let requests = masked.resources.as_mut().and_then(|resources| resources.requests.as_mut());
        if let (Some(requests), Some(amount)) = (requests, storage(old)) {
            requests.insert("storage".to_owned(), amount.clone());
        }
        masked.volume_attributes_class_name.clone_from(&old.volume_attributes_class_name);
    }
    let path = Path::new("spec");
    if masked != *old {
        let diff = internal::claim_spec_diff(&codec::encode(old), &codec::encode(&masked));
        errors.forbidden(&path, format!("{IMMUTABLE}\n{diff}"));
    }
    let amount = |amount: Option<&Amount>| {
        amount.and_then(|amount| Quantity::parse(&amount.0).ok()).unwrap_or(Quantity::ZERO)
    };
    let (wanted, before) = (amount(storage(new)), amount(storage(old)));
    let capacity = status.and_then(|status| status.capacity.as_ref()?.get("storage"));
    if wanted.sub(before).sign() < 0 && wanted.sub(amount(capacity)).sign() <= 0 {
        let (resources, text) =
            (path.child("resources"), "field can not be less than status.capacity");
        let requests = resources.child("requests");
        errors.forbidden(&requests.child("storage"), text);
    }
    errors.immutable(&Path::new("volumeMode"), &new.volume_mode, &old.volume_mode);
    errors.0
}
