//! The thread that the cluster lives on: lets time pass, answers requests, and feeds watches.
#![expect(
    clippy::disallowed_types,
    clippy::disallowed_methods,
    reason = "here simulated time meets the real clock"
)]

use std::rc::Rc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use tabernetes::api::http::{self, Call, Content, Follow, Told, Watch};
use tabernetes::cluster::{Cluster, Options as ClusterOptions};
use tabernetes::sim::Time;
use tokio::sync::{mpsc, oneshot};

use super::lines::{Lines, Typed};
use super::options::{Options, Speed};
use super::state::{self, Deed, Log};
use crate::webhooks::Webhooks;

/// How many bundles of frames may wait for a client; a slower one is told later what it missed.
const FRAMES_WAITING: usize = 16;
/// How long the thread waits at most before it looks after the clock and the watches.
const PATIENCE: Duration = Duration::from_millis(20);
/// How long it lets time pass before it looks for requests again.
const SLICE: Duration = Duration::from_millis(5);
/// How often watches that want it are told how far they have got.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// How often the file of the cluster is told the time.
const MARK_EVERY: Duration = Duration::from_secs(10);
/// How long a cluster has been up before the first request: its nodes are ready.
const WARM_UP: Duration = Duration::from_secs(30);
/// Documents may be nested deeply.
const STACK: usize = 256 << 20;

/// The head and the body of an answer on its way out.
pub struct Reply {
    /// The HTTP code.
    pub code: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// The body of an answer on its way out.
pub enum Body {
    /// All of it.
    Bytes(Vec<u8>),
    /// More and more of it.
    Stream(mpsc::Receiver<Vec<u8>>),
    /// A process in a container, by the number of its line.
    Process(u64, mpsc::Receiver<Told>),
    /// Leave to forward ports.
    Ports,
}

enum Job {
    Call(Call, oneshot::Sender<Reply>),
    Typed(u64, Typed),
    Control(String, Value, oneshot::Sender<Result<(), String>>),
    Stop(oneshot::Sender<()>),
}

/// The way to the cluster's thread.
#[derive(Clone)]
pub struct Driver {
    jobs: Sender<Job>,
}

impl Driver {
    /// Has a request answered; `None` if the cluster is gone.
    pub async fn call(&self, call: Call) -> Option<Reply> {
        let (sender, receiver) = oneshot::channel();
        self.jobs.send(Job::Call(call, sender)).ok()?;
        receiver.await.ok()
    }

    /// A client did something with its connection to a container.
    pub fn type_in(&self, line: u64, typed: Typed) {
        // Without a cluster there is nobody to tell.
        let _ = self.jobs.send(Job::Typed(line, typed));
    }

    /// Has the world changed.
    pub async fn control(&self, path: String, body: Value) -> Result<(), String> {
        let (sender, receiver) = oneshot::channel();
        let gone = || "the cluster has stopped".to_owned();
        self.jobs.send(Job::Control(path, body, sender)).map_err(|_| gone())?;
        receiver.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Stops the cluster, and waits until it is kept.
    pub async fn stop(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.jobs.send(Job::Stop(sender)).is_ok() {
            let _ = receiver.await;
        }
    }
}

/// What a thread ends with.
type Ended = oneshot::Receiver<Result<(), String>>;

/// Starts the thread.
pub fn start(options: &Options) -> Result<(Driver, Ended), String> {
    let (jobs, inbox) = channel();
    let (sender, ended) = oneshot::channel();
    let options = options.clone();
    let run = move || {
        let outcome = Host::new(&options).and_then(|host| host.run(&inbox));
        let _ = sender.send(outcome);
    };
    let builder = std::thread::Builder::new().name("cluster".to_owned()).stack_size(STACK);
    builder.spawn(run).map_err(|why| format!("no thread: {why}"))?;
    Ok((Driver { jobs }, ended))
}

/// What goes on and on.
enum Source {
    Watch(Box<Watch>),
    Follow(Box<Follow>),
}

/// How long a client may follow a log.
const FOLLOW: Duration = Duration::from_secs(4 * 3600);

impl Source {
    fn timeout(&self) -> Duration {
        match self {
            Self::Watch(watch) => watch.timeout(),
            Self::Follow(_) => FOLLOW,
        }
    }

