//! What kubectl and the trace say about an object.

use super::session::Text;
use super::view::Ref;
use crate::kubectl::{Files, Io, Run};
use crate::scenario::Session;
use crate::sim::Record;

/// A text about an object, as kubectl prints it.
pub fn print(session: &Session, reference: &Ref, text: Text) -> String {
    // A copy answers: reading must not disturb the cluster that is running.
    let mut copy = session.cluster().clone();
    let object = format!("{}/{}", reference.kind.to_ascii_lowercase(), reference.name);
    let mut words = match text {
        Text::Yaml => vec!["get".to_owned(), object, "-o".to_owned(), "yaml".to_owned()],
        Text::Describe => vec!["describe".to_owned(), object],
    };
    if !reference.namespace.is_empty() {
        words.extend(["-n".to_owned(), reference.namespace.to_string()]);
    }
    let (mut out, mut err) = (String::new(), String::new());
    let now = copy.now();
    Run::start(&words, &Files::default()).poll(&mut Io {
        api: &mut copy,
        now,
        files: &mut Files::default(),
        stdin: "",
        terminal: true,
        typed: &mut Vec::new(),
        script: None,
        out: &mut out,
        err: &mut err,
    });
    if out.is_empty() { err } else { out }
}

/// The newest decisions about any of `references`, newest first. Of those that repeat the one before
/// only the newest is told.
pub fn why(session: &Session, references: &[Ref], most: usize) -> Vec<Record> {
    let records = session.cluster().trace().records().rev();
    let wanted = records.filter(|record| references.iter().any(|r| is_about(&record.subject, r)));
    let mut told: Vec<Record> = Vec::new();
    for record in wanted {
        let repeats = |last: &Record| {
            last.subject == record.subject
                && last.actor == record.actor
                && last.summary == record.summary
        };
        if told.last().is_some_and(repeats) {
            continue;
        }
        if told.len() == most {
            break;
        }
        told.push(record.clone());
    }
    told
}

/// Whether a trace subject (`deployments.apps default/web`) means `reference`.
fn is_about(subject: &str, reference: &Ref) -> bool {
    let Some((resource, name)) = subject.split_once(' ') else { return false };
    let plural = resource.split('.').next().unwrap_or("");
    let kind = reference.kind.to_ascii_lowercase();
    let same_kind =
        plural.strip_prefix(kind.as_str()).is_some_and(|s| matches!(s, "" | "s" | "es"));
    let same_name = match name.split_once('/') {
        Some((namespace, name)) => namespace == &*reference.namespace && name == &*reference.name,
        None => name == &*reference.name,
    };
    same_kind && same_name
}
