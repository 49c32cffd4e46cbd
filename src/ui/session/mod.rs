//! The cluster, its clock and its terminal as the page uses them, and how they survive a reload.
//!
//! All of it is a [`scenario::Session`](crate::scenario::Session) and the log of what was put into
//! it; the cluster being deterministic, the log is the saved state, and undo is a shorter log.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use super::files;
use super::inspect;
use super::items;
use super::state::{Block, BlockKind, Document, Pace, Problem, REAL_TIME, SPEEDS};
use super::view::{Facts, Ref, Sample, View};
use super::{completion, problems};
use crate::cluster::Control;
use crate::scenario::{Input, Log, Session as Simulation};
use crate::sim::{Record, Time};
use crate::web::{clock, seed};

/// How long one frame may simulate, in milliseconds.
const BUDGET_MS: f64 = 6.0;
/// How long one frame may replay, in milliseconds.
const REPLAY_BUDGET_MS: f64 = 24.0;
/// Real time that one frame can stand for, in milliseconds: a tab that slept does not catch up.
const FRAME_MAX_MS: f64 = 100.0;
/// From this many objects on, snapshots are at least `CALM_MS` milliseconds apart.
const MANY: usize = 400;
const CALM_MS: f64 = 150.0;
/// Idle means that nothing changed for this long.
const QUIET: Duration = Duration::from_secs(20);
/// "Run until idle" gives up after this long.
const IDLE_MAX: Duration = Duration::from_secs(900);
/// Paragraphs that the terminal keeps.
const BLOCKS_MAX: usize = 400;
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

/// The run ahead until nothing happens any more.
#[derive(Clone, Copy)]
struct Ahead {
    from: Time,
    changed: Time,
    pulse: u64,
}

/// The one session of the page.
pub struct Session {
    simulation: Simulation,
    start: Time,
    /// Inputs that a replay has yet to put in, with the steps and time they belong to.
    replay: VecDeque<(u64, Time, Input)>,
    /// Where a replay ends.
    until: Option<Time>,
    pace: Pace,
    last_frame: Option<f64>,
    /// Simulated microseconds that are owed to the next frames.
    owed: u64,
    ahead: Option<Ahead>,
    items: items::Items,
    pulse: u64,
    view: Rc<View>,
    samples: BTreeMap<Ref, Rc<Vec<Sample>>>,
    load: BTreeMap<Ref, u32>,
    blocks: Rc<Vec<Block>>,
    block_number: u64,
    /// The file that is being applied, and what was printed so far.
    applying: Option<(Document, String)>,
    found: Option<Vec<Problem>>,
    second: u64,
    /// The frame that published last, in milliseconds of real time.
    published: f64,
}

impl Session {
    /// The session that was saved, or a new one.
    pub fn open() -> Self {
        let saved = files::load_log();
        let log = saved.log.unwrap_or_else(|| Log { seed: seed::fresh(), inputs: Vec::new() });
        Self::replaying(log, saved.until)
    }

    fn replaying(log: Log, until: Option<Time>) -> Self {
        let simulation = Simulation::new(log.seed);
        let start = simulation.cluster().now();
        let restoring = !log.inputs.is_empty() || until.is_some();
        let mut session = Self {
            simulation,
            start,
            replay: log.inputs.into(),
            until,
            pace: Pace {
                playing: true,
                speed: REAL_TIME,
                to_idle: false,
                restoring,
                can_undo: false,
                busy: false,
            },
            last_frame: None,
            owed: 0,
            ahead: None,
            items: items::Items::default(),
            pulse: 0,
            view: Rc::default(),
            samples: BTreeMap::new(),
            load: BTreeMap::new(),
            blocks: Rc::default(),
            block_number: 0,
            applying: None,
            found: None,
            second: 0,
            published: 0.0,
        };
        session.publish();
        session
    }

