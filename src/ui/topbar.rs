//! The bar at the top: what this is, what time it is there, and how fast that passes.

use std::rc::Rc;

use yew::prelude::*;

use super::act::Act;
use super::messages::{fill, t};
use super::state::{Pace, SPEEDS};
use super::widgets::icon::{FOLD, FORWARD, PAUSE, PLAY, RESET, STEP, THEME, UNDO, icon};
use crate::web::field;

/// What the bar shows.
#[derive(Properties, PartialEq)]
pub struct TopBarProps {
    /// The clock's pace.
    pub pace: Pace,
    /// What the last single step came to.
    pub note: Option<Rc<str>>,
    /// Whether the editor is folded away.
    pub folded: bool,
    /// What to do.
    pub act: Callback<Act>,
}

/// The bar. The clock's text is written by the frame loop, sixty times a second, past Yew.
#[component]
pub fn TopBar(props: &TopBarProps) -> Html {
    let act = &props.act;
    let pace = props.pace;
    let button = |label: &'static str, picture: &'static str, make: fn() -> Act, off: bool| {
        let act = act.clone();
        html! {
            <button type="button" class="icon-button" aria-label={label} title={label}
                disabled={off} onclick={move |_| act.emit(make())}>{ icon(picture) }</button>
        }
    };
    let (play, picture) = if pace.playing { (t().pause, PAUSE) } else { (t().play, PLAY) };
    let onchange = {
        let act = act.clone();
        move |event: Event| {
            if let Some(n) = field::chosen(&event) {
                act.emit(Act::Speed(n));
            }
        }
    };
    let option = |(n, (label, _)): (usize, &(&'static str, u64))| {
        html! { <option selected={n == pace.speed}>{ *label }</option> }
    };
    let fold = if props.folded { t().unfold_editor } else { t().fold_editor };
    html! {
        <header class="topbar">
            <span class="only-wide">
                { button(fold, FOLD, || Act::Show(super::state::Action::Fold), false) }
            </span>
            <h1 class="brand"><span class="brand-mark" aria-hidden="true"></span>{ t().product }</h1>
            <span class="tagline">{ t().tagline }</span>
            <div class="timebox" role="group" aria-label={t().time_controls}>
                <div class="clock" role="timer" aria-label={t().simulated_time}
                    title={t().simulated_time}>
                    <span id="clock-elapsed" class="clock-elapsed"></span>
                    <span id="clock-date" class="clock-date"></span>
                </div>
                { button(play, picture, || Act::TogglePlay, pace.restoring) }
                { button(t().step, STEP, || Act::Step, pace.restoring) }
                { button(t().run_until_idle, FORWARD, || Act::RunUntilIdle, pace.restoring) }
                <select class="select" aria-label={t().speed} title={t().speed} {onchange}>
                    { for SPEEDS.iter().enumerate().map(option) }
                </select>
            </div>
            <span class="topbar-status" role="status">
                if pace.restoring { { fill(t().restoring, &pace.restored.to_string()) } }
                if pace.to_idle { { t().running_to_idle } }
                if let Some(note) = &props.note { { &**note } }
            </span>
            <span class="topbar-end">
                { button(t().undo, UNDO, || Act::Undo, !pace.can_undo) }
                { button(t().reset, RESET, || Act::Reset, false) }
                { button(t().theme, THEME, || Act::SwitchTheme, false) }
            </span>
        </header>
    }
}
