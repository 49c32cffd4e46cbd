//! What the page shows besides the cluster, and every act that changes it.

use std::rc::Rc;

use yew::Reducible;

use super::view::{Ref, View};
use crate::scenario::lessons;

/// One file of the editor; kubectl in the terminal sees the same files.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Document {
    /// Its name: `nginx-deploy.yaml`.
    pub name: Rc<str>,
    /// Its text.
    pub text: Rc<str>,
}

impl Document {
    /// One of the manifests that come with the page; empty if there is none of that name.
    pub fn of_lesson(name: &str) -> Self {
        Self { name: name.into(), text: lessons::find(name).unwrap_or_default().into() }
    }
}

/// What is wrong with a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file.
    pub file: Rc<str>,
    /// Which of the file's documents, counted from 1, if there are several.
    pub document: Option<usize>,
    /// The line, counted from 1.
    pub line: usize,
    /// The field, empty if none can be named.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

/// One paragraph of the terminal.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Its number; it never changes.
    pub number: u64,
    /// What it is.
    pub kind: BlockKind,
    /// Its text.
    pub text: Rc<str>,
}

/// What a paragraph of the terminal is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BlockKind {
    /// A line that was typed.
    Input,
    /// What was printed.
    Output,
    /// What the page says beside it, and the file that it can bring up to date, if there is one.
    Hint(Option<Rc<str>>),
}

/// How the clock runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pace {
    /// Whether it runs.
    pub playing: bool,
    /// Which of [`SPEEDS`].
    pub speed: usize,
    /// Whether it is running ahead until nothing happens any more.
    pub to_idle: bool,
    /// Whether a saved session is being replayed.
    pub restoring: bool,
    /// How much of it is replayed, in percent.
    pub restored: u8,
    /// Whether there is something to undo.
    pub can_undo: bool,
    /// Whether a terminal command is still running.
    pub busy: bool,
    /// Whether what is typed goes to that command.
    pub reads: bool,
    /// The open terminal, from 0.
    pub terminal: usize,
    /// How many terminals there are.
    pub terminals: usize,
}

/// The speeds on offer: label, and simulated thousandths of a second per second.
pub const SPEEDS: &[(&str, u64)] = &[
    ("1/10x", 100),
    ("1/4x", 250),
    ("1x", 1_000),
    ("2x", 2_000),
    ("5x", 5_000),
    ("10x", 10_000),
    ("60x", 60_000),
    ("100x", 100_000),
    ("1000x", 1_000_000),
];

/// The index of real time in [`SPEEDS`].
pub const REAL_TIME: usize = 2;

/// Everything the page shows.
#[derive(Clone, PartialEq)]
pub struct State {
    /// The cluster.
    pub view: Rc<View>,
    /// The clock.
    pub pace: Pace,
    /// What the last single step came to.
    pub note: Option<Rc<str>>,
    /// The terminal's paragraphs.
    pub blocks: Rc<Vec<Block>>,
    /// The editor's files.
    pub documents: Rc<Vec<Document>>,
    /// Which of them is open.
    pub active: usize,
    /// What is wrong with them.
    pub problems: Rc<Vec<Problem>>,
    /// A sentence above the editor, if there is something to say.
    pub notice: Option<&'static str>,
    /// The selected object.
    pub selection: Option<Ref>,
    /// The open panel of the stage.
    pub stage: &'static str,
    /// The open panel of the inspector.
    pub inspector: &'static str,
    /// Which column a phone shows.
    pub column: Column,
    /// Whether the editor is folded away.
    pub folded: bool,
    /// Whether the dark theme was chosen, or the light one, or neither.
    pub dark: Option<bool>,
}

/// The columns; a phone shows one at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// The editor.
    Editor,
    /// The stage.
    Stage,
    /// The inspector.
    Inspector,
    /// The terminal.
    Terminal,
}

/// What changes the state.
pub enum Action {
    /// The cluster changed, or a second passed.
    View(Rc<View>),
    /// The clock changed.
    Pace(Pace),
    /// A single step was taken, or its report is old.
    Note(Option<Rc<str>>),
    /// The terminal has more to show.
    Blocks(Rc<Vec<Block>>),
    /// An object was selected.
    Select(Ref),
    /// Nothing is selected any more.
    Unselect,
    /// A stage panel was opened.
    Stage(&'static str),
    /// An inspector panel was opened.
    Inspector(&'static str),
    /// A phone column was opened.
    Column(Column),
    /// The editor is folded or unfolded.
    Fold,
    /// A file was opened.
    Open(usize),
    /// The open file was edited.
    Edit(Rc<str>),
    /// The open file was renamed.
    Rename(Rc<str>),
    /// A file was added or, if there is one of its name, replaced, and opened.
    Add(Document),
    /// A file was closed.
    Close(usize),
    /// The problems of the files.
    Problems(Rc<Vec<Problem>>),
    /// A sentence above the editor.
    Notice(Option<&'static str>),
    /// The theme was chosen.
    Dark(bool),
}

impl Reducible for State {
    type Action = Action;

    fn reduce(self: Rc<Self>, action: Action) -> Rc<Self> {
        let mut next = (*self).clone();
        match action {
            Action::View(view) => next.view = view,
            Action::Pace(pace) => next.pace = pace,
            Action::Note(note) => next.note = note,
            Action::Blocks(blocks) => next.blocks = blocks,
            Action::Select(reference) => {
                next.selection = Some(reference);
                if next.column == Column::Stage {
                    next.column = Column::Inspector;
                }
            }
            Action::Unselect => {
                next.selection = None;
                if next.column == Column::Inspector {
                    next.column = Column::Stage;
                }
            }
            Action::Stage(id) => next.stage = id,
            Action::Inspector(id) => next.inspector = id,
            Action::Column(column) => next.column = column,
            Action::Fold => next.folded = !next.folded,
            Action::Open(n) => next.active = n.min(next.documents.len().saturating_sub(1)),
            Action::Edit(text) => next.edit(|document| document.text = text),
            Action::Rename(name) => next.edit(|document| document.name = name),
            Action::Add(document) => next.add(document),
            Action::Close(n) => next.close(n),
            Action::Problems(problems) => next.problems = problems,
            Action::Notice(notice) => next.notice = notice,
            Action::Dark(dark) => next.dark = Some(dark),
        }
        Rc::new(next)
    }
}

impl State {
    fn edit(&mut self, change: impl FnOnce(&mut Document)) {
        if let Some(document) = Rc::make_mut(&mut self.documents).get_mut(self.active) {
            change(document);
        }
        self.notice = None;
    }

    fn add(&mut self, document: Document) {
        let documents = Rc::make_mut(&mut self.documents);
        let same = documents.iter().position(|known| known.name == document.name);
        self.active = same.unwrap_or(documents.len());
        match same {
            Some(n) => documents[n] = document,
            None => documents.push(document),
        }
        self.folded = false;
    }

    fn close(&mut self, n: usize) {
        let documents = Rc::make_mut(&mut self.documents);
        if n < documents.len() && documents.len() > 1 {
            documents.remove(n);
            self.active = self.active.min(documents.len() - 1);
        }
    }
}
