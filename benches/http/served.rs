//! A served cluster, its clients, and what is measured of them.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench reads real time")]

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How often each figure is taken; its median is told.
const RUNS: usize = 5;
/// How many requests a rate is taken from.
const REQUESTS: u32 = 5_000;
/// How many Pods are listed.
const PODS: u32 = 10_000;
/// How many clients watch.
const WATCHERS: usize = 500;

const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";
const ALL_PODS: &str = "/api/v1/namespaces/default/pods";
const JSON: &str = "application/json";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// A served cluster; it ends with this.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    /// Pods are left alone, so that what is measured is the API server.
    fn start() -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("tabernetes-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let mut child = Command::new(env!("CARGO_BIN_EXE_tabernetes"))
            .args(["serve", "--port", "0", "--nodes", "100", "--kubelet", "off", "--kubeconfig"])
            .arg(folder.join("kubeconfig"))
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut line)?;
        }
        std::fs::remove_dir_all(&folder)?;
        let address = line.trim().trim_start_matches("serving on http://").to_owned();
        Ok(Self { child, address })
    }

    fn connect(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    /// The CPU time that the server has had. The kernel counts it in hundredths of a second.
    fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = after_name.split(' ').skip(11).take(2).filter_map(|n| n.parse::<u64>().ok());
        Ok(Duration::from_millis(ticks.sum::<u64>() * 10))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which shows elsewhere.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept.
struct Client {
    stream: BufReader<TcpStream>,
}

impl Client {
    fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    fn send(&mut self, method: &str, path: &str, accept: &str, body: &str) -> Result<()> {
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: tab\r\nAccept: {accept}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())
    }

    /// The code of the answer, and the length of its body.
    fn head(&mut self) -> Result<(u16, usize)> {
        let (mut code, mut length) = (0, 0);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end();
            if let Some(status) = line.strip_prefix("HTTP/1.1 ") {
                code = status.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            } else if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
            if line.is_empty() {
                return Ok((code, length));
            }
        }
    }

    fn ask(&mut self, method: &str, path: &str, accept: &str, body: &str) -> Result<Vec<u8>> {
        self.send(method, path, accept, body)?;
        let (code, length) = self.head()?;
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        assert!((200..300).contains(&code), "{method} {path}: {code} {text}");
        Ok(answer)
    }
}

fn config_map(name: &str) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"{name}"}},"data":{{"color":"blue"}}}}"#
    )
}

fn pod(number: u32) -> String {
    format!(
        r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"web-{number}","labels":{{"app":"web"}}}},"spec":{{"schedulerName":"nobody","containers":[{{"name":"web","image":"nginx:1.27"}}]}}}}"#
    )
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> Option<T> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}

fn tell(what: &str, figure: &str) {
    println!("{what:<62} {figure:>16}");
}

/// Tells how many of `work` the server does in a second of its time.
fn rate(served: &Served, what: &str, mut work: impl FnMut(u32) -> Result<()>) -> Result<()> {
    let mut rates = Vec::new();
    for run in 0..RUNS as u32 {
        let start = served.cpu()?;
        for number in 0..REQUESTS {
            work(run * REQUESTS + number)?;
        }
        let took = served.cpu()?.saturating_sub(start);
        rates.push(u128::from(REQUESTS) * 1_000_000 / took.as_micros().max(1));
    }
    tell(what, &format!("{} a second", median(rates).unwrap_or_default()));
    Ok(())
}

fn tell_delay(what: &str, delays: Vec<Duration>) {
    let micros = median(delays).unwrap_or_default().as_micros();
    tell(what, &format!("{}.{:03} ms", micros / 1_000, micros % 1_000));
}

/// Tells how long a list takes.
fn list(client: &mut Client, what: &str, accept: &str) -> Result<()> {
    let taken = (0..RUNS).map(|_| {
        let start = Instant::now();
        client.ask("GET", ALL_PODS, accept, "").map(|_| start.elapsed())
    });
    tell_delay(what, taken.collect::<Result<_>>()?);
    Ok(())
}

/// How long a change takes to the last of those who watch.
fn change(served: &Served, client: &mut Client, name: &str) -> Result<Duration> {
    let path = format!("{CONFIG_MAPS}?watch=1&fieldSelector=metadata.name%3D{name}");
    let watcher = |_| {
        let mut watcher = served.connect()?;
        watcher.send("GET", &path, JSON, "")?;
        watcher.head().map(|_| watcher)
    };
    let watchers: Vec<Client> = (0..WATCHERS).map(watcher).collect::<Result<_>>()?;
    let start = Instant::now();
    client.ask("POST", CONFIG_MAPS, JSON, &config_map(name))?;
    for mut watcher in watchers {
        // A body in chunks: a line with the length stands before the one with the change.
        let mut lines = String::new();
        watcher.stream.read_line(&mut lines)?;
        watcher.stream.read_line(&mut lines)?;
        assert!(lines.contains("ADDED"), "{lines}");
    }
    Ok(start.elapsed())
}

/// Takes every figure.
pub fn measure() -> Result<()> {
    let served = Served::start()?;
    let mut client = served.connect()?;
    rate(&served, "create of a ConfigMap", |number| {
        let body = config_map(&format!("cm-{number}"));
        client.ask("POST", CONFIG_MAPS, JSON, &body).map(|_| ())
    })?;
    rate(&served, "get of a ConfigMap", |number| {
        client.ask("GET", &format!("{CONFIG_MAPS}/cm-{number}"), JSON, "").map(|_| ())
    })?;
    for number in 0..PODS {
        client.ask("POST", ALL_PODS, JSON, &pod(number))?;
    }
    list(&mut client, "list of 10,000 Pods as a Table", TABLE)?;
    list(&mut client, "list of 10,000 Pods", JSON)?;
    let mut delays = Vec::new();
    for run in 0..RUNS {
        delays.push(change(&served, &mut client, &format!("watched-{run}"))?);
    }
    tell_delay("a change to the last of 500 watchers", delays);
    Ok(())
}
