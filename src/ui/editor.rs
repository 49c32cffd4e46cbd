//! The editor: files as tabs, numbered and coloured lines, and what is wrong with them.

use std::collections::BTreeSet;
use std::rc::Rc;

use yew::prelude::*;

use super::act::Act;
use super::messages::{fill, t};
use super::state::{Action, Document, Problem};
use super::widgets::icon::{ADD, CLOSE, icon};
use super::widgets::yaml;
use crate::base::order::Gather;
use crate::scenario::{lessons, outdated};
use crate::web::{dom, field};

/// More text than this, in UTF-16 units, is refused: the page must answer at once.
pub const TEXT_MAX: u32 = 500_000;
/// The height of a line in pixels; `editor.css` says the same.
pub const LINE_HEIGHT: i32 = 20;
/// How many lines around the visible ones are coloured.
const MARGIN: usize = 40;
/// How many lines are taken to be visible.
const VISIBLE: usize = 80;

/// What the editor shows.
#[derive(Properties, PartialEq)]
pub struct EditorProps {
    /// The files.
    pub documents: Rc<Vec<Document>>,
    /// The open one.
    pub active: usize,
    /// What is wrong with them.
    pub problems: Rc<Vec<Problem>>,
    /// A sentence above the text.
    pub notice: Option<&'static str>,
    /// What to do.
    pub act: Callback<Act>,
}

/// The editor.
#[component]
pub fn Editor(props: &EditorProps) -> Html {
    let act = &props.act;
    use_effect_with(props.active, |_| dom::reveal("open-file"));
    let name = props.documents.get(props.active).map(|d| d.name.clone()).unwrap_or_default();
    let apply = {
        let act = act.clone();
        move |_: MouseEvent| act.emit(Act::Apply)
    };
    let command = format!("kubectl apply -f {name}");
    html! {
        <section class="editor" aria-label={t().editor}>
            <div class="panel-head">
                <h2>{ t().editor }</h2>
                { samples(act) }
                <button type="button" class="button primary" onclick={apply} title={command.clone()}
                    aria-keyshortcuts="Control+Enter">
                    { t().apply }
                </button>
            </div>
            { files(props) }
            if let Some(notice) = props.notice {
                <p class="notice" role="alert">{ notice }</p>
            }
            <TextEditor document={props.documents.get(props.active).cloned()}
                problems={props.problems.clone()} act={act.clone()} />
            <div class="editor-foot">
                <code class="command">{ command }</code>
                <kbd>{ t().apply_hint }</kbd>
            </div>
            { problem_list(props) }
        </section>
    }
}

fn samples(act: &Callback<Act>) -> Html {
    let onchange = {
        let act = act.clone();
        move |event: Event| {
            // Entry 0 is the menu's own name.
            let chosen = field::chosen(&event).and_then(|n| n.checked_sub(1));
            if let Some((name, _)) = chosen.and_then(|n| lessons::all().nth(n)) {
                act.emit(Act::OpenSample(name));
            }
            field::choose_first(&event);
        }
    };
    html! {
        <select class="select" aria-label={t().samples} {onchange}>
            <option selected={true}>{ t().samples }</option>
            { for lessons::CHAPTERS.iter().map(chapter) }
        </select>
    }
}

fn chapter(chapter: &lessons::Chapter) -> Html {
    html! {
        <optgroup label={chapter.title}>
            { for chapter.manifests.iter().map(|(name, _)| html! { <option>{ *name }</option> }) }
        </optgroup>
    }
}

fn files(props: &EditorProps) -> Html {
    let act = &props.act;
    let tab = |(n, document): (usize, &Document)| {
        let open = {
            let act = act.clone();
            move |_: MouseEvent| act.emit(Act::Show(Action::Open(n)))
        };
        let close = {
            let act = act.clone();
            move |_: MouseEvent| act.emit(Act::Show(Action::Close(n)))
        };
        let rename = {
            let act = act.clone();
            move |event: Event| {
                let name = field::value(&event).unwrap_or_default().trim().to_owned();
                if !name.is_empty() {
                    act.emit(Act::Show(Action::Rename(name.into())));
                }
            }
        };
        let current = n == props.active;
        let size = document.name.chars().count().clamp(6, 26).to_string();
        let label = format!("{} {}", t().close_file, document.name);
        html! {
            <li key={&*document.name} class={classes!("file", current.then_some("open"))}
                id={current.then_some("open-file")}>
                if current {
                    <input class="file-name" value={document.name.clone()} onchange={rename}
                        aria-label={t().file_name} {size} />
                    if props.documents.len() > 1 {
                        <button type="button" class="icon-button small" aria-label={label}
                            onclick={close}>{ icon(CLOSE) }</button>
                    }
                } else {
                    <button type="button" class="file-name" onclick={open}>{ &*document.name }</button>
                }
            </li>
        }
    };
    let new = {
        let act = act.clone();
        move |_: MouseEvent| act.emit(Act::NewFile)
    };
    html! {
        <ul class="files" aria-label={t().files}>
            { for props.documents.iter().enumerate().map(tab) }
            <li>
                <button type="button" class="icon-button small" aria-label={t().new_file}
                    title={t().new_file} onclick={new}>{ icon(ADD) }</button>
            </li>
        </ul>
    }
}

