use wasm_bindgen::JsCast;
use web_sys::{
    ClipboardEvent, Element, Event, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement,
    MouseEvent,
};

fn target<T: JsCast>(event: &Event) -> Option<T> {
    event.target()?.dyn_into().ok()
}

/// The text of the input or text area that an event is about.
pub fn value(event: &Event) -> Option<String> {
    let area = || target::<HtmlTextAreaElement>(event).map(|area| area.value());
    target::<HtmlInputElement>(event).map(|input| input.value()).or_else(area)
}

/// Replaces that text.
pub fn set_value(event: &Event, text: &str) {
    if let Some(input) = target::<HtmlInputElement>(event) {
        input.set_value(text);
    } else if let Some(area) = target::<HtmlTextAreaElement>(event) {
        area.set_value(text);
    }
}

/// The length of the text area's text in UTF-16 units, without copying it.
pub fn text_length(event: &Event) -> u32 {
    target::<HtmlTextAreaElement>(event).map_or(0, |area| area.text_length())
}

/// Whether some of the input's text is selected.
pub fn has_selection(event: &Event) -> bool {
    let input = target::<HtmlInputElement>(event);
    input.is_some_and(|i| i.selection_start().ok() != i.selection_end().ok())
}

/// Which entry of a drop-down list was chosen.
pub fn chosen(event: &Event) -> Option<usize> {
    usize::try_from(target::<HtmlSelectElement>(event)?.selected_index()).ok()
}

/// Chooses the first entry of the drop-down list again.
pub fn choose_first(event: &Event) {
    if let Some(select) = target::<HtmlSelectElement>(event) {
        select.set_selected_index(0);
    }
}

/// How many pixels of the element lie above its view.
pub fn scroll_top(event: &Event) -> i32 {
    target::<Element>(event).map_or(0, |element| element.scroll_top())
}

/// The text that is being pasted.
pub fn pasted(event: &Event) -> Option<String> {
    event.dyn_ref::<ClipboardEvent>()?.clipboard_data()?.get_data("text").ok()
}

/// Where in the element that listens a click fell: x, y and the element's width, in pixels.
pub fn click_place(event: &MouseEvent) -> Option<(i32, i32, i32)> {
    let element: Element = event.current_target()?.dyn_into().ok()?;
    let place = element.get_bounding_client_rect();
    let x = f64::from(event.client_x()) - place.x();
    let y = f64::from(event.client_y()) - place.y();
    Some((x as i32, y as i32, (place.width() as i32).max(1)))
}

/// Which of its parent's children was clicked, or holds what was, if `selector` matches it.
pub fn place_in(event: &Event, selector: &str) -> Option<usize> {
    let element = target::<Element>(event)?.closest(selector).ok()??;
    let before = std::iter::successors(element.previous_element_sibling(), |sibling| {
        sibling.previous_element_sibling()
    });
    Some(before.count())
}
