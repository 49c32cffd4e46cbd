//! The cluster, its clock and its terminal as the page uses them, and how they survive a reload.
//!
//! All of it is a [`scenario::Session`](crate::scenario::Session) and the log of what was put into
//! it; the cluster being deterministic, the log is the saved state, and undo is a shorter log.

/// How simulated time follows real time.
mod clock;
/// What components may do with a session.
mod handle;
/// Reload and undo: the log, put in again.
mod replay;
/// What a terminal shows.
mod screen;

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

pub use handle::Handle;

use super::files;
use super::items::{self, Items};
use super::messages::{fill, t};
use super::problems;
use super::state::{BlockKind, Document, Pace, Problem, REAL_TIME};
use super::view::{Facts, Load, Ref, Sample, View};
use crate::base::small_map::SmallMap;
use crate::cluster::Control;
use crate::kubectl;
use crate::scenario::outdated::{self, Gone, Hint};
use crate::scenario::{Input, Session as Simulation};
use crate::sim::Time;
use clock::Ahead;
use screen::Screen;

/// Lines that the terminal's history keeps.
const HISTORY_MAX: usize = 500;
/// Samples that a chart keeps.
const SAMPLES_MAX: usize = 600;

/// Which text of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Text {
    /// `kubectl get -o yaml`.
    Yaml,
    /// `kubectl describe`.
    Describe,
}

/// A span of simulated time as the page writes it: `1:02:03.4`.
pub fn stamp(span: Duration) -> String {
    let tenths = span.as_millis() / 100;
    let seconds = tenths / 10;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours}:{minutes:02}:{:02}.{}", seconds % 60, tenths % 10)
}

/// The one session of the page.
struct Session {
    simulation: Simulation,
    start: Time,
    /// Inputs that a replay has yet to put in, with the steps and time they belong to.
    replay: VecDeque<(u64, Time, Input)>,
    /// Where a replay ends.
    until: Option<Time>,
    pace: Pace,
    last_frame: Option<f64>,
    ahead: Option<Ahead>,
    items: Items,
    view: Rc<View>,
    samples: SmallMap<Ref, Rc<Vec<Sample>>>,
    load: SmallMap<Ref, Load>,
    /// What the terminals show.
    screens: Vec<Screen>,
    history: Rc<Vec<Rc<str>>>,
    /// The file that is being applied, in which terminal, and what was printed so far.
    applying: Option<(Document, usize, String)>,
    found: Option<Vec<Problem>>,
    /// What the last single step came to.
    note: Option<Rc<str>>,
    second: u64,
    /// How many more snapshots it takes until each part of the page had its turn since the last
    /// change.
    unseen: u64,
}

impl Session {
    fn new(simulation: Simulation) -> Self {
        Self {
            start: simulation.cluster().now(),
            simulation,
            replay: VecDeque::new(),
            until: None,
            pace: Pace { playing: true, speed: REAL_TIME, ..Pace::default() },
            last_frame: None,
            ahead: None,
            items: Items::default(),
            view: Rc::default(),
            samples: SmallMap::new(),
            load: SmallMap::new(),
            screens: Vec::new(),
            history: Rc::default(),
            applying: None,
            found: None,
            note: None,
            second: 0,
            unseen: 0,
        }
    }

    /// Takes what the terminals printed.
    fn collect(&mut self) {
        for terminal in 0..self.simulation.terminals() {
            let output = self.simulation.take_output_of(terminal);
            if !output.text.is_empty() {
                self.screen(terminal).print(BlockKind::Output, &output.text);
            }
            for hint in outdated::hints(&output.errors) {
                let (text, file) = words(hint);
                self.screen(terminal).print(BlockKind::Hint(file), &text);
            }
            let applying = self.applying.as_mut().filter(|(_, place, _)| *place == terminal);
            let Some((document, _, text)) = applying else { continue };
            text.push_str(&output.text);
            if output.ended.is_some() {
                self.found = Some(problems::find(document, text));
                self.applying = None;
            }
        }
        self.pace.busy = self.simulation.is_busy();
        self.pace.reads = self.simulation.is_read();
        self.pace.terminal = self.simulation.terminal();
        self.pace.terminals = self.simulation.terminals();
        self.pace.can_undo = !self.pace.restoring
            && self.simulation.log().inputs.iter().any(|(_, _, input)| is_act(input));
    }

    /// Prints in the terminal in which the person works.
    fn print(&mut self, kind: BlockKind, text: &str) {
        self.screen(self.simulation.terminal()).print(kind, text);
    }

    fn screen(&mut self, terminal: usize) -> &mut Screen {
        while self.screens.len() <= terminal {
            self.screens.push(Screen::default());
        }
        &mut self.screens[terminal]
    }

