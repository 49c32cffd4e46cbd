//! The frame: bars, columns, and where an act goes.

use std::rc::Rc;

use yew::prelude::*;

use super::act::Act;
use super::editor::{Editor, LINE_HEIGHT};
use super::files;
use super::messages::t;
use super::panels::{PANELS, Panel, Place, Scene};
use super::schemas;
use super::session::{Handle, stamp};
use super::state::{Action, Column, Document, State};
use super::terminal::Terminal;
use super::topbar::TopBar;
use super::widgets::icon::{CLOSE, icon, kind_icon};
use super::widgets::link::link;
use super::widgets::tabs::{Tab, Tabs};
use crate::web::{dom, frame};

/// How often the clock's place is saved, in milliseconds of real time.
const SAVE_MS: f64 = 2000.0;

fn first_state(session: &Handle) -> State {
    State {
        view: session.view(),
        pace: session.pace(),
        note: None,
        blocks: session.blocks(),
        documents: Rc::new(files::load_documents()),
        active: 0,
        problems: Rc::default(),
        notice: None,
        selection: None,
        stage: "cluster",
        inspector: "summary",
        column: Column::Stage,
        folded: false,
        dark: files::load_theme(),
    }
}

/// The page.
#[component]
pub fn App() -> Html {
    let session = (*use_memo((), |()| Handle::open())).clone();
    let state = {
        let session = session.clone();
        use_reducer(move || first_state(&session))
    };
    {
        let (session, send) = (session.clone(), state.dispatcher());
        use_effect_with((), move |()| start_frames(session, send));
    }
    use_effect_with(state.documents.clone(), |documents| {
        files::save_documents(documents);
    });
    use_effect_with(state.dark, |dark| {
        let theme = dark.map(|dark| if dark { "dark" } else { "light" });
        dom::set_root("data-theme", theme);
    });
    let act = {
        let (session, state) = (session.clone(), state.clone());
        let wishes = (state.documents.clone(), state.active, state.problems.clone(), state.dark);
        use_callback(wishes, move |act: Act, _| carry_out(act, &session, &state))
    };
    let scene = Scene {
        view: state.view.clone(),
        epoch: 0,
        selection: state.selection.clone(),
        session: session.clone(),
        act: act.clone(),
    };
    let column = match state.column {
        Column::Editor => "show-editor",
        Column::Stage => "show-stage",
        Column::Inspector => "show-inspector",
        Column::Terminal => "show-terminal",
    };
    let inspected = state.selection.is_some().then_some("inspected");
    html! {
        <div class={classes!("page", column, state.folded.then_some("folded"), inspected)}>
            <a class="skip" href="#terminal-input">{ t().skip_to_terminal }</a>
            <TopBar pace={state.pace} note={state.note.clone()} folded={state.folded} act={act.clone()} />
            { columns(state.column, &act) }
            <div class="area-editor">
                <Editor documents={state.documents.clone()} active={state.active}
                    problems={state.problems.clone()} notice={state.notice} act={act.clone()} />
            </div>
            <main class="area-stage">{ stage(&state, scene.clone()) }</main>
            <aside class="area-inspector" aria-label={t().inspector}>{ inspector(&state, scene) }</aside>
            <div class="area-terminal">
                <Terminal blocks={state.blocks.clone()} pace={state.pace} {session}
                    documents={state.documents.clone()} {act} />
            </div>
        </div>
    }
}

