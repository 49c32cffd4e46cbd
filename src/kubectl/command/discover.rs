//! `kubectl api-resources`, `api-versions`, `version` and `cluster-info`. Mirrors the packages of
//! these names in `k8s.io/kubectl/pkg/cmd`.

use serde_json::{Value, json};

use super::raw;
use super::spec::Spec;
use crate::api::discovery::{self, Entry};
use crate::base::order::Order as _;
use crate::base::table;
use crate::kubectl::print::Printer;
use crate::kubectl::{Args, Failure, Flag, Io, kubeconfig};
use crate::object::{GroupResource, go_json};

/// The version of this client, and of the servers it is made for.
pub(in crate::kubectl) const VERSION: &str = "v1.36.2";
/// The version of what reads kustomizations in it.
const KUSTOMIZE: &str = "v5.8.1";

/// The verb `api-resources`.
pub const API_RESOURCES: Spec = Spec {
    name: "api-resources",
    aliases: &[],
    shared: &[],
    flags: &[
        Flag::value("api-group", ""),
        Flag::switch("cached"),
        Flag::value("categories", "[]"),
        Flag { default: "true", ..Flag::switch("namespaced") },
        Flag::switch("no-headers"),
        Flag::value("output", "").short('o'),
        Flag::switch("show-managed-fields"),
        Flag::value("sort-by", ""),
        Flag::value("verbs", "[]"),
    ],
    usage: "kubectl api-resources [flags] [options]",
    about: "Print the supported API resources on the server.",
    start: |args| {
        no_arguments(&args)?;
        if !matches!(args.get("output"), "" | "wide" | "name" | "json" | "yaml") {
            return Err(Failure::error(format!(
                "unable to match a printer suitable for the output format {:?}, allowed formats \
                 are: json,kyaml,name,wide,yaml",
                args.get("output")
            )));
        }
        if !matches!(args.get("sort-by"), "" | "name" | "kind") {
            return Err(Failure::error("--sort-by accepts only name or kind"));
        }
        Ok(Box::new(move |io: &mut Io<'_>| resources(&args, io)))
    },
};

/// The verb `api-versions`.
pub const API_VERSIONS: Spec = Spec {
    name: "api-versions",
    aliases: &[],
    shared: &[],
    flags: &[],
    usage: "kubectl api-versions",
    about: "Print the supported API versions on the server, in the form of \"group/version\".",
    start: |args| {
        no_arguments(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut versions: Vec<String> = Vec::new();
            versions.extend(discovery::served(io.api).iter().map(Entry::api_version));
            versions.order();
            versions.dedup();
            io.out.extend(versions.iter().map(|version| format!("{version}\n")));
            Ok(())
        }))
    },
};

