//! Scales a target so that its pods use what they should.
//! Mirrors `pkg/controller/podautoscaler`.

mod calculator;
mod limits;
mod metrics;
mod plan;
#[cfg(test)]
mod plan_tests;

use k8s_openapi::api::autoscaling::v1::Scale;
use k8s_openapi::api::autoscaling::v2::{
    HorizontalPodAutoscaler, HorizontalPodAutoscalerCondition, HorizontalPodAutoscalerSpec,
    HorizontalPodAutoscalerStatus, MetricStatus,
};
use k8s_openapi::api::core::v1::Pod;

use self::calculator::{Input, Tolerance};
use self::limits::{Memory, Wish, normalize};
use self::metrics::Metric;
use self::plan::{Plan, Reading, Verdict, strongest};
use super::Settings;
use super::pod::PODS;
use crate::api::{Body, Request, Status};
use crate::base::label_selector::Selector;
use crate::base::quantity;
use crate::base::shared_map::SharedMap;
use crate::kinds;
use crate::object::{GroupResource, Key, Object, meta};
use crate::runtime::{Context, Controller, EventType, Next, Watch, claim};

static AUTOSCALERS: GroupResource = GroupResource::new("autoscaling", "horizontalpodautoscalers");

/// The controller of HorizontalPodAutoscalers.
#[derive(Clone, Debug)]
pub struct Autoscalers {
    memories: SharedMap<Key, Memory>,
    settings: Settings,
}

impl Autoscalers {
    /// One that has seen nothing yet.
    pub fn new(settings: Settings) -> Self {
        Self { memories: SharedMap::new(), settings }
    }
}

impl Controller for Autoscalers {
    fn name(&self) -> &'static str {
        "horizontal-pod-autoscaler"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(AUTOSCALERS.clone())]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let Some(object) = cx.cache.get(key) else {
            self.memories.remove(key);
            return Ok(Next::OnChange);
        };
        let Some(autoscaler) = object.get::<HorizontalPodAutoscaler>() else {
            return Ok(Next::OnChange);
        };
        let memory = self.memories.get_or_default(key.clone());
        // Changes do not hurry it: every autoscaler looks once a period, first after one.
        let period = self.settings.autoscaler_sync_period;
        let due = *memory.due.get_or_insert(cx.now + period);
        if cx.now < due {
            return Ok(Next::After(due.since(cx.now)));
        }
        memory.due = Some(cx.now + period);
        let spec = autoscaler.spec.clone();
        let status = autoscaler.status.clone().unwrap_or_default();
        let mut look = Look { cx, settings: self.settings, key, object, spec, status };
        // Trouble shows in the status and in events; the next look comes when it is due anyway.
        if let Err(trouble) = look.reconcile(memory) {
            let summary = format!("cannot scale: {trouble}");
            let now = look.cx.now;
            look.cx.trace.add(now, look.cx.actor, key.to_string(), summary, Vec::new());
        }
        look.write_status()?;
        Ok(Next::After(period))
    }
}

/// One look of one autoscaler.
struct Look<'a, 'c> {
    cx: &'a mut Context<'c>,
    settings: Settings,
    key: &'a Key,
    object: &'a Object,
    spec: HorizontalPodAutoscalerSpec,
    status: HorizontalPodAutoscalerStatus,
}