fn start_frames(session: Handle, send: UseReducerDispatcher<State>) {
    let mut shown = (session.view(), session.blocks(), session.pace());
    let mut note = None;
    let mut saved = 0.0;
    frame::start(move |now| {
        session.frame(now);
        let time = session.now();
        dom::set_text("clock-elapsed", &stamp(time.since(session.start())));
        let date = format!("{time:?}");
        dom::set_text("clock-date", date.get(..19).unwrap_or("").replace('T', " ").as_str());
        let next = (session.view(), session.blocks(), session.pace());
        if !Rc::ptr_eq(&next.0, &shown.0) {
            send.dispatch(Action::View(next.0.clone()));
        }
        if !Rc::ptr_eq(&next.1, &shown.1) {
            send.dispatch(Action::Blocks(next.1.clone()));
        }
        if next.2 != shown.2 {
            send.dispatch(Action::Pace(next.2));
        }
        shown = next;
        if session.note() != note {
            note = session.note();
            send.dispatch(Action::Note(note.clone()));
        }
        if let Some(problems) = session.take_problems() {
            send.dispatch(Action::Problems(Rc::new(problems)));
        }
        if now - saved > SAVE_MS {
            saved = now;
            session.save();
        }
    });
}

fn carry_out(act: Act, session: &Handle, state: &UseReducerHandle<State>) {
    match act {
        Act::Show(action) => state.dispatch(action),
        Act::TogglePlay => session.toggle_play(),
        Act::Step => session.step(),
        Act::RunUntilIdle => session.run_until_idle(),
        Act::Speed(n) => session.speed(n),
        Act::Undo => session.undo(),
        Act::Reset => {
            session.reset();
            state.dispatch(Action::Unselect);
        }
        Act::Run(line) => {
            let (session, documents) = (session.clone(), state.documents.clone());
            let asked = line.clone();
            schemas::before(&asked, move || session.run(&line, &documents));
        }
        Act::Terminal(number) => session.terminal(number),
        Act::Interrupt => session.interrupt(),
        Act::EndInput => session.end_input(),
        Act::ClearTerminal => session.clear(),
        Act::Apply => {
            if let Some(document) = state.documents.get(state.active) {
                session.apply(document, &state.documents);
            }
        }
        Act::Convert(name) => {
            if let Some(document) = session.converted(&name, &state.documents) {
                state.dispatch(Action::Add(document.clone()));
                session.apply(&document, std::slice::from_ref(&document));
            }
        }
        Act::RunSample(name) => {
            let document = Document::of_lesson(name);
            session.apply(&document, std::slice::from_ref(&document));
            state.dispatch(Action::Add(document));
        }
        Act::OpenSample(name) => state.dispatch(Action::Add(Document::of_lesson(name))),
        Act::NewFile => {
            let taken = |name: &str| state.documents.iter().any(|d| &*d.name == name);
            let names = (1..).map(|n| format!("manifest-{n}.yaml"));
            let name = names.into_iter().find(|name| !taken(name)).unwrap_or_default();
            state.dispatch(Action::Add(Document { name: name.into(), text: "".into() }));
            dom::focus("editor-text");
        }
        Act::SwitchTheme => {
            let dark = !state.dark.unwrap_or_else(dom::prefers_dark);
            files::save_theme(dark);
            state.dispatch(Action::Dark(dark));
        }
        Act::Load(workload, load) => session.load(&workload, load),
        Act::AddNode => session.add_node(),
        Act::Silence(node, silent) => session.silence(&node, silent),
        Act::Jump(n) => jump(n, state),
    }
}

fn jump(n: usize, state: &UseReducerHandle<State>) {
    let Some(problem) = state.problems.get(n) else { return };
    let Some(file) = state.documents.iter().position(|d| d.name == problem.file) else { return };
    state.dispatch(Action::Open(file));
    state.dispatch(Action::Column(Column::Editor));
    let text = &state.documents[file].text;
    let units = |text: &str| u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    let before: usize = text.split_inclusive('\n').take(problem.line - 1).map(str::len).sum();
    let line = text[before..].lines().next().unwrap_or("");
    let start = units(&text[..before]);
    dom::select_text("editor-text", start, start + units(line));
    let top = i32::try_from(problem.line).unwrap_or(i32::MAX).saturating_sub(4);
    dom::scroll_to("editor-scroll", top.saturating_mul(LINE_HEIGHT));
}

