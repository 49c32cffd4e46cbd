use yew::prelude::*;

use super::{Panel, Place, Scene};
use crate::sim::{Fact, Record};
use crate::ui::messages::t;
use crate::ui::session::stamp;
use crate::ui::view::{Facts, Ref};

/// What was decided about the selected object, and from which numbers.
pub const PANEL: Panel = Panel {
    id: "why",
    place: Place::Inspector,
    title: |words| words.why,
    count: |_| None,
    epoch: |scene| {
        let view = &scene.view;
        view.paced(|| scene.session.decided() ^ view.items.epoch(&["HorizontalPodAutoscaler"]))
    },
    render: |scene| html! { <Why ..scene /> },
};

/// More records than this are left out.
const RECORDS_MAX: usize = 120;
/// So many show their numbers at once; the others when asked.
const OPEN_MAX: usize = 3;

#[component]
fn Why(scene: &Scene) -> Html {
    let Some(item) = scene.selected() else { return Html::default() };
    let chain = scene.view.chain(item);
    let mut references: Vec<Ref> = chain.iter().map(|item| item.reference.clone()).collect();
    // An autoscaler's decisions explain the workload it scales.
    let scalers = scene
        .view
        .of_kind("HorizontalPodAutoscaler")
        .filter(|hpa| matches!(&hpa.facts, Facts::Autoscaler(a) if references.contains(&a.target)));
    let scalers: Vec<Ref> = scalers.map(|hpa| hpa.reference.clone()).collect();
    references.extend(scalers);
    let records = scene.session.why(&references, RECORDS_MAX);
    if records.is_empty() {
        return html! { <p class="empty">{ t().no_reasons }</p> };
    }
    let records = records.iter().enumerate().map(|(n, r)| record(scene, r, n < OPEN_MAX));
    html! { <ol class="records">{ for records }</ol> }
}

/// One decision with its inputs and results.
pub fn record(scene: &Scene, record: &Record, open: bool) -> Html {
    let fact = |fact: &Fact| {
        html! { <><dt>{ fact.name }</dt><dd>{ &fact.value }</dd></> }
    };
    let told: Vec<&Fact> = record.facts.iter().filter(|fact| !fact.value.is_empty()).collect();
    let when = stamp(record.at.since(scene.session.start()));
    html! {
        <li key={record.sequence}>
            <details {open}>
                <summary>
                    <span class="record-head">
                        <strong>{ &record.summary }</strong>
                        <span class="muted figure">{ when }</span>
                    </span>
                    <span class="muted">{ format!("{} · {}", record.actor, record.subject) }</span>
                </summary>
                if !told.is_empty() { <dl class="facts">{ for told.into_iter().map(fact) }</dl> }
            </details>
        </li>
    }
}
