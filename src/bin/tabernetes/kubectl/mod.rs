//! `tabernetes kubectl`: the tab's kubectl as a program, for `tabernetes serve` and for any other
//! API server that `kubectl proxy` makes answer on this machine.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program at a person's terminal, whose time is the real one"
)]

mod disk;
mod transport;

use std::io::{self, IsTerminal as _, Read as _};
use std::process::{Command, ExitCode};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tabernetes::api::remote::Remote;
use tabernetes::kubectl::{self, Io, Run, Step, Typed};
use tabernetes::sim::Time;

use self::disk::Disk;
use self::transport::Http;

/// Where a server is looked for that neither flags nor a kubeconfig name.
const SERVER: &str = "http://localhost:8080";
/// How often a command that waits for the cluster looks again.
const PERIOD: Duration = Duration::from_millis(200);
/// The verbs that talk with a process in a container.
const TALKING: &[&str] = &["attach", "debug", "exec", "run"];

/// Runs a command line, given without the word `kubectl`.
pub fn run(words: &[String]) -> ExitCode {
    match carry_out(words) {
        Ok(code) => ExitCode::from(u8::try_from(code).unwrap_or(1)),
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(words: &[String]) -> Result<i32, String> {
    let mut disk = Disk::open(words)?;
    let server = match kubectl::server(words, disk.files()) {
        server if server.is_empty() => SERVER.to_owned(),
        server => server,
    };
    let words = without_server(words);
    let http = Http::new(&server)?;
    let clock = Clock::of(&http);
    let mut api = Remote::new(http);
    let mut input = Input::open(&words)?;
    let mut run = Run::start(&words, disk.files());
    let mut script = None;
    loop {
        let (mut out, mut err) = (String::new(), String::new());
        let step = run.poll(&mut Io {
            api: &mut api,
            now: clock.now(),
            files: disk.files(),
            stdin: &input.text,
            terminal: input.is_terminal,
            typed: &mut input.waiting,
            script: script.take(),
            out: &mut out,
            err: &mut err,
        });
        print(&mut io::stdout(), &out)?;
        print(&mut io::stderr(), &err)?;
        match step {
            Step::Done(code) => {
                disk.save()?;
                return Ok(code);
            }
            Step::Wait(after) => input.wait(after.map_or(PERIOD, |after| after.min(PERIOD))),
            Step::Read { after, .. } => input.wait(after),
            Step::Script(text) => {
                disk.save()?;
                script = Some(shell(&text)?);
                disk.reload()?;
            }
        }
    }
}

/// The words but for those that say which server is meant, which has been found.
fn without_server(words: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--" => {
                kept.push(word.clone());
                kept.extend(words.cloned());
                break;
            }
            "--server" | "-s" => drop(words.next()),
            word if word.starts_with("--server=") || word.starts_with("-s=") => {}
            _ => kept.push(word.clone()),
        }
    }
    kept
}

/// The server's clock.
struct Clock {
    /// When the program started.
    started: Instant,
    /// What the server's clock said then.
    there: Time,
}

impl Clock {
    fn of(http: &Http) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let here = Time::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX));
        // The server says whole seconds: where both clocks agree, the finer one is kept.
        let there = http.now().filter(|there| there.seconds().abs_diff(here.seconds()) > 1);
        Self { started: Instant::now(), there: there.unwrap_or(here) }
    }

    fn now(&self) -> Time {
        self.there + self.started.elapsed()
    }
}

/// A reader that has gone needs no more text.
fn print(to: &mut impl io::Write, text: &str) -> Result<(), String> {
    let written = to.write_all(text.as_bytes()).and_then(|()| to.flush());
    match written {
        Err(why) if why.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        Err(why) => Err(format!("write: {why}")),
        Ok(()) => Ok(()),
    }
}

fn shell(script: &str) -> Result<i32, String> {
    let ended = Command::new("sh").args(["-c", script]).status();
    ended.map(|status| status.code().unwrap_or(1)).map_err(|why| format!("sh: {why}"))
}

/// What the program is given to read.
struct Input {
    /// All of it, where it is no terminal.
    text: String,
    /// Whether it is one.
    is_terminal: bool,
    /// Lines as they are typed at a terminal.
    typed: Receiver<Typed>,
    /// The other end, which stays open when nobody types.
    keyboard: Sender<Typed>,
    /// What was typed and not taken yet.
    waiting: Vec<Typed>,
}

impl Input {
    fn open(words: &[String]) -> Result<Self, String> {
        let (keyboard, typed) = mpsc::channel();
        let waiting = Vec::new();
        let mut input = Self { text: String::new(), is_terminal: false, typed, keyboard, waiting };
        let line: Vec<String> =
            std::iter::once("kubectl".to_owned()).chain(words.iter().cloned()).collect();
        if kubectl::reads_input(&line) != Some(true) {
            return Ok(input);
        }
        let talks = words.iter().any(|word| TALKING.contains(&word.as_str()));
        if talks && io::stdin().is_terminal() {
            input.is_terminal = true;
            read_lines(input.keyboard.clone());
            return Ok(input);
        }
        let mut bytes = Vec::new();
        let read = io::stdin().read_to_end(&mut bytes);
        read.map_err(|why| format!("read the standard input: {why}"))?;
        input.text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(input)
    }

    /// Waits until something is typed, for so long at the most.
    fn wait(&mut self, after: Duration) {
        self.waiting.extend(self.typed.recv_timeout(after));
    }
}

fn read_lines(keyboard: Sender<Typed>) {
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if keyboard.send(Typed::Line(line)).is_err() {
                return;
            }
        }
        // Nobody may be waiting any more.
        let _told = keyboard.send(Typed::End);
    });
}
