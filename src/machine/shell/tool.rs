//! What each of the line tools does with a line, and at the end.

use super::filter::{Grep, Progress, Tool};
use super::network;
use crate::base::base64::{self, Alphabet};
use crate::base::order::Order as _;

fn push(out: &mut String, text: &str, newline: bool) {
    out.push_str(text);
    if newline {
        out.push('\n');
    }
}

impl Tool {
    /// Takes a line; false when it needs no more.
    pub(super) fn feed(
        &mut self,
        name: &str,
        text: &str,
        complete: bool,
        out: &mut String,
    ) -> bool {
        match self {
            Self::Cat { numbers } => {
                if let Some(number) = numbers {
                    *number += 1;
                    out.push_str(&format!("{number:6}\t"));
                }
                push(out, text, complete);
            }
            Self::Head { left, bytes: false } => {
                if *left == 0 {
                    return false;
                }
                push(out, text, complete);
                *left -= 1;
                return *left > 0;
            }
            Self::Head { left, bytes: true } => {
                let whole = if complete { format!("{text}\n") } else { text.to_owned() };
                let part: String = whole.chars().take(*left as usize).collect();
                *left -= part.len() as u64;
                out.push_str(&part);
                return *left > 0;
            }
            Self::Tail { last, keep, from } => {
                last.push_back(text.to_owned());
                match from {
                    Some(skip) if *skip > 0 => {
                        *skip -= 1;
                        last.clear();
                    }
                    Some(_) => {}
                    None if last.len() > *keep => drop(last.pop_front()),
                    None => {}
                }
            }
            Self::Grep(grep) => return grep.feed(name, text, out),
            Self::Sort { lines, .. } | Self::Reverse { lines: Some(lines) } => {
                lines.push(text.to_owned())
            }
            Self::Reverse { lines: None } => {
                push(out, &text.chars().rev().collect::<String>(), true)
            }
            Self::Uniq { last, count, repeated } => match last {
                Some((old, n)) if old == text => *n += 1,
                _ => {
                    uniq(last, *count, *repeated, out);
                    *last = Some((text.to_owned(), 1));
                }
            },
            Self::Tr { .. } => self.translate(text, complete, out),
            Self::Cut { ranges, delimiter, only_delimited } => match delimiter {
                Some(d) if !text.contains(*d) => {
                    if !*only_delimited {
                        push(out, text, true);
                    }
                }
                Some(d) => {
                    let fields: Vec<&str> = text.split(*d).collect();
                    push(out, &chosen(&fields, ranges).join(&d.to_string()), true);
                }
                None => {
                    let chars: Vec<char> = text.chars().collect();
                    push(out, &chosen(&chars, ranges).into_iter().collect::<String>(), true);
                }
            },
            Self::Count { totals, .. } => {
                totals.0 += u64::from(complete);
                totals.1 += text.split_whitespace().count() as u64;
                totals.2 += text.len() as u64 + u64::from(complete);
            }
            Self::Tee { .. } => push(out, text, complete),
            Self::Sed(script) => return script.line(text, complete, out),
            Self::Awk(script) => script.line(text, out),
            Self::Base64 { text: whole, .. } => push(whole, text, complete),
            Self::Send { text: whole, .. } => push(whole, text, complete),
            Self::Collect { words, .. } => words.extend(text.split_whitespace().map(str::to_owned)),
        }
        true
    }

    pub(super) fn source_ends(&mut self, name: &str, last: bool, out: &mut String) {
        if let Self::Grep(grep) = self {
            if let Some(count) = grep.count.as_mut() {
                let prefix = if grep.names { format!("{name}:") } else { String::new() };
                out.push_str(&format!("{prefix}{count}\n"));
                *count = 0;
            }
            grep.line = 0;
        }
        if let Self::Count { lines, words, bytes, totals } = self
            && last
        {
            let one = usize::from(*lines) + usize::from(*words) + usize::from(*bytes) == 1;
            let shown: Vec<String> = [(*lines, totals.0), (*words, totals.1), (*bytes, totals.2)]
                .iter()
                .filter(|(wanted, _)| *wanted)
                .map(|(_, number)| if one { number.to_string() } else { format!("{number:9}") })
                .collect();
            let name = if name.is_empty() { String::new() } else { format!(" {name}") };
            out.push_str(&format!("{}{name}\n", shown.join(" ")));
        }
    }

