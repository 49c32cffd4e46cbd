//! Components, found as a person with a screen reader finds them: by role and name.

#![expect(clippy::unwrap_used, reason = "a document without these parts fails the test")]

use std::cell::RefCell;
use std::rc::Rc;

use tabernetes::ui::act::Act;
use tabernetes::ui::editor::{Editor, EditorProps};
use tabernetes::ui::problems;
use tabernetes::ui::session::Handle;
use tabernetes::ui::state::{Action, Block, BlockKind, Document, Pace, Problem};
use tabernetes::ui::terminal::{Terminal, TerminalProps};
use tabernetes::ui::topbar::{TopBar, TopBarProps};
use tabernetes::ui::view::{Facts, Item, Load, PodFacts, Ref, Tone, View};
use tabernetes::ui::widgets::load::{LoadSliders, LoadSlidersProps};
use tabernetes::ui::widgets::tile::{Pods, PodsProps};
use tabernetes::web::panic;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Element, Event, EventInit, HtmlElement, HtmlInputElement, HtmlTextAreaElement};
use yew::{BaseComponent, Callback, Properties};

/// A component in the document, and what it asked for.
struct Shown {
    root: Element,
    acts: Rc<RefCell<Vec<Act>>>,
}

fn document() -> web_sys::Document {
    web_sys::window().unwrap().document().unwrap()
}

async fn show<C: BaseComponent>(props: impl FnOnce(Callback<Act>) -> C::Properties) -> Shown
where
    C::Properties: Properties,
{
    let root = document().create_element("div").unwrap();
    document().body().unwrap().append_child(&root).unwrap();
    let acts: Rc<RefCell<Vec<Act>>> = Rc::default();
    let act = {
        let acts = acts.clone();
        Callback::from(move |act| acts.borrow_mut().push(act))
    };
    yew::Renderer::<C>::with_root_and_props(root.clone(), props(act)).render();
    yew::scheduler::flush().await;
    Shown { root, acts }
}

impl Shown {
    /// The one element with this tag and name.
    fn one<T: JsCast>(&self, tag: &str, name: &str) -> T {
        let found = self.all(tag, name);
        assert_eq!(found.len(), 1, "{tag} {name:?} in {}", self.root.inner_html());
        found.into_iter().next().unwrap().dyn_into().ok().unwrap()
    }

    fn all(&self, tag: &str, name: &str) -> Vec<Element> {
        let list = self.root.query_selector_all(tag).unwrap();
        let elements = (0..list.length()).map(|n| list.item(n).unwrap().dyn_into().unwrap());
        elements.filter(|element| label(element) == name).collect()
    }

    fn press(&self, name: &str) {
        self.one::<HtmlElement>("button", name).click();
    }

    fn fire(&self, target: &Element, kind: &str) {
        let options = EventInit::new();
        options.set_bubbles(true);
        let event = Event::new_with_event_init_dict(kind, &options).unwrap();
        target.dispatch_event(&event).unwrap();
    }
}

fn label(element: &Element) -> String {
    let text = element.text_content().unwrap_or_default().trim().to_owned();
    let title = || element.get_attribute("title").filter(|_| text.is_empty());
    element.get_attribute("aria-label").or_else(title).unwrap_or(text)
}

fn document_of(text: &str) -> Document {
    Document { name: "web.yaml".into(), text: text.into() }
}

fn pod(name: &str, status: &str, tone: Tone) -> Rc<Item> {
    Rc::new(Item {
        reference: Ref::new("Pod", "default", name),
        uid: name.into(),
        version: "1".to_owned(),
        owner: None,
        created: None,
        leaving: None,
        labels: Vec::new(),
        facts: Facts::Pod(PodFacts {
            status: status.to_owned(),
            tone,
            node: None,
            ip: None,
            ready: (1, 1),
            restarts: 0,
            cpu: 0,
            memory: 0,
            images: vec!["registry.local/library/nginx:1.7.9".to_owned()],
            claims: Vec::new(),
        }),
    })
}

