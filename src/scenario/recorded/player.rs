//! Plays a scenario on a cluster like the one that was recorded.

use std::time::Duration;

use serde_json::Value;

use super::scenario::{Scenario, Step};
use super::until::Until;
use super::{Played, Ran, Seen};
use crate::base::quantity::Quantity;
use crate::cluster::{Cluster, Control, NodeSpec, Options, Pace};
use crate::kubectl::KUBECONFIG;
use crate::object::{GroupResource, Object};
use crate::scenario::{Input, Session};
use crate::sim::{Time, duration};
use crate::store::{Change, ChangeKind};

/// How long one command of a person takes at least: the real kubectl's requests take time.
const COMMAND_TIME: Duration = Duration::from_millis(120);
/// How long the namespace is given to be filled.
const SETUP_TIME: Duration = Duration::from_secs(2);
/// How long an image takes to be pulled.
const PULL: Duration = Duration::from_millis(200);
/// What a Pod uses unless told otherwise: thousandths of a core, and bytes.
const USUAL: (i64, i64) = (1, 10 << 20);
/// What ends the text that a command reads; no line of a manifest is that.
const DOCUMENT_END: &str = "__END_OF_STANDARD_INPUT__";

/// Plays a scenario from its first step to its last, the first at the moment `began`: what is due
/// every minute is then due when it was in the recording.
///
/// # Errors
/// A step that cannot be carried out.
pub fn play(scenario: &Scenario, began: Option<Time>) -> Result<Played, String> {
    let mut player = Player::new(scenario, began);
    for step in &scenario.steps {
        player.step(step)?;
    }
    player.observe();
    Ok(player.played)
}

/// The settings of the recorded control plane, and the ways of its simulated kubelets: containers
/// stop a second after they are told to, and what they use is known at once.
fn options(began: Option<Time>) -> Options {
    let mut options = Options {
        pace: Pace { pull: Some(PULL), stop: Some(Duration::from_secs(1)) },
        metrics_period: Duration::from_secs(1),
        ..Options::default()
    };
    if let Some(began) = began {
        let before = duration::micros(Session::WARM_UP + SETUP_TIME + extra(began));
        options.start = Time::from_micros(began.micros().saturating_sub(before));
    }
    options.settings.autoscaler_sync_period = Duration::from_secs(5);
    options.settings.node_monitor_grace = Duration::from_secs(16);
    options
}

/// How much longer the cluster is up before: the recorded control plane was started twelve seconds
/// after a quarter of a minute, from which what it does every fifteen seconds counts.
fn extra(began: Time) -> Duration {
    let before = (Session::WARM_UP + SETUP_TIME).as_secs();
    Duration::from_secs((began.seconds().saturating_sub(before) + 3) % 15)
}

struct Player<'a> {
    scenario: &'a Scenario,
    session: Session,
    played: Played,
    /// How far the store's history was read.
    revision: u64,
    /// When something of the scenario changed last.
    changed: Time,
}

impl<'a> Player<'a> {
    fn new(scenario: &'a Scenario, began: Option<Time>) -> Self {
        let mut session = Session::with_options(1, &options(began));
        let usual = Control::Load {
            namespace: scenario.namespace.clone(),
            selector: String::new(),
            cpu_milli: Some(USUAL.0),
            total: false,
            memory_bytes: Some(USUAL.1),
            missing: false,
        };
        session.input(Input::Control(usual));
        for (name, text) in &scenario.files {
            session.input(Input::Write { name: name.clone(), text: text.clone() });
        }
        let config = format!(
            "{{\"clusters\":[{{\"name\":\"kubernetes\",\"cluster\":{{\"server\":\"https://127.0.0.1:6443\"}}}}],\
             \"contexts\":[{{\"name\":\"admin\",\"context\":{{\"cluster\":\"kubernetes\",\"namespace\":\"{}\",\
             \"user\":\"admin\"}}}}],\"current-context\":\"admin\",\"users\":[{{\"name\":\"admin\"}}]}}",
            scenario.namespace
        );
        session.input(Input::Write { name: KUBECONFIG.to_owned(), text: config });
        let revision = session.cluster().store().revision();
        let changed = session.cluster().now();
        // The recordings' environment.
        for line in ["export KUBE_EDITOR=true", "export COLUMNS=200"] {
            session.input(Input::Line(line.to_owned()));
        }
        session.take_output();
        let mut player = Self { scenario, session, played: Played::default(), revision, changed };
        player.session.run_for(began.map_or(Duration::ZERO, extra));
        player.make_namespace();
        player
    }

