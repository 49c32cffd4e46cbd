//! `kubectl port-forward`: finds the pod and its ports, and says what would be forwarded until it is
//! interrupted; there is no network of the person's to listen on. Mirrors
//! `k8s.io/kubectl/pkg/cmd/portforward`.

use serde_json::Value;

use super::spec::Spec;
use super::stream;
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::sim::Time;

/// The verb.
pub const PORT_FORWARD: Spec = Spec {
    name: "port-forward",
    aliases: &[],
    shared: &[],
    flags: &[Flag::value("address", "[localhost]"), Flag::value("pod-running-timeout", "1m0s")],
    usage: "kubectl port-forward TYPE/NAME [options] [LOCAL_PORT:]REMOTE_PORT \
            [...[LOCAL_PORT_N:]REMOTE_PORT_N]",
    about: "Forward one or more local ports to a pod.",
    start: |args| {
        if args.positional.len() < 2 {
            let why = "TYPE/NAME and list of ports are required for port-forward";
            return Err(Failure::usage("port-forward", why));
        }
        Ok(Box::new(Forward { args, started: None, forwards: false }))
    },
};

struct Forward {
    args: Args,
    started: Option<Time>,
    forwards: bool,
}

impl Job for Forward {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if self.forwards {
            return Ok(Step::Wait(None));
        }
        let started = *self.started.get_or_insert(io.now);
        let words = &self.args.positional[..1];
        let pod = match stream::find_pod(words, &self.args, started, io)? {
            Ok(object) => object.to_value(),
            Err(step) => return Ok(step),
        };
        let service = match self.args.positional[0].split_once('/') {
            Some((kind, name)) if resource::kind(kind)?.names().kind == "Service" => {
                let asked = resource::kind(kind)?;
                Some(resource::fetch(io, &asked, self.args.namespace(), name)?.to_value())
            }
            _ => None,
        };
        let ports = self.args.positional[1..].iter();
        let ports: Result<Vec<_>, _> =
            ports.map(|port| resolve(port, &pod, service.as_ref())).collect();
        let ports = ports.map_err(Failure::error)?;
        let phase = pod["status"]["phase"].as_str().unwrap_or_default();
        if phase != "Running" {
            return Err(Failure::error(format!(
                "unable to forward port because pod is not running. Current status={phase}"
            )));
        }
        let mut lines = String::new();
        for (local, remote) in ports {
            let (local, remote) = numbers(&local, &remote).map_err(Failure::error)?;
            for address in addresses(&self.args) {
                lines.push_str(&format!("Forwarding from {address}:{local} -> {remote}\n"));
            }
        }
        io.out.push_str(&lines);
        self.forwards = true;
        Ok(Step::Wait(None))
    }
}

fn addresses(args: &Args) -> Vec<String> {
    let given = args.list("address");
    let given = if given.is_empty() { vec!["localhost".to_owned()] } else { given };
    let both = |name: String| match name.as_str() {
        "localhost" => vec!["127.0.0.1".to_owned(), "[::1]".to_owned()],
        other if other.contains(':') => vec![format!("[{other}]")],
        _ => vec![name],
    };
    given.into_iter().flat_map(both).collect()
}

/// The local port and the one of the pod. Mirrors `translateServicePortToTargetPort` and
/// `convertPodNamedPortToNumber`.
fn resolve(given: &str, pod: &Value, service: Option<&Value>) -> Result<(String, String), String> {
    let parts: Vec<&str> = given.split(':').collect();
    let (local, remote) = match parts[..] {
        [local, remote] => (local, remote),
        [first, ..] => (first, first),
        [] => ("", ""),
    };
    let Some(service) = service else {
        if remote.is_empty() {
            return Err("remote port cannot be empty".to_owned());
        }
        let number = match remote.parse::<i64>() {
            Ok(_) => remote.to_owned(),
            Err(_) => pod_port(pod, remote)?,
        };
        refuse_udp(ports_of_pod(pod), "containerPort", &number, remote)?;
        let local = if local == remote { number.clone() } else { local.to_owned() };
        return Ok((local, number));
    };
    let name = service["metadata"]["name"].as_str().unwrap_or_default();
    let ports = || service["spec"]["ports"].as_array().into_iter().flatten();
    let number = match remote.parse::<i64>() {
        Ok(number) => number,
        Err(_) => ports()
            .find(|port| port["name"] == remote)
            .and_then(|port| port["port"].as_i64())
            .ok_or_else(|| format!("Service '{name}' does not have a named port '{remote}'"))?,
    };
    refuse_udp(ports(), "port", &number.to_string(), remote)?;
    let local = if local == remote { number.to_string() } else { local.to_owned() };
    let port = ports()
        .find(|port| port["port"] == number)
        .ok_or_else(|| format!("Service {name} does not have a service port {number}"))?;
    let target = match &port["targetPort"] {
        _ if service["spec"]["clusterIP"] == "None" => number.to_string(),
        Value::String(name) => pod_port(pod, name)?,
        Value::Number(target) if target.as_i64() != Some(0) => target.to_string(),
        _ => number.to_string(),
    };
    Ok((local, target))
}

fn ports_of_pod(pod: &Value) -> impl Iterator<Item = &Value> {
    let containers = pod["spec"]["containers"].as_array().into_iter().flatten();
    containers.flat_map(|container| container["ports"].as_array().into_iter().flatten())
}

