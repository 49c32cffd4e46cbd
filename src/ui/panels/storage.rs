use std::rc::Rc;

use yew::prelude::*;

use super::{Panel, Place, Scene};
use crate::base::order::Order as _;
use crate::ui::act::Act;
use crate::ui::messages::{fill, t};
use crate::ui::view::{Facts, Item, Ref, Tone};
use crate::ui::widgets::icon::{kind_icon, tone_class, tone_icon};
use crate::ui::widgets::invite::invite;

/// Pods, the claims they mount, the volumes those are bound to.
pub const PANEL: Panel = Panel {
    id: "storage",
    place: Place::Stage,
    title: |words| words.storage,
    count: |view| Some(view.count("PersistentVolumeClaim")),
    epoch: |scene| {
        let kinds = ["PersistentVolumeClaim", "PersistentVolume", "Pod", "Event"];
        scene.view.paced(|| scene.view.items.epoch(&kinds))
    },
    render: |scene| html! { <Storage ..scene /> },
};

/// The height of a row; `stage.css` says the same.
const ROW: usize = 68;
/// More Pods than this are left out.
const PODS_MAX: usize = 40;

type Column = Vec<Rc<Item>>;
/// From which row to which, whether it holds, and what identifies it.
type Edge = (usize, usize, bool, String);

#[component]
fn Storage(scene: &Scene) -> Html {
    let claims: Column = scene.view.of_kind("PersistentVolumeClaim").cloned().collect();
    let mut volumes: Column = scene.view.of_kind("PersistentVolume").cloned().collect();
    if claims.is_empty() && volumes.is_empty() {
        return invite(t().no_storage, t().no_storage_text, "storage.yaml", &scene.act);
    }
    // Pods and volumes in the order of their claims: the edges then seldom cross.
    let place = |claim: Option<Ref>| {
        claims.iter().position(|c| Some(&c.reference) == claim.as_ref()).unwrap_or(usize::MAX)
    };
    volumes.order_by_key(|volume| place(claim_of(volume)));
    let mut pods: Column =
        scene.view.of_kind("Pod").filter(|pod| !mounted(pod).is_empty()).cloned().collect();
    pods.order_by_key(|pod| place(mounted(pod).into_iter().next()));
    pods.truncate(PODS_MAX);
    let rows = claims.len().max(volumes.len()).max(pods.len());
    html! {
        <div class="storage">
            { column(t().pods, pods.iter().map(|item| pod_card(scene, item))) }
            { edges(rows, mounts(&pods, &claims)) }
            { column(t().claims, claims.iter().map(|item| claim_card(scene, item))) }
            { edges(rows, bindings(&claims, &volumes)) }
            { column(t().volumes, volumes.iter().map(|item| volume_card(scene, item))) }
        </div>
    }
}

fn column(title: &'static str, cards: impl Iterator<Item = Html>) -> Html {
    html! { <section aria-label={title}><h3>{ title }</h3>{ for cards }</section> }
}

fn edges(rows: usize, edges: Vec<Edge>) -> Html {
    let height = rows * ROW;
    let edge = |(left, right, holds, key): Edge| {
        let (from, to) = (left * ROW + ROW / 2, right * ROW + ROW / 2);
        let d = format!("M0 {from}C50 {from} 50 {to} 100 {to}");
        let class = if holds { "edge" } else { "edge loose" };
        html! { <path {key} {class} {d} pathLength="1" vector-effect="non-scaling-stroke" /> }
    };
    html! {
        <svg class="edges" viewBox={format!("0 0 100 {height}")} height={height.to_string()}
            preserveAspectRatio="none" aria-hidden="true">{ for edges.into_iter().map(edge) }</svg>
    }
}

