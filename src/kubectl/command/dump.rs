//! `kubectl cluster-info dump`. Mirrors `k8s.io/kubectl/pkg/cmd/clusterinfo/clusterinfo_dump.go`.

use serde_json::json;

use super::spec::Spec;
use super::{ALL_NAMESPACES, PRINT};
use crate::api::{Reply, Verb};
use crate::kubectl::print::Printer;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io};
use crate::object::Object;

/// The verb.
pub const DUMP: Spec = Spec {
    name: "cluster-info dump",
    aliases: &[],
    shared: &[PRINT],
    flags: &[
        ALL_NAMESPACES,
        Flag::value("namespaces", "[]"),
        Flag::value("output-directory", ""),
        Flag::value("pod-running-timeout", "20s"),
    ],
    usage: "kubectl cluster-info dump [flags] [options]",
    about: "Dump relevant information for debugging and diagnosis.",
    start: |args| Ok(Box::new(move |io: &mut Io<'_>| dump(&args, io))),
};

/// What is written of each namespace, and the names of the files without their endings.
const LISTS: [(&str, &str); 7] = [
    ("events", "events"),
    ("replicationcontrollers", "replication-controllers"),
    ("services", "services"),
    ("daemonsets", "daemonsets"),
    ("deployments", "deployments"),
    ("replicasets", "replicasets"),
    ("pods", "pods"),
];

fn dump(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let nodes = resource::kind("nodes")?;
    write_list(args, io, &nodes, "", "nodes")?;
    for namespace in namespaces(args, io)? {
        let mut pods = Vec::new();
        for (plural, file) in LISTS {
            let asked = resource::kind(plural)?;
            pods = write_list(args, io, &asked, &namespace, &format!("{namespace}/{file}"))?;
        }
        // The pods come last.
        for pod in pods {
            write_logs(args, io, &namespace, &pod)?;
        }
    }
    let place = match args.get("output-directory") {
        "" => "standard output",
        "-" => return Ok(()),
        folder => folder,
    };
    io.out.push_str(&format!("Cluster info dumped to {place}\n"));
    Ok(())
}

fn namespaces(args: &Args, io: &mut Io<'_>) -> Result<Vec<String>, Failure> {
    if args.is("all-namespaces") {
        let (all, _) = resource::list(io, &resource::kind("namespaces")?, "", "", "")?;
        return Ok(all.iter().map(|object| object.name().to_owned()).collect());
    }
    let named = args.list("namespaces");
    let usual = || vec!["kube-system".to_owned(), args.namespace().to_owned()];
    Ok(if named.is_empty() { usual() } else { named })
}

fn write_list(
    args: &Args,
    io: &mut Io<'_>,
    asked: &Asked,
    namespace: &str,
    file: &str,
) -> Result<Vec<Object>, Failure> {
    let (objects, revision) = resource::list(io, asked, namespace, "", "")?;
    let names = asked.names();
    let group = if names.group.is_empty() { String::new() } else { format!("{}/", names.group) };
    let items = objects.iter().map(|object| {
        let mut item = asked.kind.encode(asked.version, object);
        if let Some(map) = item.as_object_mut() {
            map.remove("apiVersion");
            map.remove("kind");
        }
        if let Some(meta) = item["metadata"].as_object_mut() {
            meta.remove("managedFields");
        }
        item
    });
    let list = json!({
        "kind": asked.kind.list_kind(),
        "apiVersion": format!("{group}{}", asked.version()),
        "metadata": { "resourceVersion": revision.to_string() },
        "items": items.collect::<Vec<_>>(),
    });
    let output = args.get("output");
    let (printer, ending) = match output {
        "" | "json" => (Printer::Json(false, true), "json"),
        "yaml" => (Printer::Yaml(false), "yaml"),
        _ => (Printer::from_args(args)?, "txt"),
    };
    let text = printer.print_value(&list)?;
    write(args, io, &format!("{file}.{ending}"), &text);
    Ok(objects)
}

fn write_logs(args: &Args, io: &mut Io<'_>, namespace: &str, pod: &Object) -> Result<(), Failure> {
    let value = pod.to_value();
    let mut text = String::new();
    for list in ["initContainers", "containers"] {
        for container in value["spec"][list].as_array().into_iter().flatten() {
            let container = container["name"].as_str().unwrap_or_default();
            let about = format!("logs for container {container} of pod {namespace}/{}", pod.name());
            text.push_str(&format!("==== START {about} ====\n"));
            let asked = resource::kind("pods")?;
            let mut request = asked.request(Verb::Get, namespace, pod.name()).to("log");
            request.query.push(("container".to_owned(), container.to_owned()));
            match io.api.call(request) {
                Ok(Reply::Text(log)) => text.push_str(&log),
                Ok(_) => {}
                Err(status) => text.push_str(&format!(
                    "Request log error: {}\n",
                    Failure::status(&status).text.trim_end()
                )),
            }
            text.push_str(&format!("==== END {about} ====\n"));
        }
    }
    write(args, io, &format!("{namespace}/{}/logs.txt", pod.name()), &text);
    Ok(())
}

/// Into a file of the folder, or onto the screen.
fn write(args: &Args, io: &mut Io<'_>, file: &str, text: &str) {
    match args.get("output-directory") {
        "" | "-" => io.out.push_str(text),
        folder => io.files.write(&format!("{folder}/{file}"), text),
    }
}
