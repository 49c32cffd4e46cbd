use std::rc::Rc;

use yew::prelude::*;

use super::why::record;
use super::{Panel, Place, Scene, clock};
use crate::ui::messages::{fill, t};
use crate::ui::view::{AutoscalerFacts, Facts, Item, Metric};
use crate::ui::widgets::chart::Chart;
use crate::ui::widgets::invite::invite;
use crate::ui::widgets::link::link;
use crate::ui::widgets::load::LoadSliders;

/// What an autoscaler decided, and when.
pub const PANEL: Panel = Panel {
    id: "autoscaling",
    place: Place::Stage,
    title: |words| words.autoscaling,
    count: |view| Some(view.count("HorizontalPodAutoscaler")),
    epoch: |scene| scene.view.items.epoch(&["HorizontalPodAutoscaler"]) ^ clock(&scene.view),
    render: |scene| html! { <Autoscaling ..scene /> },
};

const DECISIONS_MAX: usize = 12;

#[component]
fn Autoscaling(scene: &Scene) -> Html {
    if scene.view.count("HorizontalPodAutoscaler") == 0 {
        let (title, text) = (t().no_autoscalers, t().no_autoscalers_text);
        return invite(title, text, "autoscaling.yaml", &scene.act);
    }
    let cards = scene.view.of_kind("HorizontalPodAutoscaler").map(|item| card(scene, item));
    html! { <div class="scalers">{ for cards }</div> }
}

fn card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Autoscaler(hpa) = &item.facts else { return Html::default() };
    let samples = scene.view.samples.get(&item.reference).cloned().unwrap_or_default();
    let decisions = scene.session.why(std::slice::from_ref(&item.reference), DECISIONS_MAX);
    let load = scene.view.load.get(&hpa.target).copied().unwrap_or_default();
    let condition = |(kind, reason, message): &(String, String, String)| {
        html! { <li><strong>{ format!("{kind}: {reason}") }</strong><span>{ message }</span></li> }
    };
    html! {
        <article class="scaler" key={&*item.uid} aria-label={item.reference.name.to_string()}>
            <header>
                { link(&item.reference, &scene.act) }
                <span class="muted" aria-hidden="true">{ "→" }</span>
                { link(&hpa.target, &scene.act) }
            </header>
            <div class="scaler-facts">
                { replicas(hpa) }
                { for hpa.metrics.iter().map(metric) }
                <LoadSliders workload={hpa.target.clone()} {load} act={scene.act.clone()} />
            </div>
            <Chart {samples} now={scene.view.now} start={scene.session.start()} min={hpa.min} max={hpa.max} />
            if !hpa.conditions.is_empty() {
                <ul class="conditions">{ for hpa.conditions.iter().map(condition) }</ul>
            }
            if !decisions.is_empty() {
                <h3 class="section">{ t().decisions }</h3>
                <ol class="records">
                    { for decisions.iter().enumerate().map(|(n, r)| record(scene, r, n == 0)) }
                </ol>
            }
        </article>
    }
}

fn replicas(hpa: &AutoscalerFacts) -> Html {
    let going = if hpa.current == hpa.desired || hpa.desired == 0 {
        hpa.current.to_string()
    } else {
        format!("{} → {}", hpa.current, hpa.desired)
    };
    html! {
        <div class="stat">
            <span class="muted">{ t().replicas }</span>
            <strong class="figure">{ going }</strong>
            <span class="muted figure">{ fill(t().bounds_of, &format!("{}–{}", hpa.min, hpa.max)) }</span>
        </div>
    }
}

/// A metric by its target, which sits in the middle of the bar.
fn metric(metric: &Metric) -> Html {
    let ratio = metric.ratio.unwrap_or(0);
    let share = (ratio * 50 / 1000).min(100);
    let class = if ratio > 1100 { "bar full" } else { "bar" };
    html! {
        <div class="stat">
            <span class="muted">{ &metric.name }</span>
            <strong class="figure">{ &metric.current }</strong>
            <span class="muted figure">{ fill(t().target_of, &metric.target) }</span>
            <svg {class} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="bar-all" width="100" height="4" />
                <rect class="bar-used" width={share.to_string()} height="4" />
                <path class="bar-aim" d="M50 0v4" vector-effect="non-scaling-stroke" />
            </svg>
        </div>
    }
}