#[wasm_bindgen_test]
async fn a_pod_says_its_name_and_its_phase_however_small_it_is_drawn() {
    for count in [1, 200] {
        let shown = show::<Pods>(|act| {
            let pods = (0..count).map(|n| pod(&format!("web-{n}"), "Running", Tone::Good));
            PodsProps::new(pods.collect(), None, &View::default(), &act)
        })
        .await;
        assert_eq!(shown.root.query_selector_all("button").unwrap().length(), count);
        shown.press("Pod web-0 Running");
        let acts = shown.acts.borrow();
        assert!(matches!(&acts[..], [Act::Show(Action::Select(r))] if &*r.name == "web-0"));
    }
}

#[wasm_bindgen_test]
async fn the_editor_is_a_text_box_and_a_button() {
    let problem = Problem {
        file: "web.yaml".into(),
        document: Some(2),
        line: 7,
        field: "spec.replicas".to_owned(),
        message: "no".to_owned(),
    };
    let shown = show::<Editor>(|act| EditorProps {
        documents: Rc::new(vec![document_of("kind: Pod\n")]),
        active: 0,
        problems: Rc::new(vec![problem]),
        notice: None,
        act,
    })
    .await;
    let area: HtmlTextAreaElement = shown.one("textarea", "Manifest");
    assert_eq!(area.value(), "kind: Pod\n");
    area.set_value("kind: Service\n");
    shown.fire(&area, "input");
    shown.press("Apply");
    let row: Element = shown.root.query_selector(".problems button").unwrap().unwrap();
    let words = row.text_content().unwrap();
    assert!(words.contains("web.yaml, document 2, line 7spec.replicas"), "{words}");
    let acts = shown.acts.borrow();
    assert!(
        matches!(&acts[..], [Act::Show(Action::Edit(text)), Act::Apply] if &**text == "kind: Service\n")
    );
}

#[wasm_bindgen_test]
async fn the_clock_is_stopped_and_stepped_by_name() {
    for (playing, name) in [(true, "Pause"), (false, "Play")] {
        let pace = Pace { playing, ..Pace::default() };
        let shown =
            show::<TopBar>(|act| TopBarProps { pace, note: None, folded: false, act }).await;
        shown.press(name);
        shown.press("Step");
        assert!(matches!(&shown.acts.borrow()[..], [Act::TogglePlay, Act::Step]));
    }
}

#[wasm_bindgen_test]
async fn the_terminal_runs_what_is_typed() {
    let shown = show::<Terminal>(|act| TerminalProps {
        blocks: Rc::default(),
        pace: Pace { terminals: 1, ..Pace::default() },
        documents: Rc::default(),
        session: Handle::open(),
        act,
    })
    .await;
    let input: HtmlInputElement = shown.one("input", "kubectl");
    let key = |key: &str| {
        let options = web_sys::KeyboardEventInit::new();
        options.set_bubbles(true);
        options.set_key(key);
        let kind = "keydown";
        let event = web_sys::KeyboardEvent::new_with_keyboard_event_init_dict(kind, &options);
        input.dispatch_event(&event.unwrap()).unwrap();
    };
    input.set_value("kubectl get no");
    key("Tab");
    assert_eq!(input.value(), "kubectl get nodes ");
    key("Enter");
    assert_eq!(input.value(), "");
    assert!(matches!(&shown.acts.borrow()[..], [Act::Run(line)] if line == "kubectl get nodes "));
}

#[wasm_bindgen_test]
async fn a_hint_offers_the_file_in_a_version_that_is_served() {
    let hint = |number, file: Option<&str>| Block {
        number,
        kind: BlockKind::Hint(file.map(Rc::from)),
        text: "# sandbox hint: it is in autoscaling/v2 now".into(),
    };
    let shown = show::<Terminal>(|act| TerminalProps {
        blocks: Rc::new(vec![hint(1, None), hint(2, Some("hpa.yaml"))]),
        pace: Pace { terminals: 1, ..Pace::default() },
        documents: Rc::default(),
        session: Handle::open(),
        act,
    })
    .await;
    shown.press("Convert and apply");
    assert!(matches!(&shown.acts.borrow()[..], [Act::Convert(file)] if &**file == "hpa.yaml"));
}

