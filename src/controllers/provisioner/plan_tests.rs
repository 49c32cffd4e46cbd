//! Tables: which claims get a volume, and which volumes go.

use k8s_openapi::api::core::v1::{
    PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec, PersistentVolumeSpec,
    PersistentVolumeStatus,
};
use k8s_openapi::api::storage::v1::StorageClass;

use super::plan::{ClaimPlan, PROVISIONERS, plan_claim, should_delete};

fn text(word: &str) -> Option<String> {
    Some(word.to_owned()).filter(|word| word != "-")
}

/// asked-for provisioner, its binding mode, mode of access, selected node, volume => plan of each
const CLAIMS: &str = "
-                     Immediate            ReadWriteOnce -  -  => leave | leave
example.com/ext       Immediate            ReadWriteOnce -  -  => leave | leave
rancher.io/local-path WaitForFirstConsumer ReadWriteOnce -  -  => leave | leave
rancher.io/local-path WaitForFirstConsumer ReadWriteOnce n1 -  => make pvc-u1 Delete on n1 | leave
rancher.io/local-path WaitForFirstConsumer ReadWriteOnce n1 pv => leave | leave
rancher.io/local-path Immediate            ReadWriteOnce -  -  => failed to provision volume with StorageClass \"c\": configuration error, no node was specified | leave
rancher.io/local-path WaitForFirstConsumer ReadWriteMany n1 -  => failed to provision volume with StorageClass \"c\": NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes | leave
hostpath.csi.k8s.io   Immediate            ReadWriteMany -  -  => leave | make pvc-u1 Delete on any
hostpath.csi.k8s.io   WaitForFirstConsumer ReadWriteOnce -  -  => leave | leave
";

fn told(plan: ClaimPlan) -> String {
    match plan {
        ClaimPlan::Leave => "leave".to_owned(),
        ClaimPlan::Refuse(why) => why,
        ClaimPlan::Make(volume) => {
            let spec = volume.spec.unwrap();
            let node = spec.node_affinity.map(|affinity| {
                let terms = affinity.required.unwrap().node_selector_terms;
                terms[0].match_expressions.as_ref().unwrap()[0].values.as_ref().unwrap()[0].clone()
            });
            let policy = spec.persistent_volume_reclaim_policy.unwrap();
            let node = node.unwrap_or_else(|| "any".to_owned());
            format!("make {} {policy} on {node}", volume.metadata.name.unwrap())
        }
    }
}

#[test]
fn claims_get_volumes_from_the_provisioner_that_they_ask() {
    for line in CLAIMS.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once(" => ").unwrap();
        let words: Vec<&str> = given.split_whitespace().collect();
        let mut class = StorageClass {
            provisioner: words[0].to_owned(),
            reclaim_policy: text("Delete"),
            volume_binding_mode: text(words[1]),
            ..StorageClass::default()
        };
        class.metadata.name = text("c");
        let mut claim = PersistentVolumeClaim::default();
        claim.metadata.uid = text("u1");
        let annotations = claim.metadata.annotations.get_or_insert_default();
        let given = [("storage-provisioner", words[0]), ("selected-node", words[3])];
        for (name, value) in given.into_iter().filter(|(_, value)| *value != "-") {
            annotations.insert(format!("volume.kubernetes.io/{name}"), value.to_owned());
        }
        claim.spec = Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec![words[2].to_owned()]),
            volume_name: text(words[4]),
            ..PersistentVolumeClaimSpec::default()
        });
        let plans = PROVISIONERS.map(|row| told(plan_claim(&claim, Some(&class), row)));
        assert_eq!(plans.join(" | "), wanted, "{line}");
        assert_eq!(told(plan_claim(&claim, None, PROVISIONERS[0])), "leave", "{line}");
    }
}

#[test]
fn released_volumes_of_its_own_go_if_their_policy_says_so() {
    for (phase, policy, by, gone) in [
        ("Released", "Delete", "rancher.io/local-path", true),
        ("Released", "Retain", "rancher.io/local-path", false),
        ("Bound", "Delete", "rancher.io/local-path", false),
        ("Released", "Delete", "hostpath.csi.k8s.io", false),
    ] {
        let mut volume = PersistentVolume {
            spec: Some(PersistentVolumeSpec {
                persistent_volume_reclaim_policy: text(policy),
                ..PersistentVolumeSpec::default()
            }),
            status: Some(PersistentVolumeStatus {
                phase: text(phase),
                ..PersistentVolumeStatus::default()
            }),
            ..PersistentVolume::default()
        };
        volume.metadata.annotations =
            Some([("pv.kubernetes.io/provisioned-by".to_owned(), by.to_owned())].into());
        assert_eq!(should_delete(&volume, "rancher.io/local-path"), gone, "{phase} {policy} {by}");
    }
}
