//! From the replicas that the metrics ask for to those that are set: stabilisation and limits.
//! Mirrors `normalizeDesiredReplicas` and its like in `horizontal.go`.

use std::time::Duration;

use k8s_openapi::api::autoscaling::v2::{
    HPAScalingRules, HorizontalPodAutoscalerBehavior as Behavior,
};

use crate::controllers::Settings;
use crate::sim::Time;

/// Without rules, a step may double the replicas, or reach this many.
const UP_LIMIT_MIN: i32 = 4;
/// Scale events older than the longest period that a policy may have are forgotten.
const PERIOD_MAX: Duration = Duration::from_secs(1800);

/// What an autoscaler remembers from one sync to the next.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// When it looks again.
    pub due: Option<Time>,
    /// What the metrics asked for, oldest first.
    pub recommendations: Vec<(Time, i32)>,
    /// By how much it has scaled up or (negative) down, oldest first.
    pub changes: Vec<(Time, i32)>,
}

impl Memory {
    /// Remembers a change of the replicas.
    pub fn scaled(&mut self, now: Time, change: i32) {
        self.changes.retain(|(at, _)| *at + PERIOD_MAX > now);
        self.changes.push((now, change));
    }
}

/// What is asked for and what is allowed.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    /// `spec.replicas` of the target.
    pub current: i32,
    /// What the metrics ask for.
    pub desired: i32,
    /// `minReplicas`.
    pub min: i32,
    /// `maxReplicas`.
    pub max: i32,
}

/// A reason and a sentence for a condition.
pub type Because = (&'static str, &'static str);

/// The outcome, with what the conditions say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Normalized {
    /// After looking at recent recommendations.
    pub stabilized: i32,
    /// `AbleToScale`.
    pub able: Because,
    /// After the limits as well: what is set.
    pub replicas: i32,
    /// `ScalingLimited`; whether it is True.
    pub limited: (bool, Because),
}

const READY: Because = ("ReadyForNewScale", "recommended size matches current size");
const DOWN_STABILIZED: Because = (
    "ScaleDownStabilized",
    "recent recommendations were higher than current one, applying the highest recent \
     recommendation",
);
const UP_STABILIZED: Because = (
    "ScaleUpStabilized",
    "recent recommendations were lower than current one, applying the lowest recent recommendation",
);
const TOO_FEW: Because =
    ("TooFewReplicas", "the desired replica count is less than the minimum replica count");
const TOO_MANY: Because =
    ("TooManyReplicas", "the desired replica count is more than the maximum replica count");
const UP_LIMIT: Because =
    ("ScaleUpLimit", "the desired replica count is increasing faster than the maximum scale rate");
const DOWN_LIMIT: Because = (
    "ScaleDownLimit",
    "the desired replica count is decreasing faster than the maximum scale rate",
);
const IN_RANGE: Because =
    ("DesiredWithinRange", "the desired count is within the acceptable range");

/// Stabilises and limits, and remembers the recommendation.
pub fn normalize(
    wish: Wish,
    behavior: Option<&Behavior>,
    settings: Settings,
    memory: &mut Memory,
    now: Time,
) -> Normalized {
    let (stabilized, stabilizing) = stabilize(wish, behavior, settings, memory, now);
    let able = if stabilized == wish.desired { READY } else { stabilizing };
    let asked = Wish { desired: stabilized, ..wish };
    let (replicas, why) = match behavior {
        None => by_default(asked),
        Some(behavior) => by_policies(asked, behavior, memory, now),
    };
    Normalized { stabilized, able, replicas, limited: (replicas != stabilized, why) }
}

