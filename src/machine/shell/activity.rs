//! What a task does between two steps of its script: sleep, filter text, wait for the network, serve.

use std::rc::Rc;
use std::time::Duration;

use super::World;
use super::call::Call;
use super::filter::{Filter, Progress};
use super::network::{Client, Tool};
use super::process::Process;
use super::task::{State, Task};
use crate::machine::files::Node;
use crate::machine::image::Program;
use crate::machine::log::Output;
use crate::machine::network::{Effect, Reply};
use crate::sim::Time;

#[derive(Clone, Debug)]
pub(super) enum Activity {
    Sleep {
        until: Time,
    },
    /// Idle for good: `sleep infinity`, `tail -f /dev/null`.
    Forever,
    /// The step budget is spent: on a processor until then, then on with the script.
    Computing {
        until: Time,
    },
    /// A program that computes until then and succeeds.
    Burn {
        until: Time,
    },
    /// Going round in circles on a processor, for good or until a look at the world is due.
    Spin {
        recheck: Option<Time>,
    },
    /// A loop of requests that repeats identically; gone through for real again at `until`.
    Requests {
        loads: Vec<(Rc<str>, u64)>,
        until: Time,
    },
    /// Takes ever more memory: `tail /dev/zero`.
    Hog {
        since: Time,
    },
    Filter(Box<Filter>),
    /// Waits for the network; not asked before `after`.
    Ask {
        effect: Effect,
        sent: bool,
        after: Time,
        client: Client,
        reply: Option<(Reply, Time)>,
    },
    Serve(Serve),
    /// `tail -f file`.
    Follow {
        path: Rc<str>,
        offset: usize,
        next: Time,
    },
    /// Somebody outside carries it out.
    Call(Call),
    /// The `read` builtin.
    Read {
        names: Vec<String>,
    },
}

/// A running program of the image.
#[derive(Clone, Debug)]
pub(super) struct Serve {
    pub(super) program: Rc<Program>,
    pub(super) argv: Rc<[String]>,
    pub(super) started: Time,
    /// What it says on which port, where its environment says so.
    pub(super) says: Rc<[(u16, String)]>,
    /// It has printed what it prints once it listens.
    pub(super) ready: bool,
    /// It got SIGTERM and will exit then.
    pub(super) stops: Option<Time>,
    pub(super) stop_printed: bool,
    /// CPU (thousandths of a core) and memory (bytes) that its arguments ask for (`stress`).
    pub(super) demand: (u64, u64),
    /// It ends by itself then.
    pub(super) ends: Option<Time>,
}

impl Serve {
    fn ready_at(&self) -> Time {
        self.started + Duration::from_millis(self.program.startup_ms)
    }

    pub(super) fn listens(&self, now: Time) -> bool {
        self.ready_at() <= now && self.stops.is_none()
    }

    pub(super) fn next_change(&self) -> Option<Time> {
        // Whoever has nothing to say then need not be looked at.
        let ready = (!self.ready && !self.program.ready.is_empty()).then(|| self.ready_at());
        [ready, self.stops, self.ends].into_iter().flatten().min()
    }

    pub(super) fn memory(&self, now: Time) -> u64 {
        const MIB: u64 = 1 << 20;
        let idle = self.program.memory_mib * MIB;
        // A server fills its memory while it starts; a stressor allocates at once.
        let base = if now < self.ready_at() { idle / 2 } else { idle };
        base + self.demand.1
    }
}

/// Fills in what a program's line of text leaves open.
pub(in crate::machine) fn fill_in(line: &str, now: Time) -> String {
    if !line.contains('{') {
        return line.to_owned();
    }
    let micros = now.micros() % 1_000_000;
    line.replace("{stamp}", &now.format("%Y/%m/%d %H:%M:%S"))
        .replace("{time}", &now.format("%d/%b/%Y:%H:%M:%S +0000"))
        .replace("{iso}", &now.format("%Y-%m-%dT%H:%M:%SZ"))
        .replace("{redis}", &now.format("%d %b %Y %H:%M:%S.000"))
        .replace("{klog}", &format!("{}.{micros:06}", now.format("%m%d %H:%M:%S")))
        .replace("{seconds}", &now.seconds().to_string())
}

