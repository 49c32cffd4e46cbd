use std::rc::Rc;

use yew::prelude::*;

use super::cluster::pods;
use super::{Panel, Place, Scene};
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::view::{Facts, Item, View, WorkloadFacts};
use crate::web::dom;

/// Who owns whom.
pub const PANEL: Panel = Panel {
    id: "workloads",
    place: Place::Stage,
    title: |words| words.workloads,
    count: |view| Some(roots(view).len()),
    render: |scene| html! { <Workloads ..scene /> },
};

const KINDS: &[&str] = &[
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "ReplicaSet",
    "ReplicationController",
    "CronJob",
    "Job",
];
const TREE: &str = "workload-tree";
/// ReplicaSets that were scaled to nothing are old revisions; more than this many are left out.
const OLD_MAX: usize = 3;

fn roots(view: &View) -> Vec<Rc<Item>> {
    let of = |kind: &&'static str| view.of_kind(kind).filter(|item| view.owner(item).is_none());
    KINDS.iter().flat_map(of).cloned().collect()
}

#[component]
fn Workloads(scene: &Scene) -> Html {
    let roots = roots(&scene.view);
    let bare = scene.view.of_kind("Pod").filter(|pod| scene.view.owner(pod).is_none());
    let bare: Vec<_> = bare.cloned().collect();
    if roots.is_empty() && bare.is_empty() {
        return html! { <p class="empty">{ t().no_workloads }</p> };
    }
    let onkeydown = |event: KeyboardEvent| {
        let step = match event.key().as_str() {
            "ArrowDown" => 1,
            "ArrowUp" => -1,
            _ => return,
        };
        event.prevent_default();
        dom::focus_neighbour(TREE, "button", step);
    };
    html! {
        <ul class="tree" id={TREE} role="tree" aria-label={t().workloads} {onkeydown}>
            { for roots.iter().map(|item| branch(scene, item, 1)) }
            if !bare.is_empty() {
                <li role="treeitem" class="branch"><div class="leaf">{ pods(scene, &bare) }</div></li>
            }
        </ul>
    }
}

fn branch(scene: &Scene, item: &Rc<Item>, level: usize) -> Html {
    let Facts::Workload(work) = &item.facts else { return Html::default() };
    let children = scene.view.children(item);
    let is_pod = |child: &&Rc<Item>| matches!(child.facts, Facts::Pod(_));
    let own_pods: Vec<_> = children.iter().filter(is_pod).cloned().collect();
    let mut below: Vec<_> = children.iter().filter(|c| !is_pod(c)).cloned().collect();
    // The newest revision first.
    below.sort_by_key(|child| std::cmp::Reverse((revision(child), child.created)));
    let mut old = 0;
    below.retain(|child| {
        let empty = matches!(&child.facts, Facts::Workload(w) if w.current == 0 && w.desired == 0);
        old += usize::from(empty);
        !empty || old <= OLD_MAX
    });
    let reference = item.reference.clone();
    let selected = scene.selection.as_ref() == Some(&reference);
    let act = scene.act.clone();
    let rolling = level == 1 && !matches!(&*reference.kind, "CronJob");
    html! {
        <li role="treeitem" class="branch" key={item.uid.clone()} aria-level={level.to_string()}
            aria-expanded="true" aria-selected={if selected { "true" } else { "false" }}>
            <button type="button" class={classes!("branch-head", selected.then_some("selected"))}
                onclick={move |_| act.emit(Act::select(&reference))}>
                <span class="kind">{ &*item.reference.kind }</span>
                <strong>{ &*item.reference.name }</strong>
                if let Some(revision) = &work.revision {
                    <span class="tag">{ format!("{} {revision}", t().revision) }</span>
                }
                <span class="muted ellipsis">{ work.images.join(", ") }</span>
                <span class="figure">{ format!("{}/{}", work.ready, work.desired) }</span>
            </button>
            if rolling { { rollout(scene, item, work) } }
            if !own_pods.is_empty() { <div class="leaf">{ pods(scene, &own_pods) }</div> }
            if !below.is_empty() {
                <ul role="group">{ for below.iter().map(|c| branch(scene, c, level + 1)) }</ul>
            }
        </li>
    }
}

fn revision(item: &Item) -> u64 {
    match &item.facts {
        Facts::Workload(work) => work.revision.as_ref().and_then(|r| r.parse().ok()).unwrap_or(0),
        _ => 0,
    }
}

/// Pods against what a rollout may have: available new, available old, not available; with marks
/// for the most Pods it may create and the fewest it must keep.
fn rollout(scene: &Scene, item: &Item, work: &WorkloadFacts) -> Html {
    let most = u64::from(work.desired + work.surge).max(u64::from(work.current)).max(1);
    let floor = u64::from(work.desired.saturating_sub(work.missing));
    let newest = newest_available(&scene.view, item, work);
    let new = u64::from(newest.min(work.available));
    let old = u64::from(work.available).saturating_sub(new);
    let waiting = u64::from(work.current.saturating_sub(work.available));
    let x = |n: u64| n * 1000 / most;
    let part = |class: &'static str, from: u64, count: u64| {
        html! { <rect {class} x={x(from).to_string()} width={x(count).to_string()} height="8" /> }
    };
    let mark = |class: &'static str, at: u64| {
        let d = format!("M{} -2v12", x(at).min(999));
        html! { <path {class} {d} vector-effect="non-scaling-stroke" /> }
    };
    let words = [(new, t().new_pods), (old, t().old_pods), (waiting, t().unready)];
    let legend = |(n, (count, word)): (usize, &(u64, &'static str))| {
        let class = ["key new", "key old", "key wait"][n];
        html! {
            if *count > 0 { <span {class}>{ format!("{count} {word}") }</span> }
        }
    };
    html! {
        <div class="rollout">
            <svg viewBox="0 -2 1000 12" preserveAspectRatio="none" aria-hidden="true">
                <rect class="rollout-all" width="1000" height="8" />
                { part("rollout-new", 0, new) }
                { part("rollout-old", new, old) }
                { part("rollout-wait", new + old, waiting) }
                if work.surge > 0 { { mark("rollout-mark", u64::from(work.desired)) } }
                if work.missing > 0 && floor > 0 { { mark("rollout-floor", floor) } }
            </svg>
            <p class="legend">
                { for words.iter().enumerate().map(legend) }
                if work.surge > 0 || work.missing > 0 {
                    <span class="muted">
                        { format!("{} {} · {} {floor}", t().surge, work.desired + work.surge, t().floor) }
                    </span>
                }
            </p>
        </div>
    }
}

fn newest_available(view: &View, item: &Item, work: &WorkloadFacts) -> u32 {
    let newest = view.children(item).iter().max_by_key(|child| revision(child));
    match newest.map(|child| &child.facts) {
        Some(Facts::Workload(child)) => child.available,
        _ => work.available.min(work.updated),
    }
}
