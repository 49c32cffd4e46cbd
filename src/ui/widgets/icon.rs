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

/// The glyph of a kind.
pub fn kind_icon(kind: &str) -> Html {
    let path = match kind {
        "Pod" => "M8 2l5.2 3v6L8 14l-5.2-3V5zM2.8 5L8 8l5.2-3M8 8v6",
        "Deployment" => "M8 2.5a5.5 5.5 0 1 1-4.9 3M3 2.6v3h3M6 6h4v4H6z",
        "ReplicaSet" | "ReplicationController" => "M2.5 2.5h7v7h-7zM6.5 12v1.5h7v-7H12",
        "StatefulSet" => "M2.5 3h11v3h-11zM2.5 10h11v3h-11zM5 6v4M11 6v4",
        "DaemonSet" => "M3 3h4v4H3zM9 3h4v4H9zM3 9h4v4H3zM9 9h4v4H9z",
        "Job" => "M3 3h10v10H3zM5.5 8l2 2 3-4",
        "CronJob" => "M8 2.2a5.8 5.8 0 1 0 .01 0zM8 4.8V8l2.2 1.4",
        "Node" => "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
        "PersistentVolume" => {
            "M3 4.2a5 1.8 0 1 0 10 0a5 1.8 0 1 0-10 0M3 4.2v7.6c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4.2"
        }
        "PersistentVolumeClaim" => "M3 3.5h10v9H3zM3 6.5h10M6 9.5h4",
        "HorizontalPodAutoscaler" => "M2 8h4M10 8h4M4 6L2 8l2 2M12 6l2 2-2 2M8 3v10",
        "Service" => {
            "M8 2.8v3M3 10.5v-2h10v2M8 5.8v2.7M1.8 10.5h2.4v2.4H1.8zM6.8 10.5h2.4v2.4H6.8zM11.8 10.5h2.4v2.4h-2.4z"
        }
        "ConfigMap" => "M4 2.5h8v11H4zM6 5.5h4M6 8h4M6 10.5h2",
        "Secret" => "M4 7h8v6H4zM5.5 7V5a2.5 2.5 0 0 1 5 0v2",
        "Namespace" => "M3 3h3M3 3v3M13 3h-3M13 3v3M3 13h3M3 13v-3M13 13h-3M13 13v-3",
        "Event" => "M8.5 2L4 9h3.5L7 14l5-7.5H8.5z",
        _ => "M8 2.5L13.5 8 8 13.5 2.5 8z",
    };
    html! { <svg class="icon glyph" viewBox="0 0 16 16" aria-hidden="true"><path d={path} /></svg> }
}
