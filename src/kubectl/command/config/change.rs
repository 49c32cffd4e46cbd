//! The verbs of `kubectl config` that write the kubeconfig.

use serde_json::{Value, json};

use super::{find, load, name_of, place, save};
use crate::kubectl::command::help;
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

const NONE: &[&[Flag]] = &[];

/// The verb `config use-context`.
pub const USE_CONTEXT: Spec = Spec {
    name: "config use-context",
    aliases: &["config use"],
    shared: NONE,
    flags: &[],
    usage: "kubectl config use-context CONTEXT_NAME [options]",
    about: "Set the current-context in a kubeconfig file.",
    start: |args| {
        change(args, 1..=1, |words, _, config| {
            let name = &words[0];
            if find(config, "contexts", name).is_none() {
                let why = format!("no context exists with the name: {name:?}");
                return Err(Failure::error(why));
            }
            config["current-context"] = json!(name);
            Ok(format!("Switched to context {name:?}."))
        })
    },
};

/// The verb `config rename-context`.
pub const RENAME_CONTEXT: Spec = Spec {
    name: "config rename-context",
    aliases: &[],
    shared: NONE,
    flags: &[],
    usage: "kubectl config rename-context CONTEXT_NAME NEW_NAME [options]",
    about: "Rename a context from the kubeconfig file.",
    start: |args| {
        change(args, 2..=2, |words, args, config| {
            let (old, new, place) = (&words[0], &words[1], place(args));
            if find(config, "contexts", old).is_none() {
                let why = format!("cannot rename the context {old:?}, it's not in {place}");
                return Err(Failure::error(why));
            }
            if find(config, "contexts", new).is_some() {
                return Err(Failure::error(format!(
                    "cannot rename the context {old:?}, the context {new:?} already exists in \
                     {place}"
                )));
            }
            for entry in config["contexts"].as_array_mut().into_iter().flatten() {
                if name_of(entry) == old {
                    entry["name"] = json!(new);
                }
            }
            if config["current-context"] == old.as_str() {
                config["current-context"] = json!(new);
            }
            Ok(format!("Context {old:?} renamed to {new:?}."))
        })
    },
};

/// The verb `config set-context`.
pub const SET_CONTEXT: Spec = Spec {
    name: "config set-context",
    aliases: &[],
    shared: NONE,
    flags: &[Flag::switch("current")],
    usage: "kubectl config set-context [NAME | --current] [--cluster=cluster_nickname] \
            [--user=user_nickname] [--namespace=namespace] [options]",
    about: "Set a context entry in kubeconfig.",
    start: |args| {
        if args.is("current") && !args.positional.is_empty() {
            return Err(Failure::error("you cannot specify both a context name and --current"));
        }
        if !args.is("current") && args.positional.is_empty() {
            return Err(Failure::error("you must specify a non-empty context name or --current"));
        }
        change(args, 0..=1, |words, args, config| {
            let name = match words.first() {
                Some(name) => name.clone(),
                None => config["current-context"].as_str().unwrap_or_default().to_owned(),
            };
            if name.is_empty() {
                return Err(Failure::error("no current context is set"));
            }
            let is_new = find(config, "contexts", &name).is_none();
            let entry = entry(config, "contexts", &name);
            for field in ["cluster", "user", "namespace"] {
                if args.has(field) {
                    entry["context"][field] = json!(args.get(field));
                }
            }
            let done = if is_new { "created" } else { "modified" };
            Ok(format!("Context {name:?} {done}."))
        })
    },
};

/// The verb `config set-cluster`.
pub const SET_CLUSTER: Spec = Spec {
    name: "config set-cluster",
    aliases: &[],
    shared: NONE,
    flags: &[
        Flag::value("certificate-authority", ""),
        Flag::switch("embed-certs"),
        Flag::value("proxy-url", ""),
    ],
    usage: "kubectl config set-cluster NAME [--server=server] \
            [--certificate-authority=path/to/certificate/authority] \
            [--insecure-skip-tls-verify=true] [--tls-server-name=example.com] [options]",
    about: "Set a cluster entry in kubeconfig.",
    start: |args| {
        change(args, 1..=1, |words, args, config| {
            let entry = entry(config, "clusters", &words[0]);
            for field in ["certificate-authority", "proxy-url", "server", "tls-server-name"] {
                if args.has(field) {
                    entry["cluster"][field] = json!(args.get(field));
                }
            }
            if args.has("insecure-skip-tls-verify") {
                let skip = args.is("insecure-skip-tls-verify");
                entry["cluster"]["insecure-skip-tls-verify"] = json!(skip);
            }
            Ok(format!("Cluster {:?} set.", words[0]))
        })
    },
};

/// The verb `config set-credentials`.
pub const SET_CREDENTIALS: Spec = Spec {
    name: "config set-credentials",
    aliases: &[],
    shared: NONE,
    flags: &[
        Flag::value("client-certificate", ""),
        Flag::value("client-key", ""),
        Flag::switch("embed-certs"),
        Flag::value("password", ""),
        Flag::value("username", ""),
    ],
    usage: "kubectl config set-credentials NAME [--client-certificate=path/to/certfile] \
            [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] \
            [--password=basic_password] [options]",
    about: "Set a user entry in kubeconfig.",
    start: |args| {
        if args.has("token") && (args.has("username") || args.has("password")) {
            return Err(Failure::error(
                "you cannot specify more than one authentication method at the same time: --token, \
                 --username/--password",
            ));
        }
        change(args, 1..=1, |words, args, config| {
            let entry = entry(config, "users", &words[0]);
            for field in ["client-certificate", "client-key", "password", "token", "username"] {
                if args.has(field) {
                    entry["user"][field] = json!(args.get(field));
                }
            }
            Ok(format!("User {:?} set.", words[0]))
        })
    },
};

