use std::collections::BTreeMap;
use std::rc::Rc;

use yew::prelude::*;

use super::{Panel, Place, Scene};
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::samples::SAMPLES;
use crate::ui::view::{Facts, Item, NodeFacts, PodFacts, Ref, Tone, View};
use crate::ui::widgets::icon::tone_class;
use crate::ui::widgets::tile::PodTile;
use crate::web::field;

/// Nodes and the Pods on them.
pub const PANEL: Panel = Panel {
    id: "cluster",
    place: Place::Stage,
    title: |words| words.cluster,
    count: |_| None,
    render: |scene| html! { <Cluster ..scene /> },
};

/// More Pods than this in one place are drawn as dots.
const TILES_MAX: usize = 120;

type Pods = Vec<Rc<Item>>;

#[component]
fn Cluster(scene: &Scene) -> Html {
    let mut placed: BTreeMap<&str, Pods> = BTreeMap::new();
    for item in scene.view.of_kind("Pod") {
        let Facts::Pod(pod) = &item.facts else { continue };
        placed.entry(pod.node.as_deref().unwrap_or("")).or_default().push(item.clone());
    }
    let waiting = placed.remove("").unwrap_or_default();
    let nodes: Vec<_> = scene.view.of_kind("Node").cloned().collect();
    if nodes.is_empty() {
        return html! { <p class="empty">{ t().no_nodes }</p> };
    }
    let idle = waiting.is_empty() && workload_count(&scene.view) == 0 && busy_pods(&placed) == 0;
    let card = |node: &Rc<Item>| {
        let pods = placed.get(&*node.reference.name).cloned().unwrap_or_default();
        node_card(scene, node, pods)
    };
    html! {
        <div class="cluster">
            if idle { { welcome(&scene.act) } }
            if !waiting.is_empty() {
                <section class="lane" aria-label={t().unscheduled}>
                    <h3>{ t().unscheduled }<span class="badge">{ waiting.len() }</span></h3>
                    { pods(scene, &waiting) }
                </section>
            }
            <div class="nodes">{ for nodes.iter().map(card) }</div>
        </div>
    }
}

fn workload_count(view: &View) -> usize {
    ["Deployment", "ReplicaSet", "StatefulSet", "Job"].iter().map(|k| view.of_kind(k).count()).sum()
}

fn busy_pods(placed: &BTreeMap<&str, Pods>) -> usize {
    placed.values().flatten().filter(|pod| &*pod.reference.namespace != "kube-system").count()
}

fn welcome(act: &Callback<Act>) -> Html {
    let run = {
        let act = act.clone();
        move |_: MouseEvent| act.emit(Act::RunSample(0))
    };
    html! {
        <section class="welcome">
            <h2>{ t().empty_title }</h2>
            <p>{ t().empty_text }</p>
            <button type="button" class="button primary" onclick={run}>{ t().run_sample }</button>
            <code class="command">{ format!("kubectl apply -f {}", SAMPLES[0].0) }</code>
        </section>
    }
}

fn node_card(scene: &Scene, item: &Rc<Item>, pods_here: Pods) -> Html {
    let Facts::Node(node) = &item.facts else { return Html::default() };
    let reference = item.reference.clone();
    let selected = scene.selection.as_ref() == Some(&reference);
    let act = scene.act.clone();
    let label = format!("Node {} {}", reference.name, node.status);
    let facts = pods_here.iter().filter_map(|p| match &p.facts {
        Facts::Pod(pod) if !matches!(pod.tone, Tone::Done) => Some(pod),
        _ => None,
    });
    let used: Vec<&PodFacts> = facts.collect();
    html! {
        <article class={classes!("node", tone_class(node.tone), selected.then_some("selected"))}
            key={&*reference.name} aria-label={label.clone()}>
            <button type="button" class="node-head" aria-label={label}
                onclick={move |_| act.emit(Act::select(&reference))}>
                <span class={classes!("dot", tone_class(node.tone))} aria-hidden="true"></span>
                <strong>{ &*item.reference.name }</strong>
                <span class="muted">{ &node.status }</span>
                if node.roles != "<none>" { <span class="tag">{ &node.roles }</span> }
            </button>
            { capacity(node, &used) }
            if !node.taints.is_empty() {
                <p class="taints">{ for node.taints.iter().map(|t| html! { <code class="tag">{ t }</code> }) }</p>
            }
            { pods(scene, &pods_here) }
        </article>
    }
}

