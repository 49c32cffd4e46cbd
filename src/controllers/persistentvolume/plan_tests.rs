//! Tables: which volume a claim gets, and what becomes of volumes.

use k8s_openapi::api::core::v1::{
    HostPathVolumeSource, ObjectReference, PersistentVolume, PersistentVolumeClaim,
    PersistentVolumeClaimSpec, PersistentVolumeSpec, PersistentVolumeStatus,
    VolumeResourceRequirements,
};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::plan::{Around, ClaimVerdict, VolumePlan, plan_claim, plan_volume};

fn size(gi: &str) -> Option<std::collections::BTreeMap<String, Quantity>> {
    Some([("storage".to_owned(), Quantity(format!("{gi}Gi")))].into())
}

fn text(word: &str) -> Option<String> {
    Some(word.to_owned()).filter(|word| word != "-")
}

/// `name Gi modes class mode tier owner`; owner: `-`, `NAME` (without uid) or `NAME/UID`.
fn volume(line: &str) -> PersistentVolume {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut volume = PersistentVolume {
        spec: Some(PersistentVolumeSpec {
            capacity: size(words[1]),
            access_modes: Some(words[2].split(',').map(str::to_owned).collect()),
            storage_class_name: text(words[3]),
            volume_mode: text(words[4]),
            claim_ref: text(words[6]).map(|owner| {
                let (name, uid) = owner.split_once('/').unwrap_or((&owner, ""));
                ObjectReference {
                    name: Some(name.to_owned()),
                    namespace: Some("ns".to_owned()),
                    uid: Some(uid.to_owned()).filter(|uid| !uid.is_empty()),
                    ..ObjectReference::default()
                }
            }),
            ..PersistentVolumeSpec::default()
        }),
        status: Some(PersistentVolumeStatus {
            phase: Some("Available".to_owned()),
            ..PersistentVolumeStatus::default()
        }),
        ..PersistentVolume::default()
    };
    volume.metadata.name = text(words[0]);
    volume.metadata.labels = text(words[5]).map(|tier| [("tier".to_owned(), tier)].into());
    volume
}

