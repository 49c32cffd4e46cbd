//! From script text to [`Code`]: lists, pipelines and compound commands. Words are in `lex`.

use std::rc::Rc;

use super::lex::{Lexer, SyntaxError};
use super::syntax::{Code, Op, Redirect, Simple, Target, Word};

/// Words that end a list when they stand where a command could.
const CLOSERS: [&str; 8] = ["then", "else", "elif", "fi", "do", "done", "esac", "}"];

/// Compiles a whole script.
///
/// # Errors
/// [`SyntaxError::Incomplete`] when more lines may complete it, else the shell's complaint.
pub(in crate::machine) fn compile(script: &str) -> Result<Rc<Code>, SyntaxError> {
    let mut parser = Parser { lexer: Lexer::new(script), conditions: 0 };
    let ops = parser.list()?;
    match parser.lexer.peek() {
        None => Ok(Rc::new(Code { ops })),
        Some(_) => Err(parser.unexpected()),
    }
}

/// Compiles the inside of `$(…)`, leaving `lexer` behind the closing parenthesis.
pub(super) fn compile_substitution(lexer: &mut Lexer) -> Result<Rc<Code>, SyntaxError> {
    let inner = std::mem::replace(lexer, Lexer::new(""));
    let mut parser = Parser { lexer: inner, conditions: 0 };
    let outer_commands = std::mem::take(&mut parser.lexer.commands);
    let parsed = parser
        .list()
        .and_then(|ops| if parser.lexer.take(")") { Ok(ops) } else { Err(parser.unexpected()) });
    parser.lexer.commands = outer_commands;
    *lexer = parser.lexer;
    Ok(Rc::new(Code { ops: parsed? }))
}

struct Parser {
    lexer: Lexer,
    /// Inside a condition, where `set -e` does not apply.
    conditions: usize,
}

type Ops = Result<Vec<Op>, SyntaxError>;

impl Parser {
    fn unexpected(&mut self) -> SyntaxError {
        let what = self.lexer.rest_of_token();
        if what.is_empty() {
            SyntaxError::Incomplete
        } else {
            SyntaxError::Wrong(format!("syntax error: unexpected \"{what}\""))
        }
    }

    fn expect(&mut self, keyword: &str) -> Result<(), SyntaxError> {
        self.lexer.skip_separators();
        if self.lexer.take_keyword(keyword) { Ok(()) } else { Err(self.unexpected()) }
    }

    /// Commands up to a closing word, `)`, `;;` or the end.
    fn list(&mut self) -> Ops {
        let mut ops = Vec::new();
        loop {
            self.lexer.skip_separators();
            if self.lexer.peek().is_none()
                || self.lexer.looking_at(")")
                || self.lexer.looking_at(";;")
                || CLOSERS.iter().any(|word| self.lexer.looking_at_keyword(word))
            {
                return Ok(ops);
            }
            let command = self.and_or()?;
            self.lexer.skip_blanks();
            if self.lexer.looking_at("&") && !self.lexer.looking_at("&&") {
                self.lexer.take("&");
                ops.push(Op::Background(Rc::new(Code { ops: command })));
            } else {
                ops.extend(command);
            }
            self.lexer.skip_blanks();
            let ended = self.lexer.peek().is_none_or(|c| matches!(c, '\n' | ';' | ')'))
                || matches!(ops.last(), Some(Op::Background(_)));
            if !ended {
                return Err(self.unexpected());
            }
        }
    }

    fn and_or(&mut self) -> Ops {
        let (mut ops, mut plain) = self.pipeline()?;
        loop {
            self.lexer.skip_blanks();
            let on_success = self.lexer.take("&&");
            if !on_success && !self.lexer.take("||") {
                if plain && self.conditions == 0 {
                    ops.push(Op::CheckError);
                }
                return Ok(ops);
            }
            self.lexer.skip_newlines();
            let (mut right, right_plain) = self.pipeline()?;
            // The check belongs to the last command alone, and only if it runs.
            self.lexer.skip_blanks();
            let last = !self.lexer.looking_at("&&") && !self.lexer.looking_at("||");
            if last && right_plain && self.conditions == 0 {
                right.push(Op::CheckError);
            }
            plain = false;
            let jump = if on_success { Op::JumpIfFailure } else { Op::JumpIfSuccess };
            ops.push(jump(right.len()));
            ops.extend(right);
        }
    }

