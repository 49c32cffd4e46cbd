//! `kubectl top node`.

use k8s_openapi::api::core::v1::Node;

use super::{Amounts, Available, NO_HEADERS, SORT_BY, check, metrics, table};
use crate::base::order::{Gather, Order as _};
use crate::kinds::cells::UNKNOWN;
use crate::kinds::metrics::NodeMetrics;
use crate::kubectl::command::{Command, SELECTOR};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::Object;

/// The verb.
pub struct TopNode;

const FLAGS: &[Flag] = &[
    NO_HEADERS,
    SELECTOR,
    SORT_BY,
    Flag::switch("show-capacity"),
    Flag::switch("show-swap"),
    Flag::switch("use-protocol-buffers"),
];
const USAGE: &str = "kubectl top node [NAME | -l label] [options]";
const ABOUT: &str = "Display resource (CPU/memory) usage of nodes.";

impl Command for TopNode {
    fn name(&self) -> &'static str {
        "top node"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["top nodes"]
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
            return Err(Failure::usage("top node", "unexpected arguments: only one NAME is taken"));
        }
        check(&args)?;
        if !args.positional.is_empty() && !args.get("selector").is_empty() {
            return Err(Failure::error("only one of NAME or selector can be provided"));
        }
        Ok(Box::new(move |io: &mut Io<'_>| run(&args, io)))
    }
}

fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let (asked, nodes) = (metrics(io.api, "NodeMetrics")?, resource::kind("nodes")?);
    let (found, nodes) = match args.positional.first() {
        Some(name) => (
            vec![resource::fetch(io, &asked, "", name)?],
            vec![resource::fetch(io, &nodes, "", name)?],
        ),
        None => {
            let labels = args.get("selector");
            let found = resource::list(io, &asked, "", labels, "")?.0;
            (found, resource::list(io, &nodes, "", labels, "")?.0)
        }
    };
    if found.is_empty() {
        return Err(Failure::error("metrics not available yet"));
    }
    let available: Available =
        nodes.iter().map(|node| (node.name().to_owned(), room(args, node))).gathered();
    let mut used: Vec<(String, Amounts)> = found
        .iter()
        .filter_map(|object| {
            let metrics = object.get::<NodeMetrics>()?;
            Some((object.name().to_owned(), Amounts::of(&metrics.usage)))
        })
        .collect();
    let by = args.get("sort-by");
    used.order_by_key(|(name, amounts)| (amounts.rank(by), name.clone()));
    let row = |(name, used): &(String, Amounts)| {
        let [cpu, memory] = used.cells();
        let of = available.get(name);
        let percent = |used: i64, of: Option<i64>| match of {
            Some(of) if of > 0 => format!("{}%", used * 100 / of),
            _ => UNKNOWN.to_owned(),
        };
        let cpu_share = percent(used.cpu, of.map(|of| of.cpu));
        let memory_share = percent(used.memory, of.map(|of| of.memory));
        vec![name.clone(), cpu, cpu_share, memory, memory_share]
    };
    let rows: Vec<Vec<String>> = used.iter().map(row).collect();
    let headers = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"];
    io.out.push_str(&table(args, &headers, &rows));
    Ok(())
}

/// What a node has to give.
fn room(args: &Args, node: &Object) -> Amounts {
    let status = node.get::<Node>().and_then(|node| node.status.as_ref());
    let amounts = match args.is("show-capacity") {
        true => status.and_then(|status| status.capacity.as_ref()),
        false => status.and_then(|status| status.allocatable.as_ref()),
    };
    amounts.map(Amounts::of).unwrap_or_default()
}
