//! What was printed, held against what was recorded.

use std::time::Duration;

use serde_json::Value;

use super::normalise::Normaliser;
use super::{Played, Ran, Scenario, Seen};
use crate::object::meta;
use crate::sim::Time;

/// What comes before the moment of the first command.
const BEGAN: &str = "# began at ";

/// What a scenario should print, a block of lines for each command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    began: Option<Time>,
    blocks: Vec<(String, Vec<String>)>,
}

/// How a run compares with what was expected.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many commands printed the same.
    pub equal: usize,
    /// How many there are.
    pub total: usize,
    /// What differs, a text for each command.
    pub differences: Vec<String>,
}

impl Expected {
    /// What a recorded trace says.
    ///
    /// # Errors
    /// What is no trace.
    pub fn from_trace(trace: &Value) -> Result<Self, String> {
        let text =
            |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
        let mut recorded = Played::default();
        for step in trace["steps"].as_array().ok_or("the trace has no steps")? {
            if step["cmd"].is_string() {
                let code = match &step["rc"] {
                    Value::String(text) => text.clone(),
                    number => number.to_string(),
                };
                recorded.commands.push(Ran {
                    line: text(step, "cmd"),
                    out: text(step, "stdout"),
                    errors: text(step, "stderr"),
                    code,
                });
            }
        }
        recorded.objects = recorded_objects(trace);
        let mut expected = Self::of(&recorded, trace["nodes"] == "exact")?;
        let created = trace["watch"].as_array().into_iter().flatten();
        let created = created.filter_map(|event| meta::read_timestamp(event["created"].as_str()?));
        // The namespace is made first; the first command comes within the next second.
        expected.began = created.map(|at| meta::moment(&at) + Duration::from_secs(1)).min();
        Ok(expected)
    }

    /// What a run printed.
    ///
    /// # Errors
    /// None, unless the normaliser is broken.
    pub fn of(played: &Played, exact_nodes: bool) -> Result<Self, String> {
        let normaliser = Normaliser::new(played, exact_nodes).map_err(|why| why.to_string())?;
        let block = |ran: &Ran| (normaliser.scrub(&ran.line), normaliser.command(ran));
        Ok(Self { began: None, blocks: played.commands.iter().map(block).collect() })
    }

    /// Reads the text of [`Expected::to_text`].
    pub fn from_text(text: &str) -> Self {
        let mut blocks: Vec<(String, Vec<String>)> = Vec::new();
        let mut began = None;
        for line in text.lines() {
            if let Some(stamp) = line.strip_prefix(BEGAN).filter(|_| blocks.is_empty()) {
                began = meta::read_timestamp(stamp).map(|at| meta::moment(&at));
            } else if let Some(command) = line.strip_prefix("$ ") {
                blocks.push((command.to_owned(), Vec::new()));
            } else if let Some((command, lines)) = blocks.last_mut() {
                match line.strip_prefix("> ") {
                    Some(more) if lines.is_empty() => command.push_str(&format!("\n{more}")),
                    _ => lines.push(line.to_owned()),
                }
            }
        }
        Self { began, blocks }
    }

    /// The text to be kept: each command and what it should print.
    pub fn to_text(&self) -> String {
        let block = |(command, lines): &(String, Vec<String>)| {
            format!("$ {}\n{}\n", command.replace('\n', "\n> "), lines.join("\n"))
        };
        let began = self.began.map(|at| format!("{BEGAN}{}\n", meta::timestamp(at).0));
        began.into_iter().chain(self.blocks.iter().map(block)).collect()
    }

    /// When the first command was given, where that is known.
    pub fn began(&self) -> Option<Time> {
        self.began
    }

    /// Compares what was played with this.
    ///
    /// # Errors
    /// None, unless the normaliser is broken.
    pub fn compare(&self, scenario: &Scenario, played: &Played) -> Result<Comparison, String> {
        let actual = Self::of(played, scenario.exact_nodes)?;
        let mut comparison = Comparison { total: self.blocks.len(), ..Comparison::default() };
        for (index, (command, expected)) in self.blocks.iter().enumerate() {
            let printed = actual.blocks.get(index).map(|(_, lines)| lines.as_slice());
            if printed == Some(expected) {
                comparison.equal += 1;
            } else {
                let lines = difference(expected, printed.unwrap_or_default());
                let place = format!("{}#{}", scenario.name, index + 1);
                comparison.differences.push(format!("{place} $ {command}\n{lines}"));
            }
        }
        Ok(comparison)
    }
}

/// The objects of a trace, from what its watches and its snapshots saw.
fn recorded_objects(trace: &Value) -> Vec<Seen> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut objects = Vec::new();
    for event in trace["watch"].as_array().into_iter().flatten() {
        if event["type"] == "ADDED" {
            objects.push(Seen {
                resource: text(&event["kind"]),
                name: text(&event["name"]),
                generate_name: text(&event["generateName"]),
                owner: text(&event["key"]["owners"][0]).trim_end_matches('*').to_owned(),
            });
        }
    }
    for snapshot in trace["snapshots"].as_array().into_iter().flatten() {
        for (resource, items) in snapshot["objects"].as_object().into_iter().flatten() {
            for meta in items.as_array().into_iter().flatten().map(|item| &item["metadata"]) {
                let owner = &meta["ownerReferences"][0];
                let owner = format!("{}/{}", text(&owner["kind"]), text(&owner["name"]));
                objects.push(Seen {
                    resource: resource.clone(),
                    name: text(&meta["name"]),
                    generate_name: text(&meta["generateName"]),
                    owner,
                });
            }
        }
    }
    objects
}

/// The lines that were expected (`-`) and those that were printed (`+`), equal ends left as they are.
fn difference(expected: &[String], printed: &[String]) -> String {
    let same = |(a, b): &(&String, &String)| a == b;
    let start = expected.iter().zip(printed).take_while(same).count();
    let (expected_rest, printed_rest) = (&expected[start..], &printed[start..]);
    let end = expected_rest.iter().rev().zip(printed_rest.iter().rev()).take_while(same).count();
    let minus = expected_rest[..expected_rest.len() - end].iter().map(|l| format!("  -{l}\n"));
    let plus = printed_rest[..printed_rest.len() - end].iter().map(|l| format!("  +{l}\n"));
    minus.chain(plus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_expected_survives_being_kept() {
        let ran = |line: &str, out: &str| Ran {
            line: line.to_owned(),
            out: out.to_owned(),
            code: "0".to_owned(),
            ..Ran::default()
        };
        let commands = vec![ran("kubectl get x", "a\n\nb\n"), ran("for x in 1\ndo x", "")];
        let played = Played { commands, ..Played::default() };
        let expected = Expected::of(&played, false).unwrap();
        assert_eq!(Expected::from_text(&expected.to_text()), expected);
    }
}