impl Look<'_, '_> {
    /// Mirrors `reconcileAutoscaler`.
    fn reconcile(&mut self, memory: &mut Memory) -> Result<(), String> {
        let target = self.target_key();
        let scale = match target.as_ref().ok_or_else(|| self.no_such_kind()).and_then(|key| {
            let reply = self.cx.call(Request::get(key).to("scale")).map_err(|s| s.message)?;
            reply.object().ok_or_else(String::new)
        }) {
            Ok(scale) => scale,
            Err(why) => {
                self.warn("FailedGetScale", &why);
                let message = format!(
                    "the HPA controller was unable to get the target's current scale: {why}"
                );
                self.set("AbleToScale", false, "FailedGetScale", message);
                return Err(why);
            }
        };
        let message = "the HPA controller was able to get the target's current scale";
        self.set("AbleToScale", true, "SucceededGetScale", message.to_owned());

        let typed = scale.get::<Scale>().cloned().unwrap_or_default();
        let current = typed.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(0);
        if memory.recommendations.is_empty() {
            memory.recommendations.push((self.cx.now, current));
        }
        self.status.current_replicas = Some(current).filter(|count| *count != 0);
        let selector = typed.status.and_then(|status| status.selector).unwrap_or_default();
        let (plan, reason) = self.decide(current, &selector, memory)?;
        self.cx.explain(self.key, &plan);
        let replicas = plan.replicas();
        if replicas != current {
            self.rescale(scale, replicas, &reason)?;
            memory.scaled(self.cx.now, replicas - current);
            self.status.last_scale_time = Some(meta::timestamp(self.cx.now));
        }
        self.status.desired_replicas =
            if matches!(plan.verdict, Verdict::Disabled) { 0 } else { replicas };
        Ok(())
    }

    fn target_key(&self) -> Option<Key> {
        target_key(&self.spec, &self.key.namespace)
    }

    fn no_such_kind(&self) -> String {
        let target = &self.spec.scale_target_ref;
        let version = target.api_version.as_deref().unwrap_or_default();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let version = if version.is_empty() { "v1" } else { version };
        let group = if group.is_empty() { String::new() } else { format!("{group}/") };
        format!(
            "unable to determine resource for scale target reference: no matches for kind \"{}\" \
             in version \"{group}{version}\"",
            target.kind
        )
    }

    /// What to do, and the reason that the event gives for it.
    fn decide(
        &mut self,
        current: i32,
        selector: &str,
        memory: &mut Memory,
    ) -> Result<(Plan, String), String> {
        let (min, max) = (self.spec.min_replicas.unwrap_or(1), self.spec.max_replicas);
        let wish = Wish { current, desired: current, min, max };
        let plan = |verdict| Plan { wish, readings: Vec::new(), verdict };
        if current == 0 && min != 0 {
            let message = "scaling is disabled since the replica count of the target is zero";
            self.set("ScalingActive", false, "ScalingDisabled", message.to_owned());
            return Ok((plan(Verdict::Disabled), String::new()));
        }
        if current > max {
            let why = "Current number of replicas above Spec.MaxReplicas";
            return Ok((plan(Verdict::Bound(max)), why.to_owned()));
        }
        if current < min {
            let why = "Current number of replicas below Spec.MinReplicas";
            return Ok((plan(Verdict::Bound(min)), why.to_owned()));
        }
        let (readings, desired, metric) = self.measure(current, selector)?;
        let reason = match desired.cmp(&current) {
            std::cmp::Ordering::Greater => format!("{metric} above target"),
            std::cmp::Ordering::Less => "All metrics below target".to_owned(),
            std::cmp::Ordering::Equal => String::new(),
        };
        let wish = Wish { desired, ..wish };
        let normalized =
            normalize(wish, self.spec.behavior.as_ref(), self.settings, memory, self.cx.now);
        let (able, (limited, why)) = (normalized.able, normalized.limited);
        self.set("AbleToScale", true, able.0, able.1.to_owned());
        self.set("ScalingLimited", limited, why.0, why.1.to_owned());
        Ok((Plan { wish, readings, verdict: Verdict::Measured(normalized) }, reason))
    }

