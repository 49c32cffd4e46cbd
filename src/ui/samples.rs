//! The manifests that come with the page.

/// The samples, as (file name, text). The first is what "Run a sample" applies.
pub const SAMPLES: &[(&str, &str)] = &[
    ("nginx-deploy.yaml", include_str!("../../lessons/manifests/nginx-deploy.yaml")),
    ("nginx-rolling.yaml", include_str!("../../lessons/manifests/nginx-rolling.yaml")),
    ("nginx-rs.yaml", include_str!("../../lessons/manifests/nginx-rs.yaml")),
    ("storage.yaml", include_str!("../../lessons/manifests/storage.yaml")),
    ("hpa-demo.yaml", include_str!("../../lessons/manifests/hpa-demo.yaml")),
    ("recreate.yaml", include_str!("../../lessons/manifests/recreate.yaml")),
    ("broken-image.yaml", include_str!("../../lessons/manifests/broken-image.yaml")),
];