    pub(super) fn end(&mut self, out: &mut String, status: i32) -> Progress {
        match self {
            Self::Tail { last, .. } => {
                for line in last.drain(..) {
                    push(out, &line, true);
                }
            }
            Self::Sort { lines, reverse, numeric, unique, key } => {
                let key = *key;
                let field = |line: &str| match key {
                    None => line.to_owned(),
                    Some((n, Some(d))) => line.split(d).nth(n - 1).unwrap_or("").to_owned(),
                    Some((n, None)) => line.split_whitespace().nth(n - 1).unwrap_or("").to_owned(),
                };
                let number = |text: &str| {
                    let text = text.trim_start();
                    let sign = usize::from(text.starts_with('-'));
                    let end = text[sign..]
                        .find(|c: char| !c.is_ascii_digit())
                        .map_or(text.len(), |n| n + sign);
                    text[..end].parse::<i64>().unwrap_or(0)
                };
                lines.order_by(|a, b| {
                    let (left, right) = (field(a), field(b));
                    let order = if *numeric {
                        number(&left).cmp(&number(&right))
                    } else {
                        left.cmp(&right)
                    };
                    order.then_with(|| a.cmp(b))
                });
                if *reverse {
                    lines.reverse();
                }
                if *unique {
                    lines.dedup();
                }
                for line in lines.drain(..) {
                    push(out, &line, true);
                }
            }
            Self::Reverse { lines: Some(lines) } => {
                for line in lines.drain(..).rev() {
                    push(out, &line, true);
                }
            }
            Self::Uniq { last, count, repeated } => uniq(last, *count, *repeated, out),
            Self::Sed(script) => script.end(out),
            Self::Awk(script) => script.end(out),
            Self::Base64 { decode: true, text, .. } => {
                let joined: String = text.split_whitespace().collect();
                let Ok(bytes) = base64::decode(&joined, Alphabet::Standard) else {
                    return Progress::Done(1);
                };
                out.push_str(&String::from_utf8_lossy(&bytes));
            }
            Self::Base64 { width, text, .. } => {
                let code = base64::encode(text.as_bytes(), Alphabet::Standard);
                let end = if *width == 0 { code.len().max(1) } else { *width };
                for line in code.as_bytes().chunks(end) {
                    push(out, &String::from_utf8_lossy(line), *width > 0);
                }
            }
            Self::Grep(grep) => {
                let failed = if status > 0 { 2 } else { 1 };
                return Progress::Done(if grep.found { 0 } else { failed });
            }
            Self::Send { host, port, udp, text } => {
                return Progress::Send(network::typed(host, *port, *udp, text));
            }
            Self::Collect { argv, words } => {
                let mut argv = std::mem::take(argv);
                argv.append(words);
                return Progress::Run(argv);
            }
            _ => {}
        }
        Progress::Done(status)
    }

    fn translate(&mut self, text: &str, complete: bool, out: &mut String) {
        let Self::Tr { from, to, delete, squeeze, complement, last } = self else { return };
        let newline = if complete { "\n" } else { "" };
        for c in text.chars().chain(newline.chars()) {
            let place = from.iter().position(|f| *f == c);
            let listed = place.is_some() != *complement;
            if listed && *delete {
                continue;
            }
            let new = match (listed, to.last()) {
                (true, Some(end)) => *place.and_then(|at| to.get(at)).unwrap_or(end),
                _ => c,
            };
            if *squeeze && listed && *last == Some(new) {
                continue;
            }
            *last = Some(new);
            out.push(new);
        }
    }
}

impl Grep {
    fn feed(&mut self, name: &str, text: &str, out: &mut String) -> bool {
        self.line += 1;
        let chars: Vec<char> = text.chars().collect();
        if (self.find(&chars, 0).is_some()) == self.invert {
            return true;
        }
        self.found = true;
        if self.quiet {
            return false;
        }
        if let Some(count) = self.count.as_mut() {
            *count += 1;
            return true;
        }
        if self.list {
            push(out, name, true);
            return false;
        }
        let mut prefix = if self.names { format!("{name}:") } else { String::new() };
        if self.numbers {
            prefix.push_str(&format!("{}:", self.line));
        }
        if !self.only || self.invert {
            push(out, &format!("{prefix}{text}"), true);
            return true;
        }
        let mut from = 0;
        while let Some((start, end)) = self.find(&chars, from) {
            if end > start {
                push(
                    out,
                    &format!("{prefix}{}", chars[start..end].iter().collect::<String>()),
                    true,
                );
            }
            from = end.max(start + 1);
        }
        true
    }
}

fn uniq(last: &mut Option<(String, usize)>, count: bool, repeated: bool, out: &mut String) {
    if let Some((text, n)) = last.take()
        && (!repeated || n > 1)
    {
        let prefix = if count { format!("{n:7} ") } else { String::new() };
        push(out, &format!("{prefix}{text}"), true);
    }
}

fn chosen<T: Copy>(items: &[T], ranges: &[(usize, usize)]) -> Vec<T> {
    items
        .iter()
        .enumerate()
        .filter(|(at, _)| ranges.iter().any(|(low, high)| (*low..=*high).contains(&(at + 1))))
        .map(|(_, item)| *item)
        .collect()
}
