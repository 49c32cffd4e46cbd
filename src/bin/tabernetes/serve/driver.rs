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
use tabernetes::api::http::{self, Call, Content, Watch};
use tabernetes::cluster::{Cluster, Options as ClusterOptions};
use tabernetes::sim::Time;
use tokio::sync::{mpsc, oneshot};

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
}

enum Job {
    Call(Call, oneshot::Sender<Reply>),
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

/// A watch and its client.
struct Stream {
    watch: Watch,
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
            ..ClusterOptions::workers(options.nodes)
        };
        let (mut cluster, log) = match &options.state {
            Some(path) => {
                let (cluster, log) = state::open(path, options.seed, &made)?;
                (cluster, Some(log))
            }
            None => (Cluster::with_options(options.seed, &made), None),
        };
        if cluster.now().since(made.start) == Duration::ZERO {
            cluster.run_for(WARM_UP);
        }
        cluster.set_caller(Rc::new(Webhooks::new()?));
        let anchor = (now(), cluster.now());
        let streams = Vec::new();
        Ok(Self { cluster, log, marked: now(), speed: options.speed, anchor, streams })
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
                Job::Control(path, body, sender) => {
                    let deed = Deed::Control(path.clone(), body.clone());
                    self.note(&deed)?;
                    let outcome = super::control::carry_out(&mut self.cluster, &path, &body);
                    let _ = sender.send(outcome);
                }
                Job::Stop(sender) => {
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
        if self.log.is_some() && !matches!(call.method.as_str(), "GET" | "HEAD" | "OPTIONS") {
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
            Content::Watch(watch) => Body::Stream(self.stream(*watch)),
        };
        Reply { code: answer.code, headers: answer.headers, body }
    }

    fn stream(&mut self, watch: Watch) -> mpsc::Receiver<Vec<u8>> {
        let (frames, receiver) = mpsc::channel(FRAMES_WAITING);
        let (told, ends) = (now(), now() + watch.timeout());
        self.streams.push(Stream { watch, frames, ends, told, seen: None });
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
    }

    /// Whether the watch goes on.
    fn feed_one(&mut self, stream: &mut Stream, revision: u64, real: Instant) -> bool {
        if stream.frames.is_closed() {
            return false;
        }
        if stream.seen != Some(revision) {
            // What a slow client cannot take yet stays in the history of the store.
            let Ok(place) = stream.frames.try_reserve() else { return real < stream.ends };
            let time = self.cluster.now();
            let frames = stream.watch.poll(&mut self.cluster, time);
            stream.seen = Some(revision);
            if !frames.is_empty() {
                place.send(frames);
                stream.told = real;
            }
        }
        if stream.watch.wants_bookmarks() && real.duration_since(stream.told) >= BOOKMARK_EVERY {
            stream.told = real;
            let _ = stream.frames.try_send(stream.watch.progress());
        }
        !stream.watch.is_over() && real < stream.ends
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
