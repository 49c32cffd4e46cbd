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

/// The overlay's id; `start.js` shows the same element after failures that are no panics.
const ID: &str = "failure";

/// Prepares an overlay, hidden, that says what happened, and shows it at a panic. Its buttons are
/// plain links (`?recover=back`, `?recover=fresh`): after a failure no Rust code has to run.
pub fn install(words: Words) {
    let Some(document) = document() else { return };
    // A document too broken to draw on cannot be reported on either.
    let _built = build(&document, words);
    // Whoever listened before goes on listening: a console, or a test's harness.
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let _shown = show(&info.to_string());
        before(info);
    }));
}

fn document() -> Option<Document> {
    web_sys::window()?.document()
}

fn build(document: &Document, words: Words) -> Option<()> {
    let body = document.body()?;
    let overlay = child(document, &body, "div", "")?;
    overlay.set_id(ID);
    overlay.set_class_name("overlay");
    for (name, value) in [("hidden", ""), ("role", "alertdialog"), ("aria-label", words.title)] {
        overlay.set_attribute(name, value).ok()?;
    }
    let card = child(document, &overlay, "div", "")?;
    card.set_class_name("overlay-card");
    child(document, &card, "h1", words.title)?;
    child(document, &card, "p", words.advice)?;
    child(document, &card, "pre", "")?;
    for (value, label) in [("back", words.back), ("fresh", words.fresh)] {
        let button = child(document, &card, "a", label)?;
        button.set_attribute("href", &format!("?recover={value}")).ok()?;
        button.set_attribute("role", "button").ok()?;
        button.set_class_name(if value == "back" { "button primary" } else { "button" });
    }
    Some(())
}

fn show(text: &str) -> Option<()> {
    let overlay = document()?.get_element_by_id(ID)?;
    overlay.query_selector("pre").ok()??.set_text_content(Some(text));
    overlay.remove_attribute("hidden").ok()
}

fn child(document: &Document, parent: &Element, tag: &str, text: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_text_content(Some(text));
    parent.append_child(&element).ok()?;
    Some(element)
}
