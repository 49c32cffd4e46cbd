//! Words, quotes, expansions and redirections of script text.

use std::rc::Rc;

use super::parse::{compile, compile_substitution};
use super::syntax::{Code, Operation, Part, Redirect, Target, Word};

/// Why a script does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::machine) enum SyntaxError {
    /// The text ends too early; an interactive shell asks for more.
    Incomplete,
    /// The shell's complaint.
    Wrong(String),
}

/// A position in script text.
pub(super) struct Lexer {
    chars: Vec<char>,
    at: usize,
    /// Command substitutions met in the words of the current command.
    pub(super) commands: Vec<Rc<Code>>,
}

type Parsed<T> = Result<T, SyntaxError>;

fn is_meta(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | ';' | '&' | '|' | '<' | '>' | '(' | ')')
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

impl Lexer {
    pub(super) fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), at: 0, commands: Vec::new() }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.chars.get(self.at + i) == Some(&c))
    }

    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.looking_at(text);
        if found {
            self.at += text.chars().count();
        }
        found
    }

    pub(super) fn looking_at_keyword(&self, word: &str) -> bool {
        let after = self.chars.get(self.at + word.len()).copied();
        self.looking_at(word) && after.is_none_or(is_meta)
    }

    pub(super) fn take_keyword(&mut self, word: &str) -> bool {
        self.skip_blanks();
        self.looking_at_keyword(word) && self.take(word)
    }

    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.looking_at("\\\n") => self.at += 2,
                Some('#') if self.at == 0 || is_meta(self.chars[self.at - 1]) => {
                    while self.peek().is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }

    pub(super) fn skip_newlines(&mut self) {
        self.skip_blanks();
        while self.peek() == Some('\n') {
            self.at += 1;
            self.skip_blanks();
        }
    }

    /// Blanks, newlines and single semicolons.
    pub(super) fn skip_separators(&mut self) {
        loop {
            self.skip_newlines();
            if self.looking_at(";;") || !self.take(";") {
                return;
            }
        }
    }

    /// What stands here, for a complaint.
    pub(super) fn rest_of_token(&mut self) -> String {
        self.skip_blanks();
        match self.peek() {
            None => String::new(),
            Some('\n') => "newline".into(),
            Some(c) if is_meta(c) => {
                let twice = self.chars.get(self.at + 1) == Some(&c);
                if twice { format!("{c}{c}") } else { c.into() }
            }
            Some(_) => self.chars[self.at..].iter().take_while(|c| !is_meta(**c)).collect(),
        }
    }

    pub(super) fn take_name(&mut self) -> Option<String> {
        let first = self.peek().filter(|c| is_name(*c) && !c.is_ascii_digit())?;
        let name: String = self.chars[self.at..].iter().take_while(|c| is_name(**c)).collect();
        self.at += name.len();
        debug_assert!(name.starts_with(first));
        Some(name)
    }

    /// The name of `name=`, leaving the position at the value.
    pub(super) fn take_assignment(&mut self) -> Option<String> {
        self.skip_blanks();
        let start = self.at;
        if let Some(name) = self.take_name()
            && self.take("=")
        {
            return Some(name);
        }
        self.at = start;
        None
    }

    /// The name of `name()` or `function name`.
    pub(super) fn take_function_name(&mut self) -> Option<String> {
        self.skip_blanks();
        let start = self.at;
        let keyword = self.take_keyword("function");
        self.skip_blanks();
        let name: String = self.chars[self.at..]
            .iter()
            .take_while(|c| is_name(**c) || matches!(c, '-' | '.'))
            .collect();
        self.at += name.chars().count();
        self.skip_blanks();
        let parentheses = self.take("(") && {
            self.skip_blanks();
            self.take(")")
        };
        if !name.is_empty() && (parentheses || keyword) {
            return Some(name);
        }
        self.at = start;
        None
    }

    /// A redirection, if one starts here.
    pub(super) fn redirect(&mut self) -> Parsed<Option<Redirect>> {
        self.skip_blanks();
        let start = self.at;
        let mut fd = None;
        if let Some(digit) = self.peek().and_then(|c| c.to_digit(10))
            && matches!(self.chars.get(self.at + 1), Some('<' | '>'))
        {
            fd = u8::try_from(digit).ok();
            self.at += 1;
        }
        if self.take("<<<") {
            // bash: a word as the input.
            let mut word = self.required_word()?;
            push_text(&mut word, "\n", true);
            return Ok(Some(Redirect::new(fd, 0, Target::Text(word))));
        }
        if self.take("<<") {
            let strip_tabs = self.take("-");
            return Ok(Some(Redirect::new(fd, 0, self.here_document(strip_tabs)?)));
        }
        if self.take(">&") || self.take("<&") {
            let to = self.next().unwrap_or('-');
            let target = match to.to_digit(10).and_then(|d| u8::try_from(d).ok()) {
                Some(to) => Target::Duplicate(to),
                None => Target::Close,
            };
            return Ok(Some(Redirect::new(fd, 1, target)));
        }
        if self.take("&>") {
            // bash: both outputs; the errors follow standard output.
            let target = Target::Write(self.required_word()?);
            return Ok(Some(Redirect { fd: 9, target }));
        }
        let (default, make): (u8, fn(Word) -> Target) = if self.take(">>") {
            (1, Target::Append)
        } else if self.take(">|") || self.take(">") {
            (1, Target::Write)
        } else if self.take("<") {
            (0, Target::Read)
        } else {
            self.at = start;
            return Ok(None);
        };
        Ok(Some(Redirect::new(fd, default, make(self.required_word()?))))
    }

    fn required_word(&mut self) -> Parsed<Word> {
        match self.word()? {
            Some(word) => Ok(word),
            None if self.peek().is_none() => Err(SyntaxError::Incomplete),
            None => {
                let what = self.rest_of_token();
                Err(SyntaxError::Wrong(format!("syntax error: unexpected \"{what}\"")))
            }
        }
    }

    /// Takes the document's lines out of the text behind the current line.
    fn here_document(&mut self, strip_tabs: bool) -> Parsed<Target> {
        let delimiter = self.required_word()?;
        let mut end = String::new();
        let mut literal = false;
        for part in &delimiter {
            if let Part::Text { text, quoted } = part {
                end.push_str(text);
                literal |= quoted;
            }
        }
        let newline = self.chars[self.at..].iter().position(|c| *c == '\n');
        let Some(first) = newline.map(|n| self.at + n + 1) else {
            return Err(SyntaxError::Incomplete);
        };
        let mut body = String::new();
        let mut line_start = first;
        loop {
            if line_start >= self.chars.len() {
                return Err(SyntaxError::Incomplete);
            }
            let length = self.chars[line_start..].iter().position(|c| *c == '\n');
            let line_end = length.map_or(self.chars.len(), |n| line_start + n);
            let line: String = self.chars[line_start..line_end].iter().collect();
            let line = if strip_tabs { line.trim_start_matches('\t') } else { line.as_str() };
            line_start = (line_end + 1).min(self.chars.len());
            if line == end {
                break;
            }
            body.push_str(line);
            body.push('\n');
        }
        self.chars.drain(first..line_start);
        if literal {
            return Ok(Target::Text(vec![Part::Text { text: body, quoted: true }]));
        }
        let mut inner = Self::new(&body);
        std::mem::swap(&mut inner.commands, &mut self.commands);
        let word = inner.quoted_parts(None);
        std::mem::swap(&mut inner.commands, &mut self.commands);
        Ok(Target::Text(word?))
    }

    /// The next word on this line, if any.
    pub(super) fn word(&mut self) -> Parsed<Option<Word>> {
        self.skip_blanks();
        match self.peek() {
            None => Ok(None),
            Some(c) if is_meta(c) => Ok(None),
            Some(_) => self.word_here().map(Some),
        }
    }

    /// The word at this very position; empty when a separator stands here.
    pub(super) fn word_here(&mut self) -> Parsed<Word> {
        self.parts_until(is_meta)
    }

    fn parts_until(&mut self, stop: impl Fn(char) -> bool) -> Parsed<Word> {
        let mut word = Word::new();
        while let Some(c) = self.peek() {
            if stop(c) {
                break;
            }
            match c {
                '\'' => {
                    self.at += 1;
                    let mut text = String::new();
                    loop {
                        match self.next() {
                            None => return Err(SyntaxError::Incomplete),
                            Some('\'') => break,
                            Some(c) => text.push(c),
                        }
                    }
                    push_text(&mut word, &text, true);
                }
                '"' => {
                    self.at += 1;
                    push_text(&mut word, "", true);
                    word.extend(self.quoted_parts(Some('"'))?);
                }
                '\\' => {
                    self.at += 1;
                    match self.next() {
                        None => push_text(&mut word, "\\", true),
                        Some('\n') => {}
                        Some(c) => push_text(&mut word, c.encode_utf8(&mut [0; 4]), true),
                    }
                }
                '$' | '`' => self.expansion(&mut word, false)?,
                _ => {
                    self.at += 1;
                    push_text(&mut word, c.encode_utf8(&mut [0; 4]), false);
                }
            }
        }
        Ok(word)
    }

    /// The inside of double quotes up to `end`, or of a here-document.
    fn quoted_parts(&mut self, end: Option<char>) -> Parsed<Word> {
        let mut word = Word::new();
        loop {
            match self.peek() {
                None if end.is_none() => return Ok(word),
                None => return Err(SyntaxError::Incomplete),
                Some(c) if Some(c) == end => {
                    self.at += 1;
                    return Ok(word);
                }
                Some('\\') => {
                    self.at += 1;
                    match self.next() {
                        Some('\n') => {}
                        Some(c) if matches!(c, '$' | '`' | '\\') || Some(c) == end => {
                            push_text(&mut word, c.encode_utf8(&mut [0; 4]), true);
                        }
                        Some(c) => push_text(&mut word, &format!("\\{c}"), true),
                        None => push_text(&mut word, "\\", true),
                    }
                }
                Some('$' | '`') => self.expansion(&mut word, true)?,
                Some(c) => {
                    self.at += 1;
                    push_text(&mut word, c.encode_utf8(&mut [0; 4]), true);
                }
            }
        }
    }

    fn expansion(&mut self, word: &mut Word, quoted: bool) -> Parsed<()> {
        if self.take("`") {
            let mut text = String::new();
            loop {
                match self.next() {
                    None => return Err(SyntaxError::Incomplete),
                    Some('`') => break,
                    Some('\\') if matches!(self.peek(), Some('`' | '\\' | '$')) => {
                        text.extend(self.next());
                    }
                    Some(c) => text.push(c),
                }
            }
            let code = compile(&text)?;
            self.push_command(word, code, quoted);
        } else if self.looking_at("$((") {
            self.at += 1;
            let expression = self.arithmetic()?;
            word.push(Part::Arithmetic { expression, quoted });
        } else if self.take("$(") {
            let code = compile_substitution(self)?;
            self.push_command(word, code, quoted);
        } else if self.take("${") {
            let part = self.braced(quoted)?;
            word.push(part);
        } else {
            self.at += 1;
            let name = match self.peek() {
                Some(c)
                    if matches!(c, '?' | '$' | '!' | '#' | '@' | '*' | '-')
                        || c.is_ascii_digit() =>
                {
                    self.at += 1;
                    c.to_string()
                }
                _ => self.take_name().unwrap_or_default(),
            };
            if name.is_empty() {
                push_text(word, "$", quoted);
            } else {
                word.push(Part::Parameter { name, operation: None, quoted });
            }
        }
        Ok(())
    }

    fn push_command(&mut self, word: &mut Word, code: Rc<Code>, quoted: bool) {
        word.push(Part::Command { slot: self.commands.len(), quoted });
        self.commands.push(code);
    }

    /// `((expression))`, position at its start.
    pub(super) fn arithmetic(&mut self) -> Parsed<Word> {
        self.at += 2;
        let mut depth = 0;
        let mut word = Word::new();
        loop {
            match self.peek() {
                None => return Err(SyntaxError::Incomplete),
                Some(')') if depth == 0 && self.take("))") => return Ok(word),
                Some('$' | '`') => self.expansion(&mut word, true)?,
                Some('"') => self.at += 1,
                Some(c) => {
                    depth += i32::from(c == '(') - i32::from(c == ')');
                    self.at += 1;
                    push_text(&mut word, c.encode_utf8(&mut [0; 4]), true);
                }
            }
        }
    }

    /// The rest of `${`.
    fn braced(&mut self, quoted: bool) -> Parsed<Part> {
        let length = self.looking_at("#") && !self.looking_at("#}") && self.take("#");
        let name = match self.peek() {
            Some(c) if matches!(c, '?' | '$' | '!' | '#' | '@' | '*' | '-') => {
                self.at += 1;
                c.to_string()
            }
            _ => {
                let name: String =
                    self.chars[self.at..].iter().take_while(|c| is_name(**c)).collect();
                self.at += name.len();
                name
            }
        };
        let bad = || SyntaxError::Wrong("syntax error: bad substitution".into());
        if name.is_empty() {
            return Err(if self.peek().is_none() { SyntaxError::Incomplete } else { bad() });
        }
        if length {
            let operation = Some((Operation::Length, Word::new()));
            return if self.take("}") {
                Ok(Part::Parameter { name, operation, quoted })
            } else {
                Err(bad())
            };
        }
        if self.take("}") {
            return Ok(Part::Parameter { name, operation: None, quoted });
        }
        let colon = self.take(":");
        let operation = match self.next() {
            None => return Err(SyntaxError::Incomplete),
            Some('-') => Operation::Default { colon },
            Some('=') => Operation::Assign { colon },
            Some('+') => Operation::Alternative { colon },
            Some('?') => Operation::Require { colon },
            Some('#') if !colon => Operation::TrimPrefix { longest: self.take("#") },
            Some('%') if !colon => Operation::TrimSuffix { longest: self.take("%") },
            Some(_) => return Err(bad()),
        };
        let argument = self.parts_until(|c| c == '}')?;
        if !self.take("}") {
            return Err(SyntaxError::Incomplete);
        }
        Ok(Part::Parameter { name, operation: Some((operation, argument)), quoted })
    }
}

/// Appends text, joining it with text of the same kind.
fn push_text(word: &mut Word, more: &str, is_quoted: bool) {
    match word.last_mut() {
        Some(Part::Text { text, quoted }) if *quoted == is_quoted => text.push_str(more),
        _ => word.push(Part::Text { text: more.into(), quoted: is_quoted }),
    }
}
