use yew::prelude::*;

use crate::ui::view::Tone;

/// A small picture; it never stands alone, so it is hidden from screen readers.
pub fn icon(path: &'static str) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true"><path d={path} /></svg>
    }
}

/// Start.
pub const PLAY: &str = "M5 3.2v9.6L12.5 8z";
/// Stop.
pub const PAUSE: &str = "M4.5 3.5v9M11.5 3.5v9";
/// One event.
pub const STEP: &str = "M4 3.5v9L9.5 8zM12 3.5v9";
/// To the end.
pub const FORWARD: &str = "M2.5 4v8L7.5 8zM8.5 4v8l5-4z";
/// Take back.
pub const UNDO: &str = "M3 6.5h6.5a3.5 3.5 0 0 1 0 7H7M3 6.5l3-3M3 6.5l3 3";
/// Start over.
pub const RESET: &str = "M13 8a5 5 0 1 1-1.6-3.7M13 2v3h-3";
/// Light and dark.
pub const THEME: &str = "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11";
/// Fold.
pub const FOLD: &str = "M2.5 3h11v10h-11zM6.5 3v10";
/// Add.
pub const ADD: &str = "M8 3.5v9M3.5 8h9";
/// Close.
pub const CLOSE: &str = "M4.5 4.5l7 7M11.5 4.5l-7 7";

/// The picture of a state.
pub fn tone_icon(tone: Tone) -> Html {
    icon(match tone {
        Tone::Good => "M3.5 8.5l3 3 6-7",
        Tone::Waiting => "M8 4v4.2l2.6 1.6M8 2.2a5.8 5.8 0 1 0 .01 0z",
        Tone::Leaving => "M3.5 8h8M8.5 4.5L12 8l-3.5 3.5",
        Tone::Done => "M3 8.5l2.5 2.5 4-5M8 11l.5.5 4.5-5.5",
        Tone::Bad => "M8 3v6M8 11.8v.4",
        Tone::Unknown => "M6 6a2 2 0 1 1 2.6 2c-.5.2-.6.6-.6 1.2M8 11.8v.4",
    })
}

/// The CSS class of a state.
pub const fn tone_class(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "good",
        Tone::Waiting => "waiting",
        Tone::Leaving => "leaving",
        Tone::Done => "done",
        Tone::Bad => "bad",
        Tone::Unknown => "unknown",
    }
}
