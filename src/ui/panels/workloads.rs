use std::cmp::Reverse;
use std::rc::Rc;

use yew::prelude::*;

use super::{Panel, Place, Scene, leaving_clock};
use crate::base::order::Order as _;
use crate::scenario::lessons;
use crate::ui::act::Act;
use crate::ui::messages::{fill, t};
use crate::ui::view::{Facts, Item, View, WorkloadFacts};
use crate::ui::widgets::icon::kind_icon;
use crate::ui::widgets::invite::invite;
use crate::ui::widgets::load::LoadSliders;
use crate::ui::widgets::rollout::Rollout;
use crate::ui::widgets::tile::{Pods, PodsProps};
use crate::web::dom;

/// Who owns whom.
pub const PANEL: Panel = Panel {
    id: "workloads",
    place: Place::Stage,
    title: |words| words.workloads,
    count: |view| Some(roots(view).len()),
    epoch: |scene| {
        let view = &scene.view;
        let loads = view.load.values().map(|load| (load.cpu, load.memory));
        let number = |n: Option<u32>| u64::from(n.unwrap_or(0));
        let load = loads.fold(0_u64, |hash, (cpu, memory)| {
            hash.wrapping_mul(31).wrapping_add(number(cpu) << 20).wrapping_add(number(memory))
        });
        let drawn = || view.items.epoch(KINDS) ^ view.items.epoch(&["Pod"]) ^ leaving_clock(view);
        view.paced(drawn) ^ load
    },
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
        return invite(t().no_workloads, t().no_workloads_text, lessons::FIRST, &scene.act);
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
        <ul class="tree" id={TREE} aria-label={t().workloads} {onkeydown}>
            { for roots.iter().map(|item| branch(scene, item, 1)) }
            if !bare.is_empty() {
                <li class="branch" key="bare">
                    <p class="branch-head">{ kind_icon("Pod") }<span class="kind">{ t().bare_pods }</span></p>
                    <div class="leaf">{ pods(scene, bare) }</div>
                </li>
            }
        </ul>
    }
}

fn pods(scene: &Scene, pods: Vec<Rc<Item>>) -> Html {
    let props = PodsProps::new(pods, scene.selection.as_ref(), &scene.view, &scene.act);
    html! { <Pods ..props /> }
}

fn branch(scene: &Scene, item: &Rc<Item>, level: usize) -> Html {
    let Facts::Workload(work) = &item.facts else { return Html::default() };
    let children = scene.view.children(item);
    let is_pod = |child: &Rc<Item>| matches!(child.facts, Facts::Pod(_));
    let (own, mut below): (Vec<_>, Vec<_>) = children.into_iter().partition(is_pod);
    // The newest revision first.
    below.order_by_key(|child| Reverse((revision(child), child.created)));
    let newest = below.first().cloned();
    let mut old = 0;
    below.retain(|child| {
        let is_old = matches!(&child.facts, Facts::Workload(w) if w.current == 0 && w.desired == 0);
        old += usize::from(is_old);
        !is_old || old <= OLD_MAX
    });
    let is_rolled = level == 1 && !matches!(&*item.reference.kind, "CronJob");
    let is_loaded = level == 1 && !matches!(&*item.reference.kind, "CronJob" | "Job");
    let load = scene.view.load.get(&item.reference).copied().unwrap_or_default();
    let is_empty = work.desired == 0 && work.current == 0;
    html! {
        <li class={classes!("branch", is_empty.then_some("spent"))} key={&*item.uid}>
            { head(scene, item, work) }
            if is_rolled {
                <div class="branch-facts">
                    <Rollout work={item.clone()} {newest} />
                    if is_loaded {
                        <LoadSliders workload={item.reference.clone()} {load} act={scene.act.clone()} />
                    }
                </div>
            }
            if !own.is_empty() { <div class="leaf">{ pods(scene, own) }</div> }
            if !below.is_empty() {
                <ul>{ for below.iter().map(|child| branch(scene, child, level + 1)) }</ul>
            }
        </li>
    }
}

fn head(scene: &Scene, item: &Item, work: &WorkloadFacts) -> Html {
    let selected = scene.selection.as_ref() == Some(&item.reference);
    let select = {
        let (reference, act) = (item.reference.clone(), scene.act.clone());
        move |_: MouseEvent| act.emit(Act::select(&reference))
    };
    html! {
        <button type="button" class={classes!("branch-head", selected.then_some("selected"))}
            aria-pressed={if selected { "true" } else { "false" }} onclick={select}>
            { kind_icon(&item.reference.kind) }
            <span class="kind">{ &*item.reference.kind }</span>
            <strong>{ &*item.reference.name }</strong>
            if let Some(revision) = &work.revision {
                <span class="tag">{ fill(t().revision_of, revision) }</span>
            }
            if let Some(strategy) = &work.strategy { <span class="tag">{ strategy }</span> }
            if work.paused { <span class="tag waiting">{ t().paused }</span> }
            <span class="muted ellipsis">{ work.images.join(", ") }</span>
            <span class="figure" title={t().ready}>{ format!("{}/{}", work.ready, work.desired) }</span>
        </button>
    }
}

/// The revision of a ReplicaSet; zero if it has none.
fn revision(item: &Item) -> u64 {
    match &item.facts {
        Facts::Workload(work) => work.revision.as_ref().and_then(|r| r.parse().ok()).unwrap_or(0),
        _ => 0,
    }
}
