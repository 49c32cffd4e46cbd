//! kubectl: speaks to the API door only, as the real one does. Mirrors `k8s.io/kubectl` v1.36.
//!
//! A command is a value that is polled: whenever the cluster changed, and when the time it asked
//! for has come. So `get -w`, `rollout status` and `delete` wait without threads or futures.

mod args;
mod command;
mod complete;
mod dry_run;
mod failure;
mod files;
mod kubeconfig;
mod kustomize;
mod manager;
mod print;
mod resource;
mod sort;
mod validation;

pub use args::{Args, Flag, Takes};
pub use command::{COMMANDS, Command};
pub use complete::{Completion, complete};
pub use failure::Failure;
pub use files::{Files, HOME};
pub use kubeconfig::PATH as KUBECONFIG;

use std::time::Duration;

use crate::api::{Api, Sender};
use crate::sim::Time;

/// What a command works with while it is polled.
pub struct Io<'a> {
    /// The API server.
    pub api: &'a mut dyn Api,
    /// The time.
    pub now: Time,
    /// The files it can read and write.
    pub files: &'a mut Files,
    /// What `-f -` reads.
    pub stdin: &'a str,
    /// Whether the standard input is the person's terminal, which then gives nothing to `stdin`.
    pub terminal: bool,
    /// What the person typed since the last poll, for commands that [read](Step::Read).
    pub typed: &'a mut Vec<Typed>,
    /// How the script ended that it asked for, once.
    pub script: Option<i32>,
    /// Where its output goes.
    pub out: &'a mut String,
    /// Where its errors and warnings go.
    pub err: &'a mut String,
}

/// What a poll came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The command has ended with this exit code.
    Done(i32),
    /// Poll again when the cluster has changed, or after this long at the latest.
    Wait(Option<Duration>),
    /// As `Wait`, and what the person types until the command ends is for it.
    Read {
        /// When to poll again at the latest.
        after: Duration,
        /// The terminal neither shows what is typed nor acts on Ctrl-C: the command sees to both.
        raw: bool,
    },
    /// Poll again when this script has run in the shell.
    Script(String),
}

/// Something that a person typed for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-C.
    Interrupt,
    /// Ctrl-D, the end of the input.
    End,
}

/// Whether a word is one of kubectl's verbs, or the first word of some.
pub fn is_verb(word: &str) -> bool {
    COMMANDS.iter().any(|command| command.name().split(' ').next() == Some(word))
}

/// Whether words are a command line of kubectl, and if so, whether it reads its standard input.
pub fn reads_input(words: &[String]) -> Option<bool> {
    let (name, words) = words.split_first()?;
    let own = matches!(name.rsplit('/').next(), Some("kubectl" | "k"));
    let reads = |word: &String| {
        word == "-"
            || matches!(word.as_str(), "-f-" | "--filename=-" | "--stdin" | "--interactive" | "-ti")
            || word.starts_with("-i")
            || word.ends_with("/dev/stdin")
            || word.starts_with("-f=-")
    };
    own.then(|| words.iter().take_while(|word| *word != "--").any(reads))
}

/// Where the server of a command line, given without the word `kubectl`, answers, as far as flags and
/// kubeconfig say; empty where neither does.
pub fn server(words: &[String], files: &Files) -> String {
    command::server(words, files)
}

/// A command under way.
pub trait Job {
    /// Goes as far as it can now.
    ///
    /// # Errors
    /// A [`Failure`] ends the command; its text goes to the standard error.
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure>;
}

/// A command that ends at once.
impl<F: FnMut(&mut Io<'_>) -> Result<(), Failure>> Job for F {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        self(io).map(|()| Step::Done(0))
    }
}

/// A `kubectl` command line under way.
pub struct Run {
    job: Result<Box<dyn Job>, Option<Failure>>,
    /// The server's warnings that were printed: each is printed once.
    warnings: Vec<String>,
    /// Under which name it writes.
    manager: String,
    /// Whose rights it needs.
    sender: Sender,
}

impl Run {
    /// Starts a command line, given without the word `kubectl`; the kubeconfig among the files says
    /// where it works.
    pub fn start(words: &[String], files: &Files) -> Self {
        let (job, sender) = match command::start(words, files) {
            Ok((job, sender)) => (Ok(job), sender),
            Err(failure) => (Err(Some(failure)), Sender::Known),
        };
        Self { job, warnings: Vec::new(), manager: manager::of(words), sender }
    }

    /// Goes as far as it can now; failures are printed and become the exit code.
    pub fn poll(&mut self, io: &mut Io<'_>) -> Step {
        let mut named =
            manager::Named { api: io.api, manager: &self.manager, sender: &self.sender };
        let io = &mut Io {
            api: &mut named,
            now: io.now,
            files: io.files,
            stdin: io.stdin,
            terminal: io.terminal,
            typed: io.typed,
            script: io.script,
            out: io.out,
            err: io.err,
        };
        let failure = match &mut self.job {
            Ok(job) => {
                // What others were warned of in the meantime is not for this command.
                io.api.take_warnings();
                let result = job.poll(io);
                for warning in io.api.take_warnings() {
                    if !self.warnings.contains(&warning) {
                        io.err.push_str(&format!("Warning: {warning}\n"));
                        self.warnings.push(warning);
                    }
                }
                match result {
                    Ok(step) => return step,
                    Err(failure) => failure,
                }
            }
            Err(failure) => failure.take().unwrap_or_default(),
        };
        io.out.push_str(&failure.printed);
        io.err.push_str(&failure.text);
        Step::Done(failure.code)
    }
}
