use std::rc::Rc;

use yew::prelude::*;

use super::{Panel, Place, Scene, leaving_clock};
use crate::base::small_map::SmallMap;
use crate::scenario::lessons;
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::view::{Facts, Item, NodeFacts, PodFacts, Ref, Tone, View};
use crate::ui::widgets::icon::{ADD, icon, kind_icon, tone_class, tone_icon};
use crate::ui::widgets::invite::invite;
use crate::ui::widgets::tile::{Pods, PodsProps};

/// Nodes and the Pods on them.
pub const PANEL: Panel = Panel {
    id: "cluster",
    place: Place::Stage,
    title: |words| words.cluster,
    count: |_| None,
    epoch: |scene| {
        let kinds = ["Pod", "Node", "Deployment", "ReplicaSet", "StatefulSet", "Job"];
        let view = &scene.view;
        if view.is_large() { view.turn } else { view.items.epoch(&kinds) ^ leaving_clock(view) }
    },
    render: |scene| html! { <Cluster ..scene /> },
};

/// The Pods that the places show, by node, and the selection when they were drawn.
#[derive(Default)]
struct Shown {
    selection: Option<Ref>,
    places: SmallMap<Rc<str>, Rc<PodsProps>>,
}

impl Shown {
    /// The Pods on `node`, which is the `n`th; in a large cluster those of the node's last turn.
    fn place(&self, scene: &Scene, n: u64, node: &Rc<str>) -> Rc<PodsProps> {
        let kept = self.places.get(node).filter(|_| self.selection == scene.selection);
        if let Some(kept) = kept.filter(|kept| kept.act == scene.act && !scene.view.has_turn(n)) {
            return kept.clone();
        }
        let pods = scene.view.items.placed_on(node).cloned().collect();
        Rc::new(PodsProps::new(pods, scene.selection.as_ref(), &scene.view, &scene.act))
    }

    /// Brings everything up to date whose turn it is.
    fn refresh(&mut self, scene: &Scene) {
        let nodes = scene.view.of_kind("Node").map(|node| &node.reference.name);
        let nowhere: Rc<str> = "".into();
        let names = std::iter::once(&nowhere).chain(nodes);
        let places = (0..).zip(names).map(|(n, name)| (name.clone(), self.place(scene, n, name)));
        self.places = places.collect();
        self.selection.clone_from(&scene.selection);
    }
}

#[component]
fn Cluster(scene: &Scene) -> Html {
    let shown = use_mut_ref(Shown::default);
    shown.borrow_mut().refresh(scene);
    let places = &shown.borrow().places;
    let waiting = places[""].clone();
    let idle = waiting.pods.is_empty() && is_empty(&scene.view);
    let card = |node: &Rc<Item>| {
        let selected = scene.selection.as_ref() == Some(&node.reference);
        let pods = places[&node.reference.name].clone();
        html! { <NodeCard key={&*node.uid} node={node.clone()} {selected} {pods} /> }
    };
    let add = {
        let act = scene.act.clone();
        move |_: MouseEvent| act.emit(Act::AddNode)
    };
    html! {
        <div class="cluster">
            if idle { { invite(t().empty_title, t().empty_text, lessons::FIRST, &scene.act) } }
            if !waiting.pods.is_empty() {
                <section class="lane" aria-label={t().unscheduled}>
                    <h3>{ t().unscheduled }<span class="badge">{ waiting.pods.len() }</span></h3>
                    <Pods ..(*waiting).clone() />
                </section>
            }
            <div class="nodes">{ for scene.view.of_kind("Node").map(card) }</div>
            <p class="stage-foot">
                <button type="button" class="button quiet" onclick={add} title={t().add_node_hint}>
                    { icon(ADD) }{ t().add_node }
                </button>
            </p>
        </div>
    }
}

/// Whether nothing of a person's own is there yet.
fn is_empty(view: &View) -> bool {
    let workloads = ["Deployment", "ReplicaSet", "StatefulSet", "Job"];
    let pods = view.of_kind("Pod").any(|pod| &*pod.reference.namespace != "kube-system");
    !pods && workloads.iter().all(|kind| view.count(kind) == 0)
}

