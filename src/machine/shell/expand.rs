//! From words to arguments: parameters, arithmetic, splitting at blanks, file name patterns.

use super::arithmetic::{self, evaluate};
use super::pattern;
use super::syntax::{Operation, Part, Word};
use super::task::Task;
use crate::machine::files::{FileSystem, Node, normalize};

/// A word on its way to becoming arguments.
#[derive(Default)]
struct Fields {
    done: Vec<String>,
    text: String,
    pattern: String,
    /// The field exists even if empty, because something in it was quoted.
    started: bool,
}

impl Fields {
    fn plain(&mut self, text: &str) {
        self.started = true;
        self.text.push_str(text);
        self.pattern.push_str(&pattern::escape(text));
    }

    fn magic(&mut self, text: &str) {
        self.started |= !text.is_empty();
        self.text.push_str(text);
        self.pattern.push_str(text);
    }

    fn split(&mut self, text: &str, separators: &str) {
        for c in text.chars() {
            if separators.contains(c) {
                self.end(None, "/");
            } else {
                self.magic(c.encode_utf8(&mut [0; 4]));
            }
        }
    }

    fn end(&mut self, files: Option<&FileSystem>, cwd: &str) {
        if !std::mem::take(&mut self.started) {
            return;
        }
        let text = std::mem::take(&mut self.text);
        let pattern = std::mem::take(&mut self.pattern);
        let found = match files {
            Some(files) if pattern::has_magic(&pattern) => paths(&pattern, files, cwd),
            _ => Vec::new(),
        };
        if found.is_empty() {
            self.done.push(text);
        } else {
            self.done.extend(found);
        }
    }
}

/// The existing paths a pattern stands for, sorted.
fn paths(pattern: &str, files: &FileSystem, cwd: &str) -> Vec<String> {
    let absolute = pattern.starts_with('/');
    let mut found = vec![if absolute { "/".to_owned() } else { String::new() }];
    for part in pattern.split('/').filter(|part| !part.is_empty()) {
        let mut next = Vec::new();
        for base in &found {
            let directory = normalize(cwd, if base.is_empty() { "." } else { base });
            if !matches!(files.get(&directory), Some(Node::Directory)) {
                continue;
            }
            let join = |name: &str| match base.as_str() {
                "" | "/" => format!("{base}{name}"),
                base => format!("{base}/{name}"),
            };
            if !pattern::has_magic(part) {
                let plain = part.replace('\\', "");
                if files.get(&normalize(&directory, &plain)).is_some() {
                    next.push(join(&plain));
                }
                continue;
            }
            for name in files.list(&directory) {
                let hidden = name.starts_with('.') && !part.starts_with('.');
                if !hidden && pattern::matches(part, &name) {
                    next.push(join(&name));
                }
            }
        }
        found = next;
    }
    found
}

impl arithmetic::Variables for Task {
    fn value(&self, name: &str) -> i64 {
        self.variable(name).and_then(|text| arithmetic::number(text.trim())).unwrap_or(0)
    }

    fn assign(&mut self, name: &str, value: i64) {
        Task::assign(self, name, &value.to_string());
    }
}

type Expanded<T> = Result<T, String>;

impl Task {
    /// The arguments that `words` become. Errors are complaints that end the command.
    pub(super) fn arguments(
        &mut self,
        words: &[Word],
        files: &FileSystem,
    ) -> Expanded<Vec<String>> {
        let mut fields = Fields::default();
        for word in words {
            self.fill(word, &mut fields)?;
            let cwd = self.cwd.clone();
            fields.end(Some(files), &cwd);
        }
        Ok(fields.done)
    }

    fn fill(&mut self, word: &Word, fields: &mut Fields) -> Expanded<()> {
        let separators = self.variable("IFS").map_or(" \t\n".into(), |ifs| ifs.to_string());
        for (at, part) in word.iter().enumerate() {
            match part {
                Part::Text { text, quoted: true } => fields.plain(text),
                Part::Text { text, quoted: false } => {
                    let home = at == 0 && (text == "~" || text.starts_with("~/"));
                    let home = if home { self.variable("HOME").cloned() } else { None };
                    match home {
                        Some(home) => fields.magic(&format!("{home}{}", &text[1..])),
                        None => fields.magic(text),
                    }
                }
                Part::Parameter { name, operation: None, quoted }
                    if name == "@" || (name == "*" && !quoted) =>
                {
                    for (at, parameter) in self.parameters.clone().iter().enumerate() {
                        if at > 0 {
                            fields.end(None, "/");
                        }
                        if *quoted {
                            fields.plain(parameter)
                        } else {
                            fields.split(parameter, &separators)
                        }
                    }
                }
                Part::Parameter {
                    operation:
                        Some((
                            Operation::Default { colon } | Operation::Alternative { colon },
                            argument,
                        )),
                    name,
                    quoted: false,
                } => {
                    // Unquoted, the argument is split like any other word.
                    let set = self.lookup(name).filter(|value| !colon || !value.is_empty());
                    let alternative = matches!(
                        part,
                        Part::Parameter { operation: Some((Operation::Alternative { .. }, _)), .. }
                    );
                    match (set, alternative) {
                        (Some(value), false) => fields.split(&value, &separators),
                        (None, true) => {}
                        _ => self.fill(argument, fields)?,
                    }
                }
                other => {
                    let (text, quoted) = self.part_text(other)?;
                    if quoted { fields.plain(&text) } else { fields.split(&text, &separators) }
                }
            }
        }
        Ok(())
    }

