//! The small tools: what `busybox` brings.

use std::time::Duration;

use super::activity::{Activity, size};
use super::filter::{Filter, Grep, Tool};
use super::pattern::{Regex, class};
use super::process::Process;
use super::sed::Script;
use super::syntax::Code;
use super::task::{State, Task, Wait};
use super::{World, network};
use crate::machine::image::base_name;

mod files;
mod system;
mod text;

/// Every tool, sorted.
const APPLETS: &[&str] = &[
    "[", "[[", "ash", "basename", "bash", "cat", "chmod", "chown", "clear", "cp", "curl", "cut",
    "dash", "date", "dd", "df", "dirname", "du", "echo", "egrep", "env", "expr", "false", "fgrep",
    "find", "free", "grep", "head", "hostname", "id", "kill", "ln", "ls", "mkdir", "mktemp",
    "mount", "mv", "nc", "nice", "nohup", "nproc", "nslookup", "ping", "printenv", "printf", "ps",
    "pwd", "rev", "rm", "rmdir", "sed", "seq", "sh", "sleep", "sort", "sync", "tac", "tail", "tee",
    "telnet", "test", "time", "timeout", "touch", "tr", "true", "truncate", "uname", "uniq",
    "usleep", "wc", "wget", "whoami", "xargs", "yes",
];

/// Whether `name`, plain or as a path into a usual directory of programs, is one of the tools.
pub(in crate::machine) fn is_applet(name: &str) -> bool {
    let base = base_name(name);
    let place = name[..name.len() - base.len()].trim_start_matches('/');
    let usual = ["", "bin/", "usr/bin/", "sbin/", "usr/sbin/", "usr/local/bin/"];
    usual.contains(&place) && APPLETS.contains(&base)
}

/// Flags and operands of a tool whose flags take no values, except those in `with_value`.
pub(super) struct Options {
    pub(super) flags: String,
    pub(super) values: Vec<(char, String)>,
    pub(super) operands: Vec<String>,
}

impl Options {
    pub(super) fn parse(args: &[String], with_value: &str) -> Self {
        let mut options = Self { flags: String::new(), values: Vec::new(), operands: Vec::new() };
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                options.operands.extend(words.by_ref().cloned());
                break;
            }
            let Some(flags) = word.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
                options.operands.push(word.clone());
                continue;
            };
            if let Some(long) = flags.strip_prefix('-') {
                let (name, value) = long.split_once('=').unwrap_or((long, ""));
                let letter = name.chars().next().unwrap_or('-');
                if !value.is_empty() {
                    options.values.push((letter, value.to_owned()));
                }
                options.flags.push(letter);
                continue;
            }
            for (at, flag) in flags.char_indices() {
                if with_value.contains(flag) {
                    let rest = &flags[at + flag.len_utf8()..];
                    let value = if rest.is_empty() {
                        words.next().cloned().unwrap_or_default()
                    } else {
                        rest.to_owned()
                    };
                    options.values.push((flag, value));
                    break;
                }
                options.flags.push(flag);
            }
        }
        options
    }

    pub(super) fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    pub(super) fn value(&self, flag: char) -> Option<&str> {
        self.values.iter().rev().find(|(name, _)| *name == flag).map(|(_, value)| value.as_str())
    }
}

/// A length of time as `sleep` and `timeout` take it: `1`, `0.5`, `2m`; `None` is no number.
fn span(text: &str) -> Option<Duration> {
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        _ => 1,
    };
    let number = text.trim_end_matches(['s', 'm', 'h', 'd']);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let micros: u64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    Some(Duration::from_micros(
        whole.saturating_mul(1_000_000).saturating_add(micros).saturating_mul(unit),
    ))
}

