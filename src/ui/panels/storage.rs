use std::rc::Rc;

use yew::prelude::*;

use super::{Panel, Place, Scene};
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::view::Tone;
use crate::ui::view::{Facts, Item, Ref};
use crate::ui::widgets::icon::{tone_class, tone_icon};

/// Claims, volumes and what binds them.
pub const PANEL: Panel = Panel {
    id: "storage",
    place: Place::Stage,
    title: |words| words.storage,
    count: |view| Some(view.of_kind("PersistentVolumeClaim").count()),
    render: |scene| html! { <Storage ..scene /> },
};

/// The height of a row; `stage.css` says the same.
const ROW: usize = 64;

#[component]
fn Storage(scene: &Scene) -> Html {
    let claims: Vec<_> = scene.view.of_kind("PersistentVolumeClaim").cloned().collect();
    let mut volumes: Vec<_> = scene.view.of_kind("PersistentVolume").cloned().collect();
    if claims.is_empty() && volumes.is_empty() {
        return html! { <p class="empty">{ t().no_storage }</p> };
    }
    // Bound volumes in the order of their claims: the edges then seldom cross.
    let rank = |volume: &Rc<Item>| {
        let claim = claim_of(volume);
        claims.iter().position(|c| Some(&c.reference) == claim.as_ref()).unwrap_or(usize::MAX)
    };
    volumes.sort_by_key(rank);
    let edges = volumes.iter().enumerate().filter_map(|(right, volume)| {
        let claim = claim_of(volume)?;
        let left = claims.iter().position(|c| c.reference == claim)?;
        let bound = matches!(&claims[left].facts, Facts::Claim(c) if c.volume.is_some());
        Some((left, right, bound, volume.uid.clone()))
    });
    let edge = |(left, right, bound, uid): (usize, usize, bool, String)| {
        let (from, to) = (left * ROW + ROW / 2, right * ROW + ROW / 2);
        let d = format!("M0 {from}C50 {from} 50 {to} 100 {to}");
        let class = if bound { "edge" } else { "edge loose" };
        html! { <path key={uid} {class} {d} pathLength="1" vector-effect="non-scaling-stroke" /> }
    };
    let height = claims.len().max(volumes.len()) * ROW;
    html! {
        <div class="storage">
            <section aria-label={t().claims}>
                <h3>{ t().claims }</h3>
                { for claims.iter().map(|item| claim_card(scene, item)) }
            </section>
            <svg class="edges" viewBox={format!("0 0 100 {height}")} height={height.to_string()}
                preserveAspectRatio="none" aria-hidden="true">{ for edges.map(edge) }</svg>
            <section aria-label={t().volumes}>
                <h3>{ t().volumes }</h3>
                { for volumes.iter().map(|item| volume_card(scene, item)) }
            </section>
        </div>
    }
}

fn claim_of(volume: &Item) -> Option<Ref> {
    let Facts::Volume(facts) = &volume.facts else { return None };
    let (namespace, name) = facts.claim.as_ref()?;
    Some(Ref::new("PersistentVolumeClaim", namespace, name))
}

fn claim_card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Claim(claim) = &item.facts else { return Html::default() };
    let users = scene.view.of_kind("Pod").filter(|pod| {
        pod.reference.namespace == item.reference.namespace
            && matches!(&pod.facts, Facts::Pod(p) if p.claims.iter().any(|c| **c == *item.reference.name))
    });
    let users: Vec<&str> = users.map(|pod| &*pod.reference.name).collect();
    let detail = format!("{} {} {}", claim.request, claim.modes, claim.class);
    card(scene, item, &claim.phase, &detail, &users.join(", "))
}

fn volume_card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Volume(volume) = &item.facts else { return Html::default() };
    let detail = format!("{} {} {}", volume.capacity, volume.modes, volume.class);
    card(scene, item, &volume.phase, &detail, &volume.reclaim)
}

fn card(scene: &Scene, item: &Rc<Item>, phase: &str, detail: &str, extra: &str) -> Html {
    let tone = match (item.leaving, phase) {
        (true, _) => Tone::Leaving,
        (_, "Bound") => Tone::Good,
        (_, "Pending" | "Released") => Tone::Waiting,
        (_, "Available") => Tone::Done,
        _ => Tone::Bad,
    };
    let word = if item.leaving { "Terminating" } else { phase };
    let reference = item.reference.clone();
    let selected = scene.selection.as_ref() == Some(&reference);
    let act = scene.act.clone();
    html! {
        <button type="button" key={item.uid.clone()}
            class={classes!("volume-card", tone_class(tone), selected.then_some("selected"))}
            aria-label={format!("{} {} {word}", reference.kind, reference.name)}
            onclick={move |_| act.emit(Act::select(&reference))}>
            <span class="volume-head">
                { tone_icon(tone) }<strong class="ellipsis">{ &*item.reference.name }</strong>
                <span class="muted">{ word }</span>
            </span>
            <span class="muted ellipsis">{ detail }</span>
            <span class="muted ellipsis">{ extra }</span>
        </button>
    }
}