#[wasm_bindgen_test]
async fn a_load_slider_acts_when_it_is_let_go() {
    let workload = Ref::new("Deployment", "default", "web");
    let load = Load { cpu: None, memory: Some(64) };
    let shown =
        show::<LoadSliders>(|act| LoadSlidersProps { workload: workload.clone(), load, act }).await;
    let slider: HtmlInputElement = shown.one("input", "CPU load of web");
    slider.set_value("300");
    shown.fire(&slider, "input");
    assert!(shown.acts.borrow().is_empty());
    shown.fire(&slider, "change");
    let expected = Load { cpu: Some(300), memory: Some(64) };
    assert!(
        matches!(&shown.acts.borrow()[..], [Act::Load(w, l)] if (w, l) == (&workload, &expected))
    );
}

#[wasm_bindgen_test]
fn a_version_that_is_gone_is_led_back_to_where_it_is_written() {
    let text = "kind: Service\n---\n# Old.\napiVersion: apps/v1beta1\nkind: Deployment\nmetadata:\n  name: b\n";
    let output = "error: resource mapping not found for name: \"b\" namespace: \"\" from \"web.yaml\": \
         no matches for kind \"Deployment\" in version \"apps/v1beta1\"\nensure CRDs are installed first";
    let found = problems::find(&document_of(text), output);
    let [problem] = &found[..] else { panic!("{found:?}") };
    assert_eq!((problem.document, problem.line, &*problem.field), (Some(2), 4, "apiVersion"));
}

/// kubectl's refusals, and the document, line and field they are led back to.
#[wasm_bindgen_test]
fn refusals_are_led_back_to_their_lines() {
    let text = "kind: Service\nmetadata:\n  name: a\n---\nkind: Deployment\nmetadata:\n  name: b\n\
        spec:\n  replicas: three\n  template:\n    spec:\n      containers:\n      - name: x\n        imag: y\n";
    let cases: &[(&str, usize, usize, &str)] = &[
        (
            "Error from server (BadRequest): error when creating \"web.yaml\": Deployment in version \
             \"v1\" cannot be handled as a Deployment: json: cannot unmarshal string into Go struct \
             field DeploymentSpec.spec.replicas of type int32",
            2,
            9,
            "spec.replicas",
        ),
        (
            "The Deployment \"b\" is invalid: spec.template.spec.containers[0].image: Required value",
            2,
            13,
            "spec.template.spec.containers[0].image",
        ),
        (
            "error: error parsing web.yaml: error converting YAML to JSON: yaml: line 3: bad",
            1,
            3,
            "",
        ),
    ];
    for (output, document, line, field) in cases {
        let found = problems::find(&document_of(text), output);
        let places: Vec<_> = found.iter().map(|p| (p.document, p.line, p.field.as_str())).collect();
        assert_eq!(places, [(Some(*document), *line, *field)], "{output}");
    }
}

/// The panic is a real one, in a listener of the page; the hook that the page installs reports it.
#[wasm_bindgen_test]
fn a_panic_is_reported_and_leads_back() {
    let words = panic::Words { title: "Broken", advice: "Kept.", back: "Back", fresh: "Fresh" };
    panic::install(words);
    let overlay = document().get_element_by_id("failure").unwrap();
    assert!(overlay.has_attribute("hidden"));
    let button: HtmlElement = document().create_element("button").unwrap().dyn_into().unwrap();
    let listener = Closure::<dyn FnMut()>::new(|| panic!("on purpose"));
    button.add_event_listener_with_callback("click", listener.as_ref().unchecked_ref()).unwrap();
    button.click();
    assert!(!overlay.has_attribute("hidden"));
    assert_eq!(overlay.get_attribute("role").as_deref(), Some("alertdialog"));
    let text = overlay.text_content().unwrap();
    assert!(text.contains("Broken") && text.contains("on purpose"), "{text}");
    let link = overlay.query_selector("a").unwrap().unwrap();
    assert_eq!(link.get_attribute("href").as_deref(), Some("?recover=back"));
}
