//! The tools that read lines and print lines: `cat`, `grep`, `sort`, … They take what input there
//! is and go on when more comes.

use std::collections::VecDeque;
use std::rc::Rc;

use super::World;
use super::pattern::Regex;
use super::process::Process;
use super::sed::Script;
use super::task::{Stream, Task};
use crate::machine::files::{Node, normalize};

/// A tool at work.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    pub(super) tool: Tool,
    /// Inputs still to be read: a name to print and where from; `None` is standard input.
    pub(super) sources: VecDeque<(Rc<str>, Option<Stream>)>,
    pub(super) status: i32,
}

#[derive(Clone, Debug)]
pub(super) enum Tool {
    Cat {
        numbers: Option<usize>,
    },
    Head {
        left: u64,
        bytes: bool,
    },
    Tail {
        last: VecDeque<String>,
        keep: usize,
        from: Option<usize>,
    },
    Grep(Box<Grep>),
    Sort {
        lines: Vec<String>,
        reverse: bool,
        numeric: bool,
        unique: bool,
        key: Option<(usize, Option<char>)>,
    },
    Uniq {
        last: Option<(String, usize)>,
        count: bool,
        repeated: bool,
    },
    Tr {
        from: Vec<char>,
        to: Vec<char>,
        delete: bool,
        squeeze: bool,
        complement: bool,
        last: Option<char>,
    },
    Cut {
        ranges: Vec<(usize, usize)>,
        delimiter: Option<char>,
        only_delimited: bool,
    },
    Count {
        lines: bool,
        words: bool,
        bytes: bool,
        totals: (u64, u64, u64),
    },
    Tee {
        paths: Vec<Rc<str>>,
    },
    Reverse {
        lines: Option<Vec<String>>,
    },
    Sed(Box<Script>),
    Collect {
        argv: Vec<String>,
        words: Vec<String>,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Grep {
    pub(super) regex: Regex,
    pub(super) invert: bool,
    pub(super) count: Option<u64>,
    pub(super) quiet: bool,
    pub(super) only: bool,
    pub(super) names: bool,
    pub(super) list: bool,
    pub(super) numbers: bool,
    pub(super) line: usize,
    pub(super) found: bool,
}

/// How far a filter came.
pub(super) enum Progress {
    Waits,
    Done(i32),
    /// `xargs`: the command to run now.
    Run(Vec<String>),
    Endless,
}

/// One read of a stream.
pub(super) enum Line {
    Text { text: String, complete: bool },
    End,
    Waits,
    Endless,
}

impl Filter {
    /// Memory its collected input takes, in bytes.
    pub(super) fn memory(&self) -> u64 {
        match &self.tool {
            Tool::Sort { lines, .. } => lines.iter().map(|line| line.len() as u64).sum(),
            _ => 0,
        }
    }
}

impl Process {
    /// The next line of `stream`, newline removed.
    pub(super) fn next_line(&mut self, stream: &mut Stream) -> Line {
        let cut = |buffer: &mut String, open: bool| match buffer.find('\n') {
            Some(end) => {
                let text = buffer[..end].to_owned();
                buffer.drain(..=end);
                Line::Text { text, complete: true }
            }
            None if open => Line::Waits,
            None if buffer.is_empty() => Line::End,
            None => Line::Text { text: std::mem::take(buffer), complete: false },
        };
        match stream {
            Stream::Null | Stream::Log(_) | Stream::File(_) => Line::End,
            Stream::Endless => Line::Endless,
            Stream::Console => cut(&mut self.input, self.input_open),
            Stream::Pipe(pipe) => {
                let open = self.has_writer(*pipe);
                match self.pipes.get_mut(pipe) {
                    Some(buffer) => cut(buffer, open),
                    None if open => Line::Waits,
                    None => Line::End,
                }
            }
            Stream::Text(text, at) => {
                let rest = &text[(*at).min(text.len())..];
                if rest.is_empty() {
                    return Line::End;
                }
                let (line, complete) = match rest.find('\n') {
                    Some(end) => (&rest[..end], true),
                    None => (rest, false),
                };
                let line = line.to_owned();
                *at += line.len() + usize::from(complete);
                Line::Text { text: line, complete }
            }
        }
    }

    /// Runs a filter as far as its input goes.
    pub(super) fn filter(
        &mut self,
        task: &mut Task,
        filter: &mut Filter,
        world: &mut World,
    ) -> Progress {
        let mut out = String::new();
        let progress = loop {
            let Some((name, source)) = filter.sources.front_mut() else {
                break filter.tool.end(&mut out, filter.status);
            };
            let line = match source {
                Some(stream) => self.next_line(stream),
                None => {
                    // Standard input is shared: what is read here is gone for the script.
                    task.trail.unrepeatable |= !matches!(task.descriptors[0], Stream::Pipe(_));
                    let mut stream = task.descriptors[0].clone();
                    let line = self.next_line(&mut stream);
                    task.descriptors[0] = stream;
                    line
                }
            };
            match line {
                Line::Text { text, complete } => {
                    self.spend(task, 1);
                    let name = Rc::clone(name);
                    if let Tool::Tee { paths } = &filter.tool {
                        append(paths, &text, world);
                    }
                    if !filter.tool.feed(&name, &text, complete, &mut out) {
                        break filter.tool.end(&mut out, filter.status);
                    }
                }
                Line::End => {
                    let name = Rc::clone(name);
                    filter.sources.pop_front();
                    filter.tool.source_ends(&name, filter.sources.is_empty(), &mut out);
                }
                Line::Waits => break Progress::Waits,
                Line::Endless => {
                    break match &filter.tool {
                        Tool::Head { .. } => Progress::Done(0),
                        _ => Progress::Endless,
                    };
                }
            }
        };
        self.write(task, 1, &out, world);
        progress
    }

    /// The sources for the file arguments of a tool; complaints go to standard error.
    pub(super) fn sources(
        &mut self,
        task: &mut Task,
        tool: &str,
        paths: &[String],
        world: &mut World,
    ) -> (VecDeque<(Rc<str>, Option<Stream>)>, i32) {
        let mut sources = VecDeque::new();
        let mut status = 0;
        for path in paths {
            if path == "-" {
                sources.push_back(("".into(), None));
                continue;
            }
            match open(task, path, world) {
                Ok(stream) => sources.push_back((path.as_str().into(), Some(stream))),
                Err(error) => {
                    status = 1;
                    let verb = if tool == "cat" || tool == "head" || tool == "tail" || tool == "wc"
                    {
                        format!("{tool}: can't open '{path}': {error}\n")
                    } else {
                        format!("{tool}: {path}: {error}\n")
                    };
                    self.write(task, 2, &verb, world);
                }
            }
        }
        if paths.is_empty() {
            sources.push_back(("".into(), None));
        }
        (sources, status)
    }
}

/// Opens `path` for reading.
pub(super) fn open(task: &Task, path: &str, world: &World) -> Result<Stream, &'static str> {
    let full = normalize(&task.cwd, path);
    match full.as_str() {
        "/dev/null" => return Ok(Stream::Null),
        "/dev/zero" | "/dev/urandom" | "/dev/random" => return Ok(Stream::Endless),
        "/dev/stdin" => return Ok(task.descriptors[0].clone()),
        _ => {}
    }
    match world.files.get(&full) {
        Some(Node::File(text)) => Ok(Stream::Text(text, 0)),
        Some(Node::Zeros(_)) => Ok(Stream::Null),
        Some(Node::Directory) => Err("Is a directory"),
        None => Err("No such file or directory"),
    }
}

fn append(paths: &[Rc<str>], text: &str, world: &mut World) {
    for path in paths {
        let old = match world.files.get(path) {
            Some(Node::File(old)) => old,
            _ => "".into(),
        };
        // A full or read-only target loses the copy; the tool itself goes on.
        let _ = world.files.put(path, Node::File(format!("{old}{text}\n").into()));
    }
}

fn push(out: &mut String, text: &str, newline: bool) {
    out.push_str(text);
    if newline {
        out.push('\n');
    }
}

impl Tool {
    /// Takes a line; false when it needs no more.
    fn feed(&mut self, name: &str, text: &str, complete: bool, out: &mut String) -> bool {
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
            Self::Collect { words, .. } => words.extend(text.split_whitespace().map(str::to_owned)),
        }
        true
    }

    fn source_ends(&mut self, name: &str, last: bool, out: &mut String) {
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

    fn end(&mut self, out: &mut String, status: i32) -> Progress {
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
                lines.sort_by(|a, b| {
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
            Self::Grep(grep) => {
                let failed = if status > 0 { 2 } else { 1 };
                return Progress::Done(if grep.found { 0 } else { failed });
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
        if (self.regex.find(&chars, 0).is_some()) == self.invert {
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
        while let Some(Some((start, end))) = self.regex.find(&chars, from).map(|groups| groups[0]) {
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
