//! What the shell runs: scripts are compiled to a list of steps, so that a running script is
//! nothing but a position in it and can stop, be cloned and go on anywhere.

use std::rc::Rc;

/// A compiled script or part of one.
#[derive(Debug, Default, PartialEq)]
pub(in crate::machine) struct Code {
    pub(super) ops: Vec<Op>,
}

/// One step. Jumps are relative to the step after the jump.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Op {
    /// Runs `$(…)` and keeps its output for the words of the step that follows.
    Substitute(Rc<Code>),
    Simple(Rc<Simple>),
    Jump(usize),
    JumpIfFailure(usize),
    JumpIfSuccess(usize),
    Negate,
    Succeed,
    /// `set -e`: leaves the shell when the last command failed.
    CheckError,
    /// Begins a loop that ends `length` steps further on.
    EnterLoop {
        length: usize,
    },
    /// Ends the loop unless the condition holds.
    LoopTest {
        until: bool,
    },
    /// Begins a `for` loop over words; `None` is `"$@"`.
    EnterFor {
        words: Option<Rc<[Word]>>,
        length: usize,
    },
    /// Takes the next word, or ends the loop.
    ForNext(Rc<str>),
    /// Back to the start of the innermost loop.
    LoopAgain,
    EnterCase(Rc<Word>),
    /// Goes on if a pattern matches, skips otherwise.
    CaseTest {
        patterns: Rc<[Word]>,
        skip: usize,
    },
    /// No pattern matched.
    EndCase,
    PushRedirects(Rc<[Redirect]>),
    PopRedirects,
    Pipeline(Rc<[Rc<Code>]>),
    Subshell(Rc<Code>),
    Background(Rc<Code>),
    Define(Rc<str>, Rc<Code>),
}

/// `A=1 command word >file`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Simple {
    pub(super) assignments: Vec<(String, Word)>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Redirect {
    pub(super) fd: u8,
    pub(super) target: Target,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Target {
    Read(Word),
    Write(Word),
    Append(Word),
    /// `2>&1`
    Duplicate(u8),
    /// `2>&-`
    Close,
    /// `<<EOF`
    Text(Word),
}

pub(super) type Word = Vec<Part>;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Part {
    Text {
        text: String,
        quoted: bool,
    },
    Parameter {
        name: String,
        operation: Option<(Operation, Word)>,
        quoted: bool,
    },
    /// The output of the `slot`th [`Op::Substitute`] before this step.
    Command {
        slot: usize,
        quoted: bool,
    },
    Arithmetic {
        expression: Word,
        quoted: bool,
    },
}

/// The part after the name in `${name…}`; `colon`: empty counts as unset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Default { colon: bool },
    Assign { colon: bool },
    Alternative { colon: bool },
    Require { colon: bool },
    Length,
    TrimPrefix { longest: bool },
    TrimSuffix { longest: bool },
}

impl Code {
    /// The one command `argv`, taken literally.
    pub(in crate::machine) fn of_argv(argv: &[String]) -> Self {
        let quote = |text: &String| vec![Part::Text { text: text.clone(), quoted: true }];
        let simple = Simple { words: argv.iter().map(quote).collect(), ..Simple::default() };
        Self { ops: vec![Op::Simple(Rc::new(simple))] }
    }
}