    /// One animation frame at real time `now_ms`: simulates for a few milliseconds at most.
    fn frame(&mut self, now_ms: f64) {
        let real = self.last_frame.map_or(0.0, |last| (now_ms - last).clamp(0.0, FRAME_MAX_MS));
        self.last_frame = Some(now_ms);
        if self.pace.restoring {
            self.restore();
        } else if self.ahead.is_some() {
            self.run_ahead();
        } else if self.pace.playing {
            let (_, rate) = SPEEDS[self.pace.speed];
            // Real milliseconds times thousandths are simulated microseconds.
            self.owed += (real * rate as f64) as u64;
            self.advance();
        }
        self.collect();
        let second = self.now().seconds();
        let changed = self.simulation.cluster().store().revision() != self.view.revision;
        // A large cluster is drawn less often, so that drawing leaves room for everything else.
        let calm = self.view.items.len() < MANY || now_ms - self.published > CALM_MS;
        if (changed || second != self.second) && calm {
            self.second = second;
            self.published = now_ms;
            self.publish();
        }
    }

    fn advance(&mut self) {
        let until = self.now() + Duration::from_micros(self.owed);
        let deadline = clock::now_ms() + BUDGET_MS;
        while self.now() < until {
            self.simulation.step(until);
            if clock::now_ms() > deadline {
                // The machine is too slow for this speed: let the rest go.
                break;
            }
        }
        self.owed = 0;
    }

    fn restore(&mut self) {
        let deadline = clock::now_ms() + REPLAY_BUDGET_MS;
        while clock::now_ms() < deadline {
            let now = self.now();
            let steps = self.simulation.cluster().steps();
            match self.replay.front() {
                Some((at_steps, time, _)) if steps < *at_steps || now < *time => {
                    let time = *time;
                    if self.simulation.step(time).is_none() && steps < *at_steps && now >= time {
                        // The log does not fit this version of the simulator; go on regardless.
                        self.put_in();
                    }
                }
                Some(_) => self.put_in(),
                None => match self.until {
                    Some(until) if now < until => {
                        self.simulation.step(until);
                    }
                    _ => {
                        self.pace.restoring = false;
                        self.until = None;
                        return;
                    }
                },
            }
        }
    }

    fn put_in(&mut self) {
        if let Some((_, _, input)) = self.replay.pop_front() {
            self.input(input);
        }
    }

    fn run_ahead(&mut self) {
        let Some(mut ahead) = self.ahead else { return };
        let deadline = clock::now_ms() + BUDGET_MS;
        while clock::now_ms() < deadline {
            let now = self.now();
            if now.since(ahead.changed) > QUIET || now.since(ahead.from) > IDLE_MAX {
                self.ahead = None;
                self.pace.to_idle = false;
                return;
            }
            self.simulation.step(now + Duration::from_secs(1));
            let pulse = items::pulse(self.simulation.cluster());
            if pulse != ahead.pulse {
                ahead = Ahead { changed: self.now(), pulse, ..ahead };
            }
        }
        self.ahead = Some(ahead);
    }

    /// Takes what the terminal printed.
    fn collect(&mut self) {
        let output = self.simulation.take_output();
        if let Some((_, text)) = &mut self.applying {
            text.push_str(&output.text);
        }
        if !output.text.is_empty() {
            let refused = output.text.starts_with("error") || output.text.starts_with("Error");
            let kind = if refused { BlockKind::Error } else { BlockKind::Output };
            self.print(kind, &output.text);
        }
        if output.ended.is_some()
            && let Some((document, text)) = self.applying.take()
        {
            self.found = Some(problems::find(&document, &text));
        }
        self.pace.busy = self.simulation.is_busy();
        self.pace.can_undo = !self.pace.restoring
            && self.simulation.log().inputs.iter().any(|(_, _, input)| is_act(input));
    }

    fn print(&mut self, kind: BlockKind, text: &str) {
        let blocks = Rc::make_mut(&mut self.blocks);
        self.block_number += 1;
        let text = text.trim_end_matches('\n').into();
        blocks.push(Block { number: self.block_number, kind, text });
        let extra = blocks.len().saturating_sub(BLOCKS_MAX);
        blocks.drain(..extra);
    }