impl Process {
    /// Runs a tool in `task`.
    pub(super) fn applet(
        &mut self,
        task: &mut Task,
        tool: &str,
        args: &[String],
        world: &mut World,
    ) {
        match tool {
            "true" | "sync" | "chmod" | "chown" | "clear" | "ln" | "mount" => self.finish(task, 0),
            "false" => self.finish(task, 1),
            "sleep" | "usleep" => self.sleep(task, tool, args, world),
            "wget" | "curl" | "nslookup" | "ping" | "nc" | "telnet" => {
                match network::begin(tool, args) {
                    Ok((effect, client)) => {
                        self.spend(task, 250);
                        self.ask(task, effect, client, world);
                    }
                    Err((status, complaint)) => {
                        self.write(task, 2, &complaint, world);
                        self.finish(task, status);
                    }
                }
            }
            "nohup" | "nice" | "time" | "env" if !args.is_empty() => {
                self.prefix(task, tool, args, world)
            }
            "timeout" => self.timeout(task, args, world),
            "yes" => {
                let line = if args.is_empty() { "y".to_owned() } else { args.join(" ") };
                let quoted = format!("while :; do echo '{}'; done", line.replace('\'', ""));
                let script = ["sh".to_owned(), "-c".to_owned(), quoted];
                self.run_argv(task, &script, world);
            }
            "cat" | "head" | "tail" | "grep" | "egrep" | "fgrep" | "sort" | "uniq" | "tr"
            | "cut" | "wc" | "tee" | "rev" | "tac" | "sed" | "xargs" => {
                self.start_filter(task, tool, args, world);
            }
            "ls" | "cp" | "mv" | "rm" | "rmdir" | "mkdir" | "touch" | "mktemp" | "dd" | "df"
            | "du" | "find" | "truncate" => self.file_tool(task, tool, args, world),
            _ => {
                let (status, out, error) = self.plain_tool(task, tool, args, world);
                self.write(task, 1, &out, world);
                self.write(task, 2, &error, world);
                self.finish(task, status);
            }
        }
    }

    fn sleep(&mut self, task: &mut Task, tool: &str, args: &[String], world: &mut World) {
        let mut total = Duration::ZERO;
        for arg in args {
            match span(arg) {
                Some(span) => total += if tool == "usleep" { span / 1_000_000 } else { span },
                None if matches!(arg.as_str(), "infinity" | "inf") => {
                    task.state = State::Busy(Box::new(Activity::Forever));
                    return;
                }
                None => {
                    self.write(task, 2, &format!("sleep: invalid number '{arg}'\n"), world);
                    return self.finish(task, 1);
                }
            }
        }
        if args.is_empty() {
            self.write(
                task,
                2,
                "BusyBox v1.37.0 multi-call binary.\n\nUsage: sleep [N]...\n",
                world,
            );
            return self.finish(task, 1);
        }
        task.trail.note(&format!("sleep {}", total.as_micros()));
        task.state = State::Busy(Box::new(Activity::Sleep { until: world.now + total }));
    }

    /// Commands that run their arguments.
    fn prefix(&mut self, task: &mut Task, tool: &str, args: &[String], world: &mut World) {
        let mut rest = args;
        let mut restore = Vec::new();
        while let Some(word) = rest.first() {
            if tool == "nice" && word == "-n" {
                rest = rest.get(2..).unwrap_or_default();
            } else if tool == "env" && word.contains('=') {
                let (name, value) = word.split_once('=').unwrap_or((word, ""));
                restore.push((name.to_owned(), task.variables.get(name).cloned()));
                task.export(name, Some(value));
                rest = &rest[1..];
            } else if word.starts_with('-') {
                rest = &rest[1..];
            } else {
                break;
            }
        }
        if rest.is_empty() {
            self.applet(task, "env", &[], world);
        } else {
            task.replacing = task.frames.is_empty();
            self.run_argv(task, rest, world);
        }
        for (name, old) in restore {
            match old {
                Some(old) => drop(task.variables.insert(name.as_str().into(), old)),
                None => drop(task.variables.remove(name.as_str())),
            }
        }
    }

    fn timeout(&mut self, task: &mut Task, args: &[String], world: &mut World) {
        let mut words = args;
        while words.first().is_some_and(|word| word.starts_with('-')) {
            let skip = if matches!(words[0].as_str(), "-s" | "-k" | "-t") && words[0] != "-t" {
                2
            } else {
                1
            };
            words = words.get(skip..).unwrap_or_default();
        }
        let Some((limit, command)) = words.split_first().filter(|(_, command)| !command.is_empty())
        else {
            self.write(
                task,
                2,
                "BusyBox v1.37.0 multi-call binary.\n\nUsage: timeout [-s SIG] SECS PROG ARGS\n",
                world,
            );
            return self.finish(task, 1);
        };
        let mut child = self.spawn(task, Code::of_argv(command).into());
        child.deadline = span(limit).map(|span| world.now + span);
        child.functions = imbl::OrdMap::new();
        task.state = State::Waiting(Wait::Foreground(vec![child.pid]));
        self.tasks.insert(child.pid, child);
    }

