use std::rc::Rc;

use yew::prelude::*;

use super::icon::{tone_class, tone_icon};
use crate::sim::Time;
use crate::ui::act::Act;
use crate::ui::messages::{fill, t};
use crate::ui::view::{Facts, Item, PodFacts, Ref, View};
use crate::web::field;

/// More Pods than this in one place are drawn as small cells.
const TILES_MAX: usize = 48;
/// The same in a large cluster, whose places fill up: a tile is ten times the work of a cell.
const TILES_MAX_IN_LARGE: usize = 12;
/// More Pods than this in one place are only counted.
const CELLS_MAX: usize = 200;

/// Some Pods that lie together.
#[derive(Clone, Properties, PartialEq)]
pub struct PodsProps {
    /// The Pods.
    pub pods: Rc<Vec<Rc<Item>>>,
    /// The selected object, if it is one of them.
    pub selection: Option<Ref>,
    /// The time, if one of them is being deleted and counts its grace down.
    pub clock: Option<Time>,
    /// Whether they are drawn as cells.
    pub small: bool,
    /// What to do.
    pub act: Callback<Act>,
}

impl PodsProps {
    /// The properties for `pods`, which change no more often than what is drawn.
    pub fn new(
        pods: Vec<Rc<Item>>,
        selection: Option<&Ref>,
        view: &View,
        act: &Callback<Act>,
    ) -> Self {
        let most = if view.is_large() { TILES_MAX_IN_LARGE } else { TILES_MAX };
        let small = pods.len() > most;
        let is_here = |s: &&Ref| &*s.kind == "Pod" && pods.iter().any(|pod| pod.reference == **s);
        let is_leaving = !small && pods.iter().any(|pod| pod.leaving.is_some());
        Self {
            selection: selection.filter(is_here).cloned(),
            clock: is_leaving.then_some(view.now),
            small,
            act: act.clone(),
            pods: Rc::new(pods),
        }
    }
}

/// Pods as tiles; many as cells; of very many the rest as a number.
#[component]
pub fn Pods(props: &PodsProps) -> Html {
    let is_selected = |item: &Item| props.selection.as_ref() == Some(&item.reference);
    if props.small {
        let more = props.pods.len().saturating_sub(CELLS_MAX);
        // One listener for all: cells come and go by the thousand.
        let select = {
            let (pods, act) = (props.pods.clone(), props.act.clone());
            move |event: MouseEvent| {
                let item = field::place_in(&event, ".cell").and_then(|place| pods.get(place));
                if let Some(item) = item {
                    act.emit(Act::select(&item.reference));
                }
            }
        };
        let cells = props.pods.iter().take(CELLS_MAX);
        return html! {
            <div class="cells" onclick={select}>
                { for cells.map(|item| cell(item, is_selected(item))) }
                if more > 0 { <span class="cells-more">{ fill(t().more_pods, &more.to_string()) }</span> }
            </div>
        };
    }
    let tile = |item: &Rc<Item>| {
        let left = props.clock.zip(item.leaving).map(|(now, end)| end.since(now).as_secs());
        html! {
            <PodTile key={&*item.uid} item={item.clone()} selected={is_selected(item)} {left}
                act={props.act.clone()} />
        }
    };
    html! { <div class="tiles">{ for props.pods.iter().map(tile) }</div> }
}

/// One Pod.
#[derive(Properties, PartialEq)]
pub struct TileProps {
    /// The Pod.
    pub item: Rc<Item>,
    /// Whether it is selected.
    pub selected: bool,
    /// Seconds of grace that are left to it, if it is being deleted.
    #[prop_or_default]
    pub left: Option<u64>,
    /// What to do with it.
    pub act: Callback<Act>,
}

fn select(props: &TileProps) -> Callback<MouseEvent> {
    let (reference, act) = (props.item.reference.clone(), props.act.clone());
    Callback::from(move |_| act.emit(Act::select(&reference)))
}

/// A Pod's accessible name: its name and its phase.
fn label(item: &Item, pod: &PodFacts) -> String {
    format!("Pod {} {}", item.reference.name, pod.status)
}

/// A Pod as a tile: colour, picture and word.
#[component]
pub fn PodTile(props: &TileProps) -> Html {
    let Facts::Pod(pod) = &props.item.facts else { return Html::default() };
    let (base, tail) = parts(&props.item.reference.name);
    let image = pod.images.first().map_or("", |image| short_image(image));
    let label = label(&props.item, pod);
    let hint = format!("{label}\n{}", pod.images.join(", "));
    html! {
        <button type="button" class={classes!("tile", tone_class(pod.tone))} onclick={select(props)}
            aria-label={label} title={hint}
            aria-pressed={if props.selected { "true" } else { "false" }}>
            { tone_icon(pod.tone) }
            <span class="tile-name"><span class="ellipsis">{ base }</span><span>{ tail }</span></span>
            <span class="tile-word">{ &pod.status }</span>
            if pod.restarts > 0 {
                <span class="tile-note">{ format!("↻{}", pod.restarts) }</span>
            } else if let Some(left) = props.left {
                <span class="tile-note figure">{ format!("{left}s") }</span>
            } else {
                <span class="tile-note ellipsis">{ image }</span>
            }
        </button>
    }
}

/// A Pod as a cell: colour and shape; its words are its tooltip, which screen readers read out. A
/// plain element with no more attributes than it needs.
fn cell(item: &Item, selected: bool) -> Html {
    let Facts::Pod(pod) = &item.facts else { return Html::default() };
    html! {
        <button key={&*item.uid} class={classes!("cell", tone_class(pod.tone))}
            title={label(item, pod)} aria-pressed={selected.then_some("true")}></button>
    }
}

/// A Pod's name in two parts: what may be shortened, and the end in which siblings differ. The hash
/// between them says nothing to a person and is left out.
fn parts(name: &str) -> (&str, &str) {
    const TAIL: usize = 5;
    let Some(dash) = name.rfind('-').filter(|dash| name.len() - dash == TAIL + 1) else {
        return (name, "");
    };
    let (base, tail) = name.split_at(dash);
    let is_hash = |word: &str| word.len() > 6 && word.bytes().all(|b| b.is_ascii_alphanumeric());
    match base.rsplit_once('-') {
        Some((owner, hash)) if is_hash(hash) && hash.bytes().any(|b| b.is_ascii_digit()) => {
            (owner, tail)
        }
        _ => (base, tail),
    }
}

/// An image without its registry and folders: `nginx:1.7.9`.
fn short_image(image: &str) -> &str {
    let image = image.rsplit('/').next().unwrap_or(image);
    image.split('@').next().unwrap_or(image)
}