/// The verb `version`.
pub const VERSIONS: Spec = Spec {
    name: "version",
    aliases: &[],
    shared: &[],
    flags: &[Flag::switch("client"), Flag::value("output", "").short('o')],
    usage: "kubectl version [flags] [options]",
    about: "Print the client and server version information.",
    start: |args| {
        if !args.positional.is_empty() {
            let words = args.positional.join(" ");
            return Err(Failure::error(format!("extra arguments: [{words}]")));
        }
        if !matches!(args.get("output"), "" | "yaml" | "json") {
            return Err(Failure::error("--output must be 'yaml' or 'json'"));
        }
        Ok(Box::new(move |io: &mut Io<'_>| version(&args, io)))
    },
};

/// The verb `cluster-info`.
pub const CLUSTER_INFO: Spec = Spec {
    name: "cluster-info",
    aliases: &[],
    shared: &[],
    flags: &[],
    usage: "kubectl cluster-info [flags] [options]",
    about: "Display addresses of the control plane and services with label \
            kubernetes.io/cluster-service=true.",
    start: |args| {
        Ok(Box::new(move |io: &mut Io<'_>| {
            let config = kubeconfig::load(io.files);
            let server = kubeconfig::server(&config, args.get("context"));
            io.out.push_str(&format!(
                "Kubernetes control plane is running at {server}\n\nTo further debug and diagnose \
                 cluster problems, use 'kubectl cluster-info dump'.\n"
            ));
            Ok(())
        }))
    },
};

fn no_arguments(args: &Args) -> Result<(), Failure> {
    if args.positional.is_empty() {
        return Ok(());
    }
    let why = format!("unexpected arguments: [{}]", args.positional.join(" "));
    Err(Failure::usage(&args.command, &why))
}

fn resources(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let (verbs, categories) = (args.list("verbs"), args.list("categories"));
    let wanted = |row: &Entry| {
        (!args.has("api-group") || row.group == args.get("api-group"))
            && (!args.has("namespaced") || row.namespaced == args.is("namespaced"))
            && verbs.iter().all(|verb| row.verbs.contains(verb))
            && categories.iter().all(|name| row.categories.contains(name))
    };
    let mut rows = discovery::preferred(io.api);
    rows.retain(wanted);
    match args.get("sort-by") {
        "kind" => rows.order_by(|a, b| a.kind.cmp(&b.kind)),
        "name" => rows.order_by(|a, b| a.plural.cmp(&b.plural)),
        _ => rows.order_by(|a, b| (&a.group, &a.plural).cmp(&(&b.group, &b.plural))),
    }
    let output = args.get("output");
    if matches!(output, "json" | "yaml") {
        let list = json!({
            "apiVersion": "v1",
            "groupVersion": "",
            "kind": "APIResourceList",
            "resources": rows.iter().map(described).collect::<Vec<_>>(),
        });
        let printer =
            if output == "json" { Printer::Json(false, true) } else { Printer::Yaml(false) };
        io.out.push_str(&printer.print_value(&list)?);
        return Ok(());
    }
    let mut tabs = table::Tabs::for_get();
    let mut titles = vec!["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND"];
    if output == "wide" {
        titles.extend(["VERBS", "CATEGORIES"]);
    }
    if output != "name" && !args.is("no-headers") {
        tabs.line(&titles);
    }
    for row in &rows {
        if output == "name" {
            let resource = GroupResource::dynamic(&row.group, &row.plural);
            io.out.push_str(&format!("{resource}\n"));
            continue;
        }
        let (short, namespaced) = (row.short.join(","), row.namespaced.to_string());
        let version = row.api_version();
        let mut cells = vec![row.plural.as_str(), &short, &version, &namespaced, &row.kind];
        let (verbs, categories) = (row.verbs.join(","), row.categories.join(","));
        if output == "wide" {
            cells.extend([verbs.as_str(), &categories]);
        }
        tabs.line(&cells);
    }
    io.out.push_str(&tabs.flush());
    Ok(())
}

fn described(row: &Entry) -> Value {
    let mut value = json!({
        "kind": row.kind,
        "name": row.plural,
        "namespaced": row.namespaced,
        "singularName": row.singular,
        "verbs": row.verbs,
        "version": row.version,
    });
    for (field, list) in [("shortNames", &row.short), ("categories", &row.categories)] {
        if !list.is_empty() {
            value[field] = json!(list);
        }
    }
    if !row.group.is_empty() {
        value["group"] = json!(row.group);
    }
    value
}

fn version(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let client_only = args.is("client");
    if args.get("output").is_empty() {
        io.out.push_str(&format!("Client Version: {VERSION}\nKustomize Version: {KUSTOMIZE}\n"));
        if !client_only {
            let server = raw::server_version(io)?;
            let version = server["gitVersion"].as_str().unwrap_or_default();
            io.out.push_str(&format!("Server Version: {version}\n"));
        }
        return Ok(());
    }
    let mut client = discovery::version();
    if let Some(fields) = client.as_object_mut() {
        fields.retain(|name, _| !(name.starts_with("emulation") || name.starts_with("minCompat")));
    }
    let mut value = json!({ "clientVersion": client, "kustomizeVersion": KUSTOMIZE });
    if !client_only {
        value["serverVersion"] = raw::server_version(io)?;
    }
    let text = match args.get("output") {
        "yaml" => Printer::Yaml(false).print_value(&value)?,
        _ => format!("{}\n", go_json::indented(&value, "  ", true)),
    };
    io.out.push_str(&text);
    Ok(())
}
