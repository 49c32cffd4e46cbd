//! `kubectl expose`. Mirrors `k8s.io/kubectl/pkg/cmd/expose` and what
//! `polymorphichelpers` knows of ports, protocols and selectors.

use serde_json::{Value, json};

use super::create::generator;
use super::spec::Spec;
use super::{FILENAME, KUSTOMIZE, RECURSIVE};
use crate::base::order::Gather;
use crate::kubectl::print::face;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub const EXPOSE: Spec = Spec {
    name: "expose",
    aliases: &[],
    shared: &[generator::FLAGS, generator::OVERRIDES],
    flags: &[
        FILENAME,
        KUSTOMIZE,
        RECURSIVE,
        Flag::value("cluster-ip", ""),
        Flag::value("external-ip", ""),
        Flag::value("labels", "").short('l'),
        Flag::value("load-balancer-ip", ""),
        Flag::value("name", ""),
        Flag::value("port", ""),
        Flag::value("protocol", ""),
        Flag::value("selector", ""),
        Flag::value("session-affinity", ""),
        Flag::value("target-port", ""),
        Flag::value("type", ""),
    ],
    usage: "kubectl expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] \
            [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] \
            [--type=type] [options]",
    about: "Take a replication controller, service, deployment or pod and expose it as a new \
            Kubernetes service.",
    start,
};

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    resource::check_given(&args)?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        Failure::each(resource::keys(&args, io)?, |(asked, namespace, name)| {
            expose(&args, io, (asked, &namespace, &name))
        })
    }))
}

fn expose(
    args: &Args,
    io: &mut Io<'_>,
    (asked, namespace, name): (Asked, &str, &str),
) -> Result<(), Failure> {
    let object = resource::fetch(io, &asked, namespace, name)?;
    let kind = asked.names().kind;
    if !matches!(kind, "ReplicationController" | "Service" | "Pod" | "Deployment" | "ReplicaSet") {
        return Err(Failure::error(format!("cannot expose a {kind}")));
    }
    let live = face(&asked, &object);
    let value = generator::overridden(args, service(args, kind, &live, name)?)?;
    let asked = resource::kind("services")?;
    generator::create(args, io, asked, value, "exposed", Failure::status)
}

/// The ports of a live object: number and protocol.
fn ports(kind: &str, live: &Value) -> Vec<(i64, String)> {
    let of = |list: &Value, field: &str| {
        let items = list.as_array().into_iter().flatten();
        let each = items.filter_map(|port| {
            let protocol = port["protocol"].as_str().unwrap_or("TCP").to_owned();
            Some((port[field].as_i64()?, protocol))
        });
        each.collect::<Vec<_>>()
    };
    if kind == "Service" {
        return of(&live["spec"]["ports"], "port");
    }
    let spec = if kind == "Pod" { &live["spec"] } else { &live["spec"]["template"]["spec"] };
    let containers = spec["containers"].as_array().into_iter().flatten();
    containers.flat_map(|container| of(&container["ports"], "containerPort")).collect()
}

/// What the service is to select. Mirrors `MapBasedSelectorForObjectFn`.
fn selector(kind: &str, live: &Value) -> Result<Value, Failure> {
    let missing = |why: &str| {
        let what = "couldn't retrieve selectors via --selector flag or introspection";
        Failure::error(format!("{what}: {why}"))
    };
    let (selector, why) = match kind {
        "ReplicationController" => (&live["spec"]["selector"], "invalid deployment"),
        "Service" => (&live["spec"]["selector"], "the service has no pod selector set"),
        "Pod" => (&live["metadata"]["labels"], "the pod has no labels and cannot be exposed"),
        _ => {
            let selector = &live["spec"]["selector"];
            let expressions = selector["matchExpressions"].as_array();
            if let Some(expressions) = expressions.filter(|list| !list.is_empty()) {
                return Err(missing(&format!(
                    "couldn't convert expressions - \"{}\" to map-based selector format",
                    json!(expressions)
                )));
            }
            (
                &selector["matchLabels"],
                "invalid deployment: no selectors, therefore cannot be exposed",
            )
        }
    };
    if selector.as_object().is_none_or(serde_json::Map::is_empty) {
        return Err(missing(why));
    }
    Ok(selector.clone())
}

