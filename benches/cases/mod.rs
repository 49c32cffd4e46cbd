//! What is measured, natively and in a browser: each case says what took how long by a clock that
//! it is given.

mod create;

use std::time::Duration;

use tabernetes::base::yaml;
use tabernetes::cluster::Options;
use tabernetes::scenario::{Input, Session};

/// Reads the time that this program has had so far.
pub type Clock = fn() -> Duration;

/// What took how long.
pub type Figure = (&'static str, Duration);

/// A case: its name, whether it takes long, and how to run it.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// Whether it is left out unless it is asked for.
    pub is_long: bool,
    /// Runs it.
    pub run: fn(Clock) -> Vec<Figure>,
}

/// The figure that growth is told of.
pub const READY: &str = "apply to all Ready";

/// Every case.
pub const CASES: &[Case] = &[
    Case { name: "1,000 replicas", is_long: false, run: |clock| rollout(clock, 1_000) },
    Case { name: "10,000 replicas", is_long: true, run: |clock| rollout(clock, 10_000) },
    Case { name: "1,000 replicas, each step", is_long: false, run: |clock| steps(clock, 1_000) },
    Case { name: "10,000 replicas, each step", is_long: true, run: |clock| steps(clock, 10_000) },
    Case { name: "1,000 replicas behind a Service", is_long: false, run: serve },
    Case { name: "create through the door", is_long: false, run: create::creates },
    Case { name: "idle cluster", is_long: false, run: idle },
    Case { name: "2,000 quiet Pods", is_long: true, run: quiet },
    Case { name: "a day of scaling up and down", is_long: true, run: churn },
];

/// Workers enough for 11,000 Pods: the same cluster for few and for many.
const WORKERS: u32 = 100;

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector:
    app: web
  ports:
  - port: 80
";

fn manifest(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: {replicas}
  selector:
    matchLabels:
      app: web
  template:
    metadata:
      labels:
        app: web
    spec:
      containers:
      - name: web
        image: nginx
"
    )
}

fn session() -> Session {
    Session::with_options(1, &Options::workers(WORKERS))
}

/// Runs a line to its end; what it printed.
fn type_in(session: &mut Session, line: &str) -> String {
    session.input(Input::Line(line.to_owned()));
    let done = session.run_until(Duration::from_secs(3_600), |session| !session.is_busy());
    let printed = session.take_output().text;
    assert!(done, "{line}: {printed}");
    printed
}

/// Applies the Deployment and waits until `rollout status` says that it is complete.
fn bring_up(session: &mut Session, text: String) {
    session.input(Input::Write { name: "web.yaml".to_owned(), text });
    let line = "kubectl apply -f web.yaml && kubectl rollout status deployment/web";
    let printed = type_in(session, line);
    assert!(printed.ends_with("successfully rolled out\n"), "{printed}");
}

fn taken(clock: Clock, work: impl FnOnce()) -> Duration {
    let start = clock();
    work();
    clock().saturating_sub(start)
}

fn rollout(clock: Clock, replicas: u32) -> Vec<Figure> {
    let mut session = session();
    let ready = taken(clock, || bring_up(&mut session, manifest(replicas)));
    let mut copy = None;
    let cloned = taken(clock, || copy = Some(session.cluster().clone()));
    let pods = type_in(&mut session, "kubectl get pods -o name");
    let pod = pods.lines().next().unwrap_or_default().to_owned();
    let mut command = |line: &str| {
        taken(clock, || {
            let printed = type_in(&mut session, line);
            assert!(!printed.is_empty() && !printed.starts_with("Error"), "{printed}");
        })
    };
    vec![
        (READY, ready),
        ("clone", cloned),
        ("kubectl get pods -A", command("kubectl get pods -A")),
        ("kubectl describe pod", command(&format!("kubectl describe {pod}"))),
        ("kubectl describe deployment", command("kubectl describe deployment web")),
        ("a line's parsing", command("echo kubectl")),
        ("a manifest's parsing", taken(clock, || parse(&(manifest(replicas) + "---\n" + SERVICE)))),
    ]
}

fn parse(text: &str) {
    let documents = yaml::parse_documents(text);
    assert!(documents.len() == 2, "two documents");
}

/// What single steps take, since a page draws between them.
fn steps(clock: Clock, replicas: u32) -> Vec<Figure> {
    let mut session = session();
    session.input(Input::Write { name: "web.yaml".to_owned(), text: manifest(replicas) });
    session.input(Input::Line("kubectl apply -f web.yaml".to_owned()));
    session.input(Input::Line("kubectl rollout status deployment/web".to_owned()));
    let mut all = Vec::new();
    let until = session.cluster().now() + Duration::from_secs(3_600);
    while session.is_busy() {
        all.push(taken(clock, || {
            session.step(until);
        }));
    }
    all.sort_unstable();
    let at = |share: usize| all.get(all.len() * share / 1_000).or(all.last()).copied();
    vec![
        ("slowest step", at(1_000).unwrap_or_default()),
        ("99.9 % of the steps", at(999).unwrap_or_default()),
        ("99 % of the steps", at(990).unwrap_or_default()),
    ]
}

fn serve(clock: Clock) -> Vec<Figure> {
    let mut session = session();
    let text = manifest(1_000) + "---\n" + SERVICE;
    vec![(READY, taken(clock, || bring_up(&mut session, text)))]
}

fn idle(clock: Clock) -> Vec<Figure> {
    let mut session = Session::new(1);
    vec![("600 simulated seconds", taken(clock, || session.run_for(Duration::from_secs(600))))]
}

/// Nothing happens: what there is must not cost anything.
fn quiet(clock: Clock) -> Vec<Figure> {
    let mut session = session();
    bring_up(&mut session, manifest(2_000));
    let hours = taken(clock, || session.run_for(Duration::from_secs(10 * 3_600)));
    vec![("10 simulated hours", hours)]
}

/// Twenty Pods come and go every ten minutes: what is kept of the past must not grow with it.
fn churn(clock: Clock) -> Vec<Figure> {
    let mut session = Session::new(1);
    bring_up(&mut session, manifest(20));
    let day = taken(clock, || {
        for round in 0..144 {
            let replicas = if round % 2 == 0 { 0 } else { 20 };
            type_in(&mut session, &format!("kubectl scale deployment web --replicas={replicas}"));
            session.run_for(Duration::from_secs(600));
        }
    });
    vec![("24 simulated hours", day)]
}
