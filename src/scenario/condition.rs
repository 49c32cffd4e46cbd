//! What `@ until` waits for: `deployment/web available`, `pod/x gone`, `hpa/web {.status.x}=4`.

use serde_json::Value;

use crate::api::{Api, Request, Verb};
use crate::base::json_path::JsonPath;
use crate::cluster::Cluster;
use crate::kinds::KINDS;

/// A condition on one object.
pub(super) struct Condition {
    request: Request,
    wanted: Wanted,
}

enum Wanted {
    /// The condition of that type is `True`.
    True(String),
    /// `status.phase` has that value, in any case.
    Phase(String),
    /// The object is not there.
    Gone,
    /// The rollout is complete.
    Complete,
    /// A JSONPath finds that text.
    Path(JsonPath, String),
}

impl Condition {
    /// Reads `[NAMESPACE:]KIND/NAME WHAT`.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (object, wanted) = text.split_once(' ').ok_or("expected KIND/NAME and a condition")?;
        let (namespace, object) = object.split_once(':').unwrap_or(("default", object));
        let (kind, name) = object.split_once('/').ok_or("expected KIND/NAME")?;
        let names = KINDS
            .iter()
            .map(|kind| kind.names())
            .find(|n| n.singular == kind || n.plural == kind || n.short.contains(&kind))
            .ok_or_else(|| format!("unknown kind {kind}"))?;
        let mut request = Request::new(Verb::Get, names.resource());
        name.clone_into(&mut request.name);
        if names.namespaced {
            namespace.clone_into(&mut request.namespace);
        }
        Ok(Self { request, wanted: wanted.parse()? })
    }

    /// Whether it holds now.
    pub(super) fn holds(&self, cluster: &mut Cluster) -> bool {
        let found = Api::call(cluster, self.request.clone()).ok().and_then(|reply| reply.object());
        let Some(object) = found else { return matches!(self.wanted, Wanted::Gone) };
        let value = object.to_value();
        match &self.wanted {
            Wanted::Gone => false,
            Wanted::Complete => is_complete(&value),
            Wanted::Phase(phase) => value["status"]["phase"]
                .as_str()
                .is_some_and(|current| current.eq_ignore_ascii_case(phase)),
            Wanted::True(condition) => is_true(&value, condition),
            Wanted::Path(path, text) => path.execute(&value).is_ok_and(|found| found == *text),
        }
    }
}

impl std::str::FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "gone" => Self::Gone,
            "complete" => Self::Complete,
            "available" | "ready" | "progressing" => Self::True(text.to_owned()),
            "running" | "pending" | "bound" | "released" | "failed" | "succeeded" | "lost" => {
                Self::Phase(text.to_owned())
            }
            _ => {
                let (path, value) =
                    text.rsplit_once('=').ok_or_else(|| format!("unknown condition {text}"))?;
                Self::Path(JsonPath::parse(path)?.allow_missing_keys(true), value.to_owned())
            }
        })
    }
}

fn is_true(value: &Value, condition: &str) -> bool {
    value["status"]["conditions"].as_array().into_iter().flatten().any(|found| {
        found["status"] == "True"
            && found["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case(condition))
    })
}

/// All replicas are updated and available, none is left over, and the status is about this spec.
fn is_complete(value: &Value) -> bool {
    let status = |field: &str| value["status"][field].as_i64().unwrap_or(0);
    let wanted = value["spec"]["replicas"].as_i64().unwrap_or(1);
    status("observedGeneration") >= value["metadata"]["generation"].as_i64().unwrap_or(0)
        && ["replicas", "availableReplicas"].iter().all(|field| status(field) == wanted)
        && (value["kind"] != "Deployment" || status("updatedReplicas") == wanted)
}
