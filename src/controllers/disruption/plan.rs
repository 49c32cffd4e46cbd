//! How many of a budget's pods may be disrupted. Mirrors `trySync` of `pkg/controller/disruption`.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::{PodDisruptionBudget, PodDisruptionBudgetStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, Time as Timestamp};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::base::int_or_percent::{IntOrPercent, Round};
use crate::controllers::pod;
use crate::kinds::pod_disruption_budget::condition;
use crate::object::meta;
use crate::sim::{Explain, Fact, Time};

/// How long an evicted pod may take to be marked as going. Mirrors `DeletionTimeout`.
pub const TIMEOUT: Duration = Duration::from_secs(120);

/// The pods that a budget is about, and the numbers of pods their controllers want.
#[derive(Clone, Debug)]
pub struct Inputs<'a> {
    pub pods: Vec<&'a Pod>,
    /// The scale of each controller, by uid; or why it could not be found out.
    pub scales: Result<BTreeMap<String, i32>, String>,
    /// Whether a pod has no controller.
    pub has_unmanaged: bool,
}

/// The new status, and what else is to be said and done.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'a> {
    pub status: PodDisruptionBudgetStatus,
    /// An event about the budget, if the number of pods it expects is not known.
    pub failure: Option<String>,
    /// Whether pods without a controller make the numbers wrong.
    pub unmanaged: bool,
    /// Evicted pods that stayed.
    pub stayed: Vec<&'a Pod>,
    /// When the first of the evicted pods should be going.
    pub wait: Option<Duration>,
}

/// Works the status out.
pub fn plan<'a>(budget: &PodDisruptionBudget, inputs: &Inputs<'a>, now: Time) -> Plan<'a> {
    let old = budget.status.clone().unwrap_or_default();
    let mut plan = Plan {
        status: old.clone(),
        failure: None,
        unmanaged: false,
        stayed: Vec::new(),
        wait: None,
    };
    let (expected, desired) = match expectation(budget, inputs, &mut plan.unmanaged) {
        Ok(numbers) => numbers,
        Err(why) => {
            plan.status.disruptions_allowed = Some(0);
            let reason = condition::SYNC_FAILED;
            condition::set(&mut plan.status, "False", reason, &why, now);
            plan.failure = Some(why);
            return plan;
        }
    };
    let evicted = plan.evicted(&old, inputs, now);
    let healthy = inputs.pods.iter().filter(|pod| {
        let is_leaving = evicted.contains_key(pod.metadata.name.as_deref().unwrap_or_default());
        !meta::is_terminating(&pod.metadata) && !is_leaving && pod::is_ready(pod)
    });
    let healthy = i32::try_from(healthy.count()).unwrap_or(i32::MAX);
    let spare = if expected > 0 { (healthy - desired).max(0) } else { 0 };
    plan.status = PodDisruptionBudgetStatus {
        current_healthy: Some(healthy),
        desired_healthy: Some(desired),
        expected_pods: Some(expected),
        disruptions_allowed: Some(spare),
        disrupted_pods: Some(evicted).filter(|evicted| !evicted.is_empty()),
        observed_generation: budget.metadata.generation,
        conditions: old.conditions,
    };
    condition::update(&mut plan.status, now);
    plan
}

/// How many pods there should be, and how many of them healthy. Mirrors `getExpectedPodCount`.
fn expectation(
    budget: &PodDisruptionBudget,
    inputs: &Inputs<'_>,
    unmanaged: &mut bool,
) -> Result<(i32, i32), String> {
    let spec = budget.spec.clone().unwrap_or_default();
    let mut by_scale = |amount: &IntOrString| -> Result<(i32, i32), String> {
        *unmanaged = inputs.has_unmanaged;
        let expected: i32 = inputs.scales.clone()?.values().sum();
        Ok((expected, scaled(amount, expected)?))
    };
    match (&spec.max_unavailable, &spec.min_available) {
        (Some(most), _) => {
            let (expected, unavailable) = by_scale(most)?;
            Ok((expected, (expected - unavailable).max(0)))
        }
        (None, Some(IntOrString::Int(least))) => {
            Ok((i32::try_from(inputs.pods.len()).unwrap_or(i32::MAX), *least))
        }
        (None, Some(least)) => by_scale(least),
        (None, None) => Ok((0, 0)),
    }
}

fn scaled(amount: &IntOrString, total: i32) -> Result<i32, String> {
    let amount = match amount {
        IntOrString::Int(count) => IntOrPercent::Int((*count).into()),
        IntOrString::String(text) => IntOrPercent::Text(text.clone()),
    };
    let scaled = amount.scaled(total.into(), Round::Up)?;
    Ok(i32::try_from(scaled).unwrap_or(i32::MAX))
}

impl<'a> Plan<'a> {
    /// The evicted pods that are expected to go soon. Mirrors `buildDisruptedPodMap`.
    fn evicted(
        &mut self,
        old: &PodDisruptionBudgetStatus,
        inputs: &Inputs<'a>,
        now: Time,
    ) -> BTreeMap<String, Timestamp> {
        let mut evicted = BTreeMap::new();
        let Some(before) = &old.disrupted_pods else { return evicted };
        for pod in inputs.pods.iter().filter(|pod| !meta::is_terminating(&pod.metadata)) {
            let name = pod.metadata.name.as_deref().unwrap_or_default();
            let Some(since) = before.get(name) else { continue };
            let end = meta::moment(since) + TIMEOUT;
            if end < now {
                self.stayed.push(pod);
                continue;
            }
            let left = end.since(now);
            self.wait = Some(self.wait.map_or(left, |wait| wait.min(left)));
            evicted.insert(name.to_owned(), since.clone());
        }
        evicted
    }
}

/// The selector as Go prints it.
pub fn go_selector(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().flatten();
    let labels: String = labels.map(|(key, value)| format!("{key}: {value},")).collect();
    let expressions = selector.match_expressions.iter().flatten();
    let expressions: String = expressions
        .map(|one| {
            let values = one.values.clone().unwrap_or_default().join(" ");
            let (key, operator) = (&one.key, &one.operator);
            format!("LabelSelectorRequirement{{Key:{key},Operator:{operator},Values:[{values}],}},")
        })
        .collect();
    format!(
        "&LabelSelector{{MatchLabels:map[string]string{{{labels}}},\
         MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )
}

impl Explain for Plan<'_> {
    fn summary(&self) -> String {
        match &self.failure {
            Some(why) => format!("allow no disruption: {why}"),
            None => format!("allow {} disruptions", self.status.disruptions_allowed.unwrap_or(0)),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let number = |number: Option<i32>| number.unwrap_or(0).to_string();
        vec![
            Fact { name: "expected", value: number(self.status.expected_pods) },
            Fact { name: "desired", value: number(self.status.desired_healthy) },
            Fact { name: "healthy", value: number(self.status.current_healthy) },
        ]
    }
}
