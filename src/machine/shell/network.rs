//! The tools that use the network: `wget`, `curl`, `nslookup`, `dig`,
//! `getent`, `ping`, `nc`.

use std::time::Duration;

use super::dig::{self, Dig};
use crate::machine::network::{Effect, HttpRequest};

/// What to do with the network's answer.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) tool: Tool,
    /// How long it waits for a peer that does not answer.
    pub(super) timeout: Duration,
}

#[derive(Clone, Debug)]
pub(super) enum Tool {
    Wget {
        output: Option<String>,
        quiet: bool,
        spider: bool,
        show_headers: bool,
    },
    Curl(Box<Curl>),
    Nslookup {
        name: String,
    },
    Dig(Box<Dig>),
    /// `getent hosts`.
    Hosts,
    Connect {
        host: String,
        port: u16,
        verbose: bool,
        scan: bool,
        udp: bool,
    },
    /// What went over an open connection was a request to an HTTP server, or a datagram.
    Sent {
        udp: bool,
    },
    Ping {
        host: String,
        left: Option<u32>,
        sent: u32,
        received: u32,
        quiet: bool,
    },
}

#[derive(Clone, Debug, Default)]
pub(super) struct Curl {
    pub(super) output: Option<String>,
    pub(super) silent: bool,
    pub(super) show_error: bool,
    pub(super) fail: bool,
    pub(super) head: bool,
    pub(super) include: bool,
    pub(super) write_out: String,
}

/// The kernel gives up a connection after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(127);

/// Parses `http://host:port/path`, the scheme being optional.
pub(super) fn request(url: &str, agent: &str) -> Option<HttpRequest> {
    let (tls, rest) = match url.split_once("://") {
        Some(("https", rest)) => (true, rest),
        Some(("http", rest)) => (false, rest),
        Some(_) => return None,
        None => (false, url),
    };
    let (authority, path) = match rest.find(['/', '?']) {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let path = if path.starts_with('?') { format!("/{path}") } else { path.to_owned() };
    let authority = authority.rsplit('@').next().unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (authority, if tls { 443 } else { 80 }),
    };
    Some(HttpRequest {
        method: "GET".into(),
        host: host.into(),
        port,
        path: path.into(),
        tls,
        udp: false,
        agent: agent.into(),
        body: "".into(),
    })
}

fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim_end_matches('s');
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let millis: u64 = format!("{fraction:0<3}").get(..3)?.parse().ok()?;
    Some(Duration::from_millis(whole.parse::<u64>().unwrap_or(0) * 1000 + millis))
}

/// Begins a network tool; `Err` is its exit code and complaint.
pub(super) fn begin(tool: &str, args: &[String]) -> Result<(Effect, Client), (i32, String)> {
    match tool {
        "wget" => wget(args),
        "curl" => curl(args),
        "nslookup" => {
            let Some(name) = args.iter().find(|arg| !arg.starts_with('-')) else {
                return Err((
                    1,
                    "BusyBox v1.37.0 multi-call binary.\n\nUsage: nslookup HOST [DNS_SERVER]\n"
                        .into(),
                ));
            };
            let client = Client {
                tool: Tool::Nslookup { name: name.clone() },
                timeout: Duration::from_secs(5),
            };
            Ok((Effect::Lookup { name: name.as_str().into() }, client))
        }
        "dig" => Ok(dig::begin(args)),
        "getent" => match args {
            [database, name] if database == "hosts" || database == "ahosts" => {
                let client = Client { tool: Tool::Hosts, timeout: Duration::from_secs(5) };
                Ok((Effect::Lookup { name: name.as_str().into() }, client))
            }
            [database, ..] => Err((1, format!("Unknown database: {database}\n"))),
            [] => Err((1, "getent: wrong number of arguments\n".into())),
        },
        "nc" | "telnet" => connect(args),
        _ => ping(args),
    }
}

fn wget(args: &[String]) -> Result<(Effect, Client), (i32, String)> {
    let (mut output, mut quiet, mut spider, mut show_headers) = (None, false, false, false);
    let mut timeout = CONNECT_TIMEOUT;
    let mut url = None;
    let mut body = String::new();
    let mut words = args.iter();
    while let Some(arg) = words.next() {
        if let Some(long) = arg.strip_prefix("--") {
            let (name, value) = long.split_once('=').unwrap_or((long, ""));
            match name {
                "spider" => spider = true,
                "quiet" => quiet = true,
                "post-data" => body = value.to_owned(),
                "timeout" => timeout = seconds(value).unwrap_or(timeout),
                "output-document" => output = Some(value.to_owned()),
                _ => {}
            }
            continue;
        }
        let Some(flags) = arg.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            url = Some(arg);
            continue;
        };
        let mut letters = flags.chars();
        while let Some(flag) = letters.next() {
            let mut value = || {
                let rest: String = letters.by_ref().collect();
                if rest.is_empty() { words.next().cloned().unwrap_or_default() } else { rest }
            };
            match flag {
                'q' => quiet = true,
                'S' => show_headers = true,
                'O' => output = Some(value()),
                'T' => timeout = seconds(&value()).unwrap_or(timeout),
                'P' | 'U' | 'o' | 't' | 'Y' => drop(value()),
                _ => {}
            }
        }
    }
    let Some(mut request) = url.and_then(|url| request(url, "Wget")) else {
        return Err((1, "wget: not an http or ftp url\n".into()));
    };
    if !body.is_empty() {
        request.method = "POST".into();
        request.body = body.into();
    }
    let tool = Tool::Wget { output, quiet, spider, show_headers };
    Ok((Effect::Http(request), Client { tool, timeout }))
}

