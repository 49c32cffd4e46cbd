//! `kubectl top pod`.

use super::{Amounts, NO_HEADERS, SORT_BY, check, metrics, table};
use crate::base::duration;
use crate::base::order::Order as _;
use crate::kinds::metrics::PodMetrics;
use crate::kubectl::command::{ALL_NAMESPACES, Command, SELECTOR};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::{Object, meta};

/// Metrics of pods younger than this may be missing, in seconds.
const DELAY: u64 = 120;

/// The verb.
pub struct TopPod;

const FLAGS: &[Flag] = &[
    ALL_NAMESPACES,
    NO_HEADERS,
    SELECTOR,
    SORT_BY,
    Flag::switch("containers"),
    Flag::value("field-selector", ""),
    Flag::switch("sum"),
    Flag::switch("use-protocol-buffers"),
];
const USAGE: &str = "kubectl top pod [NAME | -l label] [options]";
const ABOUT: &str = "Display resource (CPU/memory) usage of pods.";

impl Command for TopPod {
    fn name(&self) -> &'static str {
        "top pod"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["top pods"]
    }

    fn flags(&self) -> &'static [Flag] {
        FLAGS
    }

    fn usage(&self) -> &'static str {
        USAGE
    }

    fn about(&self) -> &'static str {
        ABOUT
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if args.positional.len() > 1 {
            return Err(Failure::usage("top pod", "unexpected arguments: only one NAME is taken"));
        }
        check(&args)?;
        let selected = !args.get("selector").is_empty() || !args.get("field-selector").is_empty();
        if !args.positional.is_empty() && selected {
            return Err(Failure::error("only one of NAME or selector can be provided"));
        }
        Ok(Box::new(move |io: &mut Io<'_>| run(&args, io)))
    }
}

fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let asked = metrics(io.api, "PodMetrics")?;
    let namespace = if args.is("all-namespaces") { "" } else { args.namespace() };
    let found = match args.positional.first() {
        Some(name) => vec![resource::fetch(io, &asked, args.namespace(), name)?],
        None => {
            let (labels, fields) = (args.get("selector"), args.get("field-selector"));
            resource::list(io, &asked, namespace, labels, fields)?.0
        }
    };
    if found.is_empty() {
        return explain_nothing(args, io, namespace);
    }
    let mut pods: Vec<&PodMetrics> = found.iter().filter_map(Object::get::<PodMetrics>).collect();
    let by = args.get("sort-by");
    pods.order_by_key(|pod| {
        let meta = &pod.metadata;
        let sum = Amounts::sum(pod.containers.iter().map(|c| Amounts::of(&c.usage)));
        (sum.rank(by), meta.namespace.clone(), meta.name.clone())
    });
    io.out.push_str(&print(args, &pods));
    Ok(())
}

/// Why there are no metrics: there are no pods, or they are too young.
fn explain_nothing(args: &Args, io: &mut Io<'_>, namespace: &str) -> Result<(), Failure> {
    let asked = resource::kind("pods")?;
    let (labels, fields) = (args.get("selector"), args.get("field-selector"));
    let (pods, _) = resource::list(io, &asked, namespace, labels, fields)?;
    if pods.is_empty() {
        io.err.push_str(&match namespace {
            "" => "No resources found\n".to_owned(),
            namespace => format!("No resources found in {namespace} namespace.\n"),
        });
        return Ok(());
    }
    for pod in &pods {
        let age = io.now.micros().saturating_sub(meta::created(pod.meta()).micros()) / 1_000_000;
        if age > DELAY {
            let age = duration::go_string(i64::try_from(age).unwrap_or(0) * 1_000_000_000);
            return Err(Failure::error(format!(
                "metrics not available for pod {}/{}, age: {age}",
                pod.namespace(),
                pod.name(),
            )));
        }
    }
    Err(Failure::error("metrics not available yet"))
}

fn print(args: &Args, pods: &[&PodMetrics]) -> String {
    let with_namespace = args.is("all-namespaces");
    let with_containers = args.is("containers");
    let mut headers = vec!["NAME", "CPU(cores)", "MEMORY(bytes)"];
    if with_containers {
        headers.insert(0, "POD");
    }
    if with_namespace {
        headers.insert(0, "NAMESPACE");
    }
    let blanks = headers.len() - 2;
    let mut rows = Vec::new();
    let mut total = Vec::new();
    for pod in pods {
        let meta = &pod.metadata;
        let mut head = vec![meta.name.clone().unwrap_or_default()];
        if with_namespace {
            head.insert(0, meta.namespace.clone().unwrap_or_default());
        }
        let amounts: Vec<Amounts> = pod.containers.iter().map(|c| Amounts::of(&c.usage)).collect();
        let sum = Amounts::sum(amounts.iter().copied());
        total.push(sum);
        if !with_containers {
            rows.push([head, sum.cells().to_vec()].concat());
            continue;
        }
        for (container, amounts) in pod.containers.iter().zip(amounts) {
            let name = vec![container.name.clone()];
            rows.push([head.clone(), name, amounts.cells().to_vec()].concat());
        }
    }
    if args.is("sum") {
        let line = |cells: [String; 2]| [vec![String::new(); blanks], cells.to_vec()].concat();
        rows.push(line(["________".to_owned(), "________".to_owned()]));
        rows.push(line(Amounts::sum(total.into_iter()).cells()));
    }
    table(args, &headers, &rows)
}
