use std::rc::Rc;

use yew::prelude::*;

use super::icon::{tone_class, tone_icon};
use crate::ui::act::Act;
use crate::ui::view::{Facts, Item};

/// One Pod.
#[derive(Properties, PartialEq)]
pub struct TileProps {
    /// The Pod.
    pub item: Rc<Item>,
    /// Whether it is selected.
    pub selected: bool,
    /// What to do with it.
    pub act: Callback<Act>,
}

/// A Pod as a tile: colour, picture and word.
#[component]
pub fn PodTile(props: &TileProps) -> Html {
    let Facts::Pod(pod) = &props.item.facts else { return Html::default() };
    let reference = &props.item.reference;
    let onclick = {
        let (reference, act) = (reference.clone(), props.act.clone());
        move |_: MouseEvent| act.emit(Act::select(&reference))
    };
    let label = format!("Pod {} {}", reference.name, pod.status);
    html! {
        <button type="button" class={classes!("tile", tone_class(pod.tone))} {onclick}
            aria-label={label.clone()} title={label}
            aria-pressed={if props.selected { "true" } else { "false" }}>
            { tone_icon(pod.tone) }
            <span class="tile-name">{ short(&reference.name) }</span>
            <span class="tile-word">{ &pod.status }</span>
            if pod.restarts > 0 {
                <span class="tile-restarts">{ format!("↻{}", pod.restarts) }</span>
            }
        </button>
    }
}

/// The end of a long name, where Pods of one controller differ.
fn short(name: &str) -> String {
    const MOST: usize = 14;
    let length = name.chars().count();
    if length <= MOST {
        return name.to_owned();
    }
    let parts: Vec<&str> = name.rsplitn(3, '-').collect();
    match parts.as_slice() {
        [last, hash, base] => {
            let room = MOST.saturating_sub(last.len() + 2);
            let base: String = base.chars().take(room).collect();
            let hash = if room > base.len() { "" } else { *hash };
            if hash.is_empty() { format!("{base}-{last}") } else { format!("{base}…{last}") }
        }
        _ => name.chars().skip(length - MOST).collect(),
    }
}
