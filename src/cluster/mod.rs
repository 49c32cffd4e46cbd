//! The composition root: wires the API server, the controllers, the scheduler, the kubelets and the
//! metrics together and steps them. It knows no rule of Kubernetes.

mod bootstrap;
mod control;
mod event;
mod invariants;
mod view;
#[cfg(not(target_arch = "wasm32"))]
mod webhooks;
mod worker;

use std::rc::Rc;
use std::time::Duration;

pub use crate::kubelet::Pace;
pub use bootstrap::{NodeSpec, Options};
pub use control::Control;
pub use event::Event;
pub use invariants::{INVARIANTS, Invariant, check_invariants};

use crate::api::{Api, Custom, Door, Extension, Reply, Request, Server, Status};
use crate::base::shared_map::SharedMap;
use crate::kubelet::{Kubelets, What};
use crate::metrics::Metrics;
use crate::network::{self, Network};
use crate::object::{GroupResource, Object};
use crate::runtime::{Cache, Context, Recorder};
use crate::scheduler::Scheduler;
use crate::sim::{Agenda, Rng, Time, Trace};
use crate::store::Store;
use view::{View, ViewId};
use worker::{Watchers, Worker};

/// When every cluster's clock starts: 2026-01-05 08:00:00 UTC, a Monday.
pub const START: Time = Time::from_seconds(1_767_600_000);

/// How long the scheduler takes for one Pod, and the kubelets for one step.
const STEP_COST: Duration = Duration::from_micros(50);

/// A whole cluster as a value: clone it to fork, keep a clone to go back.
#[derive(Clone)]
pub struct Cluster {
    server: Server,
    agenda: Agenda<Event>,
    views: [View; ViewId::COUNT],
    workers: Vec<Worker>,
    watchers: Rc<Watchers>,
    scheduler: Scheduler,
    kubelets: Kubelets,
    network: Network,
    metrics: Metrics,
    /// Whether the kubelets run; without them others keep the nodes and run the Pods.
    runs_pods: bool,
    /// The planned `Schedule`, `Kubelet`, `Sample` and `Expire` events; others of their kind are stale.
    planned: event::Planned,
    rng: Rng,
    trace: Trace,
    /// What the scheduler and the kubelets remember of the events they recorded.
    recorders: SharedMap<&'static str, Recorder>,
    steps: u64,
}

impl Cluster {
    /// A cluster with the usual three nodes, just switched on.
    pub fn new(seed: u64) -> Self {
        Self::with_options(seed, &Options::default())
    }

    /// A cluster with nodes of one's own choice, just switched on.
    pub fn with_options(seed: u64, options: &Options) -> Self {
        let rng = Rng::from_seed(seed);
        let controllers = crate::controllers::controllers(options.settings).into_iter();
        let workers: Vec<Worker> = controllers.map(|c| Worker::new(c, &rng)).collect();
        let mut cluster = Self {
            server: Server::new(rng.fork("apiserver")),
            agenda: Agenda::new(options.start),
            views: ViewId::ALL.map(|id| View::new(id, &rng)),
            watchers: Rc::new(Watchers::of(&workers)),
            workers,
            scheduler: Scheduler::new(rng.fork("scheduler")),
            kubelets: Kubelets::new(rng.fork("kubelet"), options.pace),
            network: Network::default(),
            metrics: Metrics::new(options.metrics_period),
            runs_pods: options.kubelets,
            planned: event::Planned::default(),
            rng: rng.fork("components"),
            trace: Trace::default(),
            recorders: SharedMap::new(),
            steps: 0,
        };
        bootstrap::populate(&mut cluster, options);
        for index in 0..cluster.workers.len() {
            cluster.plan_resync(index);
        }
        cluster
    }

    /// A cluster that has been up for a while: its nodes are Ready.
    pub fn started(seed: u64) -> Self {
        let mut cluster = Self::new(seed);
        cluster.run_for(Duration::from_secs(30));
        cluster
    }

    /// The simulated time.
    pub fn now(&self) -> Time {
        self.agenda.now()
    }

