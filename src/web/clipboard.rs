/// Puts `text` on the clipboard, if the browser allows it.
pub fn copy(text: &str) {
    if let Some(window) = web_sys::window() {
        // The promise's outcome has no consequence here: a refusal leaves the clipboard as it was.
        let _promise = window.navigator().clipboard().write_text(text);
    }
}
