//! `kubectl config view`, `current-context`, `get-contexts`, `get-clusters`, `get-users`.

use serde_json::{Map, Value, json};

use super::{find, load, name_of};
use crate::base::table;
use crate::kubectl::command::{PRINT, spec::Spec};
use crate::kubectl::print::Printer;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `config view`.
pub const VIEW: Spec = Spec {
    name: "config view",
    aliases: &[],
    shared: &[PRINT],
    flags: &[
        Flag::switch("flatten"),
        Flag { default: "true", ..Flag::switch("merge") },
        Flag::switch("minify"),
        Flag::switch("raw"),
    ],
    usage: "kubectl config view [flags] [options]",
    about: "Display merged kubeconfig settings or a specified kubeconfig file.",
    start: |args| {
        let printer = match args.get("output") {
            "" => Printer::Yaml(false),
            _ => Printer::from_args(&args)?,
        };
        Ok(Box::new(move |io: &mut Io<'_>| {
            let mut config = load(&args, io)?;
            if args.is("minify") {
                minify(&args, &mut config)?;
            }
            if !args.is("raw") && !args.is("flatten") {
                redact(&mut config);
            }
            io.out.push_str(&printer.print_value(&config)?);
            Ok(())
        }))
    },
};

/// The verb `config current-context`.
pub const CURRENT_CONTEXT: Spec = Spec {
    name: "config current-context",
    aliases: &[],
    shared: &[],
    flags: &[],
    usage: "kubectl config current-context [flags] [options]",
    about: "Display the current-context.",
    start: |args| {
        Ok(Box::new(move |io: &mut Io<'_>| {
            match load(&args, io)?["current-context"].as_str().unwrap_or_default() {
                "" => Err(Failure::error("current-context is not set")),
                name => {
                    io.out.push_str(&format!("{name}\n"));
                    Ok(())
                }
            }
        }))
    },
};

/// The verb `config get-contexts`.
pub const GET_CONTEXTS: Spec = Spec {
    name: "config get-contexts",
    aliases: &[],
    shared: &[],
    flags: &[Flag::switch("no-headers"), Flag::value("output", "").short('o')],
    usage: "kubectl config get-contexts [(-o|--output=)name)] [options]",
    about: "Display one or many contexts from the kubeconfig file.",
    start: |args| {
        let output = args.get("output");
        if !matches!(output, "" | "name") {
            return Err(Failure::error(format!(
                "--output {output} is not available in kubectl config get-contexts; resetting to \
                 default output format"
            )));
        }
        Ok(Box::new(move |io: &mut Io<'_>| contexts(&args, io)))
    },
};

/// The verb `config get-clusters`.
pub const GET_CLUSTERS: Spec = Spec {
    name: "config get-clusters",
    aliases: &[],
    shared: &[],
    flags: &[],
    usage: "kubectl config get-clusters [flags] [options]",
    about: "Display clusters defined in the kubeconfig.",
    start: |args| names(args, "clusters"),
};

/// The verb `config get-users`.
pub const GET_USERS: Spec = Spec {
    name: "config get-users",
    aliases: &[],
    shared: &[],
    flags: &[],
    usage: "kubectl config get-users [flags] [options]",
    about: "Display users defined in the kubeconfig.",
    start: |args| names(args, "users"),
};

fn names(args: Args, list: &'static str) -> Result<Box<dyn Job>, Failure> {
    Ok(Box::new(move |io: &mut Io<'_>| {
        let config = load(&args, io)?;
        io.out.push_str("NAME\n");
        for entry in config[list].as_array().into_iter().flatten() {
            io.out.push_str(&format!("{}\n", name_of(entry)));
        }
        Ok(())
    }))
}

fn contexts(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let config = load(args, io)?;
    let current = config["current-context"].as_str().unwrap_or_default();
    let mut tabs = table::Tabs::for_get();
    let by_name = args.get("output") == "name";
    if !by_name && !args.is("no-headers") {
        tabs.line(["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]);
    }
    let mut failures = Vec::new();
    let mut chosen: Vec<&Value> = Vec::new();
    for name in &args.positional {
        match find(&config, "contexts", name) {
            Some(entry) => chosen.push(entry),
            None => failures.push(Failure::error(format!("context {name} not found"))),
        }
    }
    if args.positional.is_empty() {
        chosen = config["contexts"].as_array().into_iter().flatten().collect();
    }
    for entry in chosen {
        if by_name {
            io.out.push_str(&format!("{}\n", name_of(entry)));
            continue;
        }
        let mark = if name_of(entry) == current { "*" } else { "" };
        let text = |field: &str| entry["context"][field].as_str().unwrap_or_default();
        tabs.line([mark, name_of(entry), text("cluster"), text("user"), text("namespace")]);
    }
    io.out.push_str(&tabs.flush());
    Failure::several(&failures)
}

/// Leaves what the current context needs. Mirrors `clientcmdapi.MinifyConfig`.
fn minify(args: &Args, config: &mut Value) -> Result<(), Failure> {
    let current = match args.get("context") {
        "" => config["current-context"].as_str().unwrap_or_default().to_owned(),
        name => name.to_owned(),
    };
    if current.is_empty() {
        return Err(Failure::error("current-context must exist in order to minify"));
    }
    let Some(context) = find(config, "contexts", &current).cloned() else {
        return Err(Failure::error(format!("cannot locate context {current}")));
    };
    let text = |field: &str| context["context"][field].as_str().unwrap_or_default();
    for (list, name) in [("clusters", text("cluster")), ("users", text("user"))] {
        config[list] = find(config, list, name).map_or(Value::Null, |entry| json!([entry]));
    }
    config["contexts"] = json!([context]);
    config["current-context"] = json!(current);
    Ok(())
}

/// Hides what is secret. Mirrors `clientcmdapi.ShortenConfig` and `RedactSecrets`.
fn redact(config: &mut Value) {
    let mut hide = |list: &str, part: &str| {
        for entry in config[list].as_array_mut().into_iter().flatten() {
            for (field, value) in entry[part].as_object_mut().unwrap_or(&mut Map::new()) {
                let hidden = match field.as_str() {
                    "token" | "password" => "REDACTED",
                    field if field.ends_with("-data") => "DATA+OMITTED",
                    _ => continue,
                };
                if value.as_str().is_some_and(|text| !text.is_empty()) {
                    *value = json!(hidden);
                }
            }
        }
    };
    hide("clusters", "cluster");
    hide("users", "user");
}
