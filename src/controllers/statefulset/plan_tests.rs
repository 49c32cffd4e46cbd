//! Tables of decisions: which pods come, go and are replaced.

use k8s_openapi::api::apps::v1::{
    RollingUpdateStatefulSetStrategy, StatefulSet, StatefulSetOrdinals,
    StatefulSetPersistentVolumeClaimRetentionPolicy, StatefulSetSpec, StatefulSetStatus,
    StatefulSetUpdateStrategy,
};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, PodCondition, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use std::time::Duration;

use super::claims::Owners;
use super::identity;
use super::plan::{Input, plan};
use crate::object::meta;
use crate::sim::{Explain, Time};

const NOW: Time = Time::from_seconds(100_000);

/// `replicas start policy strategy min-ready`: the policy `O` or `P`; the strategy `D` for
/// OnDelete, `N` for a rolling update without bounds, else its partition and, after a slash, how
/// many pods may be missing.
fn set(words: &str) -> StatefulSet {
    let words: Vec<&str> = words.split_whitespace().collect();
    let rolling = |words: &str| {
        let (partition, most) = words.split_once('/').unwrap_or((words, ""));
        let count = most.parse().map(IntOrString::Int);
        let most = count.unwrap_or_else(|_| IntOrString::String(most.to_owned()));
        RollingUpdateStatefulSetStrategy {
            partition: Some(partition.parse().unwrap()),
            max_unavailable: Some(most).filter(|most| *most != IntOrString::String(String::new())),
        }
    };
    let kind = if words[3] == "D" { "OnDelete" } else { "RollingUpdate" };
    let policy = if words[2] == "P" { "Parallel" } else { "OrderedReady" };
    StatefulSet {
        metadata: ObjectMeta { name: Some("web".into()), uid: Some("s".into()), ..meta_of() },
        spec: Some(StatefulSetSpec {
            replicas: words[0].parse().ok(),
            ordinals: Some(StatefulSetOrdinals { start: words[1].parse().ok() }),
            pod_management_policy: Some(policy.into()),
            update_strategy: Some(StatefulSetUpdateStrategy {
                type_: Some(kind.into()),
                rolling_update: Some(words[3]).filter(|w| !"DN".contains(w)).map(rolling),
            }),
            min_ready_seconds: words[4].parse().ok(),
            ..StatefulSetSpec::default()
        }),
        status: Some(StatefulSetStatus { current_replicas: Some(1), ..Default::default() }),
    }
}

fn meta_of() -> ObjectMeta {
    ObjectMeta::default()
}

/// `2Ra`: ordinal, state and revision. `R` ready for 50 s, `Y` for 5 s, `N` running but not ready,
/// `P` pending, `F` failed, `S` succeeded, `T` ready and terminating.
fn pod(word: &str) -> Pod {
    let at = word.find(|letter: char| !letter.is_ascii_digit()).unwrap();
    let (ordinal, rest) = word.split_at(at);
    let (state, revision) = rest.split_at(1);
    let phase = match state {
        "P" => "Pending",
        "F" => "Failed",
        "S" => "Succeeded",
        _ => "Running",
    };
    let ready = match state {
        "R" | "T" => Some(50),
        "Y" => Some(5),
        _ => None,
    };
    let condition = |ago| PodCondition {
        type_: "Ready".into(),
        status: "True".into(),
        last_transition_time: Some(meta::timestamp(NOW - Duration::from_secs(ago))),
        ..PodCondition::default()
    };
    let mut pod = Pod {
        status: Some(PodStatus {
            phase: Some(phase.into()),
            conditions: ready.map(|ago| vec![condition(ago)]),
            ..PodStatus::default()
        }),
        ..Pod::default()
    };
    pod.metadata.name = Some(format!("web-{ordinal}"));
    pod.metadata.uid = Some(format!("p{ordinal}"));
    pod.metadata.deletion_timestamp = Some(meta::timestamp(NOW)).filter(|_| state == "T");
    identity::restore(&mut pod);
    let labels = pod.metadata.labels.get_or_insert_default();
    labels.insert("controller-revision-hash".into(), revision.into());
    pod
}

