//! The terminal: kubectl, as at home.

use std::rc::Rc;

use yew::prelude::*;

use super::act::Act;
use super::messages::t;
use super::session::Handle;
use super::state::{Block, BlockKind};
use crate::web::{dom, field};

/// What the terminal shows.
#[derive(Properties, PartialEq)]
pub struct TerminalProps {
    /// Its paragraphs.
    pub blocks: Rc<Vec<Block>>,
    /// Whether a command is still running.
    pub busy: bool,
    /// For completion.
    pub session: Handle,
    /// What to do.
    pub act: Callback<Act>,
}

const OUTPUT: &str = "terminal-output";
const INPUT: &str = "terminal-input";

/// The terminal.
#[component]
pub fn Terminal(props: &TerminalProps) -> Html {
    use_effect_with(props.blocks.clone(), |_| dom::scroll_to_end(OUTPUT));
    // Where the arrow keys are in the history: zero is the line being typed.
    let back = use_mut_ref(|| 0_usize);
    let hints = use_state(Vec::<String>::new);
    let onkeydown = {
        let (act, session, blocks) =
            (props.act.clone(), props.session.clone(), props.blocks.clone());
        let hints = hints.clone();
        move |event: KeyboardEvent| {
            let Some(typed) = field::value(&event) else { return };
            if event.key() != "Tab" && !hints.is_empty() {
                hints.set(Vec::new());
            }
            match event.key().as_str() {
                "Enter" => {
                    *back.borrow_mut() = 0;
                    field::set_value(&event, "");
                    act.emit(Act::Run(typed));
                }
                "ArrowUp" | "ArrowDown" => {
                    event.prevent_default();
                    let mut back = back.borrow_mut();
                    let up = event.key() == "ArrowUp";
                    let wanted = if up { *back + 1 } else { back.saturating_sub(1) };
                    if let Some(line) = history(&blocks, wanted) {
                        *back = wanted;
                        field::set_value(&event, &line);
                    }
                }
                "Tab" if !event.shift_key() && !typed.is_empty() => {
                    event.prevent_default();
                    let (line, choices) = session.complete(&typed);
                    field::set_value(&event, &line);
                    hints.set(choices);
                }
                "c" if event.ctrl_key() && !field::has_selection(&event) => {
                    event.prevent_default();
                    field::set_value(&event, "");
                    act.emit(Act::Interrupt);
                }
                "l" if event.ctrl_key() => {
                    event.prevent_default();
                    act.emit(Act::ClearTerminal);
                }
                _ => {}
            }
        }
    };
    let button = |label: &'static str, make: fn() -> Act| {
        let act = props.act.clone();
        html! {
            <button type="button" class="button quiet" onclick={move |_| act.emit(make())}>
                { label }
            </button>
        }
    };
    let block = |block: &Block| {
        let class = match block.kind {
            BlockKind::Input => "line-in",
            BlockKind::Output => "line-out",
            BlockKind::Error => "line-err",
        };
        html! { <pre key={block.number} {class}>{ &*block.text }</pre> }
    };
    html! {
        <section class="terminal" aria-label={t().terminal}>
            <div class="panel-head">
                <h2>{ t().terminal }</h2>
                if props.busy { { button(t().interrupt, || Act::Interrupt) } }
                { button(t().clear, || Act::ClearTerminal) }
            </div>
            <div class="terminal-output" id={OUTPUT} role="log" aria-live="polite" tabindex="0"
                aria-label={t().terminal_output} onclick={|_| ()}>
                { for props.blocks.iter().map(block) }
            </div>
            if !hints.is_empty() {
                <div class="terminal-hints">{ for hints.iter().map(|h| html! { <span>{ h }</span> }) }</div>
            }
            <label class="terminal-line" for={INPUT}>
                <span class={classes!("prompt", props.busy.then_some("busy"))} aria-hidden="true">{ "$" }</span>
                <input id={INPUT} type="text" aria-label={t().terminal_input} {onkeydown}
                    placeholder={t().terminal_hint} autocomplete="off" autocapitalize="off"
                    spellcheck="false" enterkeyhint="send" />
            </label>
        </section>
    }
}

/// The line typed `back` lines ago; the empty line for zero.
fn history(blocks: &[Block], back: usize) -> Option<String> {
    let mut lines = blocks.iter().rev().filter(|block| block.kind == BlockKind::Input);
    match back {
        0 => Some(String::new()),
        n => lines.nth(n - 1).map(|block| block.text.trim_start_matches("$ ").to_owned()),
    }
}