    /// Reads all metrics: the readings, the most replicas that one asks for, and its name.
    /// Mirrors `computeReplicasForMetrics`.
    fn measure(
        &mut self,
        current: i32,
        selector: &str,
    ) -> Result<(Vec<Reading>, i32, String), String> {
        let parsed = self.check_selector(selector).inspect_err(|why| {
            self.cx.event(self.object, EventType::Warning, "FailedComputeMetricsReplicas", why);
        })?;
        let cache = self.cx.cache;
        let objects = cache.list_in(&PODS, &self.key.namespace);
        let pods: Vec<&Pod> =
            objects.filter(|pod| claim::matches(&parsed, pod)).filter_map(Object::get).collect();
        let mut readings = Vec::new();
        let mut statuses = Vec::new();
        let mut first_fault: Option<(&str, String)> = None;
        let specs = self.spec.metrics.take().unwrap_or_default();
        for metric in specs.iter().filter_map(Metric::of) {
            let Some(reading) = self.read(metric, &pods, current, selector) else { continue };
            match &reading.outcome {
                Ok(proposal) => statuses.push(metric.status(proposal)),
                Err(fault) => {
                    self.warn(metric.failure(), fault);
                    first_fault.get_or_insert((metric.failure(), fault.clone()));
                    statuses.push(MetricStatus::default());
                }
            }
            let outcome = reading.outcome.map_err(|fault| metric.wrap(&fault));
            readings.push(Reading { outcome, ..reading });
        }
        self.status.current_metrics = Some(statuses);
        match strongest(&readings, current) {
            Ok((replicas, name)) => {
                let name = name.to_owned();
                let message = format!(
                    "the HPA was able to successfully calculate a replica count from {name}"
                );
                self.set("ScalingActive", true, "ValidMetricFound", message);
                Ok((readings, replicas, name))
            }
            Err((invalid, fault)) => {
                let message = format!(
                    "invalid metrics ({invalid} invalid out of {}), first error is: {fault}",
                    readings.len()
                );
                if let Some((reason, fault)) = first_fault {
                    let why = format!("the HPA was unable to compute the replica count: {fault}");
                    self.set("ScalingActive", false, reason, why);
                }
                self.warn("FailedComputeMetricsReplicas", &message);
                Err(message)
            }
        }
    }

    /// Reads one metric; `None` for one without a target.
    fn read(
        &mut self,
        metric: Metric<'_>,
        pods: &[&Pod],
        current: i32,
        selector: &str,
    ) -> Option<Reading> {
        let target = metric.target()?;
        let what = match target {
            calculator::Target::Utilization(_) => "utilization",
            calculator::Target::AverageValue(_) => "usage",
        };
        let namespace = &self.key.namespace;
        let samples = metric.samples(self.cx.api, namespace, selector, self.cx.actor);
        let outcome = samples.and_then(|samples| {
            calculator::replicas(Input {
                pods,
                samples,
                resource: metric.resource,
                container: metric.container,
                target,
                tolerance: self.tolerance(),
                settings: self.settings,
                current,
                now: self.cx.now,
            })
        });
        let wrap = |why| format!("failed to get {} {what}: {why}", metric.resource);
        Some(Reading { name: metric.name(target), target, outcome: outcome.map_err(wrap) })
    }

    fn tolerance(&self) -> Tolerance {
        let behavior = self.spec.behavior.as_ref();
        let milli = |rules: Option<&k8s_openapi::api::autoscaling::v2::HPAScalingRules>| {
            let given = rules.and_then(|rules| rules.tolerance.as_ref());
            given
                .and_then(|amount| quantity::milli_value(&amount.0))
                .unwrap_or(self.settings.autoscaler_tolerance)
        };
        Tolerance {
            up: milli(behavior.and_then(|behavior| behavior.scale_up.as_ref())),
            down: milli(behavior.and_then(|behavior| behavior.scale_down.as_ref())),
        }
    }

    /// Mirrors `validateAndParseSelector`.
    fn check_selector(&mut self, selector: &str) -> Result<Selector, String> {
        if selector.is_empty() {
            self.warn("SelectorRequired", "selector is required");
            let message = "the HPA target's scale is missing a selector".to_owned();
            self.set("ScalingActive", false, "InvalidSelector", message);
            return Err("selector is required".to_owned());
        }
        let parsed = Selector::parse(selector).map_err(|why| {
            let message = format!(
                "couldn't convert selector into a corresponding internal selector object: {why}"
            );
            self.warn("InvalidSelector", &message);
            self.set("ScalingActive", false, "InvalidSelector", message.clone());
            message
        })?;
        let rivals = self.rivals(&parsed);
        if rivals.len() > 1 {
            let list = rivals.join(" ");
            let message =
                format!("pods by selector {selector} are controlled by multiple HPAs: [{list}]");
            self.warn("AmbiguousSelector", &message);
            self.set("ScalingActive", false, "AmbiguousSelector", message.clone());
            return Err(message);
        }
        Ok(parsed)
    }

