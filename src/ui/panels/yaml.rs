use yew::prelude::*;

use super::{Panel, Place, Scene};
use crate::ui::messages::t;
use crate::ui::session::Text;
use crate::ui::widgets::yaml;
use crate::web::clipboard;

/// The selected object as YAML.
pub const PANEL: Panel = Panel {
    id: "yaml",
    place: Place::Inspector,
    title: |words| words.yaml,
    count: |_| None,
    epoch: |scene| scene.selected().and_then(|item| item.version.parse().ok()).unwrap_or(0),
    render: |scene| html! { <Yaml ..scene /> },
};

#[component]
fn Yaml(scene: &Scene) -> Html {
    let Some(item) = scene.selected() else { return Html::default() };
    let text = scene.session.print(&item.reference, Text::Yaml);
    let command = format!("kubectl get {} -o yaml", item.reference.kubectl());
    html! { <>{ head(&command, &text) }<pre class="document">{ yaml::block(&text) }</pre></> }
}

/// The command that prints the text below it, and a button that copies the text.
pub fn head(command: &str, text: &str) -> Html {
    let copy = {
        let text = text.to_owned();
        move |_: MouseEvent| clipboard::copy(&text)
    };
    html! {
        <div class="document-head">
            <code class="command">{ command.to_owned() }</code>
            <button type="button" class="button quiet" onclick={copy}>{ t().copy }</button>
        </div>
    }
}