    fn start_filter(&mut self, task: &mut Task, tool: &str, args: &[String], world: &mut World) {
        let (filter, mut paths) = match self.filter_of(task, tool, args, world) {
            Ok(found) => found,
            Err((status, complaint)) => {
                self.write(task, 2, &format!("{tool}: {complaint}\n"), world);
                return self.finish(task, status);
            }
        };
        if tool == "tail" && paths.iter().any(|path| path == "/dev/zero") {
            task.state = State::Busy(Box::new(Activity::Hog { since: world.now }));
            return;
        }
        if tool == "tail"
            && args.iter().any(|arg| matches!(arg.as_str(), "-f" | "-F" | "-fn" | "--follow"))
        {
            let Some(path) = paths.pop().filter(|path| path != "/dev/null") else {
                task.state = State::Busy(Box::new(Activity::Forever));
                return;
            };
            let path = crate::machine::files::normalize(&task.cwd, &path);
            let follow = Activity::Follow { path: path.into(), offset: 0, next: world.now };
            task.state = State::Busy(Box::new(follow));
            return;
        }
        let (sources, status) = self.sources(task, tool, &paths, world);
        let filter = Filter { tool: filter, sources, status };
        if filter.sources.is_empty() {
            return self
                .finish(task, if matches!(filter.tool, Tool::Grep(_)) { 2 } else { status });
        }
        task.state = State::Busy(Box::new(Activity::Filter(Box::new(filter))));
    }

    /// The tool with its options, and the files it reads.
    fn filter_of(
        &mut self,
        task: &mut Task,
        tool: &str,
        args: &[String],
        world: &mut World,
    ) -> Result<(Tool, Vec<String>), (i32, String)> {
        let options = Options::parse(
            args,
            match tool {
                "head" | "tail" => "nc",
                "grep" | "egrep" | "fgrep" => "emABC",
                "sort" => "kt",
                "cut" => "dfc",
                "sed" => "e",
                "xargs" => "nIP",
                _ => "",
            },
        );
        let mut operands = options.operands.clone();
        let filter = match tool {
            "head" | "tail" => lines_tool(tool, args, &options)?,
            "grep" | "egrep" | "fgrep" => {
                let pattern = match options.value('e') {
                    Some(pattern) => pattern.to_owned(),
                    None if operands.is_empty() => return Err((2, "no pattern given".into())),
                    None => operands.remove(0),
                };
                let ignore_case = options.has('i');
                let fixed = tool == "fgrep" || options.has('F');
                let pattern =
                    if options.has('w') && !fixed { format!("{pattern}\\b") } else { pattern };
                let regex = if fixed {
                    Regex::fixed(&pattern, ignore_case)
                } else {
                    Regex::new(
                        pattern.trim_end_matches("\\b"),
                        tool == "egrep" || options.has('E'),
                        ignore_case,
                    )
                };
                Tool::Grep(Box::new(Grep {
                    regex,
                    invert: options.has('v'),
                    count: options.has('c').then_some(0),
                    quiet: options.has('q'),
                    only: options.has('o'),
                    names: (operands.len() > 1 || options.has('H')) && !options.has('h'),
                    list: options.has('l'),
                    numbers: options.has('n'),
                    line: 0,
                    found: false,
                }))
            }
            "sort" => Tool::Sort {
                lines: Vec::new(),
                reverse: options.has('r'),
                numeric: options.has('n'),
                unique: options.has('u'),
                key: options.value('k').and_then(|key| {
                    let field =
                        key.split([',', '.', 'n']).next()?.parse().ok().filter(|n| *n > 0)?;
                    Some((field, options.value('t').and_then(|t| t.chars().next())))
                }),
            },
            "uniq" => {
                Tool::Uniq { last: None, count: options.has('c'), repeated: options.has('d') }
            }
            "tr" => {
                let set =
                    |at: usize| operands.get(at).map(|text| characters(text)).unwrap_or_default();
                let complement = options.has('c') || options.has('C');
                let (from, to) = (set(0), set(1));
                operands.clear();
                Tool::Tr {
                    from,
                    to,
                    delete: options.has('d'),
                    squeeze: options.has('s'),
                    complement,
                    last: None,
                }
            }
            "cut" => {
                let list = options.value('f').or(options.value('c')).unwrap_or("1-");
                let delimiter = options.value('d').and_then(|d| d.chars().next()).unwrap_or('\t');
                Tool::Cut {
                    ranges: list.split(',').map(range).collect(),
                    delimiter: options.value('f').map(|_| delimiter),
                    only_delimited: options.has('s'),
                }
            }
            "wc" => {
                let all = options.flags.is_empty();
                Tool::Count {
                    lines: all || options.has('l'),
                    words: all || options.has('w'),
                    bytes: all || options.has('c') || options.has('m'),
                    totals: (0, 0, 0),
                }
            }
            "tee" => {
                let mut paths = Vec::new();
                for path in operands.drain(..) {
                    let path = crate::machine::files::normalize(&task.cwd, &path);
                    if !options.has('a') {
                        let empty = crate::machine::files::Node::File("".into());
                        world
                            .files
                            .put(&path, empty)
                            .map_err(|error| (1, format!("{path}: {error}")))?;
                    }
                    paths.push(path.into());
                }
                task.trail.unrepeatable = true;
                Tool::Tee { paths }
            }
            "sed" => {
                let script = match options.value('e') {
                    Some(script) => script.to_owned(),
                    None if operands.is_empty() => return Err((1, "no script".into())),
                    None => operands.remove(0),
                };
                let extended = options.has('E') || options.has('r');
                Tool::Sed(Box::new(
                    Script::parse(&script, options.has('n'), extended).map_err(|e| (1, e))?,
                ))
            }
            "xargs" => {
                let argv = if operands.is_empty() {
                    vec!["echo".to_owned()]
                } else {
                    std::mem::take(&mut operands)
                };
                Tool::Collect { argv, words: Vec::new() }
            }
            "rev" => Tool::Reverse { lines: None },
            "tac" => Tool::Reverse { lines: Some(Vec::new()) },
            _ => Tool::Cat { numbers: options.has('n').then_some(0) },
        };
        Ok((filter, operands))
    }
}

