//! The rules of PriorityClasses. Mirrors `pkg/apis/scheduling/validation`.

use k8s_openapi::api::scheduling::v1::PriorityClass;

use crate::kinds::FieldError;
use crate::kinds::path::{Errors, Path};

/// The highest priority that people may give.
const HIGHEST: i32 = 1_000_000_000;
/// The classes that the system itself brings, and their priorities.
pub const SYSTEM: [(&str, i32); 2] =
    [("system-node-critical", 2_000_001_000), ("system-cluster-critical", 2_000_000_000)];

/// What is wrong with a PriorityClass.
pub fn validate(object: &PriorityClass) -> Vec<FieldError> {
    let mut errors = Errors::default();
    let name = object.metadata.name.as_deref().unwrap_or_default();
    let value = object.value.unwrap_or(0);
    if name.starts_with("system-") {
        if let Err(why) = system_class(name, value) {
            let text = format!(
                "priority class names with 'system-' prefix are reserved for system use only. \
                 error: {why}"
            );
            let path = Path::new("metadata");
            errors.forbidden(&path.child("name"), text);
        }
    } else if value > HIGHEST {
        let text = format!("maximum allowed value of a user defined priority is {HIGHEST}");
        errors.forbidden(&Path::new("value"), text);
    }
    let policies = ["Never", "PreemptLowerPriority"];
    errors.one_of(&Path::new("preemptionPolicy"), object.preemption_policy.as_ref(), &policies);
    errors.0
}

/// Mirrors `IsKnownSystemPriorityClass`.
fn system_class(name: &str, value: i32) -> Result<(), String> {
    match SYSTEM.iter().find(|(known, _)| *known == name) {
        None => Err(format!("{name} is not a known system priority class")),
        Some((_, known)) if *known != value => {
            Err(format!("value of {name} PriorityClass must be {known}"))
        }
        Some(_) => Ok(()),
    }
}

/// What is wrong with a replacement.
pub fn validate_update(new: &PriorityClass, old: &PriorityClass) -> Vec<FieldError> {
    let mut errors = Errors::default();
    if new.value != old.value {
        errors.forbidden(&Path::new("value"), "may not be changed in an update.");
    }
    let path = Path::new("preemptionPolicy");
    errors.immutable(&path, &new.preemption_policy, &old.preemption_policy);
    errors.0
}