    /// A pipeline, and whether its failure counts for `set -e`.
    fn pipeline(&mut self) -> Result<(Vec<Op>, bool), SyntaxError> {
        self.lexer.skip_blanks();
        let negated = self.lexer.take_keyword("!");
        let mut stages = vec![self.command()?];
        loop {
            self.lexer.skip_blanks();
            if self.lexer.looking_at("||") || !self.lexer.take("|") {
                break;
            }
            self.lexer.skip_newlines();
            stages.push(self.command()?);
        }
        let mut ops = match stages.len() {
            1 => stages.swap_remove(0),
            _ => {
                let codes: Vec<_> = stages.into_iter().map(|ops| Rc::new(Code { ops })).collect();
                vec![Op::Pipeline(codes.into())]
            }
        };
        if negated {
            ops.push(Op::Negate);
        }
        Ok((ops, !negated))
    }

    fn command(&mut self) -> Ops {
        self.lexer.skip_blanks();
        let compound = if self.lexer.looking_at("((") {
            return self.arithmetic_command();
        } else if self.lexer.take("(") {
            let inner = self.list()?;
            if !self.lexer.take(")") {
                return Err(self.unexpected());
            }
            Some(vec![Op::Subshell(Rc::new(Code { ops: inner }))])
        } else if self.lexer.take_keyword("{") {
            let inner = self.list()?;
            self.expect("}")?;
            Some(inner)
        } else if self.lexer.take_keyword("if") {
            Some(self.if_command()?)
        } else if self.lexer.take_keyword("while") {
            Some(self.loop_command(false)?)
        } else if self.lexer.take_keyword("until") {
            Some(self.loop_command(true)?)
        } else if self.lexer.take_keyword("for") {
            Some(self.for_command()?)
        } else if self.lexer.take_keyword("case") {
            Some(self.case_command()?)
        } else {
            None
        };
        let Some(ops) = compound else {
            return match self.lexer.take_function_name() {
                Some(name) => self.function(&name),
                None => self.simple(),
            };
        };
        let mut redirects = Vec::new();
        while let Some(redirect) = self.lexer.redirect()? {
            redirects.push(redirect);
        }
        if redirects.is_empty() {
            return Ok(ops);
        }
        let mut wrapped = self.substitutions();
        wrapped.push(Op::PushRedirects(redirects.into()));
        wrapped.extend(ops);
        wrapped.push(Op::PopRedirects);
        Ok(wrapped)
    }

    /// The `$(…)` met in the words read since the last call, as steps.
    fn substitutions(&mut self) -> Vec<Op> {
        std::mem::take(&mut self.lexer.commands).into_iter().map(Op::Substitute).collect()
    }

    fn condition(&mut self) -> Ops {
        self.conditions += 1;
        let ops = self.commands();
        self.conditions -= 1;
        ops
    }

    /// A list that may not be empty.
    fn commands(&mut self) -> Ops {
        let ops = self.list()?;
        if ops.is_empty() { Err(self.unexpected()) } else { Ok(ops) }
    }

    fn if_command(&mut self) -> Ops {
        let mut ops = self.condition()?;
        self.expect("then")?;
        let mut then = self.commands()?;
        self.lexer.skip_separators();
        let otherwise = if self.lexer.take_keyword("elif") {
            self.if_command()?
        } else {
            let otherwise =
                if self.lexer.take_keyword("else") { self.commands()? } else { vec![Op::Succeed] };
            self.expect("fi")?;
            otherwise
        };
        then.push(Op::Jump(otherwise.len()));
        ops.push(Op::JumpIfFailure(then.len()));
        ops.extend(then);
        ops.extend(otherwise);
        Ok(ops)
    }

    fn body(&mut self) -> Ops {
        self.expect("do")?;
        let ops = self.commands()?;
        self.expect("done")?;
        Ok(ops)
    }

    fn loop_command(&mut self, until: bool) -> Ops {
        let mut inner = self.condition()?;
        inner.push(Op::LoopTest { until });
        inner.extend(self.body()?);
        inner.push(Op::LoopAgain);
        let mut ops = vec![Op::EnterLoop { length: inner.len() }];
        ops.extend(inner);
        Ok(ops)
    }

