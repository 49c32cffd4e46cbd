//! `kubectl top`. Mirrors `k8s.io/kubectl/pkg/cmd/top`.

mod node;
mod pod;

pub use node::TopNode;
pub use pod::TopPod;

use crate::api::Api;
use crate::base::quantity;
use crate::base::small_map::SmallMap;
use crate::kinds::metrics::Usage;
use crate::kinds::{Kind, by_kind};
use crate::kubectl::resource::Asked;
use crate::kubectl::{Args, Failure, Flag};

/// The group that `top` asks.
const GROUP: &str = "metrics.k8s.io";
/// `--sort-by`.
const SORT_BY: Flag = Flag::value("sort-by", "");
/// `--no-headers`.
const NO_HEADERS: Flag = Flag::switch("no-headers");

/// The table's layout. Mirrors `printers.GetNewTabWriter`.
fn table(args: &Args, headers: &[&str], rows: &[Vec<String>]) -> String {
    let mut tabs = crate::base::table::Tabs::for_get();
    // Upstream ends each cell, the last one too, with a tab.
    if !args.is("no-headers") {
        tabs.line(headers.iter().copied().chain([""]));
    }
    for row in rows {
        tabs.line(row.iter().map(String::as_str).chain([""]));
    }
    tabs.flush()
}

/// What someone uses, in thousandths of a core and in bytes.
#[derive(Clone, Copy, Default)]
struct Amounts {
    cpu: i64,
    memory: i64,
}

impl Amounts {
    fn of(usage: &Usage) -> Self {
        let cpu = usage.get("cpu").and_then(|amount| quantity::milli_value(&amount.0));
        let memory = usage.get("memory").and_then(|amount| quantity::value(&amount.0));
        Self { cpu: cpu.unwrap_or(0), memory: memory.unwrap_or(0) }
    }

    fn sum(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self::default(), |sum, next| Self {
            cpu: sum.cpu + next.cpu,
            memory: sum.memory + next.memory,
        })
    }

    /// What rows are ordered by: the most first.
    fn rank(self, by: &str) -> i64 {
        match by {
            "cpu" => -self.cpu,
            "memory" => -self.memory,
            _ => 0,
        }
    }

    fn cells(self) -> [String; 2] {
        [format!("{}m", self.cpu), format!("{}Mi", self.memory / (1024 * 1024))]
    }
}

/// Checks `--sort-by`.
fn check(args: &Args) -> Result<(), Failure> {
    match args.get("sort-by") {
        "" | "cpu" | "memory" => Ok(()),
        _ => Err(Failure::error("--sort-by accepts only cpu or memory")),
    }
}

/// A kind of metrics.k8s.io, if somebody answers for it.
fn metrics(api: &dyn Api, kind: &str) -> Result<Asked, Failure> {
    let mut extensions = api.extensions().into_iter();
    let answers = extensions.any(|extension| extension.group == GROUP && extension.available);
    let kind: Option<&'static dyn Kind> = by_kind(GROUP, kind).filter(|_| answers);
    let kind = kind.ok_or_else(|| Failure::error("Metrics API not available"))?;
    Ok(Asked { kind, version: "" })
}

/// The amounts of a node's list, by resource.
type Available = SmallMap<String, Amounts>;
