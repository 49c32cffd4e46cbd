//! `dig`: asks a name server, and prints what it says as BIND's tool does.

use std::time::Duration;

use super::World;
use super::network::{Client, Tool};
use super::process::Process;
use super::task::Task;
use crate::machine::network::{Effect, Record, Reply};

/// The types that need no flag.
const TYPES: [&str; 11] =
    ["A", "AAAA", "ANY", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT", "CAA"];
/// How long it waits: three tries of five seconds.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Where the fields after the name begin.
const NAME_WIDTH: usize = 24;

/// A question, and how much of the answer is printed.
#[derive(Clone, Debug)]
pub(super) struct Dig {
    /// As it was typed.
    words: String,
    name: String,
    kind: String,
    short: bool,
    /// The parts of the long form.
    comments: bool,
    question: bool,
    answer: bool,
    statistics: bool,
}

/// Begins to ask.
pub(super) fn begin(args: &[String]) -> (Effect, Client) {
    let mut dig = Dig {
        words: args.join(" "),
        name: String::new(),
        kind: "A".to_owned(),
        short: false,
        comments: true,
        question: true,
        answer: true,
        statistics: true,
    };
    let mut search = false;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if let Some(flag) = word.strip_prefix('+') {
            let (flag, on) = flag.strip_prefix("no").map_or((flag, true), |flag| (flag, false));
            match flag {
                "short" => dig.short = on,
                "search" => search = on,
                "comments" => dig.comments = on,
                "question" => dig.question = on,
                "answer" => dig.answer = on,
                "stats" => dig.statistics = on,
                "all" => {
                    (dig.comments, dig.question, dig.answer, dig.statistics) = (on, on, on, on);
                }
                _ => {}
            }
        } else if word == "-t" {
            dig.kind = words.next().cloned().unwrap_or_default().to_ascii_uppercase();
        } else if word == "-x" {
            let address = words.next().cloned().unwrap_or_default();
            let parts: Vec<&str> = address.rsplit('.').collect();
            dig.name = format!("{}.in-addr.arpa", parts.join("."));
            dig.kind = "PTR".to_owned();
        } else if TYPES.contains(&word.to_ascii_uppercase().as_str()) {
            dig.kind = word.to_ascii_uppercase();
        } else if !word.starts_with(['@', '-']) && word != "IN" {
            dig.name.clone_from(word);
        }
    }
    let effect =
        Effect::Query { name: dig.name.as_str().into(), kind: dig.kind.as_str().into(), search };
    (effect, Client { tool: Tool::Dig(Box::new(dig)), timeout: TIMEOUT })
}

impl Process {
    /// The name server has answered.
    pub(super) fn dig_replied(
        &mut self,
        task: &mut Task,
        dig: &Dig,
        reply: &Reply,
        world: &mut World,
    ) -> i32 {
        let (records, status) = match reply {
            Reply::Records(records) => (records.as_slice(), "NOERROR"),
            Reply::UnknownName => (&[][..], "NXDOMAIN"),
            _ => {
                self.write(
                    task,
                    1,
                    ";; connection timed out; no servers could be reached\n",
                    world,
                );
                return 9;
            }
        };
        let server = self.name_server(world);
        let text = if dig.short { short(records) } else { dig.long(records, status, &server) };
        self.write(task, 1, &text, world);
        0
    }
}

fn short(records: &[Record]) -> String {
    records.iter().map(|record| format!("{}\n", record.data)).collect()
}

/// A name with the dot at its end, and the tabs behind it.
fn padded(name: &str) -> String {
    let name = format!("{}.", name.trim_end_matches('.'));
    let tabs = NAME_WIDTH.saturating_sub(name.len()).div_ceil(8).max(1);
    name + &"\t".repeat(tabs)
}

impl Dig {
    fn long(&self, records: &[Record], status: &str, server: &str) -> String {
        let mut text = String::new();
        let kind = &self.kind;
        if self.comments {
            let count = records.len();
            text.push_str(&format!(
                "\n; <<>> DiG 9.18.41 <<>> {}\n;; global options: +cmd\n;; Got answer:\n\
                 ;; ->>HEADER<<- opcode: QUERY, status: {status}, id: 4711\n\
                 ;; flags: qr aa rd; QUERY: 1, ANSWER: {count}, AUTHORITY: 0, ADDITIONAL: 0\n\n",
                self.words
            ));
        }
        if self.question {
            let title = if self.comments { ";; QUESTION SECTION:\n" } else { "" };
            text.push_str(&format!("{title};{}\tIN\t{kind}\n\n", padded(&self.name)));
        }
        if self.answer && !records.is_empty() {
            text.push_str(if self.comments { ";; ANSWER SECTION:\n" } else { "" });
            for Record { name, ttl, kind, data } in records {
                text.push_str(&format!("{}{ttl}\tIN\t{kind}\t{data}\n", padded(name)));
            }
            text.push_str(if self.comments { "\n" } else { "" });
        }
        if self.statistics {
            text.push_str(&format!(
                ";; Query time: 0 msec\n;; SERVER: {server}#53({server}) (UDP)\n\n"
            ));
        }
        text
    }
}
