//! Tables: silence, and tolerations.

use k8s_openapi::api::core::v1::{Taint, Toleration};

use super::plan::{plan, stay};
use crate::controllers::Settings;
use crate::sim::Time;

#[test]
fn fifty_seconds_of_silence_lose_a_node() {
    for (ready, silent, lost, taint) in [
        (Some("True"), 50, false, None),
        (Some("True"), 51, true, Some("node.kubernetes.io/unreachable")),
        (Some("False"), 1, false, Some("node.kubernetes.io/not-ready")),
        (Some("Unknown"), 99, false, Some("node.kubernetes.io/unreachable")),
        (None, 1, false, None),
        (None, 51, true, Some("node.kubernetes.io/unreachable")),
    ] {
        let grace = Settings::default().node_monitor_grace;
        let plan = plan(ready, Time::from_seconds(1000), grace, Time::from_seconds(1000 + silent));
        assert_eq!((plan.lost, plan.taint()), (lost, taint), "{ready:?} {silent}");
    }
}

#[test]
fn the_shortest_toleration_decides_how_long_a_pod_stays() {
    // taints | tolerations key/seconds (`-` for ever, `*` any key) -> seconds
    for (taints, tolerations, seconds) in [
        ("a", "", Some(0)),
        ("a", "a/300", Some(300)),
        ("a", "a/-", None),
        ("a", "*/-", None),
        ("a b", "a/300", Some(0)),
        ("a b", "a/300 b/5", Some(5)),
        ("a b", "a/- b/5", Some(5)),
        ("", "", None),
    ] {
        let taints: Vec<Taint> = taints
            .split_whitespace()
            .map(|key| Taint { key: key.into(), effect: "NoExecute".into(), ..Taint::default() })
            .collect();
        let taints: Vec<&Taint> = taints.iter().collect();
        let tolerations: Vec<Toleration> = tolerations
            .split_whitespace()
            .map(|word| {
                let (key, seconds) = word.split_once('/').unwrap();
                Toleration {
                    key: Some(key.to_owned()).filter(|key| key != "*"),
                    operator: Some("Exists".to_owned()),
                    toleration_seconds: seconds.parse().ok(),
                    ..Toleration::default()
                }
            })
            .collect();
        let got = stay(&taints, &tolerations).map(|time| time.as_secs());
        assert_eq!(got, seconds, "{tolerations:?}");
    }
}
