use std::rc::Rc;

use yew::prelude::*;

use crate::sim::Time;
use crate::ui::messages::t;
use crate::ui::session::stamp;
use crate::ui::view::Sample;

/// The size in the chart's own units.
const WIDTH: u64 = 600;
const HEIGHT: u64 = 120;
/// The metric's strip shows up to this much of the target, in thousandths.
const USAGE_MAX: u64 = 3000;
const STRIP: u64 = 44;

/// What an autoscaler did over time.
#[derive(Properties, PartialEq)]
pub struct ChartProps {
    /// The samples, oldest first.
    pub samples: Rc<Vec<Sample>>,
    /// The chart ends here.
    pub now: Time,
    /// The session began here.
    pub start: Time,
    /// The fewest replicas.
    pub min: u32,
    /// The most replicas.
    pub max: u32,
}

/// Replicas over time, and below them the metric by its target.
#[component]
pub fn Chart(props: &ChartProps) -> Html {
    let Some(first) = props.samples.first() else { return Html::default() };
    let span = props.now.since(first.at).as_millis().max(60_000);
    let top = u64::from(props.max.max(1));
    let x = |sample: &Sample| {
        let offset = sample.at.since(first.at).as_millis() * u128::from(WIDTH) / span;
        u64::try_from(offset).unwrap_or(WIDTH).min(WIDTH)
    };
    let end = {
        let last = Sample { at: props.now, ..*first };
        x(&last)
    };
    let y = |count: u32| HEIGHT - u64::from(count).min(top) * HEIGHT / top;
    let line = |pick: &dyn Fn(&Sample) -> u64| {
        let mut path = String::new();
        for (n, sample) in props.samples.iter().enumerate() {
            let (x, y) = (x(sample), pick(sample));
            path.push_str(&if n == 0 { format!("M{x} {y}") } else { format!("H{x}V{y}") });
        }
        path + &format!("H{end}")
    };
    let current = line(&|s| y(s.current));
    let area = format!("{current}V{HEIGHT}H0Z");
    let usage = line(&|s| STRIP - s.usage.unwrap_or(0).min(USAGE_MAX) * STRIP / USAGE_MAX);
    let rule = |at: u64| {
        let d = format!("M0 {at}H{WIDTH}");
        html! { <path class="chart-rule" {d} vector-effect="non-scaling-stroke" /> }
    };
    let time = |at: Time| stamp(at.since(props.start));
    html! {
        <figure class="chart">
            <div class="chart-box">
                <span class="chart-word figure" style="top: 0">{ props.max }</span>
                <span class="chart-word figure" style={bottom(u64::from(props.min) * 100 / top)}>{ props.min }</span>
                <svg viewBox={format!("0 -2 {WIDTH} {}", HEIGHT + 4)} preserveAspectRatio="none"
                    role="img" aria-label={t().replicas_over_time}>
                    { rule(y(props.max)) }{ rule(y(props.min)) }
                    <path class="chart-area" d={area} />
                    <path class="chart-desired" d={line(&|s| y(s.desired))} vector-effect="non-scaling-stroke" />
                    <path class="chart-line" d={current} vector-effect="non-scaling-stroke" />
                </svg>
            </div>
            <div class="chart-box strip">
                <span class="chart-word figure" style={bottom(100_000 / USAGE_MAX)}>{ "100%" }</span>
                <svg viewBox={format!("0 -2 {WIDTH} {}", STRIP + 4)} preserveAspectRatio="none"
                    role="img" aria-label={t().usage_over_time}>
                    { rule(STRIP - 1000 * STRIP / USAGE_MAX) }
                    <path class="chart-usage" d={usage} vector-effect="non-scaling-stroke" />
                </svg>
            </div>
            <figcaption>
                <span class="figure">{ time(first.at) }</span>
                <span class="legend">
                    <span class="key line">{ t().replicas }</span>
                    <span class="key aim">{ t().desired }</span>
                    <span class="key usage">{ t().usage_by_target }</span>
                </span>
                <span class="figure">{ time(props.now) }</span>
            </figcaption>
        </figure>
    }
}

fn bottom(percent: u64) -> String {
    format!("bottom: {percent}%")
}
