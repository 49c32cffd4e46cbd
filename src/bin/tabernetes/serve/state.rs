//! A cluster in a file: how it began and what was done to it, a line of JSON each. Played again it
//! is the same cluster. A line that was cut off in the writing counts as not written.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use serde_json::{Value, json};
use tabernetes::api::http::{self, Call, Connection, Content};
use tabernetes::cluster::{Cluster, Options};
use tabernetes::sim::Time;

use super::control;
use super::lines::Typed;

/// The form of the file.
const FORMAT: u64 = 1;

/// Writes a file as a whole or not at all.
pub fn replace(path: &str, bytes: &[u8]) -> io::Result<()> {
    let new = format!("{path}.new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)
}

/// Something that was done to the cluster from outside.
#[derive(Clone, Debug)]
pub enum Deed {
    /// A request was answered.
    Call(Call),
    /// A client did something with its connection to a container, by the number of its line.
    Typed(u64, Typed),
    /// The control service was asked for something: its path and body.
    Control(String, Value),
}

/// The connections to containers that a file tells of.
#[derive(Default)]
struct Replayed {
    lines: BTreeMap<u64, Connection>,
    begun: u64,
}

impl Deed {
    /// Does it.
    fn carry_out(&self, cluster: &mut Cluster, replayed: &mut Replayed) {
        match self {
            Self::Call(call) => {
                let now = cluster.now();
                if let Content::Connection(line) = http::answer(cluster, now, call).body {
                    replayed.begun += 1;
                    replayed.lines.insert(replayed.begun, *line);
                }
            }
            Self::Typed(number, typed) => {
                if let Some(line) = replayed.lines.get_mut(number) {
                    typed.carry_out(cluster, line);
                }
                if *typed == Typed::Gone {
                    replayed.lines.remove(number);
                }
            }
            Self::Control(path, body) => {
                // A refusal was told to whoever asked, back then.
                let _ = control::carry_out(cluster, path, body);
            }
        }
    }
}

/// The file of a running cluster.
pub struct Log {
    file: File,
}

/// The cluster of a file, or a new one if there is no file yet; last, how many connections to
/// containers there have been. None of them has outlived the program that wrote the file.
pub fn open(path: &str, seed: u64, options: &Options) -> Result<(Cluster, Log, u64), String> {
    let whole = |why: io::Error| format!("{path}: {why}");
    if !Path::new(path).exists() {
        let head = json!({
            "format": FORMAT,
            "seed": seed,
            "start": options.start.micros(),
            "kubelets": options.kubelets,
            "workers": options.nodes.len().saturating_sub(1),
            "settings": options.settings,
        });
        replace(path, format!("{head}\n").as_bytes()).map_err(whole)?;
    }
    let text = fs::read(path).map_err(whole)?;
    let end = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let kept = std::str::from_utf8(&text[..end]).map_err(|why| format!("{path}: {why}"))?;
    let (mut cluster, mut replayed) = replay(kept).map_err(|why| format!("{path}: {why}"))?;
    let file = OpenOptions::new().write(true).open(path).map_err(whole)?;
    file.set_len(end as u64).map_err(whole)?;
    drop(file);
    let file = OpenOptions::new().append(true).open(path).map_err(whole)?;
    let mut log = Log { file };
    for number in replayed.lines.keys().copied().collect::<Vec<u64>>() {
        let deed = Deed::Typed(number, Typed::Gone);
        log.note(&cluster, &deed).map_err(whole)?;
        deed.carry_out(&mut cluster, &mut replayed);
    }
    Ok((cluster, log, replayed.begun))
}

fn replay(text: &str) -> Result<(Cluster, Replayed), String> {
    let mut lines = text.lines().enumerate();
    let parse = |(index, line): (usize, &str)| {
        let value: Result<Value, _> = serde_json::from_str(line);
        value.map_err(|why| format!("line {}: {why}", index + 1))
    };
    let head = parse(lines.next().ok_or("is empty")?)?;
    let number = |name: &str| head[name].as_u64().ok_or(format!("line 1: no {name}"));
    if number("format")? != FORMAT {
        return Err("is of another version".to_owned());
    }
    let workers = u32::try_from(number("workers")?).map_err(|why| why.to_string())?;
    let options = Options {
        start: Time::from_micros(number("start")?),
        kubelets: head["kubelets"].as_bool().unwrap_or(true),
        settings: serde_json::from_value(head["settings"].clone()).unwrap_or_default(),
        ..Options::workers(workers)
    };
    let mut cluster = Cluster::with_options(number("seed")?, &options);
    let mut replayed = Replayed::default();
    for line in lines {
        let at = line.0 + 1;
        let value = parse(line)?;
        let time = value["time"].as_u64().ok_or(format!("line {at}: no time"))?;
        let steps = value["steps"].as_u64().ok_or(format!("line {at}: no steps"))?;
        advance(&mut cluster, Time::from_micros(time), steps);
        if let Some(deed) = read(&value).ok_or(format!("line {at} is not understood"))? {
            deed.carry_out(&mut cluster, &mut replayed);
        }
    }
    Ok((cluster, replayed))
}

/// Runs what had run when a line was written.
fn advance(cluster: &mut Cluster, time: Time, steps: u64) {
    while cluster.steps() < steps && cluster.step(time).is_some() {}
    if cluster.now() < time && cluster.next_time().is_none_or(|next| next > time) {
        cluster.step(time);
    }
}

/// What a line says was done; within, `None` for a line that only tells the time.
fn read(value: &Value) -> Option<Option<Deed>> {
    if let Some(call) = value.get("call") {
        let headers = call["headers"]
            .as_array()?
            .iter()
            .map(|pair| Some((pair[0].as_str()?.to_owned(), pair[1].as_str()?.to_owned())));
        return Some(Some(Deed::Call(Call {
            method: call["method"].as_str()?.to_owned(),
            target: call["target"].as_str()?.to_owned(),
            headers: headers.collect::<Option<_>>()?,
            body: call["body"].as_str()?.as_bytes().to_vec(),
        })));
    }
    if let Some(number) = value["line"].as_u64() {
        return Some(Some(Deed::Typed(number, Typed::of(&value["typed"])?)));
    }
    match value.get("control") {
        Some(control) => {
            let path = value["path"].as_str()?.to_owned();
            Some(Some(Deed::Control(path, control.clone())))
        }
        None => Some(None),
    }
}

impl Log {
    /// Notes what is about to be done.
    pub fn note(&mut self, cluster: &Cluster, deed: &Deed) -> io::Result<()> {
        let mut line = json!({"time": cluster.now().micros(), "steps": cluster.steps()});
        match deed {
            Deed::Call(call) => {
                line["call"] = json!({
                    "method": call.method,
                    "target": call.target,
                    "headers": call.headers,
                    "body": String::from_utf8_lossy(&call.body),
                });
            }
            Deed::Typed(number, typed) => {
                line["line"] = json!(number);
                line["typed"] = typed.to_value();
            }
            Deed::Control(path, body) => {
                line["path"] = json!(path);
                line["control"] = body.clone();
            }
        }
        self.append(&line)
    }

    /// Notes how far the cluster has got.
    pub fn mark(&mut self, cluster: &Cluster) -> io::Result<()> {
        self.append(&json!({"time": cluster.now().micros(), "steps": cluster.steps()}))
    }

    fn append(&mut self, line: &Value) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, target: &str, body: &str) -> Deed {
        let (method, target) = (method.to_owned(), target.to_owned());
        let body = body.as_bytes().to_vec();
        Deed::Call(Call { method, target, headers: Vec::new(), body })
    }

    fn has(cluster: &mut Cluster, target: &str) -> bool {
        let (now, target) = (cluster.now(), target.to_owned());
        let call = Call { method: "GET".to_owned(), target, ..Call::default() };
        http::answer(cluster, now, &call).code == 200
    }

    #[test]
    fn a_line_that_was_cut_off_was_not_written_and_the_rest_comes_back() {
        let path = std::env::temp_dir().join(format!("tabernetes-{}.state", std::process::id()));
        let path = path.to_str().expect("a path of letters").to_owned();
        let maps = "/api/v1/namespaces/default/configmaps";
        let options = Options::workers(1);
        let (mut cluster, mut log, _) = open(&path, 7, &options).unwrap();
        let deed = call("POST", maps, r#"{"metadata":{"name":"a"}}"#);
        log.note(&cluster, &deed).unwrap();
        deed.carry_out(&mut cluster, &mut Replayed::default());
        cluster.run_for(std::time::Duration::from_secs(20));
        log.mark(&cluster).unwrap();
        let (time, steps) = (cluster.now(), cluster.steps());
        drop(log);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(br#"{"time":99999999,"steps":9999,"call":{"meth"#).unwrap();
        drop(file);
        let (mut again, log, lines) = open(&path, 8, &options).unwrap();
        drop(log);
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert!(has(&mut again, &format!("{maps}/a")));
        assert_eq!((again.now(), again.steps(), lines), (time, steps, 0));
        assert!(text.ends_with('\n') && !text.contains("meth\""), "{text}");
    }

    #[test]
    fn another_format_or_nonsense_is_not_played() {
        for (text, why) in [
            ("", "is empty"),
            ("{\"format\":2}\n", "is of another version"),
            ("{\"format\":1}\n", "line 1: no workers"),
            ("nonsense\n", "line 1: expected ident at line 1 column 2"),
        ] {
            let found = replay(text).map(|_| ()).unwrap_err();
            assert_eq!(found, why, "{text:?}");
        }
    }
}
