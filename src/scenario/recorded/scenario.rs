//! A scenario file: what is done, step by step.

use std::time::Duration;

use serde_json::Value;

use crate::base::yaml;

/// How long a command may take unless the step says otherwise.
const COMMAND_MAX: Duration = Duration::from_secs(120);

/// A scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name, and that of its namespace unless told otherwise.
    pub name: String,
    /// The namespace it works in.
    pub namespace: String,
    /// Labels of that namespace.
    pub namespace_labels: Value,
    /// Whether node names are compared as they are.
    pub exact_nodes: bool,
    /// Kinds without a namespace whose changes count when it waits for calm.
    pub cluster_kinds: Vec<String>,
    /// The files that its commands find, with their texts.
    pub files: Vec<(String, String)>,
    /// The steps.
    pub steps: Vec<Step>,
}

/// A step of a scenario.
#[derive(Clone, Debug)]
pub enum Step {
    /// A shell command line, what it reads, and how long it may take.
    Run(String, Option<String>, Duration),
    /// Waits for a condition.
    Until(String, Duration),
    /// Waits until nothing changed for that long, for at most so long.
    Settle(Duration, Duration),
    /// Waits.
    Sleep(Duration),
    /// `set-metrics`: what Pods use from now on.
    Metrics(Value),
    /// `node`: one joins, leaves, falls silent or speaks again.
    Node(Value),
}

impl Scenario {
    /// The scenarios of a file.
    ///
    /// # Errors
    /// What is no scenario, and why.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, String> {
        let documents = yaml::parse_documents(text).into_iter();
        let values = documents.map(|document| document.value.map_err(|why| why.to_string()));
        values.filter(|v| v.as_ref().map_or(true, Value::is_object)).map(|v| parse(&v?)).collect()
    }
}

fn parse(value: &Value) -> Result<Scenario, String> {
    let name = value["name"].as_str().ok_or("a scenario has no name")?.to_owned();
    let texts = |value: &Value| {
        let items = value.as_array().into_iter().flatten();
        items.filter_map(|item| item.as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let files = value["files"].as_object().into_iter().flatten();
    let steps = value["steps"].as_array().ok_or_else(|| format!("{name} has no steps"))?;
    let steps = steps.iter().map(step).collect::<Result<Vec<_>, _>>();
    let mut steps: Vec<_> =
        steps.map_err(|why| format!("{name}: {why}"))?.into_iter().flatten().collect();
    if value["nosettle"] != true {
        let quiet = seconds(&value["quiet"]).unwrap_or(Duration::from_millis(1500));
        steps.push(Step::Settle(quiet, Duration::from_secs(20)));
    }
    Ok(Scenario {
        namespace: value["namespace"].as_str().unwrap_or(&name).to_owned(),
        namespace_labels: value["nslabels"].clone(),
        exact_nodes: value["nodes"] == "exact",
        cluster_kinds: texts(&value["cluster"]),
        files: files.map(|(file, text)| (file.clone(), document(text))).collect(),
        steps,
        name,
    })
}

fn step(value: &Value) -> Result<Option<Step>, String> {
    if let Some(line) = value.as_str() {
        return Ok(Some(Step::Run(line.to_owned(), None, COMMAND_MAX)));
    }
    let limit = |usual| seconds(&value["timeout"]).unwrap_or(usual);
    let fields = value.as_object().ok_or("a step is neither text nor a map")?;
    let known = |(name, _): &(&String, &Value)| !matches!(name.as_str(), "timeout" | "args");
    let (kind, about) = fields.iter().find(known).ok_or("a step says nothing")?;
    let text = || about.as_str().map(str::to_owned).ok_or_else(|| format!("{kind} takes a text"));
    let time = || seconds(about).ok_or_else(|| format!("{kind} takes seconds"));
    Ok(Some(match kind.as_str() {
        "run" => Step::Run(text()?, None, limit(COMMAND_MAX)),
        "apply" | "create" | "replace" => {
            let more = value["args"].as_str().map(|args| format!(" {args}")).unwrap_or_default();
            let line = format!("kubectl {kind} -f -{more}");
            Step::Run(line, Some(document(about)), limit(COMMAND_MAX))
        }
        "until" => Step::Until(text()?, limit(Duration::from_secs(60))),
        "settle" => Step::Settle(time()?, limit(Duration::from_secs(30))),
        "sleep" => Step::Sleep(time()?),
        "set-metrics" => Step::Metrics(about.clone()),
        "node" => Step::Node(about.clone()),
        "snapshot" => return Ok(None),
        other => return Err(format!("unknown step {other}")),
    }))
}

fn seconds(value: &Value) -> Option<Duration> {
    value.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
}

/// A manifest: text as it is, or objects to be written down.
fn document(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            items.iter().map(|item| format!("---\n{}", document(item))).collect()
        }
        value => yaml::to_string(value),
    }
}