    fn for_command(&mut self) -> Ops {
        self.lexer.skip_blanks();
        let Some(name) = self.lexer.take_name() else { return Err(self.unexpected()) };
        self.lexer.skip_blanks();
        self.lexer.skip_newlines();
        let words = if self.lexer.take_keyword("in") {
            let mut words: Vec<Word> = Vec::new();
            while let Some(word) = self.lexer.word()? {
                words.push(word);
            }
            Some(words.into())
        } else {
            None
        };
        let mut ops = self.substitutions();
        let mut inner = vec![Op::ForNext(name.into())];
        inner.extend(self.body()?);
        inner.push(Op::LoopAgain);
        ops.push(Op::EnterFor { words, length: inner.len() });
        ops.extend(inner);
        Ok(ops)
    }

    fn case_command(&mut self) -> Ops {
        let Some(subject) = self.lexer.word()? else { return Err(self.unexpected()) };
        let mut ops = self.substitutions();
        ops.push(Op::EnterCase(Rc::new(subject)));
        self.expect("in")?;
        let mut branches: Vec<Vec<Op>> = Vec::new();
        loop {
            self.lexer.skip_separators();
            if self.lexer.take_keyword("esac") {
                break;
            }
            self.lexer.take("(");
            let mut patterns: Vec<Word> = Vec::new();
            loop {
                let Some(word) = self.lexer.word()? else { return Err(self.unexpected()) };
                patterns.push(word);
                self.lexer.skip_blanks();
                if !self.lexer.take("|") {
                    break;
                }
            }
            if !self.lexer.take(")") {
                return Err(self.unexpected());
            }
            let mut branch = self.substitutions();
            let mut body = vec![Op::Succeed];
            body.extend(self.list()?);
            self.lexer.take(";;");
            // The jump behind the body is patched in below, hence the one step more.
            branch.push(Op::CaseTest { patterns: patterns.into(), skip: body.len() + 1 });
            branch.extend(body);
            branches.push(branch);
        }
        let mut after = 1;
        let mut tail: Vec<Op> = Vec::new();
        for mut branch in branches.into_iter().rev() {
            branch.push(Op::Jump(after));
            after += branch.len();
            branch.extend(tail);
            tail = branch;
        }
        ops.extend(tail);
        ops.push(Op::EndCase);
        Ok(ops)
    }

    fn function(&mut self, name: &str) -> Ops {
        self.lexer.skip_blanks();
        self.lexer.skip_newlines();
        let ops = self.command()?;
        Ok(vec![Op::Define(name.into(), Rc::new(Code { ops }))])
    }

    /// `((expression))`, which is `let`.
    fn arithmetic_command(&mut self) -> Ops {
        let expression = self.lexer.arithmetic()?;
        let text = |text: &str| vec![super::syntax::Part::Text { text: text.into(), quoted: true }];
        let words =
            vec![text("let"), vec![super::syntax::Part::Arithmetic { expression, quoted: true }]];
        let mut ops = self.substitutions();
        ops.push(Op::Simple(Rc::new(Simple { words, ..Simple::default() })));
        Ok(ops)
    }

    fn simple(&mut self) -> Ops {
        let mut simple = Simple::default();
        loop {
            if let Some(redirect) = self.lexer.redirect()? {
                simple.redirects.push(redirect);
                continue;
            }
            if simple.words.is_empty()
                && let Some(name) = self.lexer.take_assignment()
            {
                let value = self.lexer.word_here()?;
                simple.assignments.push((name, value));
                continue;
            }
            match self.lexer.word()? {
                Some(word) => simple.words.push(word),
                None => break,
            }
        }
        if simple.words.is_empty() && simple.assignments.is_empty() && simple.redirects.is_empty() {
            return Err(self.unexpected());
        }
        let mut ops = self.substitutions();
        ops.push(Op::Simple(Rc::new(simple)));
        Ok(ops)
    }
}

impl Redirect {
    pub(super) fn new(fd: Option<u8>, default: u8, target: Target) -> Self {
        Self { fd: fd.unwrap_or(default), target }
    }
}