fn curl(args: &[String]) -> Result<(Effect, Client), (i32, String)> {
    let mut curl = Curl::default();
    let (mut url, mut method, mut body) = (None, None, None);
    let mut timeout = CONNECT_TIMEOUT;
    let mut words = args.iter();
    while let Some(arg) = words.next() {
        let Some(flags) = arg.strip_prefix('-').filter(|flags| !flags.is_empty()) else {
            url = Some(arg);
            continue;
        };
        let names: Vec<String> = if let Some(long) = flags.strip_prefix('-') {
            vec![long.to_owned()]
        } else if flags.starts_with(['o', 'w', 'X', 'd', 'H', 'm', 'A', 'u']) && flags.len() > 1 {
            // `-XPOST`: the value is glued to its letter.
            let (name, value) = flags.split_at(1);
            match name {
                "X" => method = Some(value.to_owned()),
                "d" => body = Some(value.to_owned()),
                "o" => curl.output = Some(value.to_owned()),
                "m" => timeout = seconds(value).unwrap_or(timeout),
                "w" => curl.write_out = value.to_owned(),
                _ => {}
            }
            continue;
        } else {
            flags.chars().map(|flag| flag.to_string()).collect()
        };
        for name in names {
            let mut value = || words.next().cloned().unwrap_or_default();
            match name.as_str() {
                "s" | "silent" => curl.silent = true,
                "S" | "show-error" => curl.show_error = true,
                "f" | "fail" => curl.fail = true,
                "I" | "head" => curl.head = true,
                "i" | "include" => curl.include = true,
                "o" | "output" => curl.output = Some(value()),
                "w" | "write-out" => curl.write_out = value(),
                "X" | "request" => method = Some(value()),
                "d" | "data" => body = Some(value()),
                "m" | "max-time" | "connect-timeout" => {
                    timeout = seconds(&value()).unwrap_or(timeout)
                }
                "H" | "header" | "interface" | "A" | "user-agent" | "u" | "user" | "retry"
                | "cacert" => drop(value()),
                _ => {}
            }
        }
    }
    let Some(url) = url else {
        return Err((2, "curl: (2) no URL specified\n".into()));
    };
    let Some(mut request) = request(url, "curl/8.14.1") else {
        return Err((1, "curl: (1) Protocol not supported\n".into()));
    };
    let default = if curl.head {
        "HEAD"
    } else if body.is_some() {
        "POST"
    } else {
        "GET"
    };
    request.method = method.unwrap_or_else(|| default.into()).into();
    request.body = body.unwrap_or_default().into();
    Ok((Effect::Http(request), Client { tool: Tool::Curl(Box::new(curl)), timeout }))
}

fn connect(args: &[String]) -> Result<(Effect, Client), (i32, String)> {
    let (mut verbose, mut scan, mut udp, mut timeout) = (false, false, false, CONNECT_TIMEOUT);
    let mut plain = Vec::new();
    let mut words = args.iter();
    while let Some(arg) = words.next() {
        match arg.strip_prefix('-') {
            Some(flags) => {
                verbose |= flags.contains('v');
                scan |= flags.contains('z');
                udp |= flags.contains('u');
                if flags.ends_with('w') {
                    timeout = words.next().and_then(|text| seconds(text)).unwrap_or(timeout);
                }
            }
            None => plain.push(arg.clone()),
        }
    }
    let (Some(host), Some(port)) = (plain.first(), plain.get(1).and_then(|port| port.parse().ok()))
    else {
        return Err((1, "nc: bad arguments\n".into()));
    };
    let effect = Effect::Connect { host: host.as_str().into(), port, udp };
    let tool = Tool::Connect { host: host.clone(), port, verbose, scan, udp };
    Ok((effect, Client { tool, timeout }))
}

/// What went over a connection, as an HTTP server reads it; a method of no name is no request.
pub(super) fn typed(host: &str, port: u16, udp: bool, text: &str) -> HttpRequest {
    let mut words = text.lines().next().unwrap_or_default().split(' ');
    let (method, path, version) = (words.next(), words.next(), words.next());
    let is_request = version.is_some_and(|version| version.starts_with("HTTP/"));
    let word = |word: Option<&str>| word.filter(|_| is_request).unwrap_or_default().into();
    HttpRequest {
        method: if udp { "GET".into() } else { word(method) },
        host: host.into(),
        port,
        path: if udp { format!("/{}", text.trim()).into() } else { word(path) },
        tls: false,
        udp,
        agent: "".into(),
        body: "".into(),
    }
}

fn ping(args: &[String]) -> Result<(Effect, Client), (i32, String)> {
    let (mut left, mut quiet, mut host) = (None, false, None);
    let mut words = args.iter();
    while let Some(arg) = words.next() {
        match arg.as_str() {
            "-q" => quiet = true,
            "-c" => left = words.next().and_then(|text| text.parse().ok()),
            "-W" | "-w" | "-i" | "-s" => drop(words.next()),
            flag if flag.starts_with("-c") => left = flag[2..].parse().ok(),
            flag if flag.starts_with('-') => {}
            name => host = Some(name.to_owned()),
        }
    }
    let Some(host) = host else { return Err((1, "ping: missing host\n".into())) };
    let effect = Effect::Ping { host: host.as_str().into() };
    let tool = Tool::Ping { host, left, sent: 0, received: 0, quiet };
    Ok((effect, Client { tool, timeout: Duration::from_secs(10) }))
}
