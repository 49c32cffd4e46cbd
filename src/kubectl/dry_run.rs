//! `--dry-run`, and the line that a change prints.

use serde_json::Value;

use super::print::Printer;
use super::resource::Asked;
use super::{Args, Failure};
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
            other => Err(Failure::error(format!(
                "Invalid dry-run value ({other}). Must be \"none\", \"server\", or \"client\"."
            ))),
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