/// `a=b,c=d`. Mirrors `parseLabels` of expose.go.
pub fn labels(text: &str) -> Result<Value, Failure> {
    let one = |part: &str| match part.split('=').collect::<Vec<_>>()[..] {
        ["", _] => Err(Failure::error("unexpected empty label key")),
        [key, value] => Ok((key.to_owned(), json!(value))),
        _ => Err(Failure::error(format!("unexpected label spec: {part}"))),
    };
    text.split(',').map(one).try_gathered().map(Value::Object)
}

/// The service. Mirrors `createService` of expose.go.
fn service(args: &Args, kind: &str, live: &Value, name: &str) -> Result<Value, Failure> {
    let selector = match args.get("selector") {
        "" => selector(kind, live)?,
        text => labels(text)?,
    };
    let found = ports(kind, live);
    let numbers: Vec<String> = match args.get("port") {
        "" => {
            let mut numbers: Vec<String> = Vec::new();
            for (number, _) in &found {
                if !numbers.contains(&number.to_string()) {
                    numbers.push(number.to_string());
                }
            }
            numbers
        }
        text => text.split(',').map(str::to_owned).collect(),
    };
    if numbers.is_empty() && args.get("cluster-ip") != "None" {
        return Err(Failure::error("couldn't find port via --port flag or introspection"));
    }
    let name = match args.get("name") {
        "" => name.get(..63).unwrap_or(name),
        name => name,
    };
    let mut metadata = json!({ "name": name });
    let own = match args.get("labels") {
        "" => live["metadata"]["labels"].clone(),
        text => labels(text)?,
    };
    if own.as_object().is_some_and(|labels| !labels.is_empty()) {
        metadata["labels"] = own;
    }
    let mut spec = json!({ "selector": selector });
    let ports = service_ports(args, &numbers, &found)?;
    if !ports.is_empty() {
        spec["ports"] = Value::Array(ports);
    }
    details(args, &mut spec)?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": spec,
        "status": { "loadBalancer": {} },
    }))
}

fn service_ports(
    args: &Args,
    numbers: &[String],
    found: &[(i64, String)],
) -> Result<Vec<Value>, Failure> {
    let mut ports = Vec::new();
    for (index, text) in numbers.iter().enumerate() {
        let number: i64 = text.parse().map_err(|_| {
            Failure::error(format!("strconv.Atoi: parsing {text:?}: invalid syntax"))
        })?;
        let target = match args.get("target-port") {
            "" => json!(number),
            target => target.parse::<i32>().map_or_else(|_| json!(target), |port| json!(port)),
        };
        let own: Vec<&str> =
            found.iter().filter(|(n, _)| *n == number).map(|(_, p)| p.as_str()).collect();
        let protocols = match (args.get("protocol"), own.as_slice()) {
            ("", []) => vec!["TCP"],
            ("", own) => own.to_vec(),
            (protocol, _) => vec![protocol],
        };
        for protocol in &protocols {
            let mut port = json!({ "port": number, "protocol": protocol, "targetPort": target });
            if protocols.len() > 1 {
                port["name"] =
                    json!(format!("port-{}-{}", index + 1, protocol.to_ascii_lowercase()));
            } else if numbers.len() > 1 {
                port["name"] = json!(format!("port-{}", index + 1));
            }
            ports.push(port);
        }
    }
    Ok(ports)
}

fn details(args: &Args, spec: &mut Value) -> Result<(), Failure> {
    if !args.get("external-ip").is_empty() {
        spec["externalIPs"] = json!([args.get("external-ip")]);
    }
    if args.get("type") == "LoadBalancer" && !args.get("load-balancer-ip").is_empty() {
        spec["loadBalancerIP"] = json!(args.get("load-balancer-ip"));
    }
    let affinity = args.get("session-affinity");
    if !matches!(affinity, "" | "None" | "ClientIP") {
        return Err(Failure::error(format!("unknown session affinity: {affinity}")));
    }
    let plain =
        [("type", "type"), ("session-affinity", "sessionAffinity"), ("cluster-ip", "clusterIP")];
    for (flag, field) in plain {
        if !args.get(flag).is_empty() {
            spec[field] = json!(args.get(flag));
        }
    }
    Ok(())
}
