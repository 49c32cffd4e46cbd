//! Directives of transcripts: time, files, the physical world.

use std::time::Duration;

use super::condition::Condition;
use super::lessons;
use super::log::Input;
use super::session::Session;
use crate::base::quantity::Quantity;
use crate::cluster::{Control, NodeSpec};

/// How long `@ until` waits unless told otherwise.
const UNTIL_MAX: Duration = Duration::from_secs(600);

/// A parsed directive.
pub(super) enum Directive {
    /// `advance 60s`
    Advance(Duration),
    /// `until deployment/web available`
    Until(Box<Condition>, Duration),
    /// `terminal 2`: another terminal, from 1.
    Terminal(usize),
    /// `interrupt`, `end`: Ctrl-C and Ctrl-D, and a moment for what they do.
    Key(Input),
    /// `nodes 200`: a new cluster with that many workers.
    Nodes(u32),
    /// `seed 7`: a new cluster of that seed.
    Seed(u64),
    /// `convert hpa.yaml`: what the page offers for manifests of versions that are no longer served.
    Convert(String),
    /// `file web.yaml`, the text below it.
    File(String),
    /// `manifest pv.yaml [as volumes.yaml]`: one of the [lessons'](super::lessons), and its name.
    Manifest(&'static str, String),
    /// `load app=web cpu=155m [total] [memory=64Mi] [namespace=x]`, `node add node3`,
    /// `image missing nginx:2`
    Control(Box<Control>),
}

impl Directive {
    /// Reads a directive's words.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let number = |what: &str| format!("{name} takes {what}, not {rest:?}");
        match name {
            "advance" => Ok(Self::Advance(duration(rest)?)),
            "until" => match rest.rsplit_once(" within ") {
                Some((condition, limit)) => {
                    Ok(Self::Until(Box::new(Condition::parse(condition)?), duration(limit)?))
                }
                None => Ok(Self::Until(Box::new(Condition::parse(rest)?), UNTIL_MAX)),
            },
            "terminal" => match rest.parse() {
                Ok(number @ 1..=Session::TERMINALS_MAX) => Ok(Self::Terminal(number - 1)),
                _ => Err(number("a number from 1")),
            },
            "interrupt" => Ok(Self::Key(Input::Interrupt)),
            "end" => Ok(Self::Key(Input::End)),
            "nodes" => rest.parse().map(Self::Nodes).map_err(|_| number("a number")),
            "seed" => rest.parse().map(Self::Seed).map_err(|_| number("a number")),
            "manifest" => {
                let (from, name) = rest.split_once(" as ").unwrap_or((rest, rest));
                let text = lessons::find(from).ok_or_else(|| format!("no manifest {from}"))?;
                Ok(Self::Manifest(text, name.to_owned()))
            }
            "convert" => Ok(Self::Convert(rest.to_owned())),
            "file" => Ok(Self::File(rest.to_owned())),
            "load" => load(rest).map(Box::new).map(Self::Control),
            "node" => node(rest).map(Box::new).map(Self::Control),
            "image" => match rest.strip_prefix("missing ") {
                Some(image) => {
                    Ok(Self::Control(Box::new(Control::MarkImageMissing(image.to_owned()))))
                }
                None => Err("expected: image missing REFERENCE".to_owned()),
            },
            _ => Err(format!("unknown directive {name}")),
        }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    let nanos = crate::base::duration::parse_go(text)?;
    u64::try_from(nanos).map(Duration::from_nanos).map_err(|_| format!("{text} is negative"))
}

fn load(text: &str) -> Result<Control, String> {
    let mut words = text.split_whitespace();
    let selector = words.next().ok_or("expected a label selector")?.to_owned();
    let (mut cpu, mut memory, mut total, mut missing) = (None, None, false, false);
    let mut namespace = "default".to_owned();
    for word in words {
        match word.split_once('=') {
            Some(("cpu", amount)) => cpu = Some(amount.parse::<Quantity>()?.milli()),
            Some(("memory", amount)) => memory = Some(amount.parse::<Quantity>()?.value()),
            Some(("namespace", name)) => name.clone_into(&mut namespace),
            None if word == "total" => total = true,
            None if word == "missing" => missing = true,
            _ => return Err(format!("unknown word {word}")),
        }
    }
    Ok(Control::Load { namespace, selector, cpu_milli: cpu, total, memory_bytes: memory, missing })
}

fn node(text: &str) -> Result<Control, String> {
    let (action, name) = text.split_once(' ').ok_or("expected: node ACTION NAME")?;
    let name = name.to_owned();
    match action {
        "add" => Ok(Control::AddNode(NodeSpec::worker(&name))),
        "remove" => Ok(Control::RemoveNode(name)),
        "stop-heartbeat" => Ok(Control::Silence(name)),
        "start-heartbeat" => Ok(Control::Unsilence(name)),
        _ => Err(format!("unknown action {action}")),
    }
}
