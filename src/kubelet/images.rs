//! Whether an image has to be pulled, and what comes of it. Mirrors `pkg/kubelet/images`.

use std::time::Duration;

use imbl::OrdSet;

/// A pull takes this long.
const PULL: Duration = Duration::from_secs(1);
const BYTES: u64 = 1_000_000;

/// The images that no registry has, beyond those that no registry ever had.
pub type Registry = OrdSet<String>;

/// What to do for an image.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// It is on the node.
    Present,
    /// It is pulled, which takes this long.
    Pull(Duration),
    /// It cannot be.
    Refuse {
        /// The container's waiting reason.
        reason: &'static str,
        /// The event's reason.
        event: &'static str,
        /// What is wrong.
        message: String,
    },
}

impl Plan {
    /// What to do for an image under a pull policy. Mirrors `imageManager.EnsureImageExists`.
    pub fn of(image: &str, policy: Option<&str>, on_node: &OrdSet<String>, _: &Registry) -> Self {
        if let Err(why) = check_name(image) {
            let message = format!(
                "Failed to apply default image tag \"{image}\": couldn't parse image name \"{image}\": {why}"
            );
            return Self::Refuse { reason: "InvalidImageName", event: "InspectFailed", message };
        }
        let present = on_node.contains(image);
        match policy {
            Some("Never") if !present => Self::Refuse {
                reason: "ErrImageNeverPull",
                event: "ErrImageNeverPull",
                message: format!(
                    "Container image \"{image}\" is not present with pull policy of Never"
                ),
            },
            Some("IfNotPresent" | "Never") if present => Self::Present,
            _ => Self::Pull(PULL),
        }
    }
}

/// A pulled image.
#[derive(Debug, PartialEq, Eq)]
pub struct Pulled {
    /// How long it took.
    pub time: Duration,
    /// Its size.
    pub bytes: u64,
}

/// Pulls an image.
///
/// # Errors
/// The runtime's text when no registry has it.
pub fn pull(image: &str, missing: &Registry) -> Result<Pulled, String> {
    let full = full_name(image);
    if image.contains("nonexistent") || image.contains("non-existent") || missing.contains(&full) {
        return Err(format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{full}\": failed \
             to resolve reference \"{full}\": {full}: not found"
        ));
    }
    Ok(Pulled { time: PULL, bytes: BYTES })
}

/// How long a pull took, as Go prints durations.
pub fn took(pulled: &Pulled) -> String {
    crate::base::duration::go_string(i64::try_from(pulled.time.as_nanos()).unwrap_or(i64::MAX))
}

/// The reference with registry, repository and tag: `docker.io/library/nginx:latest`.
pub fn full_name(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    let tagged =
        if last.contains([':', '@']) { image.to_owned() } else { format!("{image}:latest") };
    let first = tagged.split('/').next().unwrap_or_default();
    if !tagged.contains('/') {
        format!("docker.io/library/{tagged}")
    } else if first.contains(['.', ':']) || first == "localhost" {
        tagged
    } else {
        format!("docker.io/{tagged}")
    }
}

fn check_name(image: &str) -> Result<(), String> {
    let name = image.split(['@']).next().unwrap_or_default();
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    let (repository, tag) = match name[last..].find(':') {
        Some(colon) => (&name[..last + colon], Some(&name[last + colon + 1..])),
        None => (name, None),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fine = !repository.is_empty()
        && repository.chars().all(|c| plain(c) || matches!(c, '/' | ':'))
        && tag.is_none_or(|tag| !tag.is_empty() && tag.chars().all(plain));
    if !fine {
        return Err("invalid reference format".to_owned());
    }
    if repository.chars().any(|c| c.is_ascii_uppercase()) {
        return Err(format!(
            "invalid reference format: repository name ({repository}) must be lowercase"
        ));
    }
    Ok(())
}
