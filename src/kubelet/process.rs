//! What a container's process does, told from its image and command.

use std::time::Duration;

use crate::sim::Time;

/// How long a process needs to stop when asked to.
const STOP: Duration = Duration::from_secs(1);
/// How long a command takes that does no more than print.
const QUICK: Duration = Duration::from_millis(500);
/// Images that are a shell, and end when nobody types into it.
const SHELLS: [&str; 8] =
    ["busybox", "alpine", "ubuntu", "debian", "centos", "bash", "fedora", "hello-world"];

/// A running process, or one that has ended.
#[derive(Clone, Debug)]
pub struct Process {
    ends: Option<(Time, i32)>,
    lines: Vec<String>,
    started: Time,
    /// It was asked to stop, and did so by itself.
    graceful: bool,
}

impl Process {
    /// Starts `command` and `args` of an image.
    ///
    /// # Errors
    /// The runtime's text when there is no such program.
    pub fn start(
        image: &str,
        command: &[String],
        args: &[String],
        now: Time,
    ) -> Result<Self, String> {
        let argv: Vec<&str> = command.iter().chain(args).map(String::as_str).collect();
        let base = image.rsplit('/').next().unwrap_or(image);
        let base = base.split([':', '@']).next().unwrap_or(base);
        let graceful = argv.is_empty();
        let script = match argv.as_slice() {
            [] if SHELLS.contains(&base) => Some(String::new()),
            [] => None,
            [shell, flag, text, ..] if is_shell(shell) && flag.starts_with('-') => {
                Some((*text).to_owned())
            }
            [first, ..] if command.is_empty() && first.starts_with('-') => None,
            [program, ..]
                if !is_program(program) && (!command.is_empty() || SHELLS.contains(&base)) =>
            {
                return Err(format!(
                    "failed to create containerd task: failed to create shim task: OCI runtime \
                     create failed: runc create failed: unable to start container process: error \
                     during container init: exec: \"{program}\": executable file not found in $PATH"
                ));
            }
            words => Some(words.join(" ")),
        };
        let mut process = Self { ends: None, lines: Vec::new(), started: now, graceful };
        if let Some(script) = script {
            process.play(&script, now);
        }
        Ok(process)
    }

    fn play(&mut self, script: &str, now: Time) {
        let mut time = now + QUICK;
        let mut code = 0;
        let endless =
            ["while ", "sleep infinity", "tail -f"].iter().any(|word| script.contains(word));
        for command in script.split([';', '\n', '&', '|']).map(str::trim).filter(|c| !c.is_empty())
        {
            let words: Vec<&str> = command.split_whitespace().collect();
            code = 0;
            match words.as_slice() {
                ["echo", rest @ ..] => self.lines.push(rest.join(" ").replace(['"', '\''], "")),
                ["sleep", amount, ..] => time = time + seconds(amount),
                ["exit", number, ..] => {
                    code = number.parse().unwrap_or(2);
                    break;
                }
                ["exit"] => break,
                ["false", ..] => code = 1,
                ["nginx" | "httpd" | "redis-server" | "top" | "ping" | "yes", ..] => return,
                [program, ..] if !is_program(program) && !program.contains('=') => code = 127,
                _ => {}
            }
        }
        if !endless {
            self.ends = Some((time, code));
        }
    }

    /// When it will end by itself.
    pub fn next_time(&self) -> Option<Time> {
        self.ends.map(|(time, _)| time)
    }

    /// When and with which code it ended.
    pub fn exit(&self, now: Time) -> Option<(Time, i32)> {
        self.ends.filter(|(time, _)| *time <= now)
    }

    /// Asks it to stop.
    pub fn terminate(&mut self, now: Time) {
        let code = if self.graceful { 0 } else { 137 };
        let end = now + STOP;
        if self.ends.is_none_or(|(time, _)| time > end) {
            self.ends = Some((end, code));
        }
    }

    /// Stops it at once.
    pub fn kill(&mut self, now: Time) {
        if self.ends.is_none_or(|(time, _)| time > now) {
            self.ends = Some((now, 137));
        }
    }

    /// What it printed so far.
    pub fn log(&self) -> impl Iterator<Item = (Time, &str)> {
        self.lines.iter().map(|line| (self.started, line.as_str()))
    }

    /// Runs a command beside it; the exit code and what it printed.
    pub fn exec(&self, command: &[String]) -> (i32, String) {
        let fails = command.iter().any(|word| word == "false" || word.contains("/tmp/never"));
        (i32::from(fails), String::new())
    }

    /// The status with which it answers an HTTP request.
    pub fn http(&self, path: &str) -> u16 {
        if path.contains("fail") { 500 } else { 200 }
    }

    /// What it uses: thousandths of a CPU, and bytes of memory.
    pub fn usage(&self) -> (i64, i64) {
        (1, 10 << 20)
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program.rsplit('/').next(), Some("sh" | "bash" | "ash"))
}

fn is_program(program: &str) -> bool {
    const KNOWN: &[&str] = &[
        "sh",
        "bash",
        "ash",
        "sleep",
        "echo",
        "cat",
        "date",
        "true",
        "false",
        "env",
        "ls",
        "top",
        "tail",
        "head",
        "touch",
        "wget",
        "curl",
        "nginx",
        "perl",
        "python",
        "python3",
        "node",
        "java",
        "httpd",
        "redis-server",
        "redis-cli",
        "mysqld",
        "postgres",
        "mongod",
        "ping",
        "nslookup",
        "printf",
        "seq",
        "test",
        "dd",
        "stress",
        "stress-ng",
        "tar",
        "expr",
        "yes",
        "id",
        "hostname",
        "uname",
        "ps",
        "grep",
        "sed",
        "awk",
        "nc",
        "mkdir",
        "rm",
        "cp",
        "mv",
        "chmod",
        "chown",
        "agnhost",
        "pause",
        "exit",
        "cd",
        "set",
        "trap",
        "while",
        "for",
        "until",
        "if",
        "then",
        "else",
        "do",
        "done",
        "fi",
        "[",
        ":",
        "export",
        "read",
        "wait",
        "exec",
    ];
    program.starts_with(['$', '/', '(', '{', '}']) || KNOWN.contains(&program)
}

fn seconds(text: &str) -> Duration {
    let (number, unit) = match text.find(|c: char| c.is_ascii_alphabetic()) {
        Some(index) => text.split_at(index),
        None => (text, "s"),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let tenths = part.chars().next().and_then(|c| c.to_digit(10)).unwrap_or(0);
    let scale = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => 1,
    };
    let whole: u64 = whole.parse().unwrap_or(0);
    Duration::from_millis((whole * 1000 + u64::from(tenths) * 100) * scale)
}
