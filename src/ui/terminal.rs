//! The terminal: kubectl, as at home.

use std::rc::Rc;

use yew::prelude::*;

use super::act::Act;
use super::messages::t;
use super::session::Handle;
use super::state::{Block, BlockKind, Document, Pace};
use super::widgets::tabs::{Tab, Tabs};
use crate::scenario::Session;
use crate::web::{dom, field};

/// What the terminal shows.
#[derive(Properties, PartialEq)]
pub struct TerminalProps {
    /// Its paragraphs.
    pub blocks: Rc<Vec<Block>>,
    /// Which terminal is open, and whether a command is still running in it.
    pub pace: Pace,
    /// The editor's files, for completion.
    pub documents: Rc<Vec<Document>>,
    /// For completion and history.
    pub session: Handle,
    /// What to do.
    pub act: Callback<Act>,
}

const OUTPUT: &str = "terminal-output";
const INPUT: &str = "terminal-input";
/// What the terminals are called.
const NAMES: [&str; Session::TERMINALS_MAX] = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// What the keys did to the line that is being typed.
#[derive(Clone, Default, PartialEq)]
struct Line {
    /// How far back in the history it is; zero is the line being typed.
    back: usize,
    /// What was typed before the arrow keys replaced it.
    typed: Rc<str>,
    /// What is searched for in the history, while it is.
    search: Option<Search>,
    /// What the Tab key found.
    choices: Vec<String>,
}

/// A search backwards through the history.
#[derive(Clone, Default, PartialEq)]
struct Search {
    wanted: String,
    /// How many matches are skipped.
    skip: usize,
}

impl Search {
    /// The newest line that matches, `skip` matches further back.
    fn find<'a>(&self, history: &'a [Rc<str>]) -> Option<&'a Rc<str>> {
        let matches = |line: &&Rc<str>| !self.wanted.is_empty() && line.contains(&*self.wanted);
        history.iter().rev().filter(matches).nth(self.skip)
    }
}

/// The terminal.
#[component]
pub fn Terminal(props: &TerminalProps) -> Html {
    use_effect_with(props.blocks.clone(), |_| dom::scroll_to_end(OUTPUT));
    let line = use_state_eq(Line::default);
    let onkeydown = {
        let (act, session) = (props.act.clone(), props.session.clone());
        let (line, documents) = (line.clone(), props.documents.clone());
        move |event: KeyboardEvent| {
            let Some(text) = field::value(&event) else { return };
            let keys = Keys { event: &event, text, session: &session, documents: &documents };
            let next = match line.search.clone() {
                Some(search) => keys.in_search(search, &line, &act),
                None => keys.in_line(&line, &act),
            };
            if let Some(next) = next {
                line.set(next);
            }
        }
    };
    let oninput = {
        let line = line.clone();
        move |event: InputEvent| {
            if line.search.is_some() {
                let wanted = field::value(&event).unwrap_or_default();
                line.set(Line { search: Some(Search { wanted, skip: 0 }), ..(*line).clone() });
            }
        }
    };
    let found = line.search.as_ref().and_then(|s| s.find(&props.session.history()).cloned());
    html! {
        <section class="terminal" id="terminal-panel" aria-label={t().terminal}>
            <div class="panel-head">
                <h2>{ t().terminal }</h2>
                { tabs(props) }
                if props.pace.busy { { button(props, t().interrupt, || Act::Interrupt) } }
                { button(props, t().clear, || Act::ClearTerminal) }
            </div>
            <div class="terminal-output" id={OUTPUT} role="log" aria-live="polite" tabindex="0"
                aria-label={t().terminal_output}>
                { for props.blocks.iter().map(|block| html! { <Paragraph key={block.number} block={block.clone()} act={props.act.clone()} /> }) }
            </div>
            if !line.choices.is_empty() {
                <div class="terminal-hints" role="status">
                    { for line.choices.iter().map(|choice| html! { <span>{ choice }</span> }) }
                </div>
            }
            if line.search.is_some() {
                <div class="terminal-hints" role="status">
                    <span>{ t().reverse_search }</span>
                    <strong>{ found.as_deref().unwrap_or_default().to_owned() }</strong>
                </div>
            }
            <label class="terminal-line" for={INPUT}>
                <span class={classes!("prompt", props.pace.busy.then_some("busy"))} aria-hidden="true">{ if props.pace.reads { "" } else { "$" } }</span>
                <input id={INPUT} type="text" aria-label={t().terminal_input} {onkeydown} {oninput}
                    placeholder={t().terminal_hint} autocomplete="off" autocapitalize="off"
                    spellcheck="false" enterkeyhint="send" />
                <span class="keys" aria-hidden="true">{ t().terminal_keys }</span>
            </label>
        </section>
    }
}

/// The terminals, and a button for another one.
fn tabs(props: &TerminalProps) -> Html {
    let pace = props.pace;
    let tab = |label: &&'static str| Tab { id: label, label, count: None };
    let tabs: Vec<Tab> = NAMES.iter().take(pace.terminals).map(tab).collect();
    let act = props.act.clone();
    let choose = move |name: &'static str| {
        if let Some(number) = NAMES.iter().position(|other| *other == name) {
            act.emit(Act::Terminal(number));
        }
    };
    let active = NAMES.get(pace.terminal).copied().unwrap_or_default();
    let (act, next) = (props.act.clone(), pace.terminals);
    html! {
        <>
            if pace.terminals > 1 {
                <Tabs prefix="terminal" label={t().terminals} {tabs} {active} {choose} />
            }
            if next < NAMES.len() {
                <button type="button" class="button quiet" aria-label={t().new_terminal}
                    title={t().new_terminal} onclick={move |_| act.emit(Act::Terminal(next))}>{ "+" }</button>
            }
        </>
    }
}

