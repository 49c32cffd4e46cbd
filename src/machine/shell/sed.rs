//! `sed`: substitution, printing, deleting and quitting, with addresses.

use super::pattern::Regex;

/// A parsed script and its place in the input.
#[derive(Clone, Debug)]
pub(super) struct Script {
    commands: Vec<Command>,
    quiet: bool,
    line: usize,
    /// The line before, held back because it may be the last.
    held: Option<(String, bool)>,
    quit: bool,
}

#[derive(Clone, Debug)]
struct Command {
    from: Address,
    to: Address,
    inside: bool,
    negated: bool,
    action: Action,
}

#[derive(Clone, Debug)]
enum Address {
    None,
    Line(usize),
    Last,
    Match(Regex),
}

#[derive(Clone, Debug)]
enum Action {
    Substitute { regex: Regex, replacement: String, global: bool, print: bool },
    Print,
    Delete,
    Quit,
}

impl Script {
    pub(super) fn parse(text: &str, quiet: bool, extended: bool) -> Result<Self, String> {
        let mut commands = Vec::new();
        let chars: Vec<char> = text.chars().collect();
        let mut at = 0;
        while at < chars.len() {
            if matches!(chars[at], ';' | '\n' | ' ' | '}') {
                at += 1;
                continue;
            }
            let from = address(&chars, &mut at, extended);
            let to = if chars.get(at) == Some(&',') {
                at += 1;
                address(&chars, &mut at, extended)
            } else {
                Address::None
            };
            let negated = chars.get(at) == Some(&'!');
            at += usize::from(negated);
            let action = match chars.get(at) {
                Some('s') => {
                    let mut fields = chars[at + 1..].iter();
                    let delimiter = *fields.next().ok_or("unterminated `s' command")?;
                    at += 2;
                    let pattern = delimited(&chars, &mut at, delimiter);
                    let replacement = delimited(&chars, &mut at, delimiter);
                    let mut flags = String::new();
                    while let Some(flag @ ('g' | 'p' | 'i' | 'I' | '0'..='9')) = chars.get(at) {
                        flags.push(*flag);
                        at += 1;
                    }
                    Action::Substitute {
                        regex: Regex::new(&pattern, extended, flags.contains(['i', 'I'])),
                        replacement,
                        global: flags.contains('g'),
                        print: flags.contains('p'),
                    }
                }
                Some('p') => Action::Print,
                Some('d') => Action::Delete,
                Some('q') => Action::Quit,
                None => return Err("missing command".into()),
                Some(other) => return Err(format!("unsupported command {other}")),
            };
            if !matches!(action, Action::Substitute { .. }) {
                at += 1;
            }
            commands.push(Command { from, to, inside: false, negated, action });
        }
        Ok(Self { commands, quiet, line: 0, held: None, quit: false })
    }

    /// Takes a line; false when the script quits.
    pub(super) fn line(&mut self, text: &str, complete: bool, out: &mut String) -> bool {
        if let Some((held, newline)) = self.held.replace((text.to_owned(), complete)) {
            self.apply(held, newline, false, out);
        }
        !self.quit
    }

    pub(super) fn end(&mut self, out: &mut String) {
        if let Some((held, newline)) = self.held.take()
            && !self.quit
        {
            self.apply(held, newline, true, out);
        }
    }

    fn apply(&mut self, mut text: String, newline: bool, last: bool, out: &mut String) {
        self.line += 1;
        let end = if newline { "\n" } else { "" };
        for command in &mut self.commands {
            if command.selects(&text, self.line, last) == command.negated {
                continue;
            }
            match &command.action {
                Action::Substitute { regex, replacement, global, print } => {
                    if let Some(new) = substitute(&text, regex, replacement, *global) {
                        text = new;
                        if *print {
                            out.push_str(&format!("{text}{end}"));
                        }
                    }
                }
                Action::Print => out.push_str(&format!("{text}{end}")),
                Action::Delete => return,
                Action::Quit => {
                    self.quit = true;
                    break;
                }
            }
        }
        if !self.quiet {
            out.push_str(&format!("{text}{end}"));
        }
    }
}

impl Command {
    fn selects(&mut self, text: &str, line: usize, last: bool) -> bool {
        let hit = |address: &Address| match address {
            Address::None => true,
            Address::Line(number) => *number == line,
            Address::Last => last,
            Address::Match(regex) => regex.is_match(text),
        };
        if matches!(self.to, Address::None) {
            return hit(&self.from);
        }
        if self.inside {
            self.inside = !hit(&self.to);
            return true;
        }
        let begins = hit(&self.from);
        self.inside = begins && !matches!(self.to, Address::Line(end) if end <= line);
        begins
    }
}

fn address(chars: &[char], at: &mut usize, extended: bool) -> Address {
    match chars.get(*at) {
        Some('$') => {
            *at += 1;
            Address::Last
        }
        Some('/') => {
            *at += 1;
            Address::Match(Regex::new(&delimited(chars, at, '/'), extended, false))
        }
        Some(c) if c.is_ascii_digit() => {
            let digits: String = chars[*at..].iter().take_while(|c| c.is_ascii_digit()).collect();
            *at += digits.len();
            Address::Line(digits.parse().unwrap_or(0))
        }
        _ => Address::None,
    }
}

/// The text up to an unescaped `end`, which is skipped.
fn delimited(chars: &[char], at: &mut usize, end: char) -> String {
    let mut text = String::new();
    while let Some(c) = chars.get(*at) {
        *at += 1;
        if *c == end {
            break;
        }
        if *c == '\\' && chars.get(*at) == Some(&end) {
            text.push(end);
            *at += 1;
        } else if *c == '\\' && *at < chars.len() {
            text.push('\\');
            text.push(chars[*at]);
            *at += 1;
        } else {
            text.push(*c);
        }
    }
    text
}

fn substitute(text: &str, regex: &Regex, replacement: &str, global: bool) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut result = String::new();
    let mut from = 0;
    let mut any = false;
    while let Some(groups) = regex.find(&chars, from) {
        let Some((start, end)) = groups[0] else { break };
        any = true;
        result.extend(&chars[from..start]);
        let mut letters = replacement.chars();
        while let Some(c) = letters.next() {
            let group = match c {
                '&' => Some(0),
                '\\' => match letters.next() {
                    Some(digit @ '0'..='9') => digit.to_digit(10).map(|d| d as usize),
                    Some('n') => {
                        result.push('\n');
                        None
                    }
                    Some('t') => {
                        result.push('\t');
                        None
                    }
                    other => {
                        result.extend(other);
                        None
                    }
                },
                c => {
                    result.push(c);
                    None
                }
            };
            if let Some(Some((start, end))) = group.and_then(|n| groups.get(n)) {
                result.extend(&chars[*start..*end]);
            }
        }
        from = end;
        if start == end {
            result.extend(chars.get(end));
            from += 1;
        }
        if !global || from > chars.len() {
            break;
        }
    }
    if !any {
        return None;
    }
    result.extend(chars.get(from..).unwrap_or_default());
    Some(result)
}
