//! What the network tools make of the network's answers.

use std::rc::Rc;
use std::time::Duration;

use super::World;
use super::activity::Activity;
use super::filter::{Filter, Tool as Filtering};
use super::network::{Client, Curl, Tool, request};
use super::process::Process;
use super::task::{State, Task};
use crate::machine::files::{Node, normalize};
use crate::machine::network::{Effect, HttpReply, Reply, status_text};

impl Process {
    /// Starts waiting for the network.
    pub(super) fn ask(&mut self, task: &mut Task, effect: Effect, client: Client, world: &World) {
        match &effect {
            Effect::Http(request) => task.trail.requests.push(request.to_string().into()),
            other => task.trail.note(&format!("{other:?}")),
        }
        let after = world.now;
        let activity = Activity::Ask { effect, sent: false, after, client, reply: None };
        task.state = State::Busy(Box::new(activity));
    }

    /// The network has answered.
    pub(super) fn replied(
        &mut self,
        task: &mut Task,
        client: Client,
        reply: &Reply,
        world: &mut World,
    ) {
        let timeout = client.timeout;
        let status = match client.tool {
            Tool::Wget { output, quiet, spider, show_headers } => {
                let host = match task.trail.requests.last() {
                    Some(url) => request(url, "").map(|r| (r.host, r.port)),
                    None => None,
                };
                let (host, port) = host.unwrap_or_else(|| ("".into(), 80));
                let quiet = (quiet, spider, show_headers);
                self.wget_replied(task, output.as_deref(), quiet, (&host, port), reply, world)
            }
            Tool::Curl(curl) => self.curl_replied(task, &curl, timeout, reply, world),
            Tool::Nslookup { name } => self.nslookup_replied(task, &name, reply, world),
            Tool::Dig(dig) => self.dig_replied(task, &dig, reply, world),
            Tool::Hosts => {
                let Reply::Addresses { name, addresses } = reply else {
                    return self.finish(task, 2);
                };
                let line = |address: &Rc<str>| format!("{address:<15} {name}\n");
                self.write(task, 1, &addresses.iter().map(line).collect::<String>(), world);
                0
            }
            Tool::Sent { udp: true } => {
                if let Reply::Http(HttpReply { status: 200, body, .. }) = reply {
                    self.write(task, 1, body, world);
                }
                0
            }
            Tool::Sent { udp: false } => {
                if let Reply::Http(HttpReply { status: status @ 1.., body, .. }) = reply {
                    let line = format!("HTTP/1.1 {status} {}\r\n", status_text(*status));
                    let head = "Content-Type: text/plain; charset=utf-8\r\nConnection: close\r\n";
                    self.write(task, 1, &format!("{line}{head}\r\n{body}"), world);
                }
                0
            }
            Tool::Connect { host, port, verbose, scan, udp } => {
                let (text, status) = match reply {
                    Reply::Connected { address } => {
                        (format!("{host} ({address}:{port}) open\n"), 0)
                    }
                    Reply::UnknownName => (format!("nc: bad address '{host}'\n"), 1),
                    Reply::TimedOut { address } => {
                        (format!("nc: {host} ({address}:{port}): Connection timed out\n"), 1)
                    }
                    Reply::Refused { address } => {
                        (format!("nc: {host} ({address}:{port}): Connection refused\n"), 1)
                    }
                    _ => (String::new(), 1),
                };
                if verbose || matches!(reply, Reply::UnknownName) {
                    self.write(task, 2, &text, world);
                }
                if status == 0 && !scan {
                    return self.start_sending(task, host, port, udp);
                }
                status
            }
            Tool::Ping { host, left, sent, received, quiet } => {
                return self.ping_replied(task, (host, left, sent, received, quiet), reply, world);
            }
        };
        self.finish(task, status);
    }

    /// Reads what is to go over a connection that is open.
    fn start_sending(&mut self, task: &mut Task, host: String, port: u16, udp: bool) {
        let tool = Filtering::Send { host, port, udp, text: String::new() };
        let sources = [(Rc::from("-"), None)].into();
        let filter = Filter { tool, sources, status: 0 };
        task.state = State::Busy(Box::new(Activity::Filter(Box::new(filter))));
    }