fn button(props: &TerminalProps, label: &'static str, make: fn() -> Act) -> Html {
    let act = props.act.clone();
    html! {
        <button type="button" class="button quiet" onclick={move |_| act.emit(make())}>{ label }</button>
    }
}

/// A key that went down in the input.
struct Keys<'a> {
    event: &'a KeyboardEvent,
    text: String,
    session: &'a Handle,
    documents: &'a [Document],
}

impl Keys<'_> {
    fn show(&self, text: &str) {
        field::set_value(self.event, text);
    }

    /// What the line becomes while it is being typed; `None` leaves it as it is.
    fn in_line(&self, line: &Line, act: &Callback<Act>) -> Option<Line> {
        let control = self.event.ctrl_key();
        match self.event.key().as_str() {
            "Enter" => {
                self.show("");
                act.emit(Act::Run(self.text.clone()));
                Some(Line::default())
            }
            key @ ("ArrowUp" | "ArrowDown") => {
                self.event.prevent_default();
                self.recall(line, key == "ArrowUp")
            }
            "Tab" if !self.event.shift_key() && !self.text.is_empty() => {
                self.event.prevent_default();
                let found = self.session.complete(&self.text, self.documents);
                self.show(&found.line);
                Some(Line { choices: found.choices, ..line.clone() })
            }
            "r" if control => {
                self.event.prevent_default();
                self.show("");
                let search = Some(Search::default());
                Some(Line { search, typed: self.text.as_str().into(), ..Line::default() })
            }
            "c" if control && !field::has_selection(self.event) => {
                self.event.prevent_default();
                self.show("");
                act.emit(Act::Interrupt);
                Some(Line::default())
            }
            "d" if control && self.text.is_empty() => {
                self.event.prevent_default();
                act.emit(Act::EndInput);
                None
            }
            "l" if control => {
                self.event.prevent_default();
                act.emit(Act::ClearTerminal);
                None
            }
            _ if line.choices.is_empty() => None,
            _ => Some(Line { choices: Vec::new(), ..line.clone() }),
        }
    }

    /// The line before or after in the history.
    fn recall(&self, line: &Line, up: bool) -> Option<Line> {
        let history = self.session.history();
        let back = if up { line.back + 1 } else { line.back.checked_sub(1)? };
        let typed = if line.back == 0 { self.text.as_str().into() } else { line.typed.clone() };
        let recalled = match back {
            0 => typed.clone(),
            n => history.len().checked_sub(n).and_then(|at| history.get(at)).cloned()?,
        };
        self.show(&recalled);
        Some(Line { back, typed, ..Line::default() })
    }

    /// What the line becomes while the history is searched.
    fn in_search(&self, search: Search, line: &Line, act: &Callback<Act>) -> Option<Line> {
        let history = self.session.history();
        let found = search.find(&history).cloned();
        match self.event.key().as_str() {
            "r" if self.event.ctrl_key() => {
                self.event.prevent_default();
                let further = Search { skip: search.skip + 1, ..search.clone() };
                let search = if further.find(&history).is_some() { further } else { search };
                Some(Line { search: Some(search), ..line.clone() })
            }
            "Enter" => {
                self.event.prevent_default();
                self.show("");
                if let Some(found) = found {
                    act.emit(Act::Run(found.to_string()));
                }
                Some(Line::default())
            }
            "Escape" | "g" | "c" if self.event.key() == "Escape" || self.event.ctrl_key() => {
                self.event.prevent_default();
                self.show(&line.typed);
                Some(Line::default())
            }
            "Tab" | "ArrowRight" | "ArrowLeft" | "End" | "Home" => {
                self.event.prevent_default();
                self.show(found.as_deref().unwrap_or(&line.typed));
                Some(Line::default())
            }
            _ => None,
        }
    }
}

#[derive(Properties, PartialEq)]
struct ParagraphProps {
    block: Block,
    act: Callback<Act>,
}

/// One paragraph; what refuses something is told apart.
#[component]
fn Paragraph(props: &ParagraphProps) -> Html {
    let block = &props.block;
    match &block.kind {
        BlockKind::Input => return html! { <pre class="line-in">{ &*block.text }</pre> },
        BlockKind::Hint(file) => return hint(&block.text, file.clone(), &props.act),
        BlockKind::Output => {}
    }
    let mut parts: Vec<(bool, String)> = Vec::new();
    for line in block.text.lines() {
        let bad = is_refusal(line);
        match parts.last_mut() {
            Some((same, text)) if *same == bad => {
                text.push('\n');
                text.push_str(line);
            }
            _ => parts.push((bad, line.to_owned())),
        }
    }
    let part = |(bad, text): (bool, String)| {
        html! { <pre class={if bad { "line-err" } else { "line-out" }}>{ text }</pre> }
    };
    html! { <>{ for parts.into_iter().map(part) }</> }
}

/// What the page says beside what kubectl printed, and the way out it offers.
fn hint(text: &str, file: Option<Rc<str>>, act: &Callback<Act>) -> Html {
    let convert = |file: Rc<str>| {
        let act = act.clone();
        let onclick = move |_: MouseEvent| act.emit(Act::Convert(file.clone()));
        html! { <button type="button" class="button" {onclick}>{ t().convert }</button> }
    };
    html! { <p class="line-hint">{ text }{ for file.map(convert) }</p> }
}

fn is_refusal(line: &str) -> bool {
    let starts = ["error", "Error", "sh: ", "* spec", "* metadata", "Unable to", "cat: "];
    starts.iter().any(|start| line.starts_with(start))
        || (line.starts_with("The ") && line.contains(" is invalid:"))
}
