//! What two runs of one scenario share: names, hashes, uids, times, ages and addresses replaced.
//! Means the same as `tools/normalise.py --loose` of the recordings.

use regex::Regex;

use super::names::Names;
use super::{Played, Ran};
use crate::base::order::Order as _;

/// Replaces, in this order.
const REPLACEMENTS: &[(&str, &str)] = &[
    (r#"(pods \\?"[^"]*?)-[bcdfghjklmnpqrstvwxz2456789]{5}(\\?" is forbidden)"#, "${1}-<#>${2}"),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uid>"),
    (r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)", "<time>"),
    (r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", "<time>"),
    (r"(?m)^([EWIF])\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \S+\] ", "${1}<klog> "),
    (r"kube-api-access-[a-z0-9]{5}\b", "kube-api-access-<x>"),
    (r"/tmp/(LIVE|MERGED)-\d+", "/tmp/${1}-<n>"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? [+-]\d{4}", "<time>"),
    (r"(Resource Version:\s+)\d+", "${1}<rv>"),
    (r"(Name:\s+\S+)\.1[89][0-9a-f]{14}\b", "${1}.<event>"),
    (r"kubectl-edit-\d+", "kubectl-edit-<n>"),
    (r"(resource version to be \d+, was )\d+", "${1}<rv>"),
    (r"\b(containerd://|sha256:)[0-9a-f]{12,}", "${1}<id>"),
    (r#"(resourceVersion"?: ?"?)\d+"#, "${1}<rv>"),
    (r"\b10\.244\.\d+\.\d+\b", "<podIP>"),
    (r"\b10\.(?:9[6-9]|10\d|11[01])\.\d+\.\d+\b", "<clusterIP>"),
    (r":3[0-2]\d{3}/(TCP|UDP)", ":<nodePort>/${1}"),
    // What the recordings' simulated kubelets pull is neither as large nor as slow as ours, and
    // containerd ends its refusals with a word more.
    (
        r#"(Successfully pulled image "[^"]*") in \S+ \(\S+ including waiting\)\. Image size: \d+ bytes"#,
        "${1} in <time> (<time> including waiting). Image size: <size> bytes",
    ),
    (r"(executable file not found in \$PATH): unknown", "${1}"),
];
/// Replaces where node names do not matter.
const NODES: &[(&str, &str)] = &[(r"\bnode\d+\b", "<node>"), (r"192\.168\.1\.\d+", "<nodeIP>")];

/// Turns what was printed into what is compared.
pub(super) struct Normaliser {
    names: Names,
    replacements: Vec<(Regex, &'static str)>,
    json: Regex,
    event: Regex,
    amounts: Regex,
    watching: Regex,
    spaces: Regex,
    count: Regex,
}

impl Normaliser {
    /// For a run; `exact_nodes` keeps the names of nodes.
    ///
    /// # Errors
    /// None, unless an expression above is broken.
    pub(super) fn new(played: &Played, exact_nodes: bool) -> Result<Self, regex::Error> {
        let more = if exact_nodes { &[] } else { NODES };
        let all = REPLACEMENTS.iter().chain(more);
        Ok(Self {
            names: Names::learn(&played.objects),
            replacements: all.map(|(e, to)| Ok((Regex::new(e)?, *to))).collect::<Result<_, _>>()?,
            json: Regex::new(r"-o[ =]?(yaml|json)")?,
            event: Regex::new(r"^\s+(Normal|Warning)\s")?,
            amounts: Regex::new(r"\b(cpu|memory)\b")?,
            watching: Regex::new(r"(\s-w\b|--watch|--sort-by)")?,
            spaces: Regex::new(r"[ \t]{2,}")?,
            count: Regex::new(r" \(x\d+ over <age>\)")?,
        })
    }

    /// A text with everything replaced that differs from run to run.
    pub(super) fn scrub(&self, text: &str) -> String {
        let mut text = self.names.replace(text);
        for (expression, to) in &self.replacements {
            text = expression.replace_all(&text, *to).into_owned();
        }
        text
    }

    /// What of a command is compared, a line each.
    pub(super) fn command(&self, ran: &Ran) -> Vec<String> {
        let mut lines = Vec::new();
        for (channel, text) in [("stdout:", &ran.out), ("stderr:", &ran.errors)] {
            if !text.is_empty() {
                lines.push(channel.to_owned());
                let body = self.channel(&ran.line, text);
                lines.extend(loose(&body).into_iter().map(|line| format!("  | {line}")));
            }
        }
        lines.push(format!("rc: {}", ran.code));
        lines
    }

    fn channel(&self, command: &str, text: &str) -> Vec<String> {
        let text = self.scrub(text);
        let is_data = text.trim_start().starts_with(['{', '[']) || self.json.is_match(command);
        let mut lines: Vec<String> = Vec::new();
        for line in text.trim_end_matches('\n').split('\n') {
            let without_count = |line: &str| self.count.replace_all(line, "").into_owned();
            let mut line = if is_data { line.to_owned() } else { self.line(command, line) };
            if line.contains(": Successfully pulled image ") {
                line = without_count(&line);
            }
            let is_repeated = !is_data && lines.last() == Some(&line) && !line.contains("<#>")
                || line.contains("-<#>\" is forbidden")
                    && lines.iter().any(|old| without_count(old) == without_count(&line));
            if !is_repeated {
                lines.push(line);
            }
        }
        if command.contains("kubectl drain ") {
            // Pods are evicted side by side, and reasons come in any order.
            for line in &mut lines {
                *line = reasons(line);
            }
            lines.order();
            return lines;
        }
        if is_data || self.watching.is_match(command) { lines } else { self.sorted(lines) }
    }

    fn line(&self, command: &str, line: &str) -> String {
        let is_event = self.event.is_match(line);
        let has_ages =
            is_event || !(self.amounts.is_match(line) || command.contains("kubectl top"));
        let mut line = line.to_owned();
        if has_ages {
            line = ages(&line);
            if command.contains(" events") {
                line = first_age(&line);
            }
        } else if command.contains(" get ") {
            line = last_age(&line);
        }
        let indent = line.len() - line.trim_start().len();
        let (indent, rest) = line.split_at(indent);
        format!("{indent}{}", self.spaces.replace_all(rest, "  ").trim_end())
    }

    /// Sorts runs of lines that name generated objects, and events.
    fn sorted(&self, lines: Vec<String>) -> Vec<String> {
        let (mut sorted, mut run): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut in_events = false;
        for line in lines {
            if line.starts_with("Events:") {
                in_events = true;
            } else if !line.is_empty() && !line.starts_with(char::is_whitespace) {
                in_events = false;
            }
            let is_generated =
                line.contains("<#") && !line.starts_with("Name:") && !line.starts_with("Error");
            if is_generated || in_events && self.event.is_match(&line) {
                run.push(line);
            } else {
                run.order();
                sorted.append(&mut run);
                sorted.push(line);
            }
        }
        run.order();
        sorted.append(&mut run);
        sorted
    }
}

/// Sorts what a line lists in brackets.
fn reasons(line: &str) -> String {
    match (line.split_once('['), line.rsplit_once(']')) {
        (Some((before, _)), Some((inside, after))) => {
            let mut parts: Vec<&str> = inside[before.len() + 1..].split(", cannot ").collect();
            let first = parts[0].strip_prefix("cannot ").unwrap_or(parts[0]);
            parts[0] = first;
            parts.order();
            format!("{before}[{}]{after}", parts.join(", cannot "))
        }
        _ => line.to_owned(),
    }
}

/// Forgets how many steps a rollout took.
fn loose(lines: &[String]) -> Vec<String> {
    let steps = |line: &str| {
        let mut words: Vec<&str> = line.split(' ').collect();
        for at in 0..words.len().saturating_sub(3) {
            if words[at] == "from" && words[at + 2] == "to" {
                (words[at + 1], words[at + 3]) = ("#", "#");
            }
        }
        words.join(" ").replace("(combined from similar events): ", "")
    };
    let mut kept: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| !line.starts_with("Waiting for ")) {
        let line = if line.contains("ScalingReplicaSet") || line.contains("combined from similar") {
            let line = steps(line);
            let start = line.find("<age> (x");
            let end = start.and_then(|at| line[at..].find(')').map(|length| at + length + 1));
            let line = match (start, end) {
                (Some(start), Some(end)) => format!("{}<age>{}", &line[..start], &line[end..]),
                _ => line,
            };
            if kept.contains(&line) {
                continue;
            }
            line
        } else {
            line.clone()
        };
        kept.push(line);
    }
    kept
}

/// The length of the age (`3y4d`, `2m5s`) that a text begins with; 0 if it does not.
fn age_length(text: &str) -> usize {
    let mut at = 0;
    for unit in ['y', 'd', 'h', 'm', 's'] {
        let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 && text[at + digits..].starts_with(unit) {
            at += digits + 1;
        }
    }
    at
}

/// Replaces ages that stand alone between white space, and before ` ago)`.
fn ages(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut at = 0;
    let mut before = None;
    while let Some(c) = line[at..].chars().next() {
        let rest = &line[at..];
        let length = match before {
            Some(' ' | '\t') if !line[..at].ends_with("for ") => {
                let length = age_length(rest);
                let after = rest[length..].chars().next();
                if matches!(after, None | Some(' ' | '\t' | ')')) { length } else { 0 }
            }
            Some('(') => {
                let length = age_length(rest);
                if rest[length..].starts_with(" ago") { length } else { 0 }
            }
            _ => 0,
        };
        if length > 0 {
            shown.push_str("<age>");
            at += length;
            before = Some('s');
        } else {
            shown.push(c);
            at += c.len_utf8();
            before = Some(c);
        }
    }
    shown
}

/// Replaces the age that a row of `kubectl events` begins with.
fn first_age(line: &str) -> String {
    let length = age_length(line);
    let rest = &line[length..];
    let count = rest.strip_prefix(" (x").and_then(|more| more.find(')').map(|end| end + 4));
    let rest = &rest[count.unwrap_or(0)..];
    if length > 0 && rest.starts_with(char::is_whitespace) {
        format!("<age>{rest}")
    } else {
        line.to_owned()
    }
}

/// Replaces the age that a row ends with.
fn last_age(line: &str) -> String {
    let at = line.rfind([' ', '\t']).map_or(0, |at| at + 1);
    let length = age_length(&line[at..]);
    if at > 0 && length > 0 && at + length == line.len() {
        format!("{}<age>", &line[..at])
    } else {
        line.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_forgotten_and_nothing_else() {
        let cases = [
            ("web   1/1   Running   0   5s", "web   1/1   Running   0   <age>"),
            (
                "web   1/1   Running   2 (3m5s ago)   5d",
                "web   1/1   Running   2 (<age> ago)   <age>",
            ),
            ("Tolerations: node for 300s", "Tolerations: node for 300s"),
            ("delay=0s timeout=1s", "delay=0s timeout=1s"),
        ];
        for (line, expected) in cases {
            assert_eq!(ages(line), expected);
        }
        assert_eq!(last_age("cpu 5m 10s"), "cpu 5m <age>");
        assert_eq!(first_age("5s (x2 over 7s)   Normal"), "<age>   Normal");
    }
}