    /// A word without splitting: assignments, redirections, `case`.
    pub(super) fn text_of(&mut self, word: &Word) -> Expanded<String> {
        let mut text = String::new();
        for part in word {
            text.push_str(&self.part_text(part)?.0);
        }
        Ok(text)
    }

    /// A word as a pattern: what was quoted has no magic.
    pub(super) fn pattern_of(&mut self, word: &Word) -> Expanded<String> {
        let mut text = String::new();
        for part in word {
            let (part, quoted) = self.part_text(part)?;
            if quoted {
                text.push_str(&pattern::escape(&part));
            } else {
                text.push_str(&part);
            }
        }
        Ok(text)
    }

    fn part_text(&mut self, part: &Part) -> Expanded<(String, bool)> {
        Ok(match part {
            Part::Text { text, quoted } => (text.clone(), *quoted),
            Part::Command { slot, quoted } => {
                let text = self.substituted.get(*slot).map(|text| text.to_string());
                (text.unwrap_or_default(), *quoted)
            }
            Part::Arithmetic { expression, quoted } => {
                let text = self.text_of(expression)?;
                (evaluate(&text, self)?.to_string(), *quoted)
            }
            Part::Parameter { name, operation, quoted } => {
                (self.parameter(name, operation.as_ref())?, *quoted)
            }
        })
    }

    fn parameter(&mut self, name: &str, operation: Option<&(Operation, Word)>) -> Expanded<String> {
        let value = self.lookup(name);
        let Some((operation, argument)) = operation else { return Ok(value.unwrap_or_default()) };
        let filled = |colon: bool| value.clone().filter(|value| !colon || !value.is_empty());
        match operation {
            Operation::Length => Ok(value.unwrap_or_default().chars().count().to_string()),
            Operation::Default { colon } => match filled(*colon) {
                Some(value) => Ok(value),
                None => self.text_of(argument),
            },
            Operation::Assign { colon } => match filled(*colon) {
                Some(value) => Ok(value),
                None => {
                    let value = self.text_of(argument)?;
                    self.assign(name, &value);
                    Ok(value)
                }
            },
            Operation::Alternative { colon } => match filled(*colon) {
                Some(_) => self.text_of(argument),
                None => Ok(String::new()),
            },
            Operation::Require { colon } => match filled(*colon) {
                Some(value) => Ok(value),
                None => {
                    let text = self.text_of(argument)?;
                    let text = if text.is_empty() { "parameter not set".into() } else { text };
                    Err(format!("{name}: {text}"))
                }
            },
            Operation::TrimPrefix { longest } | Operation::TrimSuffix { longest } => {
                let prefix = matches!(operation, Operation::TrimPrefix { .. });
                let pattern = self.pattern_of(argument)?;
                Ok(trim(&value.unwrap_or_default(), &pattern, prefix, *longest))
            }
        }
    }

    /// A variable or special parameter.
    pub(super) fn lookup(&mut self, name: &str) -> Option<String> {
        match name {
            "?" => Some(self.status.to_string()),
            "$" => Some(if self.parent == 0 { self.pid } else { self.parent }.to_string()),
            "!" => Some(self.last_background.to_string()).filter(|pid| pid != "0"),
            "#" => Some(self.parameters.len().to_string()),
            "@" | "*" => Some(self.parameters.join(" ")),
            "-" => Some(String::new()),
            "0" => Some(self.name.to_string()),
            "RANDOM" => {
                // A linear congruential sequence, kept in the variable itself like the seed in bash.
                self.trail.unrepeatable = true;
                let last: u64 = self
                    .variable("RANDOM")
                    .and_then(|v| v.parse().ok())
                    .unwrap_or(u64::from(self.pid));
                let next = (last.wrapping_mul(1_103_515_245).wrapping_add(12_345) >> 4) % 32_768;
                self.assign("RANDOM", &next.to_string());
                Some(next.to_string())
            }
            _ => match name.parse::<usize>() {
                Ok(at) => self.parameters.get(at.wrapping_sub(1)).cloned(),
                Err(_) => self.variable(name).map(|value| value.to_string()),
            },
        }
    }
}

fn trim(value: &str, pattern: &str, prefix: bool, longest: bool) -> String {
    let mut cuts: Vec<usize> =
        value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    if prefix == longest {
        cuts.reverse();
    }
    for cut in cuts {
        let (left, right) = value.split_at(cut);
        let (tested, kept) = if prefix { (left, right) } else { (right, left) };
        if pattern::matches(pattern, tested) {
            return kept.to_owned();
        }
    }
    value.to_owned()
}
