use wasm_bindgen::JsCast;
use web_sys::{
    Document, Element, HtmlElement, HtmlTextAreaElement, ScrollIntoViewOptions,
    ScrollLogicalPosition,
};

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn by_id(id: &str) -> Option<Element> {
    document()?.get_element_by_id(id)
}

/// Replaces the text of the element `id`, if it differs.
pub fn set_text(id: &str, text: &str) {
    if let Some(element) = by_id(id)
        && element.text_content().as_deref() != Some(text)
    {
        element.set_text_content(Some(text));
    }
}

/// Moves the keyboard to the element `id`.
pub fn focus(id: &str) {
    if let Some(element) = by_id(id).and_then(|e| e.dyn_into::<HtmlElement>().ok()) {
        // An element that cannot take the focus leaves it where it was.
        let _focused = element.focus();
    }
}

/// Scrolls the element `id` to its end.
pub fn scroll_to_end(id: &str) {
    if let Some(element) = by_id(id) {
        element.set_scroll_top(element.scroll_height());
    }
}

/// Scrolls whatever holds the element `id` until it is in view.
pub fn reveal(id: &str) {
    if let Some(element) = by_id(id) {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        options.set_inline(ScrollLogicalPosition::Nearest);
        element.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// Scrolls the element `id` so that `top` pixels lie above its view.
pub fn scroll_to(id: &str, top: i32) {
    if let Some(element) = by_id(id) {
        element.set_scroll_top(top);
    }
}

/// Puts the caret of the text area `id` at `start..end` (UTF-16 units) and focuses it.
pub fn select_text(id: &str, start: u32, end: u32) {
    if let Some(area) = by_id(id).and_then(|e| e.dyn_into::<HtmlTextAreaElement>().ok()) {
        let _focused = area.focus();
        let _selected = area.set_selection_range(start, end);
    }
}

/// Sets the attribute `name` of the root element, or removes it.
pub fn set_root(name: &str, value: Option<&str>) {
    if let Some(root) = document().and_then(|d| d.document_element()) {
        // Attribute names are constants of this program, so setting one cannot fail.
        let _set = match value {
            Some(value) => root.set_attribute(name, value),
            None => root.remove_attribute(name),
        };
    }
}

/// Moves the focus to the next (`1`) or previous (`-1`) element that matches `selector` inside the
/// element `id`, starting at the one that has the focus.
pub fn focus_neighbour(id: &str, selector: &str, step: i32) {
    let Some((list, active)) = by_id(id)
        .and_then(|e| e.query_selector_all(selector).ok())
        .zip(document().map(|d| d.active_element()))
    else {
        return;
    };
    let items = (0..list.length()).filter_map(|n| list.item(n)?.dyn_into::<HtmlElement>().ok());
    let items: Vec<HtmlElement> = items.collect();
    let at = items.iter().position(|item| active.as_ref() == Some(item));
    let count = i32::try_from(items.len()).unwrap_or(0);
    let from = at.and_then(|n| i32::try_from(n).ok()).unwrap_or(-step);
    if count > 0
        && let Ok(next) = usize::try_from((from + step).rem_euclid(count))
    {
        let _focused = items[next].focus();
    }
}

/// Whether the system prefers dark colours.
pub fn prefers_dark() -> bool {
    let query = web_sys::window()
        .and_then(|window| window.match_media("(prefers-color-scheme: dark)").ok().flatten());
    query.is_some_and(|query| query.matches())
}
