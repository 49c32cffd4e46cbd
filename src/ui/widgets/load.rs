use yew::prelude::*;

use crate::ui::act::Act;
use crate::ui::messages::{fill, t};
use crate::ui::view::{Load, Ref};
use crate::web::field;

/// The most that the sliders offer: CPU in thousandths of a core, memory in MiB.
const CPU_MAX: u32 = 2000;
const MEMORY_MAX: u32 = 1024;

/// Whose load, and what it is.
#[derive(Properties, PartialEq)]
pub struct LoadSlidersProps {
    /// The workload.
    pub workload: Ref,
    /// What it was told to use.
    pub load: Load,
    /// What to do.
    pub act: Callback<Act>,
}

/// Sliders for the CPU and the memory that a workload's Pods use. They act when they are let go.
#[component]
pub fn LoadSliders(props: &LoadSlidersProps) -> Html {
    let LoadSlidersProps { workload, load, act } = props;
    let set = |change: fn(Load, u32) -> Load| {
        let (workload, load, act) = (workload.clone(), *load, act.clone());
        Callback::from(move |value| act.emit(Act::Load(workload.clone(), change(load, value))))
    };
    let cpu = set(|load, value| Load { cpu: Some(value), ..load });
    let memory = set(|load, value| Load { memory: (value > 0).then_some(value), ..load });
    html! {
        <div class="load" title={t().load_hint}>
            <Slider name={fill(t().cpu_load_of, &workload.name)} label={t().cpu_load} most={CPU_MAX}
                step={10} value={load.cpu.unwrap_or(0)} unit={t().cpu_unit} set={cpu} />
            <Slider name={fill(t().memory_load_of, &workload.name)} label={t().memory_load}
                most={MEMORY_MAX} step={8} value={load.memory.unwrap_or(0)} unit={t().memory_unit}
                set={memory} />
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct SliderProps {
    name: String,
    label: &'static str,
    most: u32,
    step: u32,
    value: u32,
    unit: &'static str,
    set: Callback<u32>,
}

#[component]
fn Slider(props: &SliderProps) -> Html {
    // Where the thumb is while it is being dragged.
    let held = use_state_eq(|| None::<u32>);
    let read = |event: &Event| field::value(event).and_then(|value| value.parse::<u32>().ok());
    let oninput = {
        let held = held.clone();
        move |event: InputEvent| held.set(read(&event))
    };
    let onchange = {
        let (held, set) = (held.clone(), props.set.clone());
        move |event: Event| {
            held.set(None);
            if let Some(value) = read(&event) {
                set.emit(value);
            }
        }
    };
    let value = held.unwrap_or(props.value);
    let text = if value == 0 { t().load_none.to_owned() } else { format!("{value}{}", props.unit) };
    html! {
        <label class="slider">
            <span>{ props.label }</span>
            <input type="range" min="0" max={props.most.to_string()} step={props.step.to_string()}
                value={value.to_string()} aria-label={props.name.clone()}
                aria-valuetext={text.clone()} {oninput} {onchange} />
            <span class="figure">{ text }</span>
        </label>
    }
}
