//! What is wrong with a ServiceCIDR or an IPAddress.
//! Mirrors `pkg/apis/networking/validation`.

use k8s_openapi::api::networking::v1::{IPAddress, ParentReference, ServiceCIDR, ServiceCIDRSpec};

use crate::base::{ip_text, label_name};
use crate::kinds::FieldError;
use crate::kinds::names::segment_faults;
use crate::kinds::path::{Errors, Path};

const SPEC: Path<'static> = Path::new("spec");
const IMMUTABLE: &str = "field is immutable";

/// Mirrors `ValidateServiceCIDR`.
pub(super) fn range(object: &ServiceCIDR) -> Vec<FieldError> {
    let mut errors = Errors::default();
    ranges(&object.spec.clone().unwrap_or_default(), &mut errors);
    errors.0
}

fn ranges(spec: &ServiceCIDRSpec, errors: &mut Errors) {
    let path = SPEC.child("cidrs");
    let given = spec.cidrs.as_deref().unwrap_or_default();
    if given.is_empty() {
        return errors.required(&path, "at least one CIDR required");
    }
    if given.len() > 2 {
        return errors.invalid(&path, spec, "may only hold up to 2 values");
    }
    for (index, text) in given.iter().enumerate() {
        if let Some(fault) = ip_text::range_fault(text) {
            errors.invalid(&path.index(index), text, fault);
        }
    }
    let families: Vec<bool> =
        given.iter().filter_map(|text| Some(ip_text::range(text)?.0.is_ipv4())).collect();
    if let [first, second] = families.as_slice()
        && first == second
    {
        let fault = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and \
                     2001:db8::/64";
        errors.invalid(&path, given, fault);
    }
}

/// Mirrors `ValidateServiceCIDRUpdate`.
pub(super) fn range_update(new: &ServiceCIDR, old: &ServiceCIDR) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let path = SPEC.child("cidrs");
    let of = |object: &ServiceCIDR| {
        object.spec.as_ref().and_then(|spec| spec.cidrs.clone()).unwrap_or_default()
    };
    let (after, before) = (of(new), of(old));
    let grows = before.len() == 1 && after.len() == 2;
    if after.len() != before.len() && !grows {
        errors.invalid(&path, &after, IMMUTABLE);
        return errors.0;
    }
    for (index, (text, _)) in after.iter().zip(&before).enumerate().filter(|(_, (a, b))| a != b) {
        errors.invalid(&path.index(index), text, IMMUTABLE);
    }
    if grows {
        ranges(&new.spec.clone().unwrap_or_default(), &mut errors);
    }
    errors.0
}

/// Mirrors `ValidateIPAddress`.
pub(super) fn address(object: &IPAddress) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let ParentReference { group, resource, name, namespace } = &object.spec.parent_ref;
    let path = SPEC.child("parentRef");
    if let Some(group) = group.as_deref().filter(|group| !group.is_empty()) {
        errors.invalid_for(&path.child("group"), group, label_name::subdomain_errors(group));
    }
    for (field, text) in [("resource", resource), ("name", name)] {
        match text.as_str() {
            "" => errors.required(&path.child(field), ""),
            text => errors.invalid_for(&path.child(field), text, segment_faults(text)),
        }
    }
    if let Some(namespace) = namespace.as_deref().filter(|name| !name.is_empty()) {
        errors.invalid_for(&path.child("namespace"), namespace, segment_faults(namespace));
    }
    errors.0
}

/// Mirrors `ValidateIPAddressUpdate`.
pub(super) fn address_update(new: &IPAddress, old: &IPAddress) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.immutable(&SPEC.child("parentRef"), &new.spec.parent_ref, &old.spec.parent_ref);
    errors.0
}