    /// When the next event is due.
    pub fn next_time(&self) -> Option<Time> {
        self.agenda.next_time()
    }

    /// How many events have run.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Says who calls webhooks; without anybody they cannot be called.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn set_caller(&mut self, caller: Rc<dyn crate::api::webhook::Caller>) {
        self.server.set_caller(caller);
    }

    /// The object store, to read.
    pub fn store(&self) -> &Store {
        self.server.store()
    }

    /// What happened and why.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// All objects of a type, by namespace and name.
    pub fn objects(&self, resource: &GroupResource) -> impl Iterator<Item = &Object> {
        self.store().list(resource)
    }

    /// Answers one request, now.
    ///
    /// # Errors
    /// What the API server answers.
    pub fn call(&mut self, request: Request) -> Result<Reply, Status> {
        self.server.set_now(self.agenda.now());
        #[cfg(not(target_arch = "wasm32"))]
        self.show_programs();
        let reply = Door {
            server: &mut self.server,
            upstreams: &mut [&mut self.kubelets, &mut self.metrics],
        }
        .call(request);
        self.settle();
        reply
    }

    /// Runs the next event that is due at or before `until`. Without one the clock moves to
    /// `until`, and `None` is returned.
    pub fn step(&mut self, until: Time) -> Option<Event> {
        loop {
            let event = self.agenda.pop(until)?;
            #[cfg(not(target_arch = "wasm32"))]
            self.show_programs();
            if self.run(&event) {
                self.steps += 1;
                self.settle();
                return Some(event);
            }
        }
    }

    /// Where webhooks may be called, the API server is told what the pods' programs are like now.
    #[cfg(not(target_arch = "wasm32"))]
    fn show_programs(&mut self) {
        let inside = self.server.has_webhooks().then(|| {
            let machines = self.kubelets.machines().clone();
            let inside = webhooks::Inside { machines, now: self.agenda.now() };
            std::rc::Rc::new(inside) as std::rc::Rc<dyn crate::api::webhook::Caller>
        });
        self.server.set_inside(inside);
    }

    /// Runs everything that is due within `duration`.
    pub fn run_for(&mut self, duration: Duration) {
        let until = self.now() + duration;
        while self.step(until).is_some() {}
    }

    /// Runs until `done`, for at most `limit` of simulated time; whether it was reached.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) -> bool {
        let until = self.now() + limit;
        loop {
            if done(self) {
                return true;
            }
            if self.step(until).is_none() {
                return done(self);
            }
        }
    }

    /// Runs one event; false if it was stale and nothing happened.
    fn run(&mut self, event: &Event) -> bool {
        let now = self.agenda.now();
        self.server.set_now(now);
        match *event {
            Event::Deliver(view) => self.deliver(view),
            Event::Sync(index) => return self.sync(index),
            Event::Resync(index) => self.resync(index),
            Event::Schedule => {
                if !self.planned.take_schedule(now) {
                    return false;
                }
                self.with_context("default-scheduler", ViewId::Scheduler, |parts, cx| {
                    parts.scheduler.run(cx);
                });
            }
            Event::Kubelet => {
                if !self.planned.take_kubelet(now) {
                    return false;
                }
                self.with_context("kubelet", ViewId::Kubelets, |parts, cx| parts.kubelets.run(cx));
                self.carry();
            }
            Event::Sample => {
                if !self.planned.take_sample(now) {
                    return false;
                }
                self.metrics.sample(&self.kubelets, now);
            }
            Event::Expire => {
                if !self.planned.take_expire(now) {
                    return false;
                }
                self.server.expire();
            }
        }
        true
    }

    /// Hands a view what happened since its last delivery, and its component what that means.
    fn deliver(&mut self, id: ViewId) {
        let now = self.agenda.now();
        let view = &mut self.views[id as usize];
        let changes = view.deliver(self.server.store());
        for change in &changes {
            match id {
                ViewId::Controllers => {
                    self.watchers.wake(&mut self.workers, change, &view.cache, now);
                }
                ViewId::Scheduler => self.scheduler.observe(change),
                ViewId::Kubelets => self.kubelets.observe(change, now),
            }
        }
    }

    /// Has a controller work on its next key.
    fn sync(&mut self, index: usize) -> bool {
        let now = self.agenda.now();
        let Self { server, workers, views, kubelets, metrics, trace, .. } = self;
        let mut door = Door { server, upstreams: &mut [kubelets, metrics] };
        workers[index].run(now, &views[ViewId::Controllers as usize].cache, &mut door, trace)
    }

    /// Carries what processes sent to whom it reaches, and the answers back.
    fn carry(&mut self) {
        let now = self.agenda.now();
        for call in self.kubelets.take_calls() {
            let cache = &self.views[ViewId::Kubelets as usize].cache;
            let machines = self.kubelets.machines();
            let mut view = network::View { cache, machines, now };
            match &call.what {
                What::Ask(ask) => {
                    let reply = self.network.answer(&call.sender, &ask.effect, &mut view);
                    self.kubelets.answer(&call, ask, reply, now);
                }
                What::Rates(rates) => self.network.set_rates(&call.sender, rates, &mut view),
            }
        }
    }

    fn resync(&mut self, index: usize) {
        let cache = &self.views[ViewId::Controllers as usize].cache;
        self.watchers.wake_all(&mut self.workers, index, cache);
        self.plan_resync(index);
    }

    fn plan_resync(&mut self, index: usize) {
        if let Some(period) = self.workers[index].resync_period() {
            self.agenda.after(period, Event::Resync(index));
        }
    }

    /// Runs `act` with the context of a component that is no controller.
    fn with_context(
        &mut self,
        actor: &'static str,
        view: ViewId,
        act: impl FnOnce(&mut Parts<'_>, &mut Context<'_>),
    ) {
        let now = self.agenda.now();
        let cache: &Cache = &self.views[view as usize].cache;
        let mut cx = Context {
            now,
            cache,
            rng: &mut self.rng,
            api: &mut self.server,
            trace: &mut self.trace,
            recorder: self.recorders.get_or_default(actor),
            actor,
        };
        let mut parts = Parts { scheduler: &mut self.scheduler, kubelets: &mut self.kubelets };
        act(&mut parts, &mut cx);
    }

    /// After anything happened: plans the deliveries and the work that follow from it.
    fn settle(&mut self) {
        let now = self.agenda.now();
        let revision = self.server.store().revision();
        for view in &mut self.views {
            if let Some(delay) = view.plan_delivery(revision) {
                self.agenda.after(delay, Event::Deliver(view.id));
            }
        }
        for (index, worker) in self.workers.iter_mut().enumerate() {
            if let Some(time) = worker.plan(now) {
                self.agenda.at(time, Event::Sync(index));
            }
        }
        let outside = |time: Option<Time>| time.filter(|_| self.runs_pods);
        let wanted = [
            (self.scheduler.next_time(now), Event::Schedule),
            (outside(self.kubelets.next_time(now)), Event::Kubelet),
            (outside(self.metrics.next_time(now)), Event::Sample),
            (self.server.next_expiry(), Event::Expire),
        ];
        for (time, event) in wanted {
            if let Some(time) = self.planned.plan(time, now, STEP_COST, &event) {
                self.agenda.at(time, event);
            }
        }
    }
}

/// The components that run with a context, apart from what the context borrows.
struct Parts<'a> {
    scheduler: &'a mut Scheduler,
    kubelets: &'a mut Kubelets,
}

impl Api for Cluster {
    fn call(&mut self, request: Request) -> Result<Reply, Status> {
        Self::call(self, request)
    }

    fn custom_kinds(&self) -> Vec<Custom> {
        self.server.custom_kinds()
    }

    fn extensions(&self) -> Vec<Extension> {
        self.server.extensions()
    }

    fn take_warnings(&mut self) -> Vec<String> {
        self.server.take_warnings()
    }
}
