//! Plays transcripts and compares what was printed with what should have been.

use std::time::Duration;

use super::directive::Directive;
use super::log::Input;
use super::outdated;
use super::session::Session;
use super::transcript::{EntryKind, Transcript};
use crate::cluster::{Options, check_invariants};

/// How long a command may take before the transcript gives up on it.
const COMMAND_MAX: Duration = Duration::from_secs(900);

/// How long a command that reads may answer before the next line is entered.
const MOMENT: Duration = Duration::from_secs(1);

/// What playing a transcript came to.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// What went differently, a line each: `12: expected … got …`.
    pub failures: Vec<String>,
    /// The transcript with what was really printed.
    pub actual: Transcript,
    /// The hash of the trace at the end.
    pub hash: u64,
    /// How many events ran.
    pub steps: u64,
}

/// Plays a transcript from its first line to its last.
pub fn run(text: &str) -> Outcome {
    let mut player = Player {
        session: Session::new(1),
        outcome: Outcome { actual: Transcript::parse(text), ..Outcome::default() },
    };
    for index in 0..player.outcome.actual.entries.len() {
        player.play(index);
    }
    player.outcome.hash = player.session.cluster().trace().hash();
    player.outcome.steps = player.session.cluster().steps();
    player.outcome
}

struct Player {
    session: Session,
    outcome: Outcome,
}

impl Player {
    fn play(&mut self, index: usize) {
        let entry = self.outcome.actual.entries[index].clone();
        match entry.kind {
            EntryKind::Comment(_) => {}
            EntryKind::Command { line, expected } => {
                let printed = self.command(&line);
                let printed: Vec<String> = printed.lines().map(str::to_owned).collect();
                let wanted: &[String] = match expected.split_last() {
                    Some((last, rest)) if last.is_empty() => rest,
                    _ => &expected,
                };
                if !matches(wanted, &printed) {
                    let failure = difference(entry.line, &line, wanted, &printed);
                    self.outcome.failures.push(failure);
                    let blank = expected.last().filter(|last| last.is_empty()).cloned();
                    self.outcome.actual.entries[index].kind = EntryKind::Command {
                        line,
                        expected: printed.into_iter().chain(blank).collect(),
                    };
                }
            }
            EntryKind::Directive { text, body } => {
                if let Err(why) = self.directive(&text, &body) {
                    self.outcome.failures.push(format!("{}: @ {text}: {why}", entry.line));
                }
            }
        }
        if let Err(broken) = check_invariants(self.session.cluster()) {
            self.outcome.failures.push(format!("{}: invariant broken: {broken}", entry.line));
        }
    }

    /// Enters a line and waits for its end, or until a command that reads has had a moment; what
    /// was printed, and the exit code if that is not 0.
    fn command(&mut self, line: &str) -> String {
        self.session.input(Input::Line(line.to_owned()));
        let ended =
            self.session.run_until(COMMAND_MAX, |session| !session.is_busy() || session.is_read());
        if self.session.is_read() {
            self.session.run_until(MOMENT, |session| !session.is_busy());
        } else if !ended {
            self.session.input(Input::Interrupt);
        }
        let output = self.session.take_output();
        let mut text = output.text;
        if let Some(code) = output.ended.filter(|code| *code != 0) {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(&format!("[exit {code}]\n"));
        }
        text
    }

    fn directive(&mut self, text: &str, body: &[String]) -> Result<(), String> {
        match Directive::parse(text)? {
            Directive::Advance(duration) => self.session.run_for(duration),
            Directive::Terminal(number) => self.session.input(Input::Terminal(number)),
            Directive::Key(input) => {
                self.session.input(input);
                self.session.run_until(MOMENT, |session| !session.is_busy());
            }
            Directive::Until(condition, limit) => {
                let mut fork = None;
                let reached = self.session.run_until(limit, |session| {
                    let cluster = session.cluster();
                    let revision = cluster.store().revision();
                    if fork == Some(revision) {
                        return false;
                    }
                    fork = Some(revision);
                    condition.holds(&mut cluster.clone())
                });
                if !reached {
                    return Err(format!("not reached within {}s", limit.as_secs()));
                }
            }
            Directive::Nodes(count) => {
                self.session = Session::with_options(1, &Options::workers(count)).with_lessons();
            }
            Directive::Seed(seed) => self.session = Session::new(seed),
            Directive::File(name) => {
                let text = body.iter().map(|line| format!("{line}\n")).collect();
                self.session.input(Input::Write { name, text });
            }
            Directive::Manifest(text, name) => {
                self.session.input(Input::Write { name, text: text.to_owned() });
            }
            Directive::Convert(name) => {
                let text = self.session.files().read(&name).ok_or("no such file")?;
                let text = outdated::convert(text).ok_or("every version in it is served")?;
                self.session.input(Input::Write { name, text });
            }
            Directive::Control(control) => self.session.input(Input::Control(*control)),
        }
        Ok(())
    }
}

/// Whether what was printed is what was expected; `<age>` and the like stand for any text
/// without spaces.
fn matches(expected: &[String], printed: &[String]) -> bool {
    expected.len() == printed.len()
        && expected.iter().zip(printed).all(|(wanted, line)| line_matches(wanted, line))
}

fn line_matches(wanted: &str, line: &str) -> bool {
    if wanted == line {
        return true;
    }
    let Some((start, end)) = placeholder(wanted) else { return false };
    let Some(rest) = line.strip_prefix(&wanted[..start]) else { return false };
    let longest = rest.find(' ').unwrap_or(rest.len());
    // The text that a placeholder stands for may be followed by more or less padding.
    (1..=longest).rev().filter(|at| rest.is_char_boundary(*at)).any(|at| {
        let (tail, remaining) = (&wanted[end..], &rest[at..]);
        line_matches(tail, remaining)
            || tail.starts_with(' ')
                && remaining.starts_with(' ')
                && line_matches(tail.trim_start(), remaining.trim_start())
    })
}

/// Where the first `<word>` stands that is no literal of kubectl's own.
fn placeholder(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(start) = text[from..].find('<').map(|at| from + at) {
        let end = start + text[start..].find('>')? + 1;
        let is_literal = matches!(&text[start..end], "<none>" | "<unknown>" | "<unset>" | "<nil>");
        if !is_literal {
            return Some((start, end));
        }
        from = end;
    }
    None
}

fn difference(line: usize, command: &str, expected: &[String], printed: &[String]) -> String {
    let mut text = format!("{line}: $ {command}\n");
    let length = expected.len().max(printed.len());
    for index in 0..length {
        match (expected.get(index), printed.get(index)) {
            (Some(wanted), Some(got)) if line_matches(wanted, got) => {
                text.push_str(&format!("   {got}\n"));
            }
            (wanted, got) => {
                text.extend(wanted.map(|line| format!("  -{line}\n")));
                text.extend(got.map(|line| format!("  +{line}\n")));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_stand_for_a_word() {
        let cases = [
            ("web-<hash>-<id>   1/1", "web-7887448d46-abcde   1/1", true),
            ("x <none> <age>", "x <none> 5s", true),
            ("x <none>", "x y", false),
            ("web-<hash>   1/1", "web-7887448d46             1/1", true),
            ("a <x> c", "a b d", false),
        ];
        for (wanted, line, expected) in cases {
            assert_eq!(line_matches(wanted, line), expected, "{wanted} ~ {line}");
        }
    }
}