    fn input(&mut self, input: Input) {
        // What was printed so far belongs above the next line.
        self.collect();
        match &input {
            Input::Line(line) => self.print(BlockKind::Input, &format!("$ {line}")),
            Input::Control(Control::Load { namespace, selector, cpu_milli, .. }) => {
                let value = cpu_milli.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
                let workload =
                    items::selected_by(&self.view, &self.simulation, namespace, selector);
                if let Some(workload) = workload {
                    self.load.insert(workload, value);
                }
            }
            _ => {}
        }
        self.simulation.input(input);
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
        self.publish();
    }

    fn run(&mut self, line: &str, documents: &[Document]) {
        for document in documents {
            if self.simulation.files().read(&document.name) != Some(&*document.text) {
                let (name, text) = (document.name.to_string(), document.text.to_string());
                self.input(Input::Write { name, text });
            }
        }
        self.act(Input::Line(with_kubectl(line)));
    }

    fn publish(&mut self) {
        let cluster = self.simulation.cluster();
        let revision = cluster.store().revision();
        let items = self.items.refresh(cluster);
        let mut view = View::new(cluster.now(), revision, items);
        for item in view.of_kind("HorizontalPodAutoscaler") {
            let Facts::Autoscaler(hpa) = &item.facts else { continue };
            let sample = Sample { at: view.now, current: hpa.current, desired: hpa.desired };
            let samples = Rc::make_mut(self.samples.entry(item.reference.clone()).or_default());
            match samples.last() {
                Some(last) if (last.current, last.desired) == (hpa.current, hpa.desired) => {}
                _ => samples.push(sample),
            }
            let extra = samples.len().saturating_sub(SAMPLES_MAX);
            samples.drain(..extra);
        }
        view.samples = self.samples.clone();
        view.load = self.load.clone();
        self.pulse += 1;
        self.view = Rc::new(view);
    }

    fn now(&self) -> Time {
        self.simulation.cluster().now()
    }
}

/// Whether an input is one that "Undo" takes back.
fn is_act(input: &Input) -> bool {
    !matches!(input, Input::Moment | Input::Write { .. } | Input::Remove { .. })
}

/// `line` with the word `kubectl` in front, unless it starts with a command of the shell.
fn with_kubectl(line: &str) -> String {
    const SHELL: &[&str] = &["kubectl", "k", "cat", "ls", "echo", "timeout"];
    match line.split_whitespace().next() {
        Some(word) if !SHELL.contains(&word) => format!("kubectl {}", line.trim()),
        _ => line.trim().to_owned(),
    }
}

/// The session as components hold it. Equal only to itself.
#[derive(Clone)]
pub struct Handle(Rc<RefCell<Session>>);

impl PartialEq for Handle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Handle {
    /// The session that was saved, or a new one.
    pub fn open() -> Self {
        Self(Rc::new(RefCell::new(Session::open())))
    }

    /// One animation frame.
    pub fn frame(&self, now_ms: f64) {
        self.0.borrow_mut().frame(now_ms);
    }

    /// The newest snapshot.
    pub fn view(&self) -> Rc<View> {
        self.0.borrow().view.clone()
    }

    /// The terminal's paragraphs.
    pub fn blocks(&self) -> Rc<Vec<Block>> {
        self.0.borrow().blocks.clone()
    }

    /// How the clock runs.
    pub fn pace(&self) -> Pace {
        self.0.borrow().pace
    }

    /// The problems of the file that was applied last, once.
    pub fn take_problems(&self) -> Option<Vec<Problem>> {
        self.0.borrow_mut().found.take()
    }

    /// The simulated time.
    pub fn now(&self) -> Time {
        self.0.borrow().now()
    }

    /// When the session began.
    pub fn start(&self) -> Time {
        self.0.borrow().start
    }

    /// Starts or stops the clock.
    pub fn toggle_play(&self) {
        let session = &mut *self.0.borrow_mut();
        session.pace.playing = !session.pace.playing || session.ahead.is_some();
        session.ahead = None;
        session.pace.to_idle = false;
    }

