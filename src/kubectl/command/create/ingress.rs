//! `kubectl create ingress` and `kubectl create priorityclass`. Mirrors `create_ingress.go` and
//! `create_priorityclass.go` of `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Map, Value, json};

use super::generator::{self, FLAGS};
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `create ingress`.
pub const INGRESS: Spec = Spec {
    name: "create ingress",
    aliases: &["create ing"],
    shared: &[FLAGS],
    flags: &[
        Flag::value("annotation", "[]"),
        Flag::value("class", ""),
        Flag::value("default-backend", ""),
        Flag::value("rule", "[]"),
    ],
    usage: "kubectl create ingress NAME --rule=host/path=service:port[,tls[=secret]]  [options]",
    about: "Create an ingress with the specified name.",
    start: ingress,
};

/// The verb `create priorityclass`.
pub const PRIORITY_CLASS: Spec = Spec {
    name: "create priorityclass",
    aliases: &["create pc"],
    shared: &[FLAGS],
    flags: &[
        Flag::value("description", ""),
        Flag::switch("global-default"),
        Flag::value("preemption-policy", "PreemptLowerPriority"),
        Flag::value("value", "0"),
    ],
    usage: "kubectl create priorityclass NAME --value=VALUE --global-default=BOOL \
            [--dry-run=server|client|none] [options]",
    about: "Create a priority class with the specified name, value, globalDefault and description.",
    start: priority_class,
};

fn ingress(args: Args) -> Result<Box<dyn Job>, Failure> {
    let name = generator::name(&args, "create ingress")?;
    let backend = args.get("default-backend");
    let rules = args.all("rule");
    if backend.is_empty() && rules.is_empty() {
        return Err(Failure::error(
            "not enough information provided: every ingress has to either specify a \
             default-backend (which catches all traffic) or a list of rules (which catch specific \
             paths)",
        ));
    }
    let parsed = rules.iter().map(|rule| {
        Rule::parse(rule).ok_or_else(|| {
            Failure::error(format!(
                "rule {rule} is invalid and should be in format \
                 host/path=svcname:svcport[,tls[=secret]]"
            ))
        })
    });
    let parsed = parsed.collect::<Result<Vec<_>, _>>()?;
    let mut annotations = Map::new();
    for text in args.all("annotation") {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            let why = format!("annotation {text} is invalid and should be in format key=[value]");
            Failure::error(why)
        })?;
        annotations.insert(key.to_owned(), json!(value));
    }
    let mut spec = Map::new();
    if !args.get("class").is_empty() {
        spec.insert("ingressClassName".to_owned(), json!(args.get("class")));
    }
    if !backend.is_empty() {
        let (service, port) =
            backend.split_once(':').filter(|(_, port)| !port.contains(':')).ok_or_else(|| {
                Failure::error("default-backend should be in format servicename:serviceport")
            })?;
        spec.insert("defaultBackend".to_owned(), to_backend(service, port));
    }
    let (hosts, tls) = (by_host(&parsed), secrets(&parsed));
    for (field, list) in [("rules", hosts), ("tls", tls)] {
        if !list.is_empty() {
            spec.insert(field.to_owned(), Value::Array(list));
        }
    }
    let mut value = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name},
        "spec": spec,
        "status": {"loadBalancer": {}},
    });
    if !annotations.is_empty() {
        value["metadata"]["annotations"] = Value::Object(annotations);
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        generator::create_named(&args, io, value.clone(), generator::failed("ingress"))
    }))
}

/// `host/path=service:port[,tls[=secret]]`.
struct Rule<'a> {
    host: &'a str,
    path: &'a str,
    service: &'a str,
    port: &'a str,
    /// The secret (empty: none named), where `tls` stands.
    secret: Option<&'a str>,
}

impl<'a> Rule<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (target, tls) = match text.split_once(',') {
            Some((target, tls)) => (target, Some(tls)),
            None => (text, None),
        };
        let secret = match tls {
            None => None,
            Some("tls") => Some(""),
            Some(tls) => Some(tls.strip_prefix("tls=")?),
        };
        let (url, backend) = target.split_once('=')?;
        let (host, path) = url.split_once('/')?;
        let (service, port) = backend.split_once(':')?;
        let is_name = |text: &str| {
            let mut bytes = text.bytes();
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
            !text.is_empty() && bytes.all(fits)
        };
        (is_name(service) && is_name(port)).then_some(Self { host, path, service, port, secret })
    }

    fn path(&self) -> Value {
        let (path, kind) = match self.path.strip_suffix('*') {
            Some(path) => (path, "Prefix"),
            None => (self.path, "Exact"),
        };
        json!({
            "backend": to_backend(self.service, self.port),
            "path": format!("/{path}"),
            "pathType": kind,
        })
    }
}

fn to_backend(service: &str, port: &str) -> Value {
    let port = match port.parse::<i32>() {
        Ok(number) => json!({"number": number}),
        Err(_) => json!({"name": port}),
    };
    json!({"service": {"name": service, "port": port}})
}

/// The rules, those of one host together.
fn by_host(rules: &[Rule<'_>]) -> Vec<Value> {
    let mut hosts: Vec<(&str, Vec<Value>)> = Vec::new();
    for rule in rules {
        match hosts.iter_mut().find(|(host, _)| *host == rule.host) {
            Some((_, paths)) => paths.push(rule.path()),
            None => hosts.push((rule.host, vec![rule.path()])),
        }
    }
    let one = |(host, paths): (&str, Vec<Value>)| {
        let mut rule = json!({"http": {"paths": paths}});
        if !host.is_empty() {
            rule["host"] = json!(host);
        }
        rule
    };
    hosts.into_iter().map(one).collect()
}

/// The certificates: each host once, hosts of one secret together. Mirrors `buildTLSRules`.
fn secrets(rules: &[Rule<'_>]) -> Vec<Value> {
    let mut all: Vec<(&str, Vec<&str>)> = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for rule in rules {
        let Some(secret) = rule.secret.filter(|_| !seen.contains(&rule.host)) else { continue };
        seen.push(rule.host);
        let host = Some(rule.host).filter(|host| !host.is_empty());
        match all.iter_mut().find(|(name, _)| *name == secret) {
            Some((_, hosts)) => hosts.extend(host),
            None if host.is_some() || !secret.is_empty() => {
                all.push((secret, host.into_iter().collect()));
            }
            None => {}
        }
    }
    let one = |(secret, hosts): (&str, Vec<&str>)| {
        let mut tls = Map::new();
        if !hosts.is_empty() {
            tls.insert("hosts".to_owned(), json!(hosts));
        }
        if !secret.is_empty() {
            tls.insert("secretName".to_owned(), json!(secret));
        }
        Value::Object(tls)
    };
    all.into_iter().map(one).collect()
}

fn priority_class(args: Args) -> Result<Box<dyn Job>, Failure> {
    let value: i32 = args.int("value")?;
    let name = generator::name(&args, "create priorityclass")?;
    let policy = args.get("preemption-policy");
    if !matches!(policy, "PreemptLowerPriority" | "Never") {
        let why = "invalid preemption policy, must be one of: PreemptLowerPriority, Never";
        return Err(Failure::error(why));
    }
    let mut object = json!({
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "preemptionPolicy": policy,
        "value": value,
    });
    if args.is("global-default") {
        object["globalDefault"] = json!(true);
    }
    if !args.get("description").is_empty() {
        object["description"] = json!(args.get("description"));
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        generator::create_named(&args, io, object.clone(), generator::failed("priorityclass"))
    }))
}
