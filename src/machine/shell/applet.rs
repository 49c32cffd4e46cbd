//! The small tools: what `busybox` brings.

use std::time::Duration;

use super::activity::Activity;
use super::process::Process;
use super::syntax::Code;
use super::task::{State, Task, Wait};
use super::{World, network};
use crate::machine::image::base_name;

mod files;
mod filters;
mod permissions;
mod system;
mod text;

/// What a tool prints, and its complaints, a line each.
type Lines = (String, Vec<String>);

/// Every tool, sorted.
const APPLETS: &[&str] = &[
    "[", "[[", "ash", "awk", "base64", "basename", "bash", "cat", "chmod", "chown", "clear", "cp",
    "curl", "cut", "dash", "date", "dd", "df", "diff", "dig", "dirname", "du", "echo", "egrep",
    "env", "expr", "false", "fgrep", "find", "free", "getent", "grep", "head", "hostname", "id",
    "kill", "ln", "ls", "mkdir", "mktemp", "mount", "mv", "nc", "nice", "nohup", "nproc",
    "nslookup", "ping", "printenv", "printf", "ps", "pwd", "rev", "rm", "rmdir", "sed", "seq",
    "sh", "sleep", "sort", "stat", "sync", "sysctl", "tac", "tail", "tee", "telnet", "test",
    "time", "timeout", "touch", "tr", "true", "truncate", "uname", "uniq", "usleep", "watch", "wc",
    "wget", "whoami", "xargs", "yes",
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
            "true" | "sync" | "chown" | "clear" | "ln" => self.finish(task, 0),
            "false" => self.finish(task, 1),
            "sleep" | "usleep" => self.sleep(task, tool, args, world),
            "wget" | "curl" | "nslookup" | "dig" | "getent" | "ping" | "nc" | "telnet" => {
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
            "watch" => self.watch(task, args, world),
            "cat" | "head" | "tail" | "grep" | "egrep" | "fgrep" | "sort" | "uniq" | "tr"
            | "cut" | "wc" | "tee" | "awk" | "rev" | "tac" | "sed" | "xargs" | "base64" => {
                self.start_filter(task, tool, args, world);
            }
            "ls" | "cp" | "mv" | "rm" | "rmdir" | "mkdir" | "touch" | "mktemp" | "dd" | "df"
            | "du" | "find" | "truncate" | "diff" | "stat" | "chmod" => {
                self.file_tool(task, tool, args, world)
            }
            _ => {
                let (status, out, error) = self.plain_tool(task, tool, args, world);
                self.write(task, 1, &out, world);
                self.write(task, 2, &error, world);
                self.finish(task, status);
            }
        }
    }

    /// Runs a command again and again, for a person to look at.
    fn watch(&mut self, task: &mut Task, args: &[String], world: &mut World) {
        let own = args
            .iter()
            .enumerate()
            .find(|(at, word)| !word.starts_with('-') && (*at == 0 || args[at - 1] != "-n"));
        let (own, command) = args.split_at(own.map_or(args.len(), |(at, _)| at));
        let (options, command) = (Options::parse(own, "n"), command.join(" "));
        let every = options.value('n').unwrap_or("2");
        let title = format!("Every {every}s: {}", command.replace('\'', "'\\''"));
        let head = if options.has('t') { String::new() } else { format!("echo '{title}'; echo; ") };
        let script = format!("while :; do {head}{command}\nsleep {every}; done");
        self.run_argv(task, &["sh".to_owned(), "-c".to_owned(), script], world);
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
        child.functions = crate::base::shared_map::SharedMap::new();
        task.state = State::Waiting(Wait::Foreground(vec![child.pid]));
        self.tasks.insert(child.pid, Box::new(child));
    }
}
