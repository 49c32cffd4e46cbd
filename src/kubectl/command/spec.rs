//! Verbs as data.

use super::Command;
use crate::kubectl::{Args, Failure, Flag, Job};

/// A verb that needs no type of its own.
pub struct Spec {
    /// The words that call it.
    pub name: &'static str,
    /// Other words that call it.
    pub aliases: &'static [&'static str],
    /// The flags it shares with others.
    pub shared: &'static [&'static [Flag]],
    /// The flags that only it knows.
    pub flags: &'static [Flag],
    /// The usage line of its help.
    pub usage: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Makes the job.
    pub start: fn(Args) -> Result<Box<dyn Job>, Failure>,
}

impl Command for Spec {
    fn name(&self) -> &'static str {
        self.name
    }

    fn aliases(&self) -> &'static [&'static str] {
        self.aliases
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        self.shared
    }

    fn flags(&self) -> &'static [Flag] {
        self.flags
    }

    fn usage(&self) -> &'static str {
        self.usage
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        (self.start)(args)
    }
}