    fn input(&mut self, input: Input) {
        // What was printed so far belongs above the next line.
        self.collect();
        match &input {
            Input::Line(_) if self.simulation.is_read() => {}
            Input::Line(line) => {
                self.print(BlockKind::Input, &format!("$ {line}\n"));
                self.remember(line);
            }
            Input::Control(control) => self.note_load(control),
            _ => {}
        }
        self.simulation.input(input);
    }

    /// Adds a line to the history, unless it repeats the one before.
    fn remember(&mut self, line: &str) {
        let history = Rc::make_mut(&mut self.history);
        if history.last().is_none_or(|last| **last != *line) {
            history.push(line.into());
        }
        let extra = history.len().saturating_sub(HISTORY_MAX);
        history.drain(..extra);
    }

    /// Keeps what a workload was told to use, for its slider.
    fn note_load(&mut self, control: &Control) {
        let Control::Load { namespace, selector, cpu_milli, memory_bytes, .. } = control else {
            return;
        };
        // In a replay the snapshot is older than the cluster.
        self.items.refresh(self.simulation.cluster());
        let cluster = self.simulation.cluster();
        if let Some(workload) = items::selected_by(&self.items, cluster, namespace, selector) {
            let cpu = cpu_milli.and_then(|n| u32::try_from(n).ok());
            let memory = memory_bytes.and_then(|n| u32::try_from(n >> 20).ok());
            self.load.insert(workload, Load { cpu, memory });
        }
    }

    /// A person's input: logged and saved before it is carried out, so that a failure can be
    /// undone by leaving it out.
    fn act(&mut self, input: Input) {
        if self.pace.restoring {
            return;
        }
        let now = self.now();
        let mut log = self.simulation.log().clone();
        log.inputs.push((self.simulation.cluster().steps(), now, input.clone()));
        files::save_log(&log, now);
        self.input(input);
        self.collect();
        self.unseen = View::TURNS;
        self.publish();
    }

    fn run(&mut self, line: &str, documents: &[Document]) {
        for document in documents {
            if self.simulation.files().read(&document.name) != Some(&*document.text) {
                let (name, text) = (document.name.to_string(), document.text.to_string());
                self.input(Input::Write { name, text });
            }
        }
        let is_read = self.simulation.is_read();
        self.act(Input::Line(if is_read { line.to_owned() } else { with_kubectl(line) }));
    }

    fn publish(&mut self) {
        let cluster = self.simulation.cluster();
        self.items.refresh(cluster);
        self.sample();
        self.unseen = self.unseen.saturating_sub(1);
        self.view = Rc::new(View {
            now: self.now(),
            turn: self.view.turn + 1,
            revision: self.simulation.cluster().store().revision(),
            items: self.items.clone(),
            samples: self.samples.clone(),
            load: self.load.clone(),
        });
    }

    /// Adds what changed to the charts of the autoscalers.
    fn sample(&mut self) {
        let at = self.now();
        for item in self.items.of_kind("HorizontalPodAutoscaler") {
            let Facts::Autoscaler(hpa) = &item.facts else { continue };
            let usage = hpa.metrics.first().and_then(|metric| metric.ratio);
            let sample = Sample { at, current: hpa.current, desired: hpa.desired, usage };
            let samples = self.samples.entry(item.reference.clone()).or_default();
            if samples.last().is_none_or(|last| *last != Sample { at: last.at, ..sample }) {
                let samples = Rc::make_mut(samples);
                samples.push(sample);
                let extra = samples.len().saturating_sub(SAMPLES_MAX);
                samples.drain(..extra);
            }
        }
    }

    /// A number that changes whenever something was decided.
    fn decided(&self) -> u64 {
        self.simulation.cluster().trace().sequence()
    }

    fn now(&self) -> Time {
        self.simulation.cluster().now()
    }
}

/// What the page says beside kubectl, and the file that it can bring up to date.
fn words(hint: Hint) -> (String, Option<Rc<str>>) {
    let Hint::Version(Gone { kind, version, until, now, file }) = hint else {
        return (t().hint_record.to_owned(), None);
    };
    let until = format!("1.{until}");
    let blanks: [&str; 4] = [version, &until, &kind, now];
    let text = blanks.iter().fold(t().hint_version.to_owned(), |text, word| fill(&text, word));
    (text, file.map(Rc::from))
}

/// Whether an input is one that "Undo" takes back.
fn is_act(input: &Input) -> bool {
    !matches!(
        input,
        Input::Moment | Input::Terminal(_) | Input::Write { .. } | Input::Remove { .. }
    )
}

/// `line` with the word `kubectl` in front if it starts with one of its verbs.
fn with_kubectl(line: &str) -> String {
    match line.split_whitespace().next() {
        // What both have is the shell's.
        Some(word) if kubectl::is_verb(word) && !matches!(word, "cp" | "diff" | "wait") => {
            format!("kubectl {}", line.trim())
        }
        _ => line.trim().to_owned(),
    }
}
