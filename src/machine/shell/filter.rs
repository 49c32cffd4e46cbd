//! The tools that read lines and print lines: `cat`, `grep`, `sort`, … They take what input there
//! is and go on when more comes.

use std::collections::VecDeque;
use std::rc::Rc;

use super::pattern::Regex;
use super::process::{END_OF_INPUT, Process};
use super::sed::Script;
use super::task::{Stream, Task};
use super::{World, awk};
use crate::machine::files::{Node, normalize};
use crate::machine::network::HttpRequest;

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
    Awk(Box<awk::Script>),
    Base64 {
        decode: bool,
        /// How long the lines are that it prints; 0: one line without its end.
        width: usize,
        text: String,
    },
    Collect {
        argv: Vec<String>,
        words: Vec<String>,
    },
    /// `nc`: what to send.
    Send {
        host: String,
        port: u16,
        udp: bool,
        text: String,
    },
}

#[derive(Clone, Debug)]
pub(super) struct Grep {
    pub(super) patterns: Vec<Regex>,
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

impl Grep {
    /// The first match of any pattern from `from` on, the longest of those that begin there.
    pub(super) fn find(&self, line: &[char], from: usize) -> Option<(usize, usize)> {
        let found = self.patterns.iter().filter_map(|regex| regex.find(line, from)?[0]);
        found.min_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)))
    }
}

/// How far a filter came.
pub(super) enum Progress {
    Waits,
    Done(i32),
    /// `xargs`: the command to run now.
    Run(Vec<String>),
    /// `nc`: what to send over its connection.
    Send(HttpRequest),
    Endless,
}

/// One read of a stream.
pub(super) enum Line {
    Text { text: String, complete: bool },
    End,
    Waits,
    Endless,
}

/// What a tool reads, one after another: each with its name; `None` is the standard input.
type Sources = VecDeque<(Rc<str>, Option<Stream>)>;

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
            Stream::Console => match self.input.find(['\n', END_OF_INPUT]) {
                Some(0) if self.input.starts_with(END_OF_INPUT) => {
                    self.input.remove(0);
                    Line::End
                }
                Some(end) if self.input[end..].starts_with(END_OF_INPUT) => {
                    let text = self.input.drain(..end).collect();
                    self.input.remove(0);
                    Line::Text { text, complete: false }
                }
                _ => cut(&mut self.input, self.input_open),
            },
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
    ) -> (Sources, i32) {
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
