use yew::prelude::*;

use crate::ui::act::Act;
use crate::ui::view::Ref;

/// A link to an object: its kind and name, selecting it when pressed.
pub fn link(reference: &Ref, act: &Callback<Act>) -> Html {
    let onclick = {
        let (reference, act) = (reference.clone(), act.clone());
        move |_: MouseEvent| act.emit(Act::select(&reference))
    };
    // Where room is short, the part that tells Pods apart stays.
    let name = &*reference.name;
    let (base, tail) = name.split_at(name.rfind('-').unwrap_or(name.len()));
    html! {
        <button type="button" class="link" {onclick}>
            <span class="kind">{ &*reference.kind }</span>{ " " }
            <span class="ellipsis">{ base }</span><span>{ tail }</span>
        </button>
    }
}
