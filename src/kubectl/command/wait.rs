//! `kubectl wait`. Mirrors `k8s.io/kubectl/pkg/cmd/wait`.

use std::time::Duration;

use serde_json::Value;

use super::{ALL_NAMESPACES, Command, FILENAME, KUSTOMIZE, OUTPUT, RECURSIVE, SELECTOR};
use crate::base::duration;
use crate::base::json_path::JsonPath;
use crate::kubectl::print::{face, relaxed};
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::sim::Time;

/// The verb.
pub struct Wait;

/// A week: what a negative `--timeout` means.
const FOREVER: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Command for Wait {
    fn name(&self) -> &'static str {
        "wait"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            ALL_NAMESPACES,
            FILENAME,
            KUSTOMIZE,
            OUTPUT,
            RECURSIVE,
            SELECTOR,
            Flag::switch("all"),
            Flag::value("field-selector", ""),
            Flag::value("for", ""),
            Flag::value("timeout", "30s"),
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl wait ([-f FILENAME] | resource.group/resource.name | resource.group \
         [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|\
         --for=jsonpath='{}'[=value]] [options]"
    }

    fn about(&self) -> &'static str {
        "Wait for a specific condition on one or many resources."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let goal = Goal::parse(args.get("for"))?;
        let timeout = timeout(&args)?.unwrap_or(FOREVER);
        Ok(Box::new(WaitJob { args, goal, timeout, waiting: None }))
    }
}

/// `--timeout`; nothing where it is negative.
pub fn timeout(args: &Args) -> Result<Option<Duration>, Failure> {
    let text = args.get("timeout");
    let nanos = duration::parse_go(text).map_err(|why| {
        Failure::error(format!(
            "invalid argument \"{text}\" for \"--timeout\" flag: {why}\nSee 'kubectl {} --help' for \
             usage.",
            args.command
        ))
    })?;
    Ok(u64::try_from(nanos).ok().map(Duration::from_nanos))
}

/// What is waited for.
enum Goal {
    Create,
    Delete,
    Condition { name: String, status: String },
    Value { path: JsonPath, value: Option<String> },
}

impl Goal {
    fn parse(text: &str) -> Result<Self, Failure> {
        let lower = text.to_ascii_lowercase();
        if lower == "delete" {
            return Ok(Self::Delete);
        }
        if lower == "create" {
            return Ok(Self::Create);
        }
        if let Some(condition) = text.strip_prefix("condition=") {
            let (name, status) = condition.split_once('=').unwrap_or((condition, "true"));
            let (name, status) = (name.to_ascii_lowercase(), status.to_ascii_lowercase());
            return Ok(Self::Condition { name, status });
        }
        if let Some(rest) = text.strip_prefix("jsonpath=") {
            let (path, value) = match rest.rsplit_once("}=") {
                Some((path, value)) => (format!("{path}}}"), Some(value.to_owned())),
                None if !rest.ends_with('}') && rest.contains('=') => {
                    let (path, value) = rest.split_once('=').unwrap_or_default();
                    (path.to_owned(), Some(value.to_owned()))
                }
                None => (rest.to_owned(), None),
            };
            return Ok(Self::Value { path: relaxed(&path)?, value });
        }
        let shown = if text.is_empty() { "[]".to_owned() } else { format!("\"{text}\"") };
        Err(Failure::error(format!("unrecognized condition: {shown}")))
    }

    fn is_met(&self, value: &Value) -> bool {
        match self {
            Self::Create => true,
            Self::Delete => false,
            Self::Condition { name, status } => {
                let same = |field: &Value, text: &str| {
                    field.as_str().is_some_and(|field| field.to_ascii_lowercase() == text)
                };
                let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
                let mut conditions = conditions.into_iter().flatten();
                conditions.any(|c| same(&c["type"], name) && same(&c["status"], status))
            }
            Self::Value { path, value: wanted } => match (path.execute(value), wanted) {
                (Ok(found), Some(wanted)) => found == *wanted,
                (Ok(found), None) => !found.is_empty(),
                (Err(_), _) => false,
            },
        }
    }
}

/// An object: its kind, namespace and name.
type Target = (Asked, String, String);

struct WaitJob {
    args: Args,
    goal: Goal,
    timeout: Duration,
    /// What has not come true yet, and until when it may.
    waiting: Option<(Vec<Target>, Time)>,
}

impl Job for WaitJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let (targets, deadline) = match self.waiting.take() {
            Some(waiting) => waiting,
            None => (resource::keys(&self.args, io)?, io.now + self.timeout),
        };
        if targets.is_empty() && !matches!(self.goal, Goal::Delete) {
            return Err(Failure::error("no matching resources found"));
        }
        let mut left = Vec::new();
        // One after the other: who is done is not told before those that stand before it.
        for (asked, namespace, name) in targets {
            if !left.is_empty() || !self.is_done(io, asked, &namespace, &name)? {
                left.push((asked, namespace, name));
            }
        }
        let Some((asked, _, name)) = left.first() else { return Ok(Step::Done(0)) };
        if io.now >= deadline {
            let about = format!("{}/{name}", asked.names().plural);
            return Err(Failure::error(match (&self.goal, self.timeout.is_zero()) {
                (Goal::Create, _) => "timed out waiting for the condition".to_owned(),
                (_, true) => format!("condition not met for {about}"),
                (_, false) => format!("timed out waiting for the condition on {about}"),
            }));
        }
        let rest = Duration::from_micros(deadline.micros() - io.now.micros());
        self.waiting = Some((left, deadline));
        Ok(Step::Wait(Some(rest)))
    }
}

impl WaitJob {
    /// Whether the goal is reached for an object, which is then said.
    fn is_done(
        &self,
        io: &mut Io<'_>,
        asked: Asked,
        namespace: &str,
        name: &str,
    ) -> Result<bool, Failure> {
        let object = match resource::fetch(io, &asked, namespace, name) {
            Ok(object) => object,
            Err(failure) if !failure.text.contains("(NotFound)") => return Err(failure),
            Err(failure) => match self.goal {
                Goal::Delete => return Ok(true),
                Goal::Create => return Ok(false),
                _ => return Err(failure),
            },
        };
        let is_met = self.goal.is_met(&face(&asked, &object));
        if is_met {
            let done = if self.args.get("output") == "name" { "" } else { " condition met" };
            io.out.push_str(&format!("{}{done}\n", asked.display(name)));
        }
        Ok(is_met)
    }
}
