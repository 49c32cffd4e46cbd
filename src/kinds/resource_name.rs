//! Names of resources: those that are known, and where they may stand.
//! Mirrors `pkg/apis/core/helper`.

use super::path::{Errors, Path};
use crate::base::label_name::qualified_name_errors;

/// What a container may ask for, apart from huge pages and extended resources.
pub const CONTAINER: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];
/// What is counted in whole objects.
const OBJECTS: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];
/// What else a quota may limit.
const AMOUNTS: [&str; 7] = [
    "requests.cpu",
    "requests.memory",
    "requests.storage",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
];
const HUGE_PAGES: &str = "hugepages-";
const REQUESTED_HUGE_PAGES: &str = "requests.hugepages-";
/// How requests stand in a quota.
pub const REQUESTS: &str = "requests.";

/// Whether a quota knows the name. Mirrors `IsStandardQuotaResourceName`.
pub fn is_quota(name: &str) -> bool {
    CONTAINER.contains(&name)
        || OBJECTS.contains(&name)
        || AMOUNTS.contains(&name)
        || name.starts_with(HUGE_PAGES)
        || name.starts_with(REQUESTED_HUGE_PAGES)
}

/// Whether the name is one of Kubernetes' own. Mirrors `IsNativeResource`.
pub fn is_native(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// Whether the name is of a resource that a cluster adds. Mirrors `IsExtendedResourceName`.
pub fn is_extended(name: &str) -> bool {
    !is_native(name)
        && !name.starts_with(REQUESTS)
        && qualified_name_errors(&format!("{REQUESTS}{name}")).is_empty()
}

/// Whether amounts of it must be whole. Mirrors `IsIntegerResourceName`.
pub fn is_whole(name: &str) -> bool {
    OBJECTS.contains(&name) || is_extended(name)
}

/// Whether a container may use more than it asked for. Mirrors `IsOvercommitAllowed`.
pub fn may_overcommit(name: &str) -> bool {
    is_native(name) && !name.starts_with(HUGE_PAGES)
}

/// The rules of a name; whether it is well-formed. Mirrors `validateResourceName`.
pub fn validate(path: &Path<'_>, name: &str, errors: &mut Errors) -> bool {
    let faults = qualified_name_errors(name);
    let is_fine = faults.is_empty();
    errors.invalid_for(path, name, faults);
    if is_fine && !name.contains('/') && !is_quota(name) && name != "storage" {
        errors.invalid(path, name, "must be a standard resource type or fully qualified");
    }
    is_fine
}

/// The same in a quota. Mirrors `ValidateResourceQuotaResourceName`.
pub fn validate_quota(path: &Path<'_>, name: &str, errors: &mut Errors) {
    validate(path, name, errors);
    if !name.contains('/') && !is_quota(name) {
        errors.invalid(path, name, "must be a standard resource for quota");
    }
}

/// The same for what containers ask for. Mirrors `validateContainerResourceName`.
pub fn validate_container(path: &Path<'_>, name: &str, errors: &mut Errors) {
    validate(path, name, errors);
    if !name.contains('/') {
        if !CONTAINER.contains(&name) && !name.starts_with(HUGE_PAGES) {
            errors.invalid(path, name, "must be a standard resource for containers");
        }
    } else if !is_native(name) && !is_extended(name) {
        errors.invalid(path, name, "doesn't follow extended resource name standard");
    }
}
