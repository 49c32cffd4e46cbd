use web_sys::{Document, Element};

/// The words of the overlay; they come from the page's message catalogue.
#[derive(Clone, Copy)]
pub struct Words {
    /// Its heading.
    pub title: &'static str,
    /// What was kept and what can be done.
    pub advice: &'static str,
    /// The label of the button that goes back.
    pub back: &'static str,
    /// The label of the button that starts over.
    pub fresh: &'static str,
}

/// From now on a panic shows an overlay with what happened. Its buttons are plain links
/// (`?recover=back`, `?recover=fresh`): after a panic no Rust code has to run.
pub fn install(words: Words) {
    std::panic::set_hook(Box::new(move |info| {
        let text = info.to_string();
        if let Some(document) = web_sys::window().and_then(|window| window.document()) {
            // A document too broken to draw on cannot be reported on either.
            let _shown = show(&document, words, &text);
        }
    }));
}

fn show(document: &Document, words: Words, text: &str) -> Option<()> {
    let body = document.body()?;
    let overlay = child(document, &body, "div", "")?;
    overlay.set_class_name("overlay");
    overlay.set_attribute("role", "alertdialog").ok()?;
    overlay.set_attribute("aria-label", words.title).ok()?;
    let card = child(document, &overlay, "div", "")?;
    card.set_class_name("overlay-card");
    child(document, &card, "h1", words.title)?;
    child(document, &card, "p", words.advice)?;
    child(document, &card, "pre", text)?;
    for (value, label) in [("back", words.back), ("fresh", words.fresh)] {
        let button = child(document, &card, "a", label)?;
        button.set_attribute("href", &format!("?recover={value}")).ok()?;
        button.set_attribute("role", "button").ok()?;
        button.set_class_name("button");
    }
    Some(())
}

fn child(document: &Document, parent: &Element, tag: &str, text: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_text_content(Some(text));
    parent.append_child(&element).ok()?;
    Some(element)
}
