use yew::prelude::*;

use super::yaml::head;
use super::{Panel, Place, Scene, clock};
use crate::ui::session::Text;

/// `kubectl describe` of the selected object.
pub const PANEL: Panel = Panel {
    id: "describe",
    place: Place::Inspector,
    title: |words| words.describe,
    count: |_| None,
    epoch: |scene| clock(&scene.view),
    render: |scene| html! { <Describe ..scene /> },
};

#[component]
fn Describe(scene: &Scene) -> Html {
    let Some(item) = scene.selected() else { return Html::default() };
    let text = scene.session.print(&item.reference, Text::Describe);
    let command = format!("kubectl describe {}", item.reference.kubectl());
    html! { <>{ head(&command, &text) }<pre class="document">{ text }</pre></> }
}