/// Mirrors `util.LookupContainerPortNumberByName`.
fn pod_port(pod: &Value, name: &str) -> Result<String, String> {
    let found = ports_of_pod(pod).find(|port| port["name"] == name);
    found.map(|port| port["containerPort"].to_string()).ok_or_else(|| {
        let pod = pod["metadata"]["name"].as_str().unwrap_or_default();
        format!("Pod '{pod}' does not have a named port '{name}'")
    })
}

/// Mirrors `checkUDPPorts`.
fn refuse_udp<'a>(
    ports: impl Iterator<Item = &'a Value>,
    field: &str,
    number: &str,
    remote: &str,
) -> Result<(), String> {
    let same =
        ports.filter(|port| port[field].as_i64().is_some_and(|own| own.to_string() == number));
    let protocols: Vec<_> = same.map(|port| port["protocol"].as_str().unwrap_or("TCP")).collect();
    if protocols.contains(&"UDP") && !protocols.contains(&"TCP") {
        return Err(format!("UDP protocol is not supported for {remote}"));
    }
    Ok(())
}

/// Mirrors `portforward.parsePorts`; a local port that is left to chance is made of the other.
fn numbers(local: &str, remote: &str) -> Result<(u16, u16), String> {
    let number = |what: &str, text: &str| {
        text.parse::<u16>().map_err(|_| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            let why = if digits { "value out of range" } else { "invalid syntax" };
            format!(
                "error parsing {what} port '{text}': strconv.ParseUint: parsing {text:?}: {why}"
            )
        })
    };
    let local = if local.is_empty() { 0 } else { number("local", local)? };
    let remote = number("remote", remote)?;
    match (local, remote) {
        (_, 0) => Err("remote port must be > 0".to_owned()),
        (0, remote) => Ok((32_768 + remote % 28_000, remote)),
        both => Ok(both),
    }
}

/// `kubectl proxy`: says that it serves, and does nothing until it is interrupted. Mirrors
/// `k8s.io/kubectl/pkg/cmd/proxy`.
pub const PROXY: Spec = Spec {
    name: "proxy",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::value("accept-hosts", r"^localhost$,^127\.0\.0\.1$,^\[::1\]$"),
        Flag::value("accept-paths", "^.*"),
        Flag::value("address", "127.0.0.1"),
        Flag::value("api-prefix", "/"),
        Flag::switch("append-server-path"),
        Flag::switch("disable-filter"),
        Flag::value("keepalive", "0s"),
        Flag::value("port", "8001").short('p'),
        Flag::value("reject-methods", "^$"),
        Flag::value("reject-paths", "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach"),
        Flag::value("unix-socket", "").short('u'),
        Flag::value("www", "").short('w'),
        Flag::value("www-prefix", "/static/").short('P'),
    ],
    usage: "kubectl proxy [--port=PORT] [--www=static-dir] [--www-prefix=prefix] \
            [--api-prefix=prefix] [options]",
    about: "Run a proxy to the Kubernetes API server.",
    start: |args| {
        if args.has("port") && args.has("unix-socket") {
            let why = "cannot set --unix-socket and --port at the same time";
            return Err(Failure::error(why));
        }
        let port: u16 = args.int("port")?;
        let mut said = false;
        Ok(Box::new(Serving(move |io: &mut Io<'_>| {
            if !std::mem::replace(&mut said, true) {
                let address = args.get("address");
                io.out.push_str(&match args.get("unix-socket") {
                    "" => format!("Starting to serve on {address}:{port}\n"),
                    path => format!("Starting to serve on {path}\n"),
                });
            }
        })))
    },
};

struct Serving<F>(F);

impl<F: FnMut(&mut Io<'_>)> Job for Serving<F> {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        (self.0)(io);
        Ok(Step::Wait(None))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ports_are_looked_up_where_they_are_named() {
        let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"ports": [
            {"name": "http", "containerPort": 8080}, {"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]}});
        let service = json!({"metadata": {"name": "s"}, "spec": {"clusterIP": "10.96.0.9", "ports": [
            {"name": "web", "port": 80, "targetPort": "http"}, {"port": 81, "targetPort": 9}]}});
        let cases = [
            ("8080", false, Ok(("8080", "8080"))),
            ("1:http", false, Ok(("1", "8080"))),
            ("http", false, Ok(("8080", "8080"))),
            (":80", false, Ok(("", "80"))),
            ("1:", false, Err("remote port cannot be empty")),
            ("x", false, Err("Pod 'p' does not have a named port 'x'")),
            ("dns", false, Err("UDP protocol is not supported for dns")),
            ("80", true, Ok(("80", "8080"))),
            ("web", true, Ok(("80", "8080"))),
            ("7:81", true, Ok(("7", "9"))),
            ("82", true, Err("Service s does not have a service port 82")),
            ("x", true, Err("Service 's' does not have a named port 'x'")),
        ];
        for (given, of_service, expected) in cases {
            let found = resolve(given, &pod, of_service.then_some(&service));
            let expected = expected
                .map(|(local, remote)| (local.to_owned(), remote.to_owned()))
                .map_err(str::to_owned);
            assert_eq!(found, expected, "{given}");
        }
        assert!(numbers("80", "99999").is_err_and(|why| why.ends_with("value out of range")));
    }
}