fn capacity(node: &NodeFacts, pods: &[&PodFacts]) -> Html {
    let cpu: u64 = pods.iter().map(|p| p.cpu).sum();
    let memory: u64 = pods.iter().map(|p| p.memory).sum();
    let count = u64::try_from(pods.len()).unwrap_or(u64::MAX);
    html! {
        <dl class="capacity">
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
        n if n >= 10 * GI => format!("{}Gi", n / GI),
        n if n >= GI => format!("{}.{}Gi", n / GI, n % GI * 10 / GI),
        n => format!("{}Mi", n / MI),
    }
}

fn bar(label: &str, used: u64, all: u64, word: fn(u64) -> String) -> Html {
    let share = (used.saturating_mul(100) / all.max(1)).min(100);
    let class = if share > 90 { "bar full" } else { "bar" };
    let text = format!("{} / {}", word(used), word(all));
    html! {
        <div class="bar-row">
            <dt>{ label }</dt>
            <dd>
                <svg {class} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                    <rect class="bar-all" width="100" height="4" />
                    <rect class="bar-used" width={share.to_string()} height="4" />
                </svg>
                <span>{ text }</span>
            </dd>
        </div>
    }
}

/// Pods as tiles, or as dots if there are too many.
pub fn pods(scene: &Scene, pods: &[Rc<Item>]) -> Html {
    if pods.len() > TILES_MAX {
        return html! { <Dots pods={pods.to_vec()} act={scene.act.clone()} /> };
    }
    if pods.is_empty() {
        return html! { <p class="none">{ t().no_pods }</p> };
    }
    let tile = |item: &Rc<Item>| {
        let selected = scene.selection.as_ref() == Some(&item.reference);
        html! {
            <PodTile key={item.uid.clone()} item={item.clone()} {selected} act={scene.act.clone()} />
        }
    };
    html! { <div class="tiles">{ for pods.iter().map(tile) }</div> }
}

#[derive(Properties, PartialEq)]
struct DotsProps {
    pods: Pods,
    act: Callback<Act>,
}

/// How many dots lie in a row, and how far apart.
const ROW: usize = 40;
const PITCH: usize = 10;

/// Many Pods: a dot each, one path per state, and the counts in words.
#[component]
fn Dots(props: &DotsProps) -> Html {
    let mut paths: BTreeMap<Tone, String> = BTreeMap::new();
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, item) in props.pods.iter().enumerate() {
        let Facts::Pod(pod) = &item.facts else { continue };
        let (x, y) = (n % ROW * PITCH + 1, n / ROW * PITCH + 1);
        paths.entry(pod.tone).or_default().push_str(&format!("M{x} {y}h8v8h-8z"));
        *words.entry(&pod.status).or_default() += 1;
    }
    let counts: Vec<String> = words.iter().map(|(word, n)| format!("{n} {word}")).collect();
    let counts = counts.join(", ");
    let rows = props.pods.len().div_ceil(ROW);
    let (width, height) = (ROW * PITCH, rows * PITCH);
    let onclick = {
        let (act, pods) = (props.act.clone(), references(&props.pods));
        move |event: MouseEvent| {
            let Some((x, y, shown)) = field::click_place(&event) else { return };
            let cell = |pixels: i32| {
                let units = i64::from(pixels) * (width as i64) / i64::from(shown);
                usize::try_from(units).unwrap_or(0) / PITCH
            };
            let n = cell(y) * ROW + cell(x).min(ROW - 1);
            if let Some(reference) = pods.get(n) {
                act.emit(Act::select(reference));
            }
        }
    };
    html! {
        <figure class="dots">
            <svg viewBox={format!("0 0 {width} {height}")} role="img" aria-label={counts.clone()} {onclick}>
                { for paths.into_iter().map(|(tone, d)| html! { <path class={tone_class(tone)} {d} /> }) }
            </svg>
            <figcaption>{ counts }</figcaption>
        </figure>
    }
}

fn references(pods: &[Rc<Item>]) -> Vec<Ref> {
    pods.iter().map(|pod| pod.reference.clone()).collect()
}