#[derive(Properties, PartialEq)]
struct NodeCardProps {
    node: Rc<Item>,
    selected: bool,
    pods: Rc<PodsProps>,
}

/// A node: how it is, what it has, what it refuses, and the Pods on it.
#[component]
fn NodeCard(props: &NodeCardProps) -> Html {
    let item = &props.node;
    let Facts::Node(node) = &item.facts else { return Html::default() };
    let select = {
        let (reference, act) = (item.reference.clone(), props.pods.act.clone());
        move |_: MouseEvent| act.emit(Act::select(&reference))
    };
    let label = format!("Node {} {}", item.reference.name, node.status);
    let used = props.pods.pods.iter().filter_map(|pod| match &pod.facts {
        Facts::Pod(pod) if !matches!(pod.tone, Tone::Done) => Some(pod),
        _ => None,
    });
    let used: Vec<&PodFacts> = used.collect();
    let pods = &props.pods;
    html! {
        <article class={classes!("node", tone_class(node.tone), props.selected.then_some("selected"))}
            aria-label={label.clone()}>
            <button type="button" class="node-head" aria-label={label} onclick={select}>
                { kind_icon("Node") }
                <strong class="ellipsis">{ &*item.reference.name }</strong>
                if node.roles != "<none>" { <span class="tag">{ &node.roles }</span> }
                <span class="phase">{ tone_icon(node.tone) }{ &node.status }</span>
            </button>
            { capacity(node, &used) }
            if !node.taints.is_empty() {
                <ul class="taints" aria-label={t().taints}>
                    { for node.taints.iter().map(|taint| html! { <li>{ self::taint(taint) }</li> }) }
                </ul>
            }
            if pods.pods.is_empty() {
                <p class="none">{ t().no_pods }</p>
            } else {
                <Pods ..(**pods).clone() />
            }
        </article>
    }
}

/// A taint, its key shortened to what tells it apart; the tooltip has it all.
fn taint(taint: &str) -> Html {
    let short = taint.rsplit_once('/').map_or(taint, |(_, short)| short);
    html! { <code class="tag" title={taint.to_owned()}>{ short.to_owned() }</code> }
}

fn capacity(node: &NodeFacts, pods: &[&PodFacts]) -> Html {
    let cpu: u64 = pods.iter().map(|p| p.cpu).sum();
    let memory: u64 = pods.iter().map(|p| p.memory).sum();
    let count = u64::try_from(pods.len()).unwrap_or(u64::MAX);
    html! {
        <dl class="capacity" title={t().capacity_hint}>
            { bar(t().cpu, cpu, node.cpu, cores) }
            { bar(t().memory, memory, node.memory, bytes) }
            { bar(t().pods, count, node.pods, |n| n.to_string()) }
        </dl>
    }
}

/// Thousandths of a core as a person writes them.
pub fn cores(milli: u64) -> String {
    if milli.is_multiple_of(1000) { (milli / 1000).to_string() } else { format!("{milli}m") }
}

/// Bytes as a person writes them.
pub fn bytes(bytes: u64) -> String {
    const MI: u64 = 1 << 20;
    const GI: u64 = 1 << 30;
    match bytes {
        0 => "0".to_owned(),
        n if n >= 10 * GI || n.is_multiple_of(GI) => format!("{}Gi", n / GI),
        n if n >= GI => format!("{}.{}Gi", n / GI, n % GI * 10 / GI),
        n => format!("{}Mi", n / MI),
    }
}

fn bar(label: &str, used: u64, all: u64, word: fn(u64) -> String) -> Html {
    let share = (used.saturating_mul(100) / all.max(1)).min(100);
    let class = if share > 90 { "bar full" } else { "bar" };
    html! {
        <div>
            <dt>{ label }</dt>
            <dd class="figure">{ word(used) }<span class="muted">{ format!(" / {}", word(all)) }</span></dd>
            <svg {class} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="bar-all" width="100" height="4" />
                <rect class="bar-used" width={share.to_string()} height="4" />
            </svg>
        </div>
    }
}
