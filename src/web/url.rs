/// The query of the page's address: `?recover=…`, or empty.
pub fn query() -> String {
    web_sys::window().and_then(|window| window.location().search().ok()).unwrap_or_default()
}

/// Drops the query from the address, so that a reload does not repeat it.
pub fn clear_query() {
    let Some(window) = web_sys::window() else { return };
    let path = window.location().pathname().unwrap_or_default();
    if let Ok(history) = window.history() {
        let state = wasm_bindgen::JsValue::NULL;
        // Failing leaves the query in place, which is only untidy.
        let _replaced = history.replace_state_with_url(&state, "", Some(&path));
    }
}
