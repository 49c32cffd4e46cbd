use yew::prelude::*;

use super::{Panel, Place, Scene};
use crate::sim::Record;
use crate::ui::messages::t;
use crate::ui::session::stamp;
use crate::ui::view::Ref;

/// What was decided about the selected object, and from which numbers.
pub const PANEL: Panel = Panel {
    id: "why",
    place: Place::Inspector,
    title: |words| words.why,
    count: |_| None,
    render: |scene| html! { <Why ..scene /> },
};

/// More records than this are left out.
const RECORDS_MAX: usize = 120;

#[component]
fn Why(scene: &Scene) -> Html {
    let Some(item) = scene.selected() else { return Html::default() };
    let chain = scene.view.chain(item);
    let mut references: Vec<Ref> = chain.iter().map(|item| item.reference.clone()).collect();
    // An autoscaler's decisions explain the workload it scales.
    let scalers = scene.view.of_kind("HorizontalPodAutoscaler").filter(|hpa| {
        matches!(&hpa.facts, crate::ui::view::Facts::Autoscaler(a) if references.contains(&a.target))
    });
    let scalers: Vec<Ref> = scalers.map(|hpa| hpa.reference.clone()).collect();
    references.extend(scalers);
    let records = scene.session.why(&references, RECORDS_MAX);
    if records.is_empty() {
        return html! { <p class="empty">{ t().no_reasons }</p> };
    }
    html! { <ol class="records">{ for records.iter().map(|r| record(scene, r)) }</ol> }
}

/// One decision with its inputs and results.
pub fn record(scene: &Scene, record: &Record) -> Html {
    let fact = |fact: &crate::sim::Fact| {
        html! { <><dt>{ fact.name }</dt><dd>{ &fact.value }</dd></> }
    };
    html! {
        <li key={record.sequence}>
            <p class="record-head">
                <strong>{ record.actor }</strong>
                <span class="muted figure">{ stamp(record.at.since(scene.session.start())) }</span>
            </p>
            <p>{ &record.summary }</p>
            <p class="muted">{ &record.subject }</p>
            if !record.facts.is_empty() {
                <dl class="facts">{ for record.facts.iter().map(fact) }</dl>
            }
        </li>
    }
}
