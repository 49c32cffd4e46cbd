use std::rc::Rc;

use yew::prelude::*;

use crate::ui::messages::{fill, t};
use crate::ui::view::{Facts, Item, WorkloadFacts};

/// Up to this many Pods the bar shows where one ends and the next begins.
const SLOTS_MAX: u64 = 60;
/// The bar's length in its own units.
const LENGTH: u64 = 1200;

/// What is rolled out.
#[derive(Properties, PartialEq)]
pub struct RolloutProps {
    /// The workload.
    pub work: Rc<Item>,
    /// Its newest revision, if revisions are objects of their own.
    pub newest: Option<Rc<Item>>,
}

/// Pods against what a rollout may have: available new, available old, not available; with marks
/// for the most Pods it may create, those wished for, and the fewest it must keep available.
#[component]
pub fn Rollout(props: &RolloutProps) -> Html {
    let Facts::Workload(work) = &props.work.facts else { return Html::default() };
    let most = u64::from(work.desired + work.surge).max(u64::from(work.current)).max(1);
    let floor = u64::from(work.desired.saturating_sub(work.missing));
    let (new, old, waiting) = shares(work, props.newest.as_deref());
    let x = |n: u64| (n * LENGTH / most).to_string();
    let part = |class: &'static str, from: u64, count: u64| {
        html! { <rect {class} x={x(from)} width={x(count)} height="10" /> }
    };
    let mark = |class: &'static str, at: u64| {
        let d = format!("M{} -3v16", (at * LENGTH / most).clamp(1, LENGTH - 1));
        html! { <path {class} {d} vector-effect="non-scaling-stroke" /> }
    };
    let slots: String = match most {
        2..=SLOTS_MAX => (1..most).map(|n| format!("M{} 0v10", n * LENGTH / most)).collect(),
        _ => String::new(),
    };
    let words = [
        ("key new", new, t().new_pods),
        ("key old", old, t().old_pods),
        ("key wait", waiting, t().unready),
    ];
    let legend = |(class, count, word): &(&'static str, u64, &'static str)| {
        html! { if *count > 0 { <span class={*class}>{ format!("{count} {word}") }</span> } }
    };
    let bounded = work.surge > 0 || work.missing > 0;
    html! {
        <div class="rollout">
            <svg viewBox={format!("0 -3 {LENGTH} 16")} preserveAspectRatio="none" aria-hidden="true">
                <rect class="rollout-all" width={LENGTH.to_string()} height="10" />
                { part("rollout-new", 0, new) }
                { part("rollout-old", new, old) }
                { part("rollout-wait", new + old, waiting) }
                <path class="rollout-slots" d={slots} vector-effect="non-scaling-stroke" />
                if work.surge > 0 { { mark("rollout-mark", u64::from(work.desired)) } }
                if work.missing > 0 && floor > 0 { { mark("rollout-floor", floor) } }
            </svg>
            <p class="legend">
                { for words.iter().map(legend) }
                if bounded {
                    <span class="muted">
                        { fill(t().desired_mark, &work.desired.to_string()) }{ " · " }
                        { fill(t().surge_mark, &most_allowed(work)) }{ " · " }
                        { fill(t().floor_mark, &floor.to_string()) }
                    </span>
                }
            </p>
        </div>
    }
}

fn most_allowed(work: &WorkloadFacts) -> String {
    (work.desired + work.surge).to_string()
}

/// Pods that are available and new, available and old, and not available.
fn shares(work: &WorkloadFacts, newest: Option<&Item>) -> (u64, u64, u64) {
    let newest = match newest.map(|item| &item.facts) {
        Some(Facts::Workload(child)) => child.available,
        _ => work.available.min(work.updated),
    };
    let new = newest.min(work.available);
    let waiting = work.current.saturating_sub(work.available);
    (u64::from(new), u64::from(work.available - new), u64::from(waiting))
}
