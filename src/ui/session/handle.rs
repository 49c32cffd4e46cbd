use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use super::{Session, Text};
use crate::cluster::{Control, NodeSpec};
use crate::kubectl::{self, Completion};
use crate::scenario::{Input, outdated};
use crate::sim::{Record, Time};
use crate::ui::messages::t;
use crate::ui::state::{Block, BlockKind, Document, Pace, Problem, SPEEDS};
use crate::ui::view::{Load, Ref, View};
use crate::ui::{inspect, items};

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

    /// The paragraphs of the terminal that is open.
    pub fn blocks(&self) -> Rc<Vec<Block>> {
        let session = &mut *self.0.borrow_mut();
        session.screen(session.simulation.terminal()).blocks.clone()
    }

    /// Turns to a terminal; the next one after the last is a new one.
    pub fn terminal(&self, number: usize) {
        self.0.borrow_mut().act(Input::Terminal(number));
    }

    /// The lines typed so far, oldest first.
    pub fn history(&self) -> Rc<Vec<Rc<str>>> {
        self.0.borrow().history.clone()
    }

    /// How the clock runs.
    pub fn pace(&self) -> Pace {
        self.0.borrow().pace
    }

    /// What the last single step came to.
    pub fn note(&self) -> Option<Rc<str>> {
        self.0.borrow().note.clone()
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
        session.pace.playing = !session.pace.playing && session.ahead.is_none();
        session.note = None;
        session.stop_ahead();
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
        session.stop_ahead();
        let before = session.decided();
        let far = session.now() + Duration::from_secs(3600);
        session.simulation.step(far);
        let newest = session.simulation.cluster().trace().records().next_back();
        session.note = Some(match newest.filter(|_| session.decided() > before) {
            Some(record) => format!("{}: {}", record.actor, record.summary).into(),
            None => t().step_quiet.into(),
        });
        session.collect();
        session.publish();
    }

    /// Runs ahead until nothing happens any more.
    pub fn run_until_idle(&self) {
        self.0.borrow_mut().start_ahead();
    }

    /// Runs a line in the terminal; it sees `documents` as files.
    pub fn run(&self, line: &str, documents: &[Document]) {
        let session = &mut *self.0.borrow_mut();
        if line.trim().is_empty() && !session.simulation.is_read() {
            session.print(BlockKind::Input, "$ \n");
        } else {
            session.run(line, documents);
        }
    }

    /// Applies a file; its problems can be taken once kubectl has ended.
    pub fn apply(&self, document: &Document, documents: &[Document]) {
        let session = &mut *self.0.borrow_mut();
        let free = session.simulation.free_terminal();
        if free != session.simulation.terminal() {
            // What runs there may take as long as it likes.
            session.act(Input::Terminal(free));
        }
        session.applying = Some((document.clone(), free, String::new()));
        session.found = Some(Vec::new());
        session.run(&format!("kubectl apply -f {}", quoted(&document.name)), documents);
    }

    /// The file `name`, as the editor or else kubectl sees it, in versions that are served; `None`
    /// if all of it is already.
    pub fn converted(&self, name: &str, documents: &[Document]) -> Option<Document> {
        let session = self.0.borrow();
        let edited = documents.iter().find(|document| *document.name == *name);
        let text = edited.map(|document| &*document.text);
        let text = outdated::convert(text.or_else(|| session.simulation.files().read(name))?)?;
        Some(Document { name: name.into(), text: text.into() })
    }

    /// Stops the command under way.
    pub fn interrupt(&self) {
        self.0.borrow_mut().act(Input::Interrupt);
    }

    /// Ends the input of the command under way.
    pub fn end_input(&self) {
        self.0.borrow_mut().act(Input::End);
    }

    /// Clears the terminal.
    pub fn clear(&self) {
        let session = &mut *self.0.borrow_mut();
        session.screen(session.simulation.terminal()).blocks = Rc::default();
    }

    /// Sets what the Pods of a workload use.
    pub fn load(&self, workload: &Ref, load: Load) {
        let session = &mut *self.0.borrow_mut();
        if let Some(selector) = items::selector(session.simulation.cluster(), workload) {
            session.act(Input::Control(Control::Load {
                namespace: workload.namespace.to_string(),
                selector,
                cpu_milli: load.cpu.map(i64::from),
                total: true,
                memory_bytes: load.memory.map(|mebibytes| i64::from(mebibytes) << 20),
                missing: false,
            }));
        }
    }

    /// A new worker joins the cluster.
    pub fn add_node(&self) {
        let session = &mut *self.0.borrow_mut();
        let taken = |name: &str| session.view.get(&Ref::new("Node", "", name)).is_some();
        let mut names = (1..).map(|n| format!("node{n}"));
        if let Some(name) = names.find(|name| !taken(name)) {
            session.act(Input::Control(Control::AddNode(NodeSpec::worker(&name))));
        }
    }

    /// A node's kubelet falls silent, or speaks again.
    pub fn silence(&self, node: &str, silent: bool) {
        let node = node.to_owned();
        let control = if silent { Control::Silence(node) } else { Control::Unsilence(node) };
        self.0.borrow_mut().act(Input::Control(control));
    }

    /// Takes back the last command.
    pub fn undo(&self) {
        self.0.borrow_mut().undo();
    }

    /// Starts over with a new cluster.
    pub fn reset(&self) {
        self.0.borrow_mut().reset();
    }

    /// Saves the log and how far the clock has got.
    pub fn save(&self) {
        self.0.borrow().save();
    }

    /// What `input` completes to.
    pub fn complete(&self, input: &str, documents: &[Document]) -> Completion {
        let session = self.0.borrow();
        let mut files = session.simulation.files().clone();
        for document in documents {
            files.write(&document.name, &*document.text);
        }
        // A copy answers: reading must not disturb the cluster that is running.
        let mut copy = session.simulation.cluster().clone();
        kubectl::complete(input, &mut copy, &files)
    }

    /// A text about an object, as kubectl prints it.
    pub fn print(&self, reference: &Ref, text: Text) -> String {
        inspect::print(&self.0.borrow().simulation, reference, text)
    }

    /// The newest decisions about any of `references`, newest first.
    pub fn why(&self, references: &[Ref], most: usize) -> Vec<Record> {
        inspect::why(&self.0.borrow().simulation, references, most)
    }

    /// A number that changes whenever something was decided.
    pub fn decided(&self) -> u64 {
        self.0.borrow().decided()
    }
}

/// A file name as the shell takes it.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/');
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "")) }
}