fn lines_tool(tool: &str, args: &[String], options: &Options) -> Result<Tool, (i32, String)> {
    // `head -5` is `head -n 5`.
    let short =
        args.iter().find_map(|arg| arg.strip_prefix('-').and_then(|n| n.parse::<u64>().ok()));
    let bytes = options.value('c');
    let count = options.value('n').or(bytes).unwrap_or("10");
    let invalid = || (1, format!("invalid number '{count}'"));
    if tool == "head" {
        let left = short.or_else(|| size(count)).ok_or_else(invalid)?;
        return Ok(Tool::Head { left, bytes: bytes.is_some() });
    }
    let from = count.strip_prefix('+').and_then(|n| n.parse::<usize>().ok());
    let keep =
        short.or_else(|| count.trim_start_matches(['+', '-']).parse().ok()).ok_or_else(invalid)?;
    Ok(Tool::Tail {
        last: Default::default(),
        keep: keep as usize,
        from: from.map(|n| n.saturating_sub(1)),
    })
}

fn range(text: &str) -> (usize, usize) {
    match text.split_once('-') {
        Some((low, high)) => (low.parse().unwrap_or(1), high.parse().unwrap_or(usize::MAX)),
        None => {
            let at = text.parse().unwrap_or(1);
            (at, at)
        }
    }
}

/// The characters a set of `tr` names: `a-z`, `[:upper:]`, `\n`.
fn characters(text: &str) -> Vec<char> {
    let mut set = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    let mut at = 0;
    while at < chars.len() {
        let rest: String = chars[at..].iter().collect();
        if let Some((name, _)) = rest.strip_prefix("[:").and_then(|rest| rest.split_once(":]")) {
            for (low, high) in class(name) {
                set.extend(*low..=*high);
            }
            at += name.chars().count() + 4;
            continue;
        }
        let mut c = chars[at];
        if c == '\\' && at + 1 < chars.len() {
            at += 1;
            c = match chars[at] {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            };
        }
        if chars.get(at + 1) == Some(&'-') && at + 2 < chars.len() {
            set.extend(c..=chars[at + 2]);
            at += 3;
        } else {
            set.push(c);
            at += 1;
        }
    }
    set
}