/// Mirrors `stabilizeRecommendation` and `stabilizeRecommendationWithBehaviors`.
fn stabilize(
    wish: Wish,
    behavior: Option<&Behavior>,
    settings: Settings,
    memory: &mut Memory,
    now: Time,
) -> (i32, Because) {
    let window = |rules: Option<&HPAScalingRules>, otherwise: Duration| {
        let seconds = rules.and_then(|rules| rules.stabilization_window_seconds);
        seconds.map_or(otherwise, |seconds| Duration::from_secs(seconds.try_into().unwrap_or(0)))
    };
    let up = window(behavior.and_then(|b| b.scale_up.as_ref()), Duration::ZERO);
    let down = window(
        behavior.and_then(|b| b.scale_down.as_ref()),
        settings.autoscaler_downscale_stabilization,
    );
    let recent = |window: Duration| {
        let known = memory.recommendations.iter().filter(move |(at, _)| *at + window > now);
        known.map(|(_, replicas)| *replicas).chain([wish.desired])
    };
    let lowest = recent(up).min().unwrap_or(wish.desired);
    let highest = recent(down).max().unwrap_or(wish.desired);
    let stabilized = match behavior {
        None => highest,
        // Between the two the replicas stay as they are.
        Some(_) => wish.current.max(lowest).min(highest),
    };
    let why = if behavior.is_some() && wish.desired >= wish.current {
        UP_STABILIZED
    } else {
        DOWN_STABILIZED
    };
    memory.recommendations.retain(|(at, _)| *at + up.max(down) > now);
    memory.recommendations.push((now, wish.desired));
    (stabilized, why)
}

/// Mirrors `convertDesiredReplicasWithRules`.
fn by_default(wish: Wish) -> (i32, Because) {
    let limit = wish.current.saturating_mul(2).max(UP_LIMIT_MIN);
    if wish.desired < wish.min {
        (wish.min, TOO_FEW)
    } else if wish.desired > limit.min(wish.max) {
        (limit.min(wish.max), if wish.max > limit { UP_LIMIT } else { TOO_MANY })
    } else {
        (wish.desired, IN_RANGE)
    }
}

/// Mirrors `convertDesiredReplicasWithBehaviorRate`.
fn by_policies(wish: Wish, behavior: &Behavior, memory: &Memory, now: Time) -> (i32, Because) {
    let Wish { current, desired, min, max } = wish;
    if desired > current {
        let limit = policy_limit(current, behavior.scale_up.as_ref(), memory, now, 1).max(current);
        let (most, why) = if max > limit { (limit, UP_LIMIT) } else { (max, TOO_MANY) };
        if desired > most {
            return (most, why);
        }
    } else if desired < current {
        let rules = behavior.scale_down.as_ref();
        let limit = policy_limit(current, rules, memory, now, -1).min(current);
        let (least, why) = if min < limit { (limit, DOWN_LIMIT) } else { (min, TOO_FEW) };
        if desired < least {
            return (least, why);
        }
    }
    (desired, IN_RANGE)
}

/// How far the policies let the replicas go in `direction` (1 up, -1 down).
/// Mirrors `calculateScaleUpLimitWithScalingRules` and its counterpart.
fn policy_limit(
    current: i32,
    rules: Option<&HPAScalingRules>,
    memory: &Memory,
    now: Time,
    direction: i32,
) -> i32 {
    let select = rules.and_then(|rules| rules.select_policy.as_deref()).unwrap_or("Max");
    if select == "Disabled" {
        return current;
    }
    let policies = rules.and_then(|rules| rules.policies.as_deref()).unwrap_or_default();
    let limits = policies.iter().map(|policy| {
        let period = Duration::from_secs(policy.period_seconds.try_into().unwrap_or(0));
        let recent = memory.changes.iter().filter(|(at, _)| *at + period > now);
        let start = current - recent.map(|(_, change)| change).sum::<i32>();
        let value = policy.value;
        if policy.type_ == "Percent" {
            let scaled = i64::from(start) * i64::from(100 + direction * value);
            let rounded = if direction > 0 { (scaled + 99).div_euclid(100) } else { scaled / 100 };
            i32::try_from(rounded).unwrap_or(i32::MAX)
        } else {
            start.saturating_add(direction * value)
        }
    });
    // The largest change is the highest limit upwards and the lowest one downwards.
    let limit = if (select == "Min") == (direction > 0) { limits.min() } else { limits.max() };
    limit.unwrap_or(current)
}
