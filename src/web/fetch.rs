use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::XmlHttpRequest;

/// The status of a request that was answered.
const OK: u16 = 200;

/// Loads a file from beside the page; `then` gets its text, or nothing where it could not be had.
pub fn text(url: &str, then: impl FnOnce(Option<String>) + 'static) {
    let Ok(request) = XmlHttpRequest::new() else { return then(None) };
    if request.open("GET", url).is_err() {
        return then(None);
    }
    let asked = request.clone();
    let ended = Closure::once_into_js(move || {
        let is_there = asked.status() == Ok(OK);
        then(asked.response_text().ok().flatten().filter(|_| is_there));
    });
    request.set_onloadend(Some(ended.unchecked_ref()));
    // What cannot be sent ends at once, and that is told of like any other end.
    let _sent = request.send();
}
