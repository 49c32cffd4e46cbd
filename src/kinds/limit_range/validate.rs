//! The rules of LimitRanges. Mirrors `ValidateLimitRange` of `pkg/apis/core/validation`.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::{LimitRange, LimitRangeItem};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use crate::base::label_name::qualified_name_errors;
use crate::base::order::Gather;
use crate::base::quantity::{Format, Quantity};
use crate::kinds::path::{Errors, Path};
use crate::kinds::{FieldError, resource_name};

/// What is wrong with a LimitRange.
pub fn validate(object: &LimitRange) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let Some(spec) = &object.spec else { return errors.0 };
    let path = Path::new("spec");
    let path = path.child("limits");
    for (index, item) in spec.limits.iter().enumerate() {
        let path = path.index(index);
        kind(&path.child("type"), &item.type_, &mut errors);
        if spec.limits[..index].iter().any(|earlier| earlier.type_ == item.type_) {
            errors.duplicate(&path.child("type"), &item.type_);
        }
        lists(&path, item, &mut errors);
        let names: BTreeSet<&String> = [
            &item.max,
            &item.min,
            &item.default,
            &item.default_request,
            &item.max_limit_request_ratio,
        ]
        .into_iter()
        .flat_map(|list| list.iter().flatten())
        .map(|(name, _)| name)
        .gathered();
        for name in names {
            amounts(&path, item, name, &mut errors);
        }
    }
    errors.0
}

fn kind(path: &Path<'_>, kind: &str, errors: &mut Errors) {
    let faults = qualified_name_errors(kind);
    let is_known = matches!(kind, "Pod" | "Container" | "PersistentVolumeClaim");
    if faults.is_empty() && !kind.contains('/') && !is_known {
        errors.invalid(path, kind, "must be a standard limit type or fully qualified");
    }
    errors.invalid_for(path, kind, faults);
}

/// The names in every list, and which lists there may be.
fn lists(path: &Path<'_>, item: &LimitRangeItem, errors: &mut Errors) {
    let is_pod = item.type_ == "Pod";
    let of_containers = is_pod || item.type_ == "Container";
    let names = |field: &str, list: &Option<BTreeMap<String, Amount>>, errors: &mut Errors| {
        let path = path.child(field);
        for name in list.iter().flatten().map(|(name, _)| name) {
            let path = path.key(name);
            if of_containers {
                resource_name::validate_container(&path, name, errors);
            } else {
                resource_name::validate(&path, name, errors);
            }
        }
    };
    names("max", &item.max, errors);
    names("min", &item.min, errors);
    for (field, list) in [("default", &item.default), ("defaultRequest", &item.default_request)] {
        if !is_pod {
            names(field, list, errors);
        } else if list.as_ref().is_some_and(|list| !list.is_empty()) {
            let text = "may not be specified when `type` is 'Pod'";
            errors.forbidden(&path.child(field), text);
        }
    }
    let has_storage = [&item.min, &item.max]
        .into_iter()
        .any(|list| list.as_ref().is_some_and(|list| list.contains_key("storage")));
    if item.type_ == "PersistentVolumeClaim" && !has_storage {
        let text = "either minimum or maximum storage value is required, but neither was provided";
        errors.required(&path.child("limits"), text);
    }
    names("maxLimitRequestRatio", &item.max_limit_request_ratio, errors);
}

/// The amounts of one resource must agree.
fn amounts(path: &Path<'_>, item: &LimitRangeItem, name: &str, errors: &mut Errors) {
    let amount = |list: &Option<BTreeMap<String, Amount>>| -> Option<Quantity> {
        list.as_ref()?.get(name)?.0.parse().ok()
    };
    let is_pod = item.type_ == "Pod";
    let (min, max) = (amount(&item.min), amount(&item.max));
    let limit = amount(&item.default).filter(|_| !is_pod);
    let request = amount(&item.default_request).filter(|_| !is_pod);
    let [low, high, usual, asked] = ["min", "max", "default", "default request"];
    let (default, default_request) = ("default", "defaultRequest");
    // What must not be more than what, and where upstream puts the fault.
    for (less, less_name, more, more_name, field, shown) in [
        (min, low, max, high, "min", min),
        (min, low, request, asked, default_request, request),
        (request, asked, max, high, default_request, request),
        (request, asked, limit, "default limit", default_request, request),
        (min, low, limit, usual, default, min),
        (limit, usual, max, high, default, max),
    ] {
        let (Some(less), Some(more), Some(shown)) = (less, more, shown) else { continue };
        if less.sub(more).sign() > 0 {
            let text = format!("{less_name} value {less} is greater than {more_name} value {more}");
            errors.invalid(&path.child(field).key(name), &shown.to_string(), text);
        }
    }
    if let Some(most) = amount(&item.max_limit_request_ratio) {
        ratio(&path.child("maxLimitRequestRatio").key(name), most, min, max, errors);
    }
    if let (Some(limit), Some(request)) = (limit, request)
        && !resource_name::may_overcommit(name)
        && limit.sub(request).sign() != 0
    {
        let text =
            format!("default value {limit} must equal to defaultRequest value {request} in {name}");
        errors.invalid(&path.child(default_request).key(name), &request.to_string(), text);
    }
}

fn ratio(
    path: &Path<'_>,
    most: Quantity,
    min: Option<Quantity>,
    max: Option<Quantity>,
    errors: &mut Errors,
) {
    if most.sub(Quantity::new(1, Format::DecimalSi)).sign() < 0 {
        errors.invalid(path, &most.to_string(), format!("ratio {most} is less than 1"));
    }
    let (Some(min), Some(max)) = (min, max) else { return };
    let limit = max.milli() as f64 / min.milli() as f64;
    if most.milli() as f64 / 1000.0 > limit {
        let text = format!("ratio {most} is greater than max/min = {limit:.6}");
        errors.invalid(path, &most.to_string(), text);
    }
}
