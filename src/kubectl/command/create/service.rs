//! `kubectl create service`. Mirrors `create_service.go` of `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Value, json};

use super::generator::{self, FLAGS};
use crate::base::label_name;
use crate::kinds::names;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

const TCP: Flag = Flag::value("tcp", "[]");

/// The verb `create service clusterip`.
pub const CLUSTER_IP: Spec = Spec {
    name: "create service clusterip",
    aliases: &[],
    shared: &[FLAGS],
    flags: &[TCP, Flag::value("clusterip", "")],
    usage: "kubectl create service clusterip NAME [--tcp=<port>:<targetPort>] \
            [--dry-run=server|client|none] [options]",
    about: "Create a ClusterIP service with the specified name.",
    start: |args| start(args, "ClusterIP"),
};

/// The verb `create service nodeport`.
pub const NODE_PORT: Spec = Spec {
    name: "create service nodeport",
    aliases: &[],
    shared: &[FLAGS],
    flags: &[TCP, Flag::value("node-port", "0")],
    usage: "kubectl create service nodeport NAME [--tcp=port:targetPort] \
            [--dry-run=server|client|none] [options]",
    about: "Create a NodePort service with the specified name.",
    start: |args| start(args, "NodePort"),
};

/// The verb `create service loadbalancer`.
pub const LOAD_BALANCER: Spec = Spec {
    name: "create service loadbalancer",
    aliases: &[],
    shared: &[FLAGS],
    flags: &[TCP],
    usage: "kubectl create service loadbalancer NAME [--tcp=port:targetPort] \
            [--dry-run=server|client|none] [options]",
    about: "Create a LoadBalancer service with the specified name.",
    start: |args| start(args, "LoadBalancer"),
};

/// The verb `create service externalname`.
pub const EXTERNAL_NAME: Spec = Spec {
    name: "create service externalname",
    aliases: &[],
    shared: &[FLAGS],
    flags: &[TCP, Flag::value("external-name", "")],
    usage: "kubectl create service externalname NAME --external-name external.name \
            [--dry-run=server|client|none] [options]",
    about: "Create a service that stands for a name outside the cluster.",
    start: |args| {
        if !args.has("external-name") {
            return Err(Failure::error("required flag(s) \"external-name\" not set"));
        }
        start(args, "ExternalName")
    },
};

fn start(args: Args, kind: &'static str) -> Result<Box<dyn Job>, Failure> {
    let node_port: i32 = if args.has("node-port") { args.int("node-port")? } else { 0 };
    let command = format!("create service {}", kind.to_ascii_lowercase());
    let name = generator::name(&args, &command)?;
    let tcp = args.list("tcp");
    let (cluster_ip, external) = (args.get("clusterip"), args.get("external-name"));
    if cluster_ip != "None" && tcp.is_empty() && kind != "ExternalName" {
        return Err(Failure::error("at least one tcp port specifier must be provided"));
    }
    if kind == "ExternalName" && !label_name::subdomain_errors(external).is_empty() {
        return Err(Failure::error(format!("invalid service external name {external}")));
    }
    let ports = tcp.iter().map(|text| port(text, node_port)).collect::<Result<Vec<_>, _>>()?;
    let mut value = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": { "selector": { "app": name }, "type": kind },
        "status": { "loadBalancer": {} },
    });
    for (field, part) in [("clusterIP", cluster_ip), ("externalName", external)] {
        if !part.is_empty() {
            value["spec"][field] = json!(part);
        }
    }
    if !ports.is_empty() {
        value["spec"]["ports"] = json!(ports);
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        generator::create_named(&args, io, value.clone(), |status| {
            Failure::error(format!("failed to create {kind} service: {}", status.message))
        })
    }))
}

/// `port[:targetPort]`. Mirrors `parsePorts`.
fn port(text: &str, node_port: i32) -> Result<Value, Failure> {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or_default();
    let number: u16 = first.parse().map_err(|_| {
        let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
        let what = if is_number { "value out of range" } else { "invalid syntax" };
        Failure::error(format!("strconv.ParseUint: parsing {first:?}: {what}"))
    })?;
    let target = match parts.next() {
        None => json!(number),
        Some(target) => {
            let (target, wrong) = match target.parse::<i32>() {
                Ok(number) => (json!(number), names::port_errors(number)),
                Err(_) => (json!(target), names::port_name_errors(target)),
            };
            if !wrong.is_empty() {
                return Err(Failure::error(wrong.join(",")));
            }
            target
        }
    };
    let mut port = json!({
        "name": text.replace(':', "-"),
        "port": number,
        "protocol": "TCP",
        "targetPort": target,
    });
    if node_port != 0 {
        port["nodePort"] = json!(node_port);
    }
    Ok(port)
}