    /// Sets the speed.
    pub fn speed(&self, speed: usize) {
        let session = &mut *self.0.borrow_mut();
        session.pace.speed = speed.min(SPEEDS.len() - 1);
    }

    /// Stops the clock and lets one event happen.
    pub fn step(&self) {
        let session = &mut *self.0.borrow_mut();
        session.pace.playing = false;
        let far = session.now() + Duration::from_secs(3600);
        session.simulation.step(far);
        session.collect();
        session.publish();
    }

    /// Runs ahead until nothing happens any more.
    pub fn run_until_idle(&self) {
        let session = &mut *self.0.borrow_mut();
        let now = session.now();
        let pulse = items::pulse(session.simulation.cluster());
        session.ahead = Some(Ahead { from: now, changed: now, pulse });
        session.pace.to_idle = true;
    }

    /// Runs a line in the terminal; it sees `documents` as files.
    pub fn run(&self, line: &str, documents: &[Document]) {
        let session = &mut *self.0.borrow_mut();
        if line.trim().is_empty() {
            session.print(BlockKind::Input, "$ ");
        } else {
            session.run(line, documents);
        }
    }

    /// Applies a file; its problems can be taken once kubectl has ended.
    pub fn apply(&self, document: &Document, documents: &[Document]) {
        let session = &mut *self.0.borrow_mut();
        session.applying = Some((document.clone(), String::new()));
        session.found = Some(Vec::new());
        session.run(&format!("kubectl apply -f {}", document.name), documents);
    }

    /// Stops the command under way.
    pub fn interrupt(&self) {
        self.0.borrow_mut().act(Input::Interrupt);
    }

    /// Clears the terminal.
    pub fn clear(&self) {
        self.0.borrow_mut().blocks = Rc::default();
    }

    /// Sets the CPU that a workload's Pods use together, in thousandths of a core.
    pub fn load(&self, workload: &Ref, cpu_milli: u32) {
        let session = &mut *self.0.borrow_mut();
        if let Some(selector) = items::selector(session.simulation.cluster(), workload) {
            session.act(Input::Control(Control::Load {
                namespace: workload.namespace.to_string(),
                selector,
                cpu_milli: Some(i64::from(cpu_milli)),
                total: true,
                memory_bytes: None,
                missing: false,
            }));
        }
    }

    /// Takes back the last command: replays the log without it.
    pub fn undo(&self) {
        let session = &mut *self.0.borrow_mut();
        let mut log = session.simulation.log().clone();
        let mut until = None;
        while let Some((_, time, input)) = log.inputs.pop() {
            if is_act(&input) {
                until = Some(time);
                break;
            }
        }
        session.restart(log, until);
    }

    /// Starts over with a new cluster.
    pub fn reset(&self) {
        let log = Log { seed: seed::fresh(), inputs: Vec::new() };
        self.0.borrow_mut().restart(log, None);
    }

    /// Saves the log and how far the clock has got.
    pub fn save(&self) {
        let session = self.0.borrow();
        if !session.pace.restoring {
            files::save_log(session.simulation.log(), session.now());
        }
    }

    /// What `input` completes to, and the choices if there are several.
    pub fn complete(&self, input: &str) -> (String, Vec<String>) {
        let session = self.0.borrow();
        completion::complete(input, &session.view, session.simulation.files())
    }

    /// A text about an object, as kubectl prints it.
    pub fn print(&self, reference: &Ref, text: Text) -> String {
        inspect::print(&self.0.borrow().simulation, reference, text)
    }

    /// The newest decisions about any of `references`, newest first.
    pub fn why(&self, references: &[Ref], most: usize) -> Vec<Record> {
        inspect::why(&self.0.borrow().simulation, references, most)
    }
}

impl Session {
    fn restart(&mut self, log: Log, until: Option<Time>) {
        let Pace { speed, playing, .. } = self.pace;
        files::save_log(&log, until.unwrap_or(self.start));
        *self = Self::replaying(log, until);
        self.pace.speed = speed;
        self.pace.playing = playing;
    }
}
