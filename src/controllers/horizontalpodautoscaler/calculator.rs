//! From pods and their usage to a number of replicas.
//! Mirrors `pkg/controller/podautoscaler/replica_calculator.go`, in integers.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container, Pod};

use crate::base::order::Gather;
use crate::base::quantity;
use crate::base::small_map::SmallMap;
use crate::controllers::{Settings, pod};
use crate::object::meta;
use crate::sim::Time;

/// What one pod uses, in thousandths.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The amount.
    pub milli: i64,
    /// The end of the window.
    pub at: Time,
    /// The window's length.
    pub window: Duration,
}

/// What is to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Percent of what the pods request.
    Utilization(i32),
    /// Thousandths per pod.
    AverageValue(i64),
}

/// How far from the target nothing is done, in thousandths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// Above it.
    pub up: i64,
    /// Below it.
    pub down: i64,
}

/// What the calculation rests on.
pub struct Input<'a> {
    /// The pods that the selector selects.
    pub pods: &'a [&'a Pod],
    /// What they use, by pod name.
    pub samples: SmallMap<String, Sample>,
    /// `cpu` or `memory`.
    pub resource: &'a str,
    /// One container's name, or empty for whole pods.
    pub container: &'a str,
    /// What is to be reached.
    pub target: Target,
    /// How far from it nothing is done.
    pub tolerance: Tolerance,
    /// When pods count as started.
    pub settings: Settings,
    /// `spec.replicas` of the target.
    pub current: i32,
    /// The time.
    pub now: Time,
}

/// A number of replicas and how it came about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// How many replicas there should be.
    pub replicas: i32,
    /// Percent of the requests that is used, where the target is a utilization.
    pub utilization: Option<i32>,
    /// Thousandths used per measured pod.
    pub average: i64,
    /// Usage over target, in thousandths, with the corrections for unready and missing pods.
    pub ratio: i64,
    /// How many pods counted as measured and ready.
    pub ready: i32,
    /// How many were too young or not ready.
    pub unready: i32,
    /// How many nothing was measured of.
    pub missing: i32,
}

/// Which pods count, and as what. Mirrors `groupPods`.
#[derive(Default)]
struct Groups<'a> {
    ready: i32,
    unready: Vec<&'a str>,
    missing: Vec<&'a str>,
    ignored: Vec<&'a str>,
}

/// Calculates the replicas that bring the usage to the target.
///
/// # Errors
/// Upstream's sentence when that cannot be said.
pub fn replicas(mut input: Input<'_>) -> Result<Proposal, String> {
    let Input { pods, current, target, .. } = input;
    let mut samples = std::mem::take(&mut input.samples);
    if pods.is_empty() {
        return Err("no pods returned by selector while calculating replica count".to_owned());
    }
    let groups = group(&input.samples_view(&samples));
    for name in groups.ignored.iter().chain(&groups.unready) {
        samples.remove(*name);
    }
    if samples.is_empty() {
        return Err("did not receive metrics for targeted pods (pods might be unready)".to_owned());
    }
    let requests = match target {
        Target::Utilization(_) => requests(pods, input.container, input.resource)?,
        Target::AverageValue(_) => SmallMap::new(),
    };
    let mut usage: SmallMap<&str, i64> =
        samples.iter().map(|(name, sample)| (name.as_str(), sample.milli)).gathered();
    let first = ratio(&usage, &requests, target)?;
    let mut proposal = Proposal {
        replicas: current,
        utilization: first.utilization,
        average: first.average,
        ratio: first.milli(),
        ready: groups.ready,
        unready: count(&groups.unready),
        missing: count(&groups.missing),
    };
    let growing = first.compare() > 0;
    let with_unready = growing && !groups.unready.is_empty();
    if !with_unready && groups.missing.is_empty() {
        if !first.within(input.tolerance) {
            proposal.replicas = first.times(groups.ready);
        }
        return Ok(proposal);
    }
    // What is not known is assumed to argue against the change.
    for name in &groups.missing {
        let assumed = match (growing, first.compare() < 0, target) {
            (true, ..) => 0,
            (_, true, Target::Utilization(percent)) => {
                requests.get(*name).copied().unwrap_or(0) * i64::from(percent.max(100)) / 100
            }
            (_, true, Target::AverageValue(target)) => target,
            _ => continue,
        };
        usage.insert(name, assumed);
    }
    if with_unready {
        usage.extend(groups.unready.iter().map(|name| (*name, 0)));
    }
    let second = ratio(&usage, &requests, target)?;
    proposal.ratio = second.milli();
    if second.within(input.tolerance) || first.compare() * second.compare() < 0 {
        return Ok(proposal);
    }
    let replicas = second.times(i32::try_from(usage.len()).unwrap_or(i32::MAX));
    let against = (second.compare() < 0 && replicas > current)
        || (second.compare() > 0 && replicas < current);
    if !against {
        proposal.replicas = replicas;
    }
    Ok(proposal)
}

fn count(names: &[&str]) -> i32 {
    i32::try_from(names.len()).unwrap_or(i32::MAX)
}

/// The part of the input that grouping looks at.
struct Measured<'a, 'b> {
    pods: &'a [&'a Pod],
    samples: &'b SmallMap<String, Sample>,
    cpu: bool,
    settings: Settings,
    now: Time,
}

