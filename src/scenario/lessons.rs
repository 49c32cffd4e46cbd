//! The manifests that come with the simulator, by chapter.

/// Manifests that belong together.
pub struct Chapter {
    /// What they are about, a kind's name mostly.
    pub title: &'static str,
    /// Name and text of each, in the order in which they are applied.
    pub manifests: &'static [(&'static str, &'static str)],
}

macro_rules! manifests {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../lessons/manifests/", $name)))),*]
    };
}

/// Every chapter, in the order in which they are learnt.
pub const CHAPTERS: &[Chapter] = &[
    Chapter { title: "ReplicaSet", manifests: manifests!["nginx-rs.yaml"] },
    Chapter {
        title: "Deployment",
        manifests: manifests![
            "nginx-deploy.yaml"
            "nginx-rolling.yaml"
            "recreate.yaml"
            "broken-image.yaml"
        ],
    },
    Chapter { title: "PersistentVolume", manifests: manifests!["storage.yaml"] },
    Chapter {
        title: "StatefulSet",
        manifests: manifests!["pv.yaml" "headless-svc.yaml" "nginx-sts.yaml"],
    },
    Chapter { title: "DaemonSet", manifests: manifests!["nginx-ds.yaml"] },
    Chapter {
        title: "Job",
        manifests: manifests!["job-demo.yaml" "job-failed-demo.yaml" "job-para-demo.yaml"],
    },
    Chapter { title: "CronJob", manifests: manifests!["cronjob-demo.yaml"] },
    Chapter {
        title: "HorizontalPodAutoscaler: CPU",
        manifests: manifests!["autoscaling.yaml" "hpa-demo.yaml" "hpa-demo-requests.yaml"],
    },
    Chapter {
        title: "HorizontalPodAutoscaler: memory",
        manifests: manifests!["increase-mem-cm.yaml" "hpa-mem-demo.yaml" "hpa-mem.yaml"],
    },
];

/// The one to begin with.
pub const FIRST: &str = "nginx-deploy.yaml";

/// Every manifest, in the order of the chapters.
pub fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHAPTERS.iter().flat_map(|chapter| chapter.manifests.iter().copied())
}

/// The text of a manifest.
pub fn find(name: &str) -> Option<&'static str> {
    all().find(|(known, _)| *known == name).map(|(_, text)| text)
}
