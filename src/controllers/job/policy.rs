//! What a failed pod means to a Job, and when enough of its indexes have succeeded.
//! Mirrors `pod_failure_policy.go` and `success_policy.go` of `pkg/controller/job`.

use k8s_openapi::api::batch::v1::{
    JobSpec, PodFailurePolicyOnExitCodesRequirement, PodFailurePolicyRule, SuccessPolicyRule,
};
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use super::intervals::Intervals;

/// What a failed pod leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It counts towards the limits.
    Count,
    /// It does not.
    Ignore,
    /// Its index has failed.
    FailIndex,
    /// The Job has failed; why.
    FailJob(String),
}

impl Verdict {
    /// Whether the failure counts.
    pub fn counts(&self) -> bool {
        *self != Self::Ignore
    }
}

/// What the first rule that fits makes of a failed pod. Mirrors `matchPodFailurePolicy`.
pub fn of_failure(spec: &JobSpec, pod: &Pod) -> Verdict {
    let rules = spec.pod_failure_policy.iter().flat_map(|policy| &policy.rules);
    let verdicts = rules.enumerate().filter_map(|(index, rule)| {
        let reason = matches(rule, pod)?;
        match rule.action.as_str() {
            "Ignore" => Some(Verdict::Ignore),
            "FailIndex" => Some(Verdict::FailIndex),
            "Count" => Some(Verdict::Count),
            "FailJob" => {
                let rest = format!("{reason} matching FailJob rule at index {index}");
                Some(Verdict::FailJob(rest))
            }
            _ => None,
        }
    });
    verdicts.into_iter().next().unwrap_or(Verdict::Count)
}

/// How the rule fits the pod, if it does.
fn matches(rule: &PodFailurePolicyRule, pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    if let Some(codes) = &rule.on_exit_codes {
        let lists = [&status.container_statuses, &status.init_container_statuses];
        let all = lists.into_iter().flat_map(|list| list.iter().flatten());
        let (container, code) = all.filter_map(|container| exit_code(container, codes)).next()?;
        return Some(format!(
            "Container {container} for pod {namespace}/{name} failed with exit code {code}"
        ));
    }
    let patterns = rule.on_pod_conditions.as_deref().unwrap_or_default();
    let found = status.conditions.iter().flatten().find(|condition| {
        patterns.iter().any(|pattern| {
            let status = pattern.status.as_deref().unwrap_or_default();
            condition.type_ == pattern.type_ && condition.status == status
        })
    })?;
    Some(format!("Pod {namespace}/{name} has condition {}", found.type_))
}

/// The container's name and code, if it stopped with one that fits.
fn exit_code<'a>(
    container: &'a ContainerStatus,
    wanted: &PodFailurePolicyOnExitCodesRequirement,
) -> Option<(&'a str, i32)> {
    let code = container.state.as_ref()?.terminated.as_ref()?.exit_code;
    let is_named = wanted.container_name.as_ref().is_none_or(|name| *name == container.name);
    let is_listed = wanted.values.contains(&code);
    let fits = match wanted.operator.as_str() {
        "In" => is_listed,
        "NotIn" => !is_listed,
        _ => false,
    };
    (is_named && code != 0 && fits).then_some((container.name.as_str(), code))
}

/// Which rule says that the Job has succeeded. Mirrors `matchSuccessPolicy`.
pub fn success(spec: &JobSpec, succeeded: &Intervals) -> Option<String> {
    let policy = spec.success_policy.as_ref().filter(|_| !succeeded.is_empty())?;
    let completions = spec.completions.unwrap_or(0);
    let met = policy.rules.iter().position(|rule| is_met(rule, completions, succeeded))?;
    Some(format!("Matched rules at index {met}"))
}

fn is_met(rule: &SuccessPolicyRule, completions: i32, succeeded: &Intervals) -> bool {
    let Some(indexes) = &rule.succeeded_indexes else {
        return rule.succeeded_count.is_some_and(|count| succeeded.total() >= count);
    };
    let wanted = Intervals::parse(indexes, completions);
    let shared = wanted.overlap(succeeded);
    !wanted.is_empty()
        && (shared == wanted.total() || rule.succeeded_count.is_some_and(|count| shared >= count))
}
