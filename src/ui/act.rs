//! Everything a person can do on the page.

use std::rc::Rc;

use super::state::{Action, Column};
use super::view::{Load, Ref};

/// One wish. Those that concern the cluster go to the session, the others to the page's state.
pub enum Act {
    /// Changes what is shown.
    Show(Action),
    /// Starts or stops the clock.
    TogglePlay,
    /// Lets one event happen.
    Step,
    /// Runs ahead until nothing happens any more.
    RunUntilIdle,
    /// Sets the speed, an index of [`super::state::SPEEDS`].
    Speed(usize),
    /// Takes the last command back.
    Undo,
    /// Starts over with an empty cluster.
    Reset,
    /// Runs a line in the terminal.
    Run(String),
    /// Turns to a terminal; the next one after the last is a new one.
    Terminal(usize),
    /// Stops the command in the terminal.
    Interrupt,
    /// Ends the input of the command in the terminal.
    EndInput,
    /// Clears the terminal.
    ClearTerminal,
    /// Applies the open file.
    Apply,
    /// Brings the file of this name up to the versions that are served, and applies it.
    Convert(Rc<str>),
    /// Opens the sample of this name and applies it.
    RunSample(&'static str),
    /// Opens the sample of this name.
    OpenSample(&'static str),
    /// Opens a new file.
    NewFile,
    /// Switches the theme.
    SwitchTheme,
    /// Sets what the Pods of a workload use.
    Load(Ref, Load),
    /// A new worker joins the cluster.
    AddNode,
    /// A node falls silent (true) or speaks again.
    Silence(Rc<str>, bool),
    /// Jumps to a problem, by its index.
    Jump(usize),
}

impl Act {
    /// Selects an object.
    pub fn select(reference: &Ref) -> Self {
        Self::Show(Action::Select(reference.clone()))
    }

    /// Opens a phone column.
    pub fn column(column: Column) -> Self {
        Self::Show(Action::Column(column))
    }
}