impl<'a> Input<'a> {
    fn samples_view<'b>(&self, samples: &'b SmallMap<String, Sample>) -> Measured<'a, 'b> {
        let Self { pods, settings, now, .. } = *self;
        Measured { pods, samples, cpu: self.resource == "cpu", settings, now }
    }
}

fn group<'a>(measured: &Measured<'a, '_>) -> Groups<'a> {
    let mut groups = Groups::default();
    for pod in measured.pods {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let phase = pod::phase(pod);
        if meta::is_terminating(&pod.metadata) || phase == "Failed" {
            groups.ignored.push(name);
        } else if phase == "Pending" {
            groups.unready.push(name);
        } else {
            match measured.samples.get(name) {
                None => groups.missing.push(name),
                Some(sample)
                    if measured.cpu && is_unready(pod, sample, measured.settings, measured.now) =>
                {
                    groups.unready.push(name);
                }
                Some(_) => groups.ready += 1,
            }
        }
    }
    groups
}

/// Whether a sample says nothing about the pod at work: it was still starting.
fn is_unready(pod: &Pod, sample: &Sample, settings: Settings, now: Time) -> bool {
    let started = pod.status.as_ref().and_then(|status| status.start_time.as_ref());
    let (Some(condition), Some(started)) = (pod::condition(pod, "Ready"), started) else {
        return true;
    };
    let started = meta::moment(started);
    let changed = condition.last_transition_time.as_ref().map(meta::moment).unwrap_or_default();
    let not_ready = condition.status == "False";
    if started + settings.autoscaler_cpu_initialization > now {
        not_ready || sample.at < changed + sample.window
    } else {
        not_ready && started + settings.autoscaler_initial_readiness > changed
    }
}

/// What each pod requests, in thousandths. Mirrors `calculatePodRequests`.
fn requests<'a>(
    pods: &[&'a Pod],
    container: &str,
    resource: &str,
) -> Result<SmallMap<&'a str, i64>, String> {
    let mut all = SmallMap::new();
    for pod in pods {
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let Some(spec) = &pod.spec else { continue };
        let sidecars = spec.init_containers.iter().flatten();
        let sidecars = sidecars.filter(|init| init.restart_policy.as_deref() == Some("Always"));
        let mut wanted = spec
            .containers
            .iter()
            .chain(sidecars)
            .filter(|c| container.is_empty() || c.name == container);
        let total = wanted.try_fold(0_i64, |total, container| {
            let request = request(container, resource);
            let missing = || {
                format!(
                    "missing request for {resource} in container {} of Pod {name}",
                    container.name
                )
            };
            request.map(|request| total.saturating_add(request)).ok_or_else(missing)
        })?;
        all.insert(name, total);
    }
    Ok(all)
}

fn request(container: &Container, resource: &str) -> Option<i64> {
    let requests = container.resources.as_ref()?.requests.as_ref()?;
    quantity::milli_value(&requests.get(resource)?.0)
}

/// Usage over target, exactly.
struct Ratio {
    usage: i128,
    target: i128,
    utilization: Option<i32>,
    average: i64,
}

/// Mirrors `GetResourceUtilizationRatio` and `GetMetricUsageRatio`.
fn ratio(
    usage: &SmallMap<&str, i64>,
    requests: &SmallMap<&str, i64>,
    target: Target,
) -> Result<Ratio, String> {
    let sum = |amounts: &mut dyn Iterator<Item = i64>| amounts.fold(0_i64, i64::saturating_add);
    match target {
        Target::Utilization(target) => {
            let known = usage.iter().filter(|(name, _)| requests.contains_key(*name));
            let total = sum(&mut known.clone().map(|(_, amount)| *amount));
            let requested = sum(&mut known.clone().map(|(name, _)| requests[name]));
            if requested == 0 {
                return Err("no metrics returned matched known pods".to_owned());
            }
            let percent = i128::from(total) * 100 / i128::from(requested);
            let percent = i32::try_from(percent).unwrap_or(i32::MAX);
            let pods = i64::try_from(known.count()).unwrap_or(i64::MAX);
            Ok(Ratio {
                usage: percent.into(),
                target: target.max(1).into(),
                utilization: Some(percent),
                average: total / pods.max(1),
            })
        }
        Target::AverageValue(target) => {
            let total = sum(&mut usage.values().copied());
            let average = total / i64::try_from(usage.len()).unwrap_or(i64::MAX).max(1);
            let target = target.max(1).into();
            Ok(Ratio { usage: average.into(), target, utilization: None, average })
        }
    }
}

impl Ratio {
    /// -1, 0 or 1: below, at or above the target.
    fn compare(&self) -> i32 {
        match self.usage.cmp(&self.target) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        }
    }

    fn milli(&self) -> i64 {
        i64::try_from(self.usage * 1000 / self.target).unwrap_or(i64::MAX)
    }

    fn within(&self, tolerance: Tolerance) -> bool {
        let usage = self.usage * 1000;
        usage >= self.target * i128::from(1000 - tolerance.down)
            && usage <= self.target * i128::from(1000 + tolerance.up)
    }

    /// The ratio times `pods`, rounded up.
    fn times(&self, pods: i32) -> i32 {
        let exact = self.usage * i128::from(pods);
        i32::try_from((exact + self.target - 1) / self.target).unwrap_or(i32::MAX)
    }
}