    fn poll(&mut self, cluster: &mut Cluster) -> Vec<u8> {
        match self {
            Self::Watch(watch) => {
                let time = cluster.now();
                watch.poll(cluster, time)
            }
            Self::Follow(follow) => follow.poll(cluster),
        }
    }

    fn is_over(&self) -> bool {
        match self {
            Self::Watch(watch) => watch.is_over(),
            Self::Follow(follow) => follow.is_over(),
        }
    }

    /// Whether it can have something to tell though no object has changed.
    fn is_restless(&self) -> bool {
        matches!(self, Self::Follow(_))
    }

    /// What tells the client how far it has got, if it wants to know.
    fn progress(&self) -> Option<Vec<u8>> {
        match self {
            Self::Watch(watch) => watch.wants_bookmarks().then(|| watch.progress()),
            Self::Follow(_) => None,
        }
    }
}

/// A source and its client.
struct Stream {
    source: Source,
    frames: mpsc::Sender<Vec<u8>>,
    ends: Instant,
    told: Instant,
    /// The revision up to which it has been polled.
    seen: Option<u64>,
}

struct Host {
    cluster: Cluster,
    log: Option<Log>,
    marked: Instant,
    speed: Speed,
    /// A moment of real time, and the simulated time it stands for.
    anchor: (Instant, Time),
    streams: Vec<Stream>,
    lines: Lines,
}

fn now() -> Instant {
    Instant::now()
}

fn today() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_seconds(since.as_secs()) - WARM_UP
}

impl Host {
    fn new(options: &Options) -> Result<Self, String> {
        let made = ClusterOptions {
            start: today(),
            kubelets: options.kubelets,
            settings: options.settings,
            ..ClusterOptions::workers(options.nodes)
        };
        let (mut cluster, log, lines) = match &options.state {
            Some(path) => {
                let (cluster, log, lines) = state::open(path, options.seed, &made)?;
                (cluster, Some(log), lines)
            }
            None => (Cluster::with_options(options.seed, &made), None, 0),
        };
        if cluster.now().since(made.start) == Duration::ZERO {
            cluster.run_for(WARM_UP);
        }
        cluster.set_caller(Rc::new(Webhooks::new()?));
        let anchor = (now(), cluster.now());
        let (streams, lines) = (Vec::new(), Lines::after(lines));
        Ok(Self { cluster, log, marked: now(), speed: options.speed, anchor, streams, lines })
    }