/// A column's tab: its id, which it is, and its name.
type ColumnTab = (&'static str, Column, fn() -> &'static str);

/// The columns of a phone, which shows one at a time.
fn columns(open: Column, act: &Callback<Act>) -> Html {
    const COLUMNS: [ColumnTab; 4] = [
        ("editor", Column::Editor, || t().editor),
        ("stage", Column::Stage, || t().stage),
        ("inspector", Column::Inspector, || t().inspector),
        ("terminal", Column::Terminal, || t().terminal),
    ];
    let tabs = COLUMNS.map(|(id, _, label)| Tab { id, label: label(), count: None });
    let active = COLUMNS.iter().find(|(_, column, _)| *column == open).map_or("stage", |c| c.0);
    let choose = {
        let act = act.clone();
        Callback::from(move |id: &'static str| {
            if let Some((_, column, _)) = COLUMNS.iter().find(|c| c.0 == id) {
                act.emit(Act::column(*column));
            }
        })
    };
    html! {
        <nav class="columns" aria-label={t().views}>
            <Tabs prefix="column" label={t().views} tabs={tabs.to_vec()} {active} {choose} />
        </nav>
    }
}

fn panel_tabs(place: Place, state: &State) -> Vec<Tab> {
    let here = PANELS.iter().filter(|panel| panel.place == place);
    let tab = |panel: &Panel| Tab {
        id: panel.id,
        label: (panel.title)(t()),
        count: (panel.count)(&state.view),
    };
    here.map(tab).collect()
}

fn open_panel(prefix: &str, id: &'static str, scene: Scene) -> Html {
    let panel = PANELS.iter().find(|panel| panel.id == id);
    let content = panel.map_or_else(Html::default, |panel| {
        let epoch = (panel.epoch)(&scene);
        (panel.render)(Scene { epoch, ..scene })
    });
    html! {
        <div class="panel" role="tabpanel" key={id} id={format!("{prefix}-panel")} tabindex="0"
            aria-labelledby={format!("{prefix}-tab-{id}")}>{ content }</div>
    }
}

fn stage(state: &State, scene: Scene) -> Html {
    let act = scene.act.clone();
    let choose = Callback::from(move |id| act.emit(Act::Show(Action::Stage(id))));
    html! {
        <>
            <Tabs prefix="stage" label={t().stage} tabs={panel_tabs(Place::Stage, state)}
                active={state.stage} {choose} />
            { open_panel("stage", state.stage, scene) }
        </>
    }
}

fn inspector(state: &State, scene: Scene) -> Html {
    let Some(reference) = state.selection.clone() else {
        return html! { <p class="empty">{ t().select_something }</p> };
    };
    let act = scene.act.clone();
    let choose = Callback::from(move |id| act.emit(Act::Show(Action::Inspector(id))));
    let close = {
        let act = scene.act.clone();
        move |_: MouseEvent| act.emit(Act::Show(Action::Unselect))
    };
    let gone = scene.selected().is_none();
    let owners = scene.selected().map(|item| scene.view.chain(item)).unwrap_or_default();
    let owners = owners.iter().skip(1).rev().map(|owner| {
        html! { <>{ link(&owner.reference, &scene.act) }<span class="muted">{ "›" }</span></> }
    });
    html! {
        <>
            <div class="object-head">
                <p class="trail">{ for owners }<span class="kind">{ &*reference.kind }</span></p>
                <button type="button" class="icon-button small" aria-label={t().close_inspector}
                    title={t().close_inspector} onclick={close}>{ icon(CLOSE) }</button>
                <h2>{ kind_icon(&reference.kind) }{ &*reference.name }</h2>
            </div>
            if gone {
                <p class="empty">{ t().gone }</p>
            } else {
                <Tabs prefix="inspector" label={t().inspector}
                    tabs={panel_tabs(Place::Inspector, state)} active={state.inspector} {choose} />
                { open_panel("inspector", state.inspector, scene) }
            }
        </>
    }
}
