use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

type Tick = Closure<dyn FnMut(f64)>;

/// Calls `tick` with the frame's time in milliseconds on every animation frame, for as long as the
/// page lives.
pub fn start(mut tick: impl FnMut(f64) + 'static) {
    let slot: Rc<RefCell<Option<Tick>>> = Rc::default();
    let again = slot.clone();
    *slot.borrow_mut() = Some(Closure::new(move |time: f64| {
        tick(time);
        request(&again);
    }));
    request(&slot);
}

fn request(slot: &Rc<RefCell<Option<Tick>>>) {
    let slot = slot.borrow();
    if let (Some(window), Some(tick)) = (web_sys::window(), slot.as_ref()) {
        // Without animation frames there is nothing to draw for either.
        let _handle = window.request_animation_frame(tick.as_ref().unchecked_ref());
    }
}
