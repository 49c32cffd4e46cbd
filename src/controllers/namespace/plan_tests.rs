//! The conditions of a namespace that is being deleted, word for word.

use k8s_openapi::api::core::v1::NamespaceStatus;

use super::plan::Plan;
use crate::base::small_map::SmallMap;
use crate::sim::Time;

fn counts(pairs: &[(&str, usize)]) -> SmallMap<String, usize> {
    pairs.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[test]
fn conditions_name_what_is_left_and_what_holds_it() {
    let mut status = NamespaceStatus::default();
    let plan = Plan {
        remaining: counts(&[("configmaps.", 1), ("deployments.apps", 2)]),
        finalizers: counts(&[("example.com/hold", 1)]),
        ..Plan::default()
    };
    plan.set_conditions(&mut status, Time::from_seconds(1));
    Plan::default().set_conditions(&mut status, Time::from_seconds(2));
    plan.set_conditions(&mut status, Time::from_seconds(3));
    let lines: Vec<String> = status
        .conditions
        .unwrap()
        .iter()
        .map(|condition| {
            format!(
                "{} {} {}: {}",
                condition.type_,
                condition.status,
                condition.reason.as_deref().unwrap(),
                condition.message.as_deref().unwrap()
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            "NamespaceDeletionDiscoveryFailure False ResourcesDiscovered: All resources successfully discovered",
            "NamespaceDeletionGroupVersionParsingFailure False ParsedGroupVersions: All legacy kube types successfully parsed",
            "NamespaceDeletionContentFailure False ContentDeleted: All content successfully deleted, may be waiting on finalization",
            "NamespaceContentRemaining True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances, deployments.apps has 2 resource instances",
            "NamespaceFinalizersRemaining True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ]
    );
}
