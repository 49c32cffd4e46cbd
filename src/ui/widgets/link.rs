use yew::prelude::*;

use crate::ui::act::Act;
use crate::ui::view::Ref;

/// A link to an object: its kind and name, selecting it when pressed.
pub fn link(reference: &Ref, act: &Callback<Act>) -> Html {
    let onclick = {
        let (reference, act) = (reference.clone(), act.clone());
        move |_: MouseEvent| act.emit(Act::select(&reference))
    };
    html! {
        <button type="button" class="link" {onclick}>
            <span class="kind">{ &*reference.kind }</span>{ " " }<span>{ &*reference.name }</span>
        </button>
    }
}
