use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

/// Puts `text` on the clipboard, if the browser allows it.
pub fn copy(text: &str) {
    let Some(window) = web_sys::window() else { return };
    let clipboard = window.navigator().clipboard();
    // Pages that were not loaded over a secure connection have none.
    if JsValue::from(clipboard.clone()).is_undefined() {
        return;
    }
    // A refusal leaves the clipboard as it was, which needs no report.
    let refused = Closure::once(|_: JsValue| ());
    let _settled = clipboard.write_text(text).catch(&refused);
    refused.forget();
}
