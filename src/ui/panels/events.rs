use std::rc::Rc;

use yew::prelude::*;

use super::{Panel, Place, Scene, clock};
use crate::base::duration::human;
use crate::base::order::Order as _;
use crate::sim::Time;
use crate::ui::messages::t;
use crate::ui::view::{EventFacts, Facts, Item, Tone};
use crate::ui::widgets::icon::tone_icon;
use crate::ui::widgets::link::link;
use crate::web::field;

/// Events, newest first.
pub const PANEL: Panel = Panel {
    id: "events",
    place: Place::Stage,
    title: |words| words.events,
    count: |view| Some(view.count("Event")),
    epoch: |scene| scene.view.paced(|| scene.view.items.epoch(&["Event"])) ^ clock(&scene.view),
    render: |scene| html! { <Events ..scene /> },
};

/// Events about the selected object and what it owns.
pub const OF_SELECTION: Panel = Panel {
    id: "object-events",
    place: Place::Inspector,
    title: |words| words.events,
    count: |_| None,
    epoch: |scene| scene.view.paced(|| scene.view.items.epoch(&["Event"])) ^ clock(&scene.view),
    render: |scene| html! { <ObjectEvents ..scene /> },
};

/// More rows than this are left out; the terminal has them all.
const ROWS_MAX: usize = 200;

/// How long ago `then` was, as kubectl prints it.
pub fn age(now: Time, then: Option<Time>) -> String {
    let Some(then) = then else { return "<unknown>".to_owned() };
    human(i64::try_from(now.since(then).as_secs()).unwrap_or(i64::MAX))
}

fn newest<'a>(
    scene: &'a Scene,
    wanted: impl Fn(&EventFacts) -> bool,
) -> Vec<(&'a Rc<Item>, &'a EventFacts)> {
    let facts = |item: &'a Rc<Item>| match &item.facts {
        Facts::Event(event) => Some((item, event)),
        _ => None,
    };
    let mut events: Vec<_> = scene.view.of_kind("Event").filter_map(facts).collect();
    events.retain(|(_, event)| wanted(event));
    events.order_by_key(|(item, event)| std::cmp::Reverse((event.last, item.created)));
    events.truncate(ROWS_MAX);
    events
}

#[component]
fn Events(scene: &Scene) -> Html {
    let words = use_state_eq(String::new);
    let warnings = use_state_eq(|| false);
    let wanted = |event: &EventFacts| {
        let about = format!("{} {} {}", event.about.kind, event.about.name, event.reason);
        (!*warnings || event.level == "Warning")
            && (about.to_ascii_lowercase().contains(&*words)
                || event.message.to_ascii_lowercase().contains(&*words))
    };
    let events = newest(scene, wanted);
    let oninput = {
        let words = words.clone();
        move |event: InputEvent| {
            words.set(field::value(&event).unwrap_or_default().to_ascii_lowercase())
        }
    };
    let onchange = {
        let warnings = warnings.clone();
        move |_: Event| warnings.set(!*warnings)
    };
    html! {
        <>
            <div class="filter">
                <input type="search" class="field" aria-label={t().filter_events}
                    placeholder={t().filter_events} {oninput} />
                <label><input type="checkbox" checked={*warnings} {onchange} />{ t().only_warnings }</label>
            </div>
            if events.is_empty() {
                <p class="empty">{ t().no_events }</p>
            } else {
                <table class="table">
                    <thead><tr>
                        <th scope="col" class="narrow">{ t().age }</th>
                        <th scope="col" class="reason">{ t().reason }</th>
                        <th scope="col" class="about">{ t().object }</th>
                        <th scope="col">{ t().message }</th>
                    </tr></thead>
                    <tbody>{ for events.iter().map(|(item, event)| row(scene, item, event)) }</tbody>
                </table>
            }
        </>
    }
}

fn row(scene: &Scene, item: &Item, event: &EventFacts) -> Html {
    let bad = event.level == "Warning";
    html! {
        <tr key={&*item.uid} class={bad.then_some("warning")}>
            <td class="figure muted">{ age(scene.view.now, event.last) }</td>
            <td class="reason">
                if bad { <span class="phase waiting" title={event.level.clone()}>{ tone_icon(Tone::Bad) }</span> }
                { &event.reason }
            </td>
            <td>{ link(&event.about, &scene.act) }</td>
            <td class="words">{ message(event) }</td>
        </tr>
    }
}

fn message(event: &EventFacts) -> String {
    match event.count {
        0 | 1 => event.message.clone(),
        n => format!("{} (x{n})", event.message),
    }
}

#[component]
fn ObjectEvents(scene: &Scene) -> Html {
    let Some(item) = scene.selected() else { return Html::default() };
    let below = scene.view.children(item);
    let mine = |event: &EventFacts| {
        event.about == item.reference || below.iter().any(|child| child.reference == event.about)
    };
    let events = newest(scene, mine);
    if events.is_empty() {
        return html! { <p class="empty">{ t().no_events }</p> };
    }
    let row = |(row, event): &(&Rc<Item>, &EventFacts)| {
        html! {
            <li key={&*row.uid} class={(event.level == "Warning").then_some("warning")}>
                <p class="record-head">
                    <strong>{ &event.reason }</strong>
                    <span class="muted">{ age(scene.view.now, event.last) }</span>
                </p>
                <p>{ message(event) }</p>
                if event.about != item.reference { { link(&event.about, &scene.act) } }
                <p class="muted">{ &event.source }</p>
            </li>
        }
    };
    html! { <ol class="records">{ for events.iter().map(row) }</ol> }
}