/// `Gi modes class mode tier volume`; its name is `me`, its uid `u1`.
fn claim(line: &str) -> PersistentVolumeClaim {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut claim = PersistentVolumeClaim {
        spec: Some(PersistentVolumeClaimSpec {
            resources: Some(VolumeResourceRequirements { requests: size(words[0]), limits: None }),
            access_modes: Some(words[1].split(',').map(str::to_owned).collect()),
            storage_class_name: text(words[2]),
            volume_mode: text(words[3]),
            selector: text(words[4]).map(|tier| LabelSelector {
                match_labels: Some([("tier".to_owned(), tier)].into()),
                match_expressions: None,
            }),
            volume_name: text(words[5]),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    };
    claim.metadata.name = text("me");
    claim.metadata.namespace = text("ns");
    claim.metadata.uid = text("u1");
    claim
}

const VOLUMES: &str = "
pv-10  10 RWO,RWX -      -     -    -
pv-5    5 RWO     -      -     -    -
pv-1    1 RWO     -      -     -    -
pv-man  2 RWO     manual -     -    -
pv-lab  8 RWO     -      -     gold -
pv-blk  8 RWO     -      Block -    -
pv-old  4 RWO     -      -     -    other/u9
pv-pre  9 ROX     -      -     -    me
";

const CLAIMS: &str = "
3   RWO  -      -     -    -      => pv-pre
3   RWO  -      Block -    -      => pv-blk
20  RWO  -      -     -    -      => Normal FailedBinding no persistent volumes available for this claim and no storage class is set
1   RWO  -      -     -    pv-1   => pv-1
1   RWO  -      -     -    pv-x   => wait
1   RWO  -      -     -    pv-old => Warning FailedBinding volume \"pv-old\" already bound to a different claim.
2   RWO  -      -     -    pv-1   => Warning VolumeMismatch Cannot bind to requested volume \"pv-1\": requested PV is too small
1   RWO  -      -     -    pv-man => Warning VolumeMismatch Cannot bind to requested volume \"pv-man\": storageClassName does not match
1   RWX  -      -     -    pv-1   => Warning VolumeMismatch Cannot bind to requested volume \"pv-1\": incompatible accessMode
1   RWO  -      -     -    pv-blk => Warning VolumeMismatch Cannot bind to requested volume \"pv-blk\": incompatible volumeMode
";

/// The same without the volume that is reserved for the claim.
const UNRESERVED: &str = "
3   RWO  -      -     -    -      => pv-5
1   RWO  -      -     -    -      => pv-1
6   RWO  -      -     -    -      => pv-lab
9   RWO  -      -     -    -      => pv-10
1   RWX  -      -     -    -      => pv-10
1   RWO  manual -     -    -      => pv-man
1   RWO  -      -     gold -      => pv-lab
1   RWO  absent -     -    -      => Warning ProvisioningFailed storageclass.storage.k8s.io \"absent\" not found
";

fn verdict(
    claim: &PersistentVolumeClaim,
    volumes: &[&PersistentVolume],
    around: Around<'_>,
) -> String {
    match plan_claim(claim, volumes, around).verdict {
        ClaimVerdict::Bind(volume) => volume.metadata.name.clone().unwrap(),
        ClaimVerdict::Wait(None) => "wait".to_owned(),
        ClaimVerdict::Wait(Some(news)) => {
            format!("{:?} {} {}", news.kind, news.reason, news.message)
        }
        ClaimVerdict::Provision(who) => format!("provision {who}"),
        ClaimVerdict::Lose(news) => format!("lost {}", news.unwrap().reason),
    }
}

fn check(table: &str, volumes: &[PersistentVolume]) {
    let volumes: Vec<&PersistentVolume> = volumes.iter().collect();
    for line in table.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once(" => ").unwrap();
        assert_eq!(verdict(&claim(given), &volumes, Around::default()), wanted, "{line}");
    }
}

#[test]
fn the_smallest_fitting_volume_wins_unless_one_is_named_or_reserved() {
    let mut volumes: Vec<_> = VOLUMES.lines().filter(|l| !l.is_empty()).map(volume).collect();
    check(CLAIMS, &volumes);
    volumes.pop();
    check(UNRESERVED, &volumes);
}

#[test]
fn a_class_decides_who_makes_the_volume_and_when() {
    let mut class =
        StorageClass { provisioner: "example.com/ext".into(), ..StorageClass::default() };
    let wanted = claim("1 RWO c - - -");
    let fitting = volume("pv 1 RWO c - - -");
    fn with(class: &StorageClass) -> Around<'_> {
        Around { class: Some(class), consumer: None }
    }
    assert_eq!(verdict(&wanted, &[], with(&class)), "provision example.com/ext");
    class.volume_binding_mode = text("WaitForFirstConsumer");
    let waiting =
        "Normal WaitForFirstConsumer waiting for first consumer to be created before binding";
    assert_eq!(verdict(&wanted, &[&fitting], with(&class)), waiting);
    let consumed = Around { consumer: Some("p"), ..with(&class) };
    let waiting = "Normal WaitForPodScheduled waiting for pod p to be scheduled";
    assert_eq!(verdict(&wanted, &[&fitting], consumed), waiting);
    let mut chosen = wanted.clone();
    chosen.metadata.annotations =
        Some([(super::plan::SELECTED_NODE.to_owned(), "n".to_owned())].into());
    assert_eq!(verdict(&chosen, &[&fitting], with(&class)), "pv");
    class.volume_binding_mode = None;
    class.provisioner = "kubernetes.io/no-provisioner".to_owned();
    let refused =
        "Warning ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner";
    assert_eq!(verdict(&wanted, &[], with(&class)), refused);
}

/// owner phase policy path claim's-volume (`gone` without the claim) => plan
const FATES: &str = "
-     Pending   Retain - gone => Phase(\"Available\")
me    Available Retain - gone => Phase(\"Available\")
me/u1 Available Retain - v    => Phase(\"Bound\")
me/u1 Bound     Retain - v    => Phase(\"Bound\")
me/u1 Available Retain - -    => Phase(\"Available\")
me/u1 Bound     Retain - w    => Unbind
me/u1 Bound     Retain - gone => Phase(\"Released\")
me/u2 Bound     Retain - v    => Phase(\"Released\")
me/u1 Released  Retain - gone => Phase(\"Released\")
me/u1 Bound     Delete /tmp/x gone => Phase(\"Released\")
me/u1 Released  Delete /tmp/x gone => Delete
me/u1 Bound     Recycle /pl gone => Phase(\"Released\")
me/u1 Released  Recycle /pl gone => Recycle
me/u1 Failed    Recycle /pl gone => Recycle
me/u1 Released  Delete /pl gone => Fail(\"host_path deleter only supports /tmp/.+ but received provided /pl\")
";

#[test]
fn a_volume_outlives_its_claim_as_its_policy_says() {
    for line in FATES.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once(" => ").unwrap();
        let words: Vec<&str> = given.split_whitespace().collect();
        let mut volume = volume(&format!("v 1 RWO - - - {}", words[0]));
        volume.status.as_mut().unwrap().phase = text(words[1]);
        let spec = volume.spec.as_mut().unwrap();
        spec.persistent_volume_reclaim_policy = text(words[2]);
        spec.host_path = text(words[3]).map(|path| HostPathVolumeSource { path, type_: None });
        let claim = (words[4] != "gone").then(|| claim(&format!("1 RWO - - - {}", words[4])));
        let plan: VolumePlan = plan_volume(&volume, claim.as_ref());
        assert_eq!(format!("{plan:?}"), wanted, "{line}");
    }
}
