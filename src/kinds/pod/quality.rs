//! The quality of service that a pod's requests and limits earn it.
//! Mirrors `pkg/apis/core/v1/helper/qos`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{PodSpec, ResourceRequirements};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use crate::base::quantity;

/// The resources that count.
const NAMES: [&str; 2] = ["cpu", "memory"];

/// `BestEffort`, `Burstable` or `Guaranteed`. Mirrors `ComputePodQOS`.
pub fn of(spec: &PodSpec) -> &'static str {
    let inits = spec.init_containers.iter().flatten();
    let containers = spec.containers.iter().chain(inits);
    let whole = spec.resources.as_ref().filter(|whole| {
        let mut given = whole.requests.iter().chain(&whole.limits).flatten();
        given.any(|(name, _)| NAMES.contains(&name.as_str()))
    });
    let resources: Vec<Option<&ResourceRequirements>> = match whole {
        Some(whole) => vec![Some(whole)],
        None => containers.map(|container| container.resources.as_ref()).collect(),
    };
    let (mut requests, mut limits) = (BTreeMap::new(), BTreeMap::new());
    let mut all_limited = true;
    for resources in resources {
        add(&mut requests, resources.and_then(|resources| resources.requests.as_ref()));
        let limited = add(&mut limits, resources.and_then(|resources| resources.limits.as_ref()));
        all_limited &= limited == NAMES.len();
    }
    if requests.is_empty() && limits.is_empty() {
        "BestEffort"
    } else if all_limited && requests == limits {
        "Guaranteed"
    } else {
        "Burstable"
    }
}

/// Adds what counts and is not zero; how many that were.
fn add<'a>(
    sums: &mut BTreeMap<&'a str, i64>,
    amounts: Option<&'a BTreeMap<String, Quantity>>,
) -> usize {
    let counting = amounts.into_iter().flatten().filter_map(|(name, amount)| {
        let milli = quantity::milli_value(&amount.0).filter(|milli| *milli > 0)?;
        NAMES.contains(&name.as_str()).then_some((name.as_str(), milli))
    });
    counting.map(|(name, milli)| *sums.entry(name).or_default() += milli).count()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::Container;

    use super::*;

    /// A container of requests and limits, as `cpu memory/cpu memory`; `-` for none.
    fn container(text: &str) -> Container {
        let (requests, limits) = text.trim().split_once('/').unwrap();
        let amounts = |text: &str| {
            let amounts = NAMES.iter().zip(text.split(' ')).filter(|(_, amount)| *amount != "-");
            Some(amounts.map(|(n, amount)| (n.to_string(), Quantity(amount.to_owned()))).collect())
        };
        let (requests, limits) = (amounts(requests), amounts(limits));
        let resources =
            ResourceRequirements { requests, limits, ..ResourceRequirements::default() };
        Container { resources: Some(resources), ..Container::default() }
    }

    #[test]
    fn equal_limits_guarantee_and_nothing_at_all_is_best_effort() {
        for (containers, wanted) in [
            ("- -/- -", "BestEffort"),
            ("0 0/- -", "BestEffort"),
            ("1 1Gi/1000m 1024Mi", "Guaranteed"),
            ("1 1Gi/1 1Gi, 1 1Gi/2 1Gi", "Burstable"),
            ("1 1Gi/1 1Gi, - -/- -", "Burstable"),
            ("1 1Gi/1 -", "Burstable"),
            ("- 1Gi/- -", "Burstable"),
            ("- -/1 1Gi", "Burstable"),
        ] {
            let containers = containers.split(',').map(container).collect();
            let spec = PodSpec { containers, ..PodSpec::default() };
            assert_eq!(of(&spec), wanted, "{:?}", spec.containers);
        }
    }
}