    fn run(mut self, inbox: &Receiver<Job>) -> Result<(), String> {
        loop {
            let is_behind = self.pass_time();
            self.feed();
            self.mark()?;
            let patience = if is_behind { Duration::ZERO } else { self.patience() };
            match inbox.recv_timeout(patience) {
                Ok(job) => {
                    if self.answer_all(job, inbox)? {
                        return Ok(());
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// Answers a request, and those that wait behind it; whether it is time to stop.
    fn answer_all(&mut self, first: Job, inbox: &Receiver<Job>) -> Result<bool, String> {
        let mut next = Some(first);
        let until = now() + SLICE;
        while let Some(job) = next {
            match job {
                Job::Call(call, sender) => {
                    let reply = self.answer(call)?;
                    // A client that has gone away does not need its answer.
                    let _ = sender.send(reply);
                }
                Job::Typed(line, typed) => self.type_in(line, typed)?,
                Job::Control(path, body, sender) => {
                    let deed = Deed::Control(path.clone(), body.clone());
                    self.note(&deed)?;
                    let outcome = super::control::carry_out(&mut self.cluster, &path, &body);
                    let _ = sender.send(outcome);
                }
                Job::Stop(sender) => {
                    for line in self.lines.numbers() {
                        self.type_in(line, Typed::Gone)?;
                    }
                    self.mark_now()?;
                    let _ = sender.send(());
                    return Ok(true);
                }
            }
            next = if now() < until { inbox.try_recv().ok() } else { None };
        }
        Ok(false)
    }

    fn answer(&mut self, call: Call) -> Result<Reply, String> {
        let only_reads = matches!(call.method.as_str(), "GET" | "HEAD" | "OPTIONS")
            && call.header("upgrade").is_none()
            && !call.target.contains("/proxy");
        if self.log.is_some() && !only_reads {
            let deed = Deed::Call(call);
            self.note(&deed)?;
            let Deed::Call(call) = deed else { return Err("a call stays a call".to_owned()) };
            return Ok(self.reply(&call));
        }
        Ok(self.reply(&call))
    }

    fn reply(&mut self, call: &Call) -> Reply {
        let time = self.cluster.now();
        let answer = http::answer(&mut self.cluster, time, call);
        let body = match answer.body {
            Content::Bytes(bytes) => Body::Bytes(bytes),
            Content::Watch(watch) => Body::Stream(self.stream(Source::Watch(watch))),
            Content::Follow(follow) => Body::Stream(self.stream(Source::Follow(follow))),
            Content::Connection(connection) => {
                let (line, told) = self.lines.begin(*connection);
                Body::Process(line, told)
            }
            Content::Forward => Body::Ports,
        };
        Reply { code: answer.code, headers: answer.headers, body }
    }

    fn type_in(&mut self, line: u64, typed: Typed) -> Result<(), String> {
        if self.lines.has(line) {
            self.note(&Deed::Typed(line, typed.clone()))?;
            self.lines.carry_out(&mut self.cluster, line, &typed);
        }
        Ok(())
    }

    fn stream(&mut self, source: Source) -> mpsc::Receiver<Vec<u8>> {
        let (frames, receiver) = mpsc::channel(FRAMES_WAITING);
        let (told, ends) = (now(), now() + source.timeout());
        self.streams.push(Stream { source, frames, ends, told, seen: None });
        receiver
    }

    /// Lets simulated time follow the real one; whether it lags behind.
    fn pass_time(&mut self) -> bool {
        let slice_ends = now() + SLICE;
        let Speed::Times(times) = self.speed else {
            while now() < slice_ends {
                let Some(next) = self.cluster.next_time() else { return false };
                self.cluster.step(next);
            }
            return true;
        };
        let until = self.anchor.1 + self.anchor.0.elapsed() * times;
        while self.cluster.step(until).is_some() {
            if now() >= slice_ends {
                return true;
            }
        }
        false
    }

    /// How long nothing will happen by itself.
    fn patience(&self) -> Duration {
        let Speed::Times(times) = self.speed else { return Duration::ZERO };
        let next = self.cluster.next_time();
        let wait = next.map_or(PATIENCE, |next| next.since(self.cluster.now()) / times);
        wait.clamp(Duration::from_micros(200), PATIENCE)
    }

    /// Sends every watch what has happened, as far as its client can take it.
    fn feed(&mut self) {
        let revision = self.cluster.store().revision();
        let real = now();
        let mut streams = std::mem::take(&mut self.streams);
        streams.retain_mut(|stream| self.feed_one(stream, revision, real));
        self.streams = streams;
        self.lines.feed(&mut self.cluster);
    }

    /// Whether the watch goes on.
    fn feed_one(&mut self, stream: &mut Stream, revision: u64, real: Instant) -> bool {
        if stream.frames.is_closed() {
            return false;
        }
        if stream.seen != Some(revision) || stream.source.is_restless() {
            // What a slow client cannot take yet stays in the history of the store.
            let Ok(place) = stream.frames.try_reserve() else { return real < stream.ends };
            let frames = stream.source.poll(&mut self.cluster);
            stream.seen = Some(revision);
            if !frames.is_empty() {
                place.send(frames);
                stream.told = real;
            }
        }
        if real.duration_since(stream.told) >= BOOKMARK_EVERY
            && let Some(progress) = stream.source.progress()
        {
            stream.told = real;
            let _ = stream.frames.try_send(progress);
        }
        !stream.source.is_over() && real < stream.ends
    }

    fn note(&mut self, deed: &Deed) -> Result<(), String> {
        match &mut self.log {
            Some(log) => log.note(&self.cluster, deed).map_err(unwritable),
            None => Ok(()),
        }
    }

    /// Tells the file the time, now and then.
    fn mark(&mut self) -> Result<(), String> {
        if self.log.is_some() && self.marked.elapsed() >= MARK_EVERY {
            self.marked = now();
            return self.mark_now();
        }
        Ok(())
    }

    fn mark_now(&mut self) -> Result<(), String> {
        match &mut self.log {
            Some(log) => log.mark(&self.cluster).map_err(unwritable),
            None => Ok(()),
        }
    }
}

fn unwritable(why: std::io::Error) -> String {
    format!("the cluster cannot be kept: {why}")
}