    fn save(
        &mut self,
        task: &mut Task,
        output: &str,
        body: &str,
        world: &mut World,
    ) -> Result<(), String> {
        if output == "-" || output == "/dev/stdout" {
            self.write(task, 1, body, world);
        } else if output != "/dev/null" {
            task.trail.unrepeatable = true;
            let path = normalize(&task.cwd, output);
            world.files.put(&path, Node::File(body.into()))?;
        }
        Ok(())
    }

    fn wget_replied(
        &mut self,
        task: &mut Task,
        output: Option<&str>,
        (quiet, spider, show_headers): (bool, bool, bool),
        (host, port): (&Rc<str>, u16),
        reply: &Reply,
        world: &mut World,
    ) -> i32 {
        let connecting = |address: &str| format!("Connecting to {host} ({address}:{port})\n");
        let complaint = match reply {
            Reply::Http(HttpReply { status, body, .. }) if *status < 400 => {
                if show_headers {
                    let line = format!("  HTTP/1.1 {status} {}\n", status_text(*status));
                    self.write(task, 2, &line, world);
                }
                if spider {
                    return 0;
                }
                let name = output.unwrap_or("index.html");
                if !quiet {
                    self.write(task, 2, &connecting(host), world);
                    let line = if name == "-" {
                        "writing to stdout\n".into()
                    } else {
                        format!("saving to '{name}'\n")
                    };
                    self.write(task, 2, &line, world);
                }
                match self.save(task, name, body, world) {
                    Ok(()) => {
                        if !quiet {
                            let label = if name == "-" { "-" } else { name };
                            let size = body.len();
                            let line = format!(
                                "{label:<20} 100% |{}| {size:5}  0:00:00 ETA\n",
                                "*".repeat(32)
                            );
                            self.write(task, 2, &line, world);
                            let line = if name == "-" {
                                "written to stdout\n".into()
                            } else {
                                format!("'{name}' saved\n")
                            };
                            self.write(task, 2, &line, world);
                        }
                        return 0;
                    }
                    Err(error) => format!("wget: can't open '{name}': {error}\n"),
                }
            }
            Reply::Http(HttpReply { status, .. }) => {
                format!("wget: server returned error: HTTP/1.1 {status} {}\n", status_text(*status))
            }
            Reply::UnknownName => format!(
                "wget: bad address '{host}{}'\n",
                if port == 80 { String::new() } else { format!(":{port}") }
            ),
            Reply::TimedOut { .. } => "wget: download timed out\n".into(),
            Reply::Refused { address } => {
                if !quiet {
                    self.write(task, 2, &connecting(address), world);
                }
                format!("wget: can't connect to remote host ({address}): Connection refused\n")
            }
            Reply::Addresses { .. } | Reply::Records(_) | Reply::Connected { .. } => {
                "wget: error getting response\n".into()
            }
        };
        self.write(task, 2, &complaint, world);
        1
    }

    fn curl_replied(
        &mut self,
        task: &mut Task,
        curl: &Curl,
        timeout: Duration,
        reply: &Reply,
        world: &mut World,
    ) -> i32 {
        let url = task.trail.requests.last().and_then(|url| request(url, ""));
        let (host, port) = url.map_or(("".into(), 80), |url| (url.host, url.port));
        let mut code = 0;
        let (status, complaint) = match reply {
            Reply::Http(HttpReply { status, body, .. }) => {
                code = *status;
                if curl.fail && *status >= 400 {
                    (22, format!("(22) The requested URL returned error: {status}"))
                } else {
                    let mut text = String::new();
                    if curl.head || curl.include {
                        text = format!(
                            "HTTP/1.1 {status} {}\r\nContent-Length: {}\r\n\r\n",
                            status_text(*status),
                            body.len()
                        );
                    }
                    if !curl.head {
                        text.push_str(body);
                    }
                    match self.save(task, curl.output.as_deref().unwrap_or("-"), &text, world) {
                        Ok(()) => (0, String::new()),
                        Err(_) => (23, "(23) client returned ERROR on write".into()),
                    }
                }
            }
            Reply::UnknownName => (6, format!("(6) Could not resolve host: {host}")),
            Reply::TimedOut { .. } => {
                let millis = timeout.as_millis();
                (28, format!("(28) Connection timed out after {millis} milliseconds"))
            }
            _ => (
                7,
                format!(
                    "(7) Failed to connect to {host} port {port} after 1 ms: Could not connect to server"
                ),
            ),
        };
        if status != 0 && (!curl.silent || curl.show_error) {
            self.write(task, 2, &format!("curl: {complaint}\n"), world);
        }
        if !curl.write_out.is_empty() {
            let text = curl
                .write_out
                .replace("%{http_code}", &format!("{code:03}"))
                .replace("%{response_code}", &format!("{code:03}"))
                .replace("\\n", "\n");
            self.write(task, 1, &text, world);
        }
        status
    }

