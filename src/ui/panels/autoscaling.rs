use std::rc::Rc;

use yew::prelude::*;

use super::why::record;
use super::{Panel, Place, Scene};
use crate::ui::act::Act;
use crate::ui::messages::t;
use crate::ui::session::stamp;
use crate::ui::view::{AutoscalerFacts, Facts, Item, Metric, Sample};
use crate::ui::widgets::link::link;
use crate::web::field;

/// What an autoscaler decided, and when.
pub const PANEL: Panel = Panel {
    id: "autoscaling",
    place: Place::Stage,
    title: |words| words.autoscaling,
    count: |view| Some(view.of_kind("HorizontalPodAutoscaler").count()),
    render: |scene| html! { <Autoscaling ..scene /> },
};

const DECISIONS_MAX: usize = 12;
/// The chart's size in its own units.
const WIDTH: u64 = 600;
const HEIGHT: u64 = 120;

#[component]
fn Autoscaling(scene: &Scene) -> Html {
    let scalers: Vec<_> = scene.view.of_kind("HorizontalPodAutoscaler").cloned().collect();
    if scalers.is_empty() {
        return html! { <p class="empty">{ t().no_autoscalers }</p> };
    }
    html! { <div class="scalers">{ for scalers.iter().map(|item| card(scene, item)) }</div> }
}

fn card(scene: &Scene, item: &Rc<Item>) -> Html {
    let Facts::Autoscaler(hpa) = &item.facts else { return Html::default() };
    let samples = scene.view.samples.get(&item.reference).cloned().unwrap_or_default();
    let decisions = scene.session.why(std::slice::from_ref(&item.reference), DECISIONS_MAX);
    let condition = |(kind, reason, message): &(String, String, String)| {
        html! { <li><strong>{ format!("{kind}: {reason}") }</strong><span>{ format!(" {message}") }</span></li> }
    };
    html! {
        <article class="scaler" key={item.uid.clone()} aria-label={item.reference.name.to_string()}>
            <header>
                { link(&item.reference, &scene.act) }
                <span class="arrow" aria-hidden="true">{ "→" }</span>
                { link(&hpa.target, &scene.act) }
                <span class="big figure">{ format!("{} → {}", hpa.current, hpa.desired) }</span>
                <span class="muted">{ format!("{} ({}–{})", t().replicas, hpa.min, hpa.max) }</span>
            </header>
            <div class="metrics">{ for hpa.metrics.iter().map(metric) }</div>
            { load(scene, hpa) }
            { chart(scene, hpa, &samples) }
            if !hpa.conditions.is_empty() {
                <ul class="conditions">{ for hpa.conditions.iter().map(condition) }</ul>
            }
            if !decisions.is_empty() {
                <h3 class="section">{ t().decisions }</h3>
                <ol class="records">{ for decisions.iter().map(|r| record(scene, r)) }</ol>
            }
        </article>
    }
}

fn metric(metric: &Metric) -> Html {
    let ratio = metric.ratio.unwrap_or(0);
    // The target sits in the middle of the bar.
    let share = (ratio * 50 / 1000).min(100);
    let class = if ratio > 1100 { "bar full" } else { "bar" };
    html! {
        <div class="bar-row">
            <span>{ &metric.name }</span>
            <svg {class} viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
                <rect class="bar-all" width="100" height="4" />
                <rect class="bar-used" width={share.to_string()} height="4" />
                <path class="bar-aim" d="M50 0v4" vector-effect="non-scaling-stroke" />
            </svg>
            <span class="figure">{ format!("{} / {}", metric.current, metric.target) }</span>
        </div>
    }
}

fn load(scene: &Scene, hpa: &AutoscalerFacts) -> Html {
    let now = scene.view.load.get(&hpa.target).copied().unwrap_or(0);
    let oninput = {
        let (act, target) = (scene.act.clone(), hpa.target.clone());
        move |event: Event| {
            if let Some(value) = field::value(&event).and_then(|value| value.parse().ok()) {
                act.emit(Act::Load(target.clone(), value));
            }
        }
    };
    html! {
        <label class="load">
            <span>{ t().load }</span>
            <input type="range" min="0" max="2000" step="10" value={now.to_string()} onchange={oninput} />
            <span class="figure">{ format!("{now} {}", t().load_unit) }</span>
        </label>
    }
}

fn chart(scene: &Scene, hpa: &AutoscalerFacts, samples: &[Sample]) -> Html {
    let (Some(first), now) = (samples.first(), scene.view.now) else { return Html::default() };
    let span = now.since(first.at).as_millis().max(60_000);
    let top = u64::from(hpa.max.max(1));
    let x = |sample: &Sample| {
        let offset = sample.at.since(first.at).as_millis() * u128::from(WIDTH) / span;
        u64::try_from(offset).unwrap_or(WIDTH).min(WIDTH)
    };
    let y = |count: u32| HEIGHT - u64::from(count).min(top) * HEIGHT / top;
    let line = |pick: fn(&Sample) -> u32| {
        let mut path = String::new();
        for (n, sample) in samples.iter().enumerate() {
            let (x, y) = (x(sample), y(pick(sample)));
            path.push_str(&if n == 0 { format!("M{x} {y}") } else { format!("H{x}V{y}") });
        }
        path + &format!("H{WIDTH}")
    };
    let current = line(|s| s.current);
    let area = format!("{current}V{HEIGHT}H0Z");
    let rule = |count: u32| {
        let d = format!("M0 {}H{WIDTH}", y(count));
        html! { <path class="chart-rule" {d} vector-effect="non-scaling-stroke" /> }
    };
    html! {
        <figure class="chart">
            <div class="chart-box">
                <span class="chart-top figure">{ hpa.max }</span>
                <svg viewBox={format!("0 -2 {WIDTH} {}", HEIGHT + 4)} preserveAspectRatio="none"
                    role="img" aria-label={t().replicas_over_time}>
                    { rule(hpa.max) }{ rule(hpa.min) }
                    <path class="chart-area" d={area} />
                    <path class="chart-desired" d={line(|s| s.desired)} vector-effect="non-scaling-stroke" />
                    <path class="chart-line" d={current} vector-effect="non-scaling-stroke" />
                </svg>
            </div>
            <figcaption>
                <span class="figure">{ stamp(first.at.since(scene.session.start())) }</span>
                <span>{ t().replicas_over_time }</span>
                <span class="figure">{ stamp(now.since(scene.session.start())) }</span>
            </figcaption>
        </figure>
    }
}
