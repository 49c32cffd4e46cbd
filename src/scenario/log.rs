//! What a person put in, and when: with the seed, the whole session.

use serde_json::{Value, json};

use crate::cluster::{Control, NodeSpec};
use crate::sim::Time;

/// Something that a person does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Turns to the terminal of this number, from 0; the next one after the last is a new one.
    Terminal(usize),
    /// Enters a line at the terminal.
    Line(String),
    /// Interrupts the command under way.
    Interrupt,
    /// Ends the input of the command under way: Ctrl-D.
    End,
    /// Writes a file.
    Write {
        /// Its name.
        name: String,
        /// Its text.
        text: String,
    },
    /// Removes a file.
    Remove {
        /// Its name.
        name: String,
    },
    /// Changes the physical world.
    Control(Control),
    /// Does nothing: marks how far the clock had got.
    Moment,
}

/// A session as its inputs: the number of events that had run, the time, and what was put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The seed of the cluster.
    pub seed: u64,
    /// The inputs, in order.
    pub inputs: Vec<(u64, Time, Input)>,
}

impl Log {
    /// The log as JSON, to be kept.
    pub fn to_value(&self) -> Value {
        let inputs = self
            .inputs
            .iter()
            .map(|(steps, time, input)| json!([steps, time.micros(), encode(input)]));
        json!({ "seed": self.seed.to_string(), "inputs": inputs.collect::<Vec<_>>() })
    }

    /// Reads a kept log; `None` if it is none.
    pub fn from_value(value: &Value) -> Option<Self> {
        let seed = value["seed"].as_str()?.parse().ok()?;
        let entry = |entry: &Value| {
            let input = decode(&entry[2])?;
            Some((entry[0].as_u64()?, Time::from_micros(entry[1].as_u64()?), input))
        };
        let inputs = value["inputs"].as_array()?.iter().map(entry).collect::<Option<_>>()?;
        Some(Self { seed, inputs })
    }

    /// The log without its last input that did something.
    pub fn without_last(mut self) -> Self {
        while let Some((_, _, input)) = self.inputs.pop() {
            if input != Input::Moment {
                break;
            }
        }
        self
    }
}

fn encode(input: &Input) -> Value {
    match input {
        Input::Terminal(number) => json!({ "terminal": number }),
        Input::Line(line) => json!({ "line": line }),
        Input::Interrupt => json!("interrupt"),
        Input::End => json!("end"),
        Input::Moment => json!("moment"),
        Input::Write { name, text } => json!({ "write": name, "text": text }),
        Input::Remove { name } => json!({ "remove": name }),
        Input::Control(control) => json!({ "control": encode_control(control) }),
    }
}

fn decode(value: &Value) -> Option<Input> {
    let text = |field: &str| value[field].as_str().map(str::to_owned);
    match value {
        Value::String(word) if word == "interrupt" => Some(Input::Interrupt),
        Value::String(word) if word == "end" => Some(Input::End),
        Value::String(word) if word == "moment" => Some(Input::Moment),
        _ => text("line")
            .map(Input::Line)
            .or_else(|| Some(Input::Write { name: text("write")?, text: text("text")? }))
            .or_else(|| Some(Input::Remove { name: text("remove")? }))
            .or_else(|| Some(Input::Terminal(usize::try_from(value["terminal"].as_u64()?).ok()?)))
            .or_else(|| decode_control(&value["control"]).map(Input::Control)),
    }
}

fn encode_control(control: &Control) -> Value {
    match control {
        Control::Load { namespace, selector, cpu_milli, total, memory_bytes, missing } => json!({
            "load": selector,
            "namespace": namespace,
            "cpuMilli": cpu_milli,
            "total": total,
            "memoryBytes": memory_bytes,
            "missing": missing,
        }),
        Control::AddNode(node) => json!({
            "addNode": node.name,
            "cpu": node.cpu,
            "memoryGib": node.memory_gib,
            "pods": node.pods,
            "labels": node.labels,
            "taints": node.taints,
        }),
        Control::RemoveNode(name) => json!({ "removeNode": name }),
        Control::Silence(name) => json!({ "silence": name }),
        Control::Unsilence(name) => json!({ "unsilence": name }),
        Control::MarkImageMissing(image) => json!({ "imageMissing": image }),
    }
}

fn decode_control(value: &Value) -> Option<Control> {
    let text = |field: &str| value[field].as_str().map(str::to_owned);
    if let Some(selector) = text("load") {
        return Some(Control::Load {
            namespace: text("namespace")?,
            selector,
            cpu_milli: value["cpuMilli"].as_i64(),
            total: value["total"].as_bool()?,
            memory_bytes: value["memoryBytes"].as_i64(),
            missing: value["missing"].as_bool()?,
        });
    }
    if let Some(name) = text("addNode") {
        return decode_node(&name, value).map(Control::AddNode);
    }
    text("removeNode")
        .map(Control::RemoveNode)
        .or_else(|| text("silence").map(Control::Silence))
        .or_else(|| text("unsilence").map(Control::Unsilence))
        .or_else(|| text("imageMissing").map(Control::MarkImageMissing))
}

fn decode_node(name: &str, value: &Value) -> Option<NodeSpec> {
    let number = |field: &str| u32::try_from(value[field].as_u64()?).ok();
    let labels = value["labels"].as_object()?.iter();
    let taint = |taint: &Value| {
        let part = |at: usize| taint[at].as_str().map(str::to_owned);
        Some((part(0)?, part(1)?, part(2)?))
    };
    Some(NodeSpec {
        name: name.to_owned(),
        cpu: number("cpu")?,
        memory_gib: number("memoryGib")?,
        pods: number("pods")?,
        labels: labels
            .map(|(key, label)| Some((key.clone(), label.as_str()?.to_owned())))
            .collect::<Option<_>>()?,
        taints: value["taints"].as_array()?.iter().map(taint).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_survives_being_kept() {
        let inputs = [
            Input::Line("kubectl get pods".to_owned()),
            Input::Interrupt,
            Input::Write { name: "a.yaml".to_owned(), text: "kind: Pod\n".to_owned() },
            Input::Remove { name: "a.yaml".to_owned() },
            Input::Control(Control::AddNode(NodeSpec::control_plane("master2"))),
            Input::Control(Control::Silence("node1".to_owned())),
            Input::Moment,
        ];
        let inputs = inputs.into_iter().enumerate();
        let inputs = inputs.map(|(n, input)| (n as u64, Time::from_seconds(n as u64), input));
        let log = Log { seed: u64::MAX, inputs: inputs.collect() };
        assert_eq!(Log::from_value(&log.to_value()), Some(log));
    }
}