impl Process {
    /// Ends the task's activity with `status`.
    pub(super) fn finish(&mut self, task: &mut Task, status: i32) {
        task.status = status;
        task.state = State::Ready;
        if let Some(streams) = task.restore.take() {
            task.descriptors = *streams;
        }
    }

    /// Goes on with an activity; false when there is nothing to do yet.
    pub(super) fn carry_on(&mut self, task: &mut Task, world: &mut World) -> bool {
        let State::Busy(activity) = std::mem::replace(&mut task.state, State::Ready) else {
            return false;
        };
        let now = world.now;
        let mut activity = activity;
        let moved = match activity.as_mut() {
            Activity::Sleep { until } if *until <= now => {
                task.streak = 0;
                self.finish(task, 0);
                return true;
            }
            Activity::Burn { until } if *until <= now => {
                self.finish(task, 0);
                return true;
            }
            Activity::Computing { until } | Activity::Requests { until, .. } if *until <= now => {
                return true;
            }
            Activity::Spin { recheck: Some(at) } if *at <= now => return true,
            Activity::Filter(filter) => {
                match self.filter(task, filter, world) {
                    Progress::Done(status) => self.finish(task, status),
                    Progress::Run(argv) => self.run_argv(task, &argv, world),
                    Progress::Send(request) => {
                        let timeout = Duration::from_secs(5);
                        let client = Client { tool: Tool::Sent { udp: request.udp }, timeout };
                        self.ask(task, Effect::Http(request), client, world);
                    }
                    Progress::Endless => {
                        // Reading an endless file keeps a processor busy.
                        task.state = State::Busy(Box::new(Activity::Spin { recheck: None }));
                    }
                    Progress::Waits => {
                        task.state = State::Busy(activity);
                        return false;
                    }
                }
                return true;
            }
            Activity::Ask { reply: Some((reply, at)), client, .. } if *at <= now => {
                let (reply, client) = (reply.clone(), client.clone());
                self.replied(task, client, &reply, world);
                return true;
            }
            Activity::Serve(serve) => match self.serve(task, serve, world) {
                Some(status) => {
                    self.finish(task, status);
                    return true;
                }
                None => false,
            },
            Activity::Call(call) => self.gather(task, call),
            Activity::Follow { path, offset, next } if *next <= now => {
                if let Some(Node::File(text)) = world.files.get(path) {
                    let fresh = text.get(*offset..).unwrap_or(&text).to_owned();
                    *offset = text.len();
                    self.write(task, 1, &fresh, world);
                }
                *next = now + Duration::from_secs(1);
                false
            }
            Activity::Read { names } => {
                let names = std::mem::take(names);
                if self.read_line(task, &names) {
                    return true;
                }
                *activity = Activity::Read { names };
                false
            }
            _ => false,
        };
        task.state = State::Busy(activity);
        moved
    }

    /// A running program's own doings; its exit code once it ends.
    fn serve(&mut self, task: &mut Task, serve: &mut Serve, world: &mut World) -> Option<i32> {
        let now = world.now;
        if !serve.ready && serve.ready_at() <= now && serve.stops.is_none() {
            serve.ready = true;
            for line in &serve.program.ready.clone() {
                self.write(task, 1, &(fill_in(line, now) + "\n"), world);
            }
        }
        if serve.stops.is_some() && !serve.stop_printed {
            serve.stop_printed = true;
            for line in &serve.program.stop_prints.clone() {
                self.write(task, 1, &(fill_in(line, now) + "\n"), world);
            }
        }
        if serve.stops.is_some_and(|at| at <= now) {
            return Some(serve.program.stop_code);
        }
        serve.ends.is_some_and(|at| at <= now).then_some(serve.program.exit_code)
    }