    /// The autoscalers whose targets select any of the pods that `selector` selects.
    fn rivals(&self, selector: &Selector) -> Vec<String> {
        let cache = self.cx.cache;
        let namespace = &self.key.namespace;
        let pods: Vec<&Object> =
            cache.list_in(&PODS, namespace).filter(|pod| claim::matches(selector, pod)).collect();
        let others = cache.list_in(&AUTOSCALERS, namespace).filter(|other| {
            let spec = other.get::<HorizontalPodAutoscaler>().map(|h| &h.spec);
            let target = spec.and_then(|spec| target_key(spec, namespace));
            let target = target.and_then(|key| cache.get(&key));
            let text = target.and_then(|target| {
                kinds::kind_of(&target.resource())?.scale(target).map(|(_, _, text)| text)
            });
            let theirs = text.and_then(|text| Selector::parse(&text).ok());
            theirs.is_some_and(|theirs| pods.iter().any(|pod| claim::matches(&theirs, pod)))
        });
        others.map(|other| format!("{namespace}/{}", other.name())).collect()
    }

    fn rescale(&mut self, mut scale: Object, replicas: i32, reason: &str) -> Result<(), String> {
        let Some(target) = self.target_key() else { return Ok(()) };
        if let Some(scale) = scale.edit::<Scale>() {
            scale.spec.get_or_insert_default().replicas = Some(replicas);
        }
        let mut request = Request::get(&target).to("scale");
        request.verb = crate::api::Verb::Update;
        request.body = Body::Object(scale);
        if let Err(status) = self.cx.call(request) {
            let message = format!("New size: {replicas}; reason: {reason}; error: {status}");
            self.warn("FailedRescale", &message);
            let message =
                format!("the HPA controller was unable to update the target scale: {status}");
            self.set("AbleToScale", false, "FailedUpdateScale", message);
            return Err(status.message);
        }
        let message =
            format!("the HPA controller was able to update the target scale to {replicas}");
        self.set("AbleToScale", true, "SucceededRescale", message);
        let message = format!("New size: {replicas}; reason: {reason}");
        self.cx.event(self.object, EventType::Normal, "SuccessfulRescale", &message);
        Ok(())
    }

    fn warn(&mut self, reason: &str, message: &str) {
        self.cx.event(self.object, EventType::Warning, reason, message);
    }

    /// Mirrors `setConditionInList`.
    fn set(&mut self, kind: &str, truth: bool, reason: &str, message: String) {
        let status = if truth { "True" } else { "False" };
        let conditions = self.status.conditions.get_or_insert_default();
        let index = conditions.iter().position(|known| known.type_ == kind).unwrap_or_else(|| {
            conditions.push(HorizontalPodAutoscalerCondition {
                type_: kind.to_owned(),
                ..HorizontalPodAutoscalerCondition::default()
            });
            conditions.len() - 1
        });
        let condition = &mut conditions[index];
        if condition.status != status {
            condition.last_transition_time = Some(meta::timestamp(self.cx.now));
        }
        condition.status = status.to_owned();
        condition.reason = Some(reason.to_owned());
        condition.message = Some(message);
    }

    fn write_status(&mut self) -> Result<(), Status> {
        let mut object = self.object.clone();
        if let Some(autoscaler) = object.edit::<HorizontalPodAutoscaler>() {
            autoscaler.status = Some(self.status.clone());
        }
        if !object.equal(self.object) {
            self.cx.update_status(object)?;
        }
        Ok(())
    }
}

fn target_key(spec: &HorizontalPodAutoscalerSpec, namespace: &str) -> Option<Key> {
    let target = &spec.scale_target_ref;
    let version = target.api_version.as_deref().unwrap_or_default();
    let group = version.split_once('/').map_or("", |(group, _)| group);
    let resource = kinds::by_kind(group, &target.kind)?.names().resource();
    Some(Key::new(resource, namespace, &target.name))
}