    fn make_namespace(&mut self) {
        let labels = match &self.scenario.namespace_labels {
            Value::Null => Value::Object(serde_json::Map::new()),
            labels => labels.clone(),
        };
        let manifest = serde_json::json!({
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": { "name": self.scenario.namespace, "labels": labels },
        });
        let line = format!("kubectl create -f - <<{DOCUMENT_END}\n{manifest}\n{DOCUMENT_END}\n");
        if self.scenario.namespace != "default" {
            self.session.input(Input::Line(line));
        }
        self.session.run_for(SETUP_TIME);
        self.session.take_output();
        self.observe();
        self.revision = self.session.cluster().store().revision();
    }

    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Run(line, stdin, limit) => self.run(line, stdin.as_deref(), *limit),
            Step::Until(condition, limit) => {
                // A condition on a kind that is not served cannot come true.
                match Until::parse(condition, &self.scenario.namespace) {
                    Ok(condition) => self.until(&condition, *limit),
                    Err(_) => self.wait(*limit, |_| false),
                }
            }
            Step::Settle(quiet, limit) => {
                let quiet = *quiet;
                self.wait(*limit, |player| {
                    player.session.cluster().now() >= player.changed + quiet
                });
            }
            Step::Sleep(duration) => self.wait(*duration, |_| false),
            Step::Metrics(body) => {
                let control = load(body, &self.scenario.namespace)?;
                self.session.input(Input::Control(control));
            }
            Step::Node(body) => {
                let control = node(body)?;
                self.session.input(Input::Control(control));
            }
        }
        Ok(())
    }

    fn run(&mut self, line: &str, stdin: Option<&str>, limit: Duration) {
        let entered = match stdin {
            Some(text) => {
                format!(
                    "{line} <<{DOCUMENT_END}\n{}\n{DOCUMENT_END}\n",
                    text.trim_end_matches('\n')
                )
            }
            None => line.to_owned(),
        };
        let start = self.session.cluster().now();
        self.session.input(Input::Line(entered));
        self.wait(limit, |player| !player.session.is_busy());
        let timed_out = self.session.is_busy();
        let output = self.session.take_output();
        if timed_out {
            self.session.input(Input::Interrupt);
            self.session.take_output();
        }
        let code = match output.ended {
            Some(code) if !timed_out => code.to_string(),
            _ => "timeout".to_owned(),
        };
        let (line, out, errors) = (line.to_owned(), output.out, output.errors);
        self.played.commands.push(Ran { line, out, errors, code });
        let end = start + COMMAND_TIME;
        let now = self.session.cluster().now();
        if now < end {
            self.wait(Duration::from_micros(end.micros() - now.micros()), |_| false);
        }
        self.changed = self.changed.max(self.session.cluster().now());
    }

    fn until(&mut self, condition: &Until, limit: Duration) {
        let mut looked = None;
        self.wait(limit, |player| {
            let cluster: &Cluster = player.session.cluster();
            let revision = cluster.store().revision();
            if looked == Some(revision) {
                return false;
            }
            looked = Some(revision);
            condition.holds(&mut cluster.clone())
        });
    }

    /// Lets the cluster run until `done`, for at most `limit`.
    fn wait(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) {
        let until = self.session.cluster().now() + limit;
        loop {
            self.observe();
            if done(self) || self.session.cluster().now() >= until {
                return;
            }
            // Steps are short, so that calm is noticed when it begins.
            let soon = self.session.cluster().now() + Duration::from_millis(100);
            self.session.step(until.min(soon));
        }
    }

    /// Takes note of what changed since the last look.
    fn observe(&mut self) {
        let store = self.session.cluster().store();
        let now = self.session.cluster().now();
        let Ok(changes) = store.since(self.revision) else {
            self.revision = store.revision();
            return;
        };
        for change in changes {
            if !self.is_mine(change) {
                continue;
            }
            self.changed = now;
            if change.kind == ChangeKind::Added {
                self.played.objects.push(seen(&change.object));
            }
        }
        self.revision = store.revision();
    }

    fn is_mine(&self, change: &Change) -> bool {
        let namespace = change.object.namespace();
        if !namespace.is_empty() {
            return namespace == self.scenario.namespace
                && change.object.resource() != GroupResource::new("", "endpoints");
        }
        let resource = change.object.resource();
        let plural: &str = &resource.resource;
        plural != "nodes" && self.scenario.cluster_kinds.iter().any(|kind| kind == plural)
    }
}