    /// Starts a program of the image in this task.
    pub(super) fn start_program(
        &mut self,
        task: &mut Task,
        program: Rc<Program>,
        argv: &[String],
        world: &mut World,
    ) {
        let now = world.now;
        let set = |name: &String| task.variable(name).is_some_and(|value| !value.is_empty());
        if !program.needs_env.is_empty() && !program.needs_env.iter().any(set) {
            for line in &program.refusal {
                self.write(task, 2, &(fill_in(line, now) + "\n"), world);
            }
            return self.finish(task, 1);
        }
        if program.needs_port.is_some_and(|port| !world.listening.contains(&port)) {
            for line in &program.unreachable {
                self.write(task, 2, &(fill_in(line, now) + "\n"), world);
            }
            return self.finish(task, 1);
        }
        for line in &program.prints {
            self.write(task, 1, &(fill_in(line, now) + "\n"), world);
        }
        for line in &program.errors {
            self.write(task, 2, &(fill_in(line, now) + "\n"), world);
        }
        let (demand, seconds) = if program.stress { stress(argv) } else { ((0, 0), None) };
        let runs = seconds.map(|s| s * 1000).or(program.runs_ms);
        let serve = Serve {
            argv: argv.into(),
            started: now,
            says: program.env_ports.iter().flat_map(|prefix| said(task, prefix)).collect(),
            ready: false,
            stops: None,
            stop_printed: false,
            demand,
            ends: runs.map(|ms| now + Duration::from_millis(ms)),
            program,
        };
        task.state = State::Busy(Box::new(Activity::Serve(serve)));
    }

    /// Writes to descriptor `fd` of `task`.
    pub(super) fn write(&mut self, task: &mut Task, fd: usize, text: &str, world: &mut World) {
        use super::task::Stream;
        if text.is_empty() {
            return;
        }
        task.trail.note(text);
        match task.descriptors[fd].clone() {
            Stream::Log(output) => world.log.write(world.now, output, text),
            Stream::Pipe(pipe) => {
                task.trail.piped = true;
                self.pipes.entry(pipe).or_default().push_str(text);
            }
            Stream::File(path) => {
                task.trail.unrepeatable = true;
                let whole = match world.files.get(&path) {
                    Some(Node::File(old)) => format!("{old}{text}"),
                    _ => text.to_owned(),
                };
                if let Err(error) = world.files.put(&path, Node::File(whole.into()))
                    && task.descriptors[2] == Stream::Log(Output::Stderr)
                {
                    let complaint = format!("sh: write error: {error}\n");
                    world.log.write(world.now, Output::Stderr, &complaint);
                }
            }
            Stream::Console => world.log.write(world.now, Output::Stdout, text),
            Stream::Null | Stream::Text(..) | Stream::Endless => {}
        }
    }
}

/// The ports that variables of these names end in, and what they hold.
fn said(task: &Task, prefix: &str) -> Vec<(u16, String)> {
    let ports = task.variables.iter().filter_map(|(name, variable)| {
        Some((name.strip_prefix(prefix)?.parse().ok()?, variable.value.to_string()))
    });
    ports.collect()
}

/// What `stress` and its relatives are told to use: (thousandths of a core, bytes), seconds.
fn stress(argv: &[String]) -> ((u64, u64), Option<u64>) {
    let (mut cores, mut workers, mut bytes, mut seconds) = (0, 0, 0, None);
    let mut words = argv.iter().skip(1).flat_map(|arg| arg.split('='));
    while let Some(option) = words.next() {
        let mut number = || words.next().and_then(size).unwrap_or(0);
        match option {
            "-c" | "--cpu" | "-cpus" | "--cpus" => cores += number(),
            "-m" | "--vm" => workers = number(),
            "--vm-bytes" | "-mem-total" | "--mem-total" => bytes = number(),
            "-t" | "--timeout" => seconds = Some(number()),
            _ => {}
        }
    }
    let busy = if argv.iter().any(|arg| arg == "--vm-hang") { 0 } else { workers };
    (((cores + busy) * 1000, bytes * workers.max(1)), seconds)
}

/// A number with an optional unit: `150M`, `1Gi`, `60s`.
pub(super) fn size(text: &str) -> Option<u64> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let number: u64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim_end_matches(['i', 'B', 'b']) {
        "" | "s" | "c" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor)
}