    /// The first name server of `/etc/resolv.conf`.
    pub(super) fn name_server(&self, world: &World) -> String {
        let config = match world.files.get("/etc/resolv.conf") {
            Some(Node::File(text)) => text,
            _ => "".into(),
        };
        let server = config.lines().find_map(|line| line.strip_prefix("nameserver "));
        server.unwrap_or("10.96.0.10").to_owned()
    }

    fn nslookup_replied(
        &mut self,
        task: &mut Task,
        name: &str,
        reply: &Reply,
        world: &mut World,
    ) -> i32 {
        let server = self.name_server(world);
        let mut text = format!("Server:\t\t{server}\nAddress:\t{server}:53\n\n");
        let status = match reply {
            Reply::Addresses { name, addresses } => {
                for address in addresses {
                    text.push_str(&format!("Name:\t{name}\nAddress: {address}\n"));
                }
                text.push('\n');
                0
            }
            Reply::TimedOut { .. } => {
                text = ";; connection timed out; no servers could be reached\n\n".into();
                1
            }
            _ => {
                text.push_str(&format!("** server can't find {name}: NXDOMAIN\n\n"));
                1
            }
        };
        self.write(task, 1, &text, world);
        status
    }

    fn ping_replied(
        &mut self,
        task: &mut Task,
        (host, left, sent, received, quiet): (String, Option<u32>, u32, u32, bool),
        reply: &Reply,
        world: &mut World,
    ) {
        let mut received = received;
        let mut text = String::new();
        match reply {
            Reply::UnknownName => {
                self.write(task, 2, &format!("ping: bad address '{host}'\n"), world);
                return self.finish(task, 1);
            }
            Reply::Addresses { addresses, .. } => {
                let address = addresses.first().map_or("", |address| address);
                if sent == 0 {
                    text = format!("PING {host} ({address}): 56 data bytes\n");
                }
                received += 1;
                if !quiet {
                    text.push_str(&format!(
                        "64 bytes from {address}: seq={sent} ttl=63 time=0.080 ms\n"
                    ));
                }
            }
            _ if sent == 0 => text = format!("PING {host} ({host}): 56 data bytes\n"),
            _ => {}
        }
        self.write(task, 1, &text, world);
        let sent = sent + 1;
        if left.is_some_and(|left| left <= 1) {
            let lost = (sent - received) * 100 / sent;
            let mut text = format!(
                "\n--- {host} ping statistics ---\n{sent} packets transmitted, {received} packets received, {lost}% packet loss\n"
            );
            if received > 0 {
                text.push_str("round-trip min/avg/max = 0.080/0.080/0.080 ms\n");
            }
            self.write(task, 1, &text, world);
            return self.finish(task, i32::from(received == 0));
        }
        let effect = Effect::Ping { host: host.as_str().into() };
        let tool = Tool::Ping { host, left: left.map(|left| left - 1), sent, received, quiet };
        let client = Client { tool, timeout: Duration::from_secs(10) };
        let after = world.now + Duration::from_secs(1);
        let activity = Activity::Ask { effect, sent: false, after, client, reply: None };
        task.state = State::Busy(Box::new(activity));
    }
}