/// The verb `config set`.
pub const SET: Spec = Spec {
    name: "config set",
    aliases: &[],
    shared: NONE,
    flags: &[Flag::switch("set-raw-bytes")],
    usage: "kubectl config set PROPERTY_NAME PROPERTY_VALUE [options]",
    about: "Set an individual value in a kubeconfig file.",
    start: |args| {
        change(args, 2..=2, |words, _, config| {
            *property(config, &words[0])? = json!(words[1]);
            Ok(format!("Property {:?} set.", words[0]))
        })
    },
};

/// The verb `config unset`.
pub const UNSET: Spec = Spec {
    name: "config unset",
    aliases: &[],
    shared: NONE,
    flags: &[],
    usage: "kubectl config unset PROPERTY_NAME [options]",
    about: "Unset an individual value in a kubeconfig file.",
    start: |args| {
        change(args, 1..=1, |words, _, config| {
            match words[0].rsplit_once('.') {
                Some((parent, field)) if parent.contains('.') => {
                    if let Some(fields) = property(config, parent)?.as_object_mut() {
                        fields.remove(field);
                    }
                }
                Some((list, name)) => {
                    property(config, &words[0])?;
                    if let Some(entries) = config[list].as_array_mut() {
                        entries.retain(|entry| name_of(entry) != name);
                    }
                }
                None => *property(config, &words[0])? = Value::Null,
            }
            Ok(format!("Property {:?} unset.", words[0]))
        })
    },
};

/// The verb `config delete-context`.
pub const DELETE_CONTEXT: Spec = Spec {
    name: "config delete-context",
    aliases: &[],
    shared: NONE,
    flags: &[],
    usage: "kubectl config delete-context NAME [options]",
    about: "Delete the specified context from the kubeconfig.",
    start: |args| delete(args, "contexts", "context"),
};

/// The verb `config delete-cluster`.
pub const DELETE_CLUSTER: Spec = Spec {
    name: "config delete-cluster",
    aliases: &[],
    shared: NONE,
    flags: &[],
    usage: "kubectl config delete-cluster NAME [options]",
    about: "Delete the specified cluster from the kubeconfig.",
    start: |args| delete(args, "clusters", "cluster"),
};

/// The verb `config delete-user`.
pub const DELETE_USER: Spec = Spec {
    name: "config delete-user",
    aliases: &[],
    shared: NONE,
    flags: &[],
    usage: "kubectl config delete-user NAME [options]",
    about: "Delete the specified user from the kubeconfig.",
    start: |args| delete(args, "users", "user"),
};

/// What a verb does to the kubeconfig, given its words; the answer is what it says.
type Change = fn(&[String], &Args, &mut Value) -> Result<String, Failure>;

fn change(
    args: Args,
    count: std::ops::RangeInclusive<usize>,
    act: Change,
) -> Result<Box<dyn Job>, Failure> {
    if !count.contains(&args.positional.len()) {
        let words = args.positional.join(" ");
        let why = format!("Unexpected args: [{words}]");
        return Err(help::before_error(&args.command, &why));
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        let mut config = load(&args, io)?;
        let said = act(&args.positional, &args, &mut config)?;
        save(&args, io, &config);
        io.out.push_str(&format!("{said}\n"));
        Ok(())
    }))
}

fn delete(args: Args, list: &'static str, what: &'static str) -> Result<Box<dyn Job>, Failure> {
    let [name] = args.positional.as_slice() else {
        return Err(Failure::usage(&args.command, "you must specify a name"));
    };
    let name = name.clone();
    Ok(Box::new(move |io: &mut Io<'_>| {
        let mut config = load(&args, io)?;
        let place = place(&args).to_owned();
        if find(&config, list, &name).is_none() {
            return Err(Failure::error(format!("cannot delete {what} {name}, not in {place}")));
        }
        if let Some(entries) = config[list].as_array_mut() {
            entries.retain(|entry| name_of(entry) != name);
        }
        save(&args, io, &config);
        if what == "context" && config["current-context"] == name.as_str() {
            io.err.push_str(
                "warning: this removed your active context, use \"kubectl config use-context\" to \
                 select a different one\n",
            );
        }
        io.out.push_str(&format!("deleted {what} {name} from {place}\n"));
        Ok(())
    }))
}

/// The entry of that name, made if there is none.
fn entry<'a>(config: &'a mut Value, list: &str, name: &str) -> &'a mut Value {
    let part = list.trim_end_matches('s');
    let entries = match &mut config[list] {
        Value::Array(entries) => entries,
        other => {
            *other = json!([]);
            other.as_array_mut().expect("it was made a list just now")
        }
    };
    let at = entries.iter().position(|entry| name_of(entry) == name).unwrap_or_else(|| {
        entries.push(json!({ "name": name, part: {} }));
        entries.len() - 1
    });
    &mut entries[at]
}

/// The value behind `clusters.NAME.server` or `current-context`.
fn property<'a>(config: &'a mut Value, path: &str) -> Result<&'a mut Value, Failure> {
    let mut parts = path.splitn(3, '.');
    let list = parts.next().unwrap_or_default();
    let part = match list {
        "clusters" => "cluster",
        "contexts" => "context",
        "users" => "user",
        "current-context" => return Ok(&mut config["current-context"]),
        _ => {
            let why = format!("unable to parse {path} after [] at api.Config");
            return Err(Failure::error(why));
        }
    };
    let name = parts.next().unwrap_or_default();
    let fields = &mut entry(config, list, name)[part];
    Ok(match parts.next() {
        Some(field) => &mut fields[field],
        None => fields,
    })
}
