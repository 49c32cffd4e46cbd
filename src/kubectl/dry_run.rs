//! `--dry-run`, and the line that a change prints.

use serde_json::Value;

use super::args::parse_bool;
use super::print::Printer;
use super::resource::Asked;
use super::{Args, Failure, Io, Job, Step};
use crate::object::Object;
use crate::sim::Time;

/// Whether a change is only tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DryRun {
    /// It is made.
    None,
    /// kubectl only prints what it would send.
    Client,
    /// The server goes through everything but stores nothing.
    Server,
}

impl DryRun {
    /// What `--dry-run` asks for.
    ///
    /// # Errors
    /// A word that is none of the three.
    pub fn from_args(args: &Args) -> Result<Self, Failure> {
        match args.get("dry-run") {
            "none" | "" => Ok(Self::None),
            // The flag alone, or as it was once.
            "client" | "unchanged" => Ok(Self::Client),
            "server" => Ok(Self::Server),
            other if parse_bool(other) == Some(true) => Ok(Self::Client),
            other if parse_bool(other) == Some(false) => Ok(Self::None),
            other => Err(Failure::error(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
        }
    }

    /// What is said of a way to ask for it that is going away; empty for the others.
    pub fn deprecation(args: &Args) -> String {
        let text = args.get("dry-run");
        match parse_bool(text) {
            Some(is_on) => {
                let now = if is_on { "client" } else { "none" };
                format!(
                    "--dry-run={text} is deprecated (boolean value) and can be replaced with \
                     --dry-run={now}."
                )
            }
            None if args.has("dry-run") && text == "unchanged" => {
                "--dry-run is deprecated and can be replaced with --dry-run=client.".to_owned()
            }
            None => String::new(),
        }
    }

    /// What stands behind the verb: ` (dry run)`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Client => " (dry run)",
            Self::Server => " (server dry run)",
        }
    }

    /// What a change prints: `deployment.apps/web created`, or the object as `-o` asks.
    ///
    /// # Errors
    /// An output format that does not fit.
    pub fn report(
        self,
        args: &Args,
        asked: &Asked,
        object: &Object,
        verb: &str,
        now: Time,
    ) -> Result<String, Failure> {
        let printer = Printer::from_args(args)?;
        if printer.is_table() {
            return Ok(format!("{} {verb}{}\n", asked.display(object.name()), self.suffix()));
        }
        printer.print(&[(*asked, object)], false, now)
    }

    /// What a change prints that was not sent to the server.
    ///
    /// # Errors
    /// An output format that does not fit.
    pub fn report_value(
        self,
        args: &Args,
        asked: &Asked,
        value: &Value,
        verb: &str,
    ) -> Result<String, Failure> {
        // What has no name yet is called so.
        let name = value["metadata"]["name"].as_str().unwrap_or("<unknown>");
        match Printer::from_args(args)? {
            Printer::Table => Ok(format!("{} {verb}{}\n", asked.display(name), self.suffix())),
            Printer::Name => Ok(format!("{}\n", asked.display(name))),
            printer => printer.print_value(value),
        }
    }
}

/// A job that logs a warning before it begins.
pub struct Warned {
    /// What the warning says, until it is said.
    pub warning: String,
    /// The job.
    pub job: Box<dyn Job>,
}

impl Job for Warned {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if !self.warning.is_empty() {
            // As klog writes it: the moment, the process, the place in the source.
            let head =
                format!("W{}.000000       1 helpers.go:719]", io.now.format("%m%d %H:%M:%S"));
            io.err.push_str(&format!("{head} {}\n", std::mem::take(&mut self.warning)));
        }
        self.job.poll(io)
    }
}