/// `replicas start policy strategy min-ready | pods => what the plan says`; revision `a` is from
/// before the update, `b` the template's.
const DECISIONS: &str = "
3 0 O 0 0 |                        => create 0
3 0 O 0 0 | 0Pb                    => wait for web-0 to be running and ready
3 0 O 0 0 | 0Nb                    => wait for web-0 to be running and ready
3 0 O 0 0 | 0Rb                    => create 1
3 0 O 0 9 | 0Yb                    => wait for web-0 to be available
3 0 O 0 0 | 0Rb 2Rb                => create 1
3 0 O 0 0 | 0Rb 1Tb 2Rb            => wait for web-1 to be gone
3 0 O 0 0 | 0Rb 1Fb 2Rb            => restart web-1
3 0 P 0 0 | 0Sb 2Fb                => restart web-0, create 1, restart web-2
3 0 P 0 0 |                        => create 0, create 1, create 2
2 5 O 0 0 | 5Rb                    => create 6
2 5 O 0 0 | 0Rb 5Rb 6Rb            => delete web-0
1 0 O 0 0 | 0Rb 1Rb 2Rb            => delete web-2
1 0 O 0 0 | 0Rb 1Nb 2Rb            => delete web-2
1 0 O 0 0 | 0Rb 1Rb 2Nb            => delete web-2
1 0 O 0 0 | 0Rb 1Nb 2Nb            => wait for web-1 to be available before web-2 goes
1 0 O 0 0 | 0Rb 1Rb 2Tb            => wait for web-2 to be gone
1 0 O 0 0 | 0Nb 1Rb 2Rb            => wait for web-0 to be running and ready
0 0 P 0 0 | 0Rb 1Nb 2Tb            => delete web-1, delete web-0
3 0 O 0 0 | 0Ra 1Ra 2Ra            => replace web-2
3 0 O 0 0 | 0Ra 1Ra 2Ta            => wait for web-2 to be gone
3 0 O 0 0 | 0Ra 1Ra                => create 2
3 0 O 0 0 | 0Ra 1Ra 2Nb            => wait for web-2 to be running and ready
3 0 O 0 0 | 0Ra 1Ra 2Rb            => replace web-1
3 0 O 2 0 | 0Ra 1Ra 2Rb            => 3 pods are as wanted
3 0 O 2 0 | 0Ra 2Rb                => create 1 as before
3 0 O N 0 | 1Ra 2Rb                => create 0 as before
3 0 O N 0 | 0Ra 2Rb                => create 1
3 0 O D 0 | 0Ra 1Ra 2Rb            => 3 pods are as wanted
3 0 O D 0 | 0Ra 2Ra                => create 1
3 0 O 0 0 | 0Ra 1Ra 2Pc            => wait for web-2 to be running and ready
3 0 P 0 0 | 0Ra 1Ra 2Nc            => replace web-2
3 0 P 0 0 | 0Ra 1Ra 2Nb            => wait for web-2 to be available
4 0 O 0/2 0 | 0Ra 1Ra 2Ra 3Ra      => replace web-3, replace web-2
4 0 P 0/2 0 | 0Na 1Ra 2Ra 3Ra      => replace web-3
4 0 P 0/50% 0 | 0Na 1Ra 2Na 3Ra    => 4 pods are as wanted
4 0 O 3/9 0 | 0Ra 1Ra 2Ra 3Ra      => replace web-3
9 0 O 8/1% 0 | 0Ra 1Ra 2Ra 3Ra 4Ra 5Ra 6Ra 7Ra 8Ra => replace web-8
";

#[test]
fn pods_come_and_go_in_order_unless_told_otherwise() {
    for line in DECISIONS.lines().filter(|line| !line.is_empty()) {
        let (case, said) = line.split_once("=>").unwrap();
        let (words, pods) = case.split_once('|').unwrap();
        let set = set(words);
        let pods: Vec<Pod> = pods.split_whitespace().map(pod).collect();
        let pods: Vec<&Pod> = pods.iter().collect();
        let none = |_: &str| None;
        let input =
            Input { set: &set, current: "a", update: "b", pods: &pods, claim: &none, now: NOW };
        assert_eq!(plan(&input).summary(), said.trim(), "{line}");
    }
}

/// When claims are deleted (scaled, deleted), whether the pod is one too many, the owners now
/// (`s` the set, `p` the pod, `S` and `P` earlier ones of the same name, `o` another manager,
/// `w` the set without managing) -> the owners then, `=` if that is well as it is.
const OWNERS: &str = "
Retain Retain no  -  => =
Retain Retain no  s  => -
Retain Retain no  o  => =
Retain Delete no  -  => s
Retain Delete yes -  => s
Retain Delete no  s  => =
Retain Delete no  w  => s
Retain Delete no  sp => s
Retain Delete no  S  => =
Retain Delete no  o  => =
Retain Delete no  os => o
Delete Retain no  -  => =
Delete Retain yes -  => p
Delete Retain no  p  => -
Delete Retain yes P  => =
Delete Delete no  -  => s
Delete Delete yes s  => p
Delete Delete yes p  => =
";

fn owner(letter: char) -> OwnerReference {
    let (kind, name) = match letter {
        's' | 'S' | 'w' => ("StatefulSet", "web"),
        'p' | 'P' => ("Pod", "web-0"),
        _ => ("Other", "other"),
    };
    OwnerReference {
        api_version: if kind == "Pod" { "v1" } else { "apps/v1" }.into(),
        kind: kind.into(),
        name: name.into(),
        uid: match letter {
            's' | 'w' => "s".into(),
            'p' => "p0".into(),
            other => other.to_string(),
        },
        controller: Some(letter != 'w'),
        block_owner_deletion: Some(true),
    }
}

#[test]
fn claims_go_with_whom_the_policy_says() {
    for line in OWNERS.lines().filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut set = set("1 0 O 0 0");
        if let Some(spec) = &mut set.spec {
            spec.persistent_volume_claim_retention_policy =
                Some(StatefulSetPersistentVolumeClaimRetentionPolicy {
                    when_scaled: Some(words[0].into()),
                    when_deleted: Some(words[1].into()),
                });
        }
        let pod = pod("0Rb");
        let owners = Owners::new(&set, &pod, words[2] == "yes");
        let mut claim = PersistentVolumeClaim::default();
        let given = words[3].chars().filter(|letter| *letter != '-').map(owner);
        claim.metadata.owner_references = Some(given.collect());
        let found = if owners.are_up_to_date(&claim) {
            "=".to_owned()
        } else {
            owners.set(&mut claim);
            let all = claim.metadata.owner_references.iter().flatten();
            let letters: String = all.map(|owner| &owner.uid[..1]).collect();
            if letters.is_empty() { "-".to_owned() } else { letters }
        };
        assert_eq!(found, words[5], "{line}");
    }
}