fn seen(object: &Object) -> Seen {
    let meta = object.meta();
    let owner = meta.owner_references.iter().flatten().next();
    Seen {
        resource: object.resource().resource.to_string(),
        name: object.name().to_owned(),
        generate_name: meta.generate_name.clone().unwrap_or_default(),
        owner: owner.map(|owner| format!("{}/{}", owner.kind, owner.name)).unwrap_or_default(),
    }
}

/// `{selector: {app: web}, cpu: 310m, totalCpu: …, memory: …, missing: true}`.
fn load(body: &Value, namespace: &str) -> Result<Control, String> {
    let labels = body["selector"].as_object().into_iter().flatten();
    let pairs: Vec<_> = labels
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    let amount = |field: &str| -> Result<Option<Quantity>, String> {
        match &body[field] {
            Value::Null => Ok(None),
            Value::String(text) => text.parse().map(Some),
            number => number.to_string().parse().map(Some),
        }
    };
    let total = amount("totalCpu")?;
    let cpu = amount("cpu")?;
    Ok(Control::Load {
        namespace: body["namespace"].as_str().unwrap_or(namespace).to_owned(),
        selector: pairs.join(","),
        total: total.is_some(),
        cpu_milli: total.or(cpu).map(|amount| amount.milli()),
        memory_bytes: amount("memory")?.map(|amount| amount.value()),
        missing: body["missing"].as_bool().unwrap_or(false),
    })
}

/// `{action: add, name: node3, labels: {…}, taints: […], cpu: 4, memory: 8Gi}`.
fn node(body: &Value) -> Result<Control, String> {
    let name = body["name"].as_str().ok_or("a node has no name")?;
    Ok(match body["action"].as_str().unwrap_or_default() {
        "add" => {
            let mut node = NodeSpec::worker(name);
            for (key, value) in body["labels"].as_object().into_iter().flatten() {
                node.labels.insert(key.clone(), value.as_str().unwrap_or_default().to_owned());
            }
            for taint in body["taints"].as_array().into_iter().flatten() {
                let part = |field: &str| taint[field].as_str().unwrap_or_default().to_owned();
                node.taints.push((part("key"), part("value"), part("effect")));
            }
            let number = |field: &str| {
                let text = match &body[field] {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => number.to_string(),
                    _ => return None,
                };
                text.parse::<Quantity>().ok().map(|amount| amount.value())
            };
            let cpu = number("cpu").and_then(|cores| u32::try_from(cores).ok());
            let memory = number("memory").and_then(|bytes| u32::try_from(bytes >> 30).ok());
            node.cpu = cpu.unwrap_or(node.cpu);
            node.memory_gib = memory.unwrap_or(node.memory_gib);
            Control::AddNode(node)
        }
        "remove" => Control::RemoveNode(name.to_owned()),
        "stop-heartbeat" => Control::Silence(name.to_owned()),
        "start-heartbeat" => Control::Unsilence(name.to_owned()),
        action => return Err(format!("unknown action {action}")),
    })
}
