//! The rules of requests and limits.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ResourceRequirements;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity as Amount;

use crate::base::quantity::Quantity;
use crate::kinds::path::{Errors, Path};
use crate::kinds::resource_name::{self, may_overcommit};

/// Mirrors `ValidateContainerResourceRequirements`.
pub fn requirements(path: &Path<'_>, resources: &ResourceRequirements, errors: &mut Errors) {
    let nothing = BTreeMap::new();
    let limits = resources.limits.as_ref().unwrap_or(&nothing);
    let requests = resources.requests.as_ref().unwrap_or(&nothing);
    amounts(&path.child("limits"), limits, errors);
    let list = path.child("requests");
    for (name, request) in requests {
        amount(&list.key(name), name, request, errors);
        let Some(limit) = limits.get(name) else {
            if !may_overcommit(name) {
                let text = "Limit must be set for non overcommitable resources";
                errors.required(&path.child("limits"), text);
            }
            continue;
        };
        let (Ok(wanted), Ok(most)) = (Quantity::parse(&request.0), Quantity::parse(&limit.0))
        else {
            continue;
        };
        let excess = wanted.sub(most).sign();
        if excess != 0 && !may_overcommit(name) {
            let text = format!("must be equal to {name} limit of {}", limit.0);
            errors.invalid(&list, &request.0, text);
        } else if excess > 0 {
            let text = format!("must be less than or equal to {name} limit of {}", limit.0);
            errors.invalid(&list, &request.0, text);
        }
    }
}

/// Names and amounts of resources.
pub fn amounts(path: &Path<'_>, amounts: &BTreeMap<String, Amount>, errors: &mut Errors) {
    for (name, each) in amounts {
        amount(&path.key(name), name, each, errors);
    }
}

fn amount(path: &Path<'_>, name: &str, amount: &Amount, errors: &mut Errors) {
    resource_name::validate_container(path, name, errors);
    errors.amount_non_negative(path, &amount.0);
    let is_whole = Quantity::parse(&amount.0).is_ok_and(|amount| amount.milli() % 1000 == 0);
    if name.contains('/') && !is_whole {
        errors.invalid(path, &amount.0, "must be an integer");
    }
}