fn problem_list(props: &EditorProps) -> Html {
    if props.problems.is_empty() {
        return Html::default();
    }
    let row = |(n, problem): (usize, &Problem)| {
        let act = props.act.clone();
        html! {
            <li><button type="button" onclick={move |_| act.emit(Act::Jump(n))}>
                <span class="problem-place">
                    { &*problem.file }
                    if let Some(document) = problem.document {
                        { ", " }{ fill(t().document_number, &document.to_string()) }
                    }
                    { ", " }{ fill(t().line_number, &problem.line.to_string()) }
                </span>
                if !problem.field.is_empty() { <code>{ &problem.field }</code> }
                <span>{ &problem.message }</span>
            </button>{ way_out(problem, &props.act) }</li>
        }
    };
    html! {
        <div class="problems" role="alert">
            <h3>{ t().problems }<span class="badge">{ props.problems.len() }</span></h3>
            <ul>{ for props.problems.iter().enumerate().map(row) }</ul>
        </div>
    }
}

/// The button that brings a file up to the versions that are served, where that helps.
fn way_out(problem: &Problem, act: &Callback<Act>) -> Html {
    if outdated::hints(&problem.message).is_empty() {
        return Html::default();
    }
    let (act, file) = (act.clone(), problem.file.clone());
    let onclick = move |_: MouseEvent| act.emit(Act::Convert(file.clone()));
    html! { <button type="button" class="button way-out" {onclick}>{ t().convert }</button> }
}

/// The text of one file.
#[derive(Properties, PartialEq)]
pub struct TextEditorProps {
    document: Option<Document>,
    problems: Rc<Vec<Problem>>,
    act: Callback<Act>,
}

/// A text area over its own coloured copy. Both lie in one cell of a grid that scrolls as a whole;
/// only the lines near the view are coloured.
#[component]
pub fn TextEditor(props: &TextEditorProps) -> Html {
    let first = use_state_eq(|| 0_usize);
    let Some(document) = props.document.clone() else { return Html::default() };
    let onscroll = {
        let first = first.clone();
        move |event: Event| {
            let line = field::scroll_top(&event) / LINE_HEIGHT;
            // In steps, so that most scrolling draws nothing.
            first.set(usize::try_from(line).unwrap_or(0) / MARGIN * MARGIN);
        }
    };
    let oninput = {
        let (act, kept) = (props.act.clone(), document.text.clone());
        move |event: InputEvent| {
            if field::text_length(&event) > TEXT_MAX {
                field::set_value(&event, &kept);
                act.emit(Act::Show(Action::Notice(Some(t().too_large))));
            } else if let Some(text) = field::value(&event) {
                act.emit(Act::Show(Action::Edit(text.into())));
            }
        }
    };
    let onpaste = {
        let act = props.act.clone();
        move |event: Event| {
            if field::pasted(&event).is_some_and(|text| text.len() > TEXT_MAX as usize) {
                event.prevent_default();
                act.emit(Act::Show(Action::Notice(Some(t().too_large))));
            }
        }
    };
    let onkeydown = {
        let act = props.act.clone();
        move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                act.emit(Act::Apply);
            }
        }
    };
    let here = props.problems.iter().filter(|p| p.file == document.name);
    let marked: BTreeSet<usize> = here.map(|p| p.line).gathered();
    html! {
        <div class="text-editor" id="editor-scroll" {onscroll}>
            <pre class="gutter" aria-hidden="true">{ numbers(&document.text, &marked) }</pre>
            <div class="sheet">
                <pre class="ink" aria-hidden="true">{ ink(&document.text, *first, &marked) }</pre>
                <textarea id="editor-text" aria-label={t().manifest} value={document.text.clone()}
                    spellcheck="false" autocapitalize="off" autocomplete="off" wrap="off"
                    maxlength={(TEXT_MAX + 1).to_string()} {oninput} {onpaste} {onkeydown} />
            </div>
        </div>
    }
}

fn numbers(text: &str, marked: &BTreeSet<usize>) -> Html {
    let count = text.matches('\n').count() + 1;
    if marked.is_empty() {
        let numbers: Vec<String> = (1..=count).map(|n| n.to_string()).collect();
        return html! { { numbers.join("\n") } };
    }
    (1..=count)
        .map(|n| match marked.contains(&n) {
            true => html! { <span class="bad-number">{ format!("{n}\n") }</span> },
            false => html! { { format!("{n}\n") } },
        })
        .collect()
}

/// The coloured copy: plain text before and after, coloured lines around the view.
fn ink(text: &str, first: usize, marked: &BTreeSet<usize>) -> Html {
    let start = offset(text, first.saturating_sub(MARGIN));
    let end = offset(text, first + VISIBLE + MARGIN);
    let lines = text[start..end].split_inclusive('\n');
    let number = first.saturating_sub(MARGIN) + 1;
    let lines = lines.enumerate().map(|(n, line)| match marked.contains(&(number + n)) {
        true => html! { <span class="bad-line">{ yaml::line(line) }</span> },
        false => yaml::line(line),
    });
    html! { <>{ &text[..start] }{ for lines }{ &text[end..] }{ "\n" }</> }
}

/// Where line `line`, counted from zero, begins; the end of the text if there are fewer.
fn offset(text: &str, line: usize) -> usize {
    match line {
        0 => 0,
        n => text.match_indices('\n').nth(n - 1).map_or(text.len(), |(at, _)| at + 1),
    }
}
