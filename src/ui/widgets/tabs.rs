use yew::prelude::*;

use crate::web::dom;

/// One tab.
#[derive(Clone, PartialEq)]
pub struct Tab {
    /// Its identity.
    pub id: &'static str,
    /// Its label.
    pub label: &'static str,
    /// A number beside it.
    pub count: Option<usize>,
}

/// The tabs and what to do when one is chosen.
#[derive(Properties, PartialEq)]
pub struct TabsProps {
    /// The prefix of the DOM ids: `<prefix>-tab-<id>` and `<prefix>-panel`.
    pub prefix: &'static str,
    /// The accessible name of the row.
    pub label: &'static str,
    /// The tabs.
    pub tabs: Vec<Tab>,
    /// The open one.
    pub active: &'static str,
    /// Called with the chosen one.
    pub choose: Callback<&'static str>,
}

/// A row of tabs with arrow keys, as the ARIA practices have it.
#[component]
pub fn Tabs(props: &TabsProps) -> Html {
    let list = format!("{}-tabs", props.prefix);
    let onkeydown = {
        let list = list.clone();
        move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => -1,
                _ => return,
            };
            event.prevent_default();
            dom::focus_neighbour(&list, "[role=tab]", step);
        }
    };
    let tab = |tab: &Tab| {
        let (choose, id) = (props.choose.clone(), tab.id);
        let open = tab.id == props.active;
        html! {
            <button type="button" role="tab" class="tab" key={id}
                id={format!("{}-tab-{id}", props.prefix)}
                aria-controls={format!("{}-panel", props.prefix)}
                aria-selected={if open { "true" } else { "false" }}
                tabindex={if open { "0" } else { "-1" }}
                onclick={move |_| choose.emit(id)}>
                { tab.label }
                if let Some(count) = tab.count.filter(|n| *n > 0) {
                    <span class="badge">{ count }</span>
                }
            </button>
        }
    };
    html! {
        <div class="tabs" role="tablist" id={list} aria-label={props.label} {onkeydown}>
            { for props.tabs.iter().map(tab) }
        </div>
    }
}