fn mounts(pods: &Column, claims: &Column) -> Vec<Edge> {
    let of = |(left, pod): (usize, &Rc<Item>)| {
        let places = mounted(pod).into_iter().filter_map(|claim| {
            let right = claims.iter().position(|c| c.reference == claim)?;
            let runs = matches!(&pod.facts, Facts::Pod(facts) if facts.node.is_some());
            Some((left, right, runs, format!("{}-{right}", pod.uid)))
        });
        places.collect::<Vec<_>>()
    };
    pods.iter().enumerate().flat_map(of).collect()
}

fn bindings(claims: &Column, volumes: &Column) -> Vec<Edge> {
    let of = |(right, volume): (usize, &Rc<Item>)| {
        let claim = claim_of(volume)?;
        let left = claims.iter().position(|c| c.reference == claim)?;
        let bound = matches!(&claims[left].facts, Facts::Claim(c) if c.volume.is_some());
        Some((left, right, bound, volume.uid.to_string()))
    };
    volumes.iter().enumerate().filter_map(of).collect()
}

/// The claims a Pod mounts.
fn mounted(pod: &Item) -> Vec<Ref> {
    let Facts::Pod(facts) = &pod.facts else { return Vec::new() };
    let claim = |name: &String| Ref::new("PersistentVolumeClaim", &pod.reference.namespace, name);
    facts.claims.iter().map(claim).collect()
}

fn claim_of(volume: &Item) -> Option<Ref> {
    let Facts::Volume(facts) = &volume.facts else { return None };
    let (namespace, name) = facts.claim.as_ref()?;
    Some(Ref::new("PersistentVolumeClaim", namespace, name))
}

fn pod_card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Pod(pod) = &item.facts else { return Html::default() };
    card(scene, item, pod.tone, &pod.status, pod.node.as_deref().unwrap_or(""))
}

fn claim_card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Claim(claim) = &item.facts else { return Html::default() };
    let detail = if claim.volume.is_none() {
        // Why it waits is what one wants to know of a claim that does.
        warning(scene, item).unwrap_or_else(|| fill(t().asks_for, &claim.request))
    } else {
        [&*claim.request, &claim.modes, &claim.class].join("  ")
    };
    card(scene, item, tone(item, &claim.phase), &claim.phase, &detail)
}

/// The newest thing that was said about an object.
fn warning(scene: &Scene, item: &Item) -> Option<String> {
    let about = scene.view.of_kind("Event").filter_map(|event| match &event.facts {
        Facts::Event(facts) if facts.about == item.reference => Some(facts),
        _ => None,
    });
    about.max_by_key(|facts| facts.last).map(|facts| facts.message.clone())
}

fn volume_card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Volume(volume) = &item.facts else { return Html::default() };
    let detail = [&*volume.capacity, &volume.modes, &volume.class, &volume.reclaim].join("  ");
    card(scene, item, tone(item, &volume.phase), &volume.phase, &detail)
}

fn tone(item: &Item, phase: &str) -> Tone {
    match (item.leaving.is_some(), phase) {
        (true, _) => Tone::Leaving,
        (_, "Bound") => Tone::Good,
        (_, "Pending" | "Released") => Tone::Waiting,
        (_, "Available") => Tone::Done,
        _ => Tone::Bad,
    }
}

fn card(scene: &Scene, item: &Rc<Item>, tone: Tone, phase: &str, detail: &str) -> Html {
    let word = if item.leaving.is_some() { "Terminating" } else { phase };
    let reference = item.reference.clone();
    let selected = scene.selection.as_ref() == Some(&reference);
    let act = scene.act.clone();
    html! {
        <button type="button" key={&*item.uid}
            class={classes!("volume-card", tone_class(tone), selected.then_some("selected"))}
            aria-label={format!("{} {} {word}", reference.kind, reference.name)}
            title={detail.to_owned()} onclick={move |_| act.emit(Act::select(&reference))}>
            <span class="volume-head">
                { kind_icon(&item.reference.kind) }
                <strong class="ellipsis">{ &*item.reference.name }</strong>
            </span>
            <span class="phase">{ tone_icon(tone) }{ word }</span>
            <span class="muted ellipsis">{ detail }</span>
        </button>
    }
}
