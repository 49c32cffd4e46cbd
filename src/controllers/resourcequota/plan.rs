//! The status of a quota. Mirrors `syncResourceQuota` and `CalculateUsage`.

use k8s_openapi::api::core::v1::{ResourceQuota, ResourceQuotaStatus};

use crate::base::order::Gather;
use crate::base::quantity::Quantity;
use crate::kinds::describe::pods::{self, Amounts};
use crate::kinds::resource_quota::usage;
use crate::object::Object;
use crate::sim::{Explain, Fact, Time};

/// What is allowed, and what is used of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub status: ResourceQuotaStatus,
    objects: usize,
}

/// Counts the objects that are in the quota's scope.
pub fn plan<'a>(
    quota: &ResourceQuota,
    objects: impl Iterator<Item = &'a Object>,
    now: Time,
) -> Plan {
    let spec = quota.spec.clone().unwrap_or_default();
    let hard = spec.hard.clone().unwrap_or_default();
    let mut used: Amounts = hard.keys().map(|name| (name.clone(), Quantity::ZERO)).gathered();
    let mut counted = 0;
    for object in objects.filter(|object| usage::is_in_scope(&spec, object)) {
        counted += 1;
        let mut more = usage::usage(object, now);
        more.retain(|name, _| hard.contains_key(name));
        pods::add(&mut used, &more);
    }
    let status = ResourceQuotaStatus { hard: Some(hard), used: Some(usage::written(&used)) };
    Plan { status, objects: counted }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let used = self.status.used.iter().flatten();
        let used: Vec<String> = used.map(|(name, used)| format!("{name}={}", used.0)).collect();
        format!("used: {}", used.join(","))
    }

    fn facts(&self) -> Vec<Fact> {
        vec![Fact { name: "objects", value: self.objects.to_string() }]
    }
}
