//! `kubectl auth reconcile`. Mirrors `k8s.io/kubectl/pkg/cmd/auth/reconcile.go` and
//! `k8s.io/component-helpers/auth/rbac/reconciliation`.

use serde_json::{Value, json};

use crate::api::{Body, Verb};
use crate::kubectl::command::create::generator::json_of;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Manifest};
use crate::kubectl::{Args, Failure, Io, Job};

const GROUP: &str = "rbac.authorization.k8s.io";
const PROTECTED: &str = "rbac.authorization.kubernetes.io/autoupdate";

pub(super) fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    if !args.reads_files() && !args.has("kustomize") {
        return Err(Failure::error("must specify one of -f and -k"));
    }
    if !args.positional.is_empty() {
        return Err(Failure::error("no arguments are allowed"));
    }
    let dry_run = DryRun::from_args(&args)?;
    if dry_run == DryRun::Server {
        let why = "--dry-run=server for command reconcile is not supported yet";
        return Err(Failure::error(why));
    }
    Ok(Box::new(move |io: &mut Io<'_>| {
        for manifest in resource::manifests(&args, io)? {
            reconcile(&args, dry_run, io, &manifest?)?;
        }
        Ok(())
    }))
}

/// What one of the kinds holds: rules or subjects.
fn field(kind: &str) -> Option<&'static str> {
    match kind {
        "Role" | "ClusterRole" => Some("rules"),
        "RoleBinding" | "ClusterRoleBinding" => Some("subjects"),
        _ => None,
    }
}

fn reconcile(
    args: &Args,
    dry_run: DryRun,
    io: &mut Io<'_>,
    manifest: &Manifest,
) -> Result<(), Failure> {
    let names = manifest.asked.names();
    let Some(field) = field(names.kind).filter(|_| names.group == GROUP) else { return Ok(()) };
    let wanted = &manifest.value;
    // Files are read without a server, so that nobody fills their namespace in.
    if names.namespaced && !manifest.had_namespace {
        return Err(Failure::error("resource name may not be empty"));
    }
    let get = manifest.asked.request(Verb::Get, &manifest.namespace, &manifest.name);
    let existing = match io.api.call(get) {
        Ok(reply) => Some(json_of(reply)),
        Err(status) if status.is_not_found() => None,
        Err(status) => return Err(Failure::status(&status)),
    };
    let remove = match field {
        "rules" => args.is("remove-extra-permissions"),
        _ => args.is("remove-extra-subjects"),
    };
    let list = |value: &Value| parts(field, value);
    let have = existing.as_ref().map(list).unwrap_or_default();
    let want = list(wanted);
    let covers = |owner: &[Value], part: &Value| owner.iter().any(|own| covers(field, own, part));
    let missing: Vec<_> = want.iter().filter(|part| !covers(&have, part)).cloned().collect();
    let extra: Vec<_> = have.iter().filter(|part| !covers(&want, part)).cloned().collect();
    let (operation, object) = match &existing {
        None => ("create", wanted.clone()),
        Some(old) => {
            let mut new = old.clone();
            for map in ["annotations", "labels"] {
                for (key, value) in wanted["metadata"][map].as_object().into_iter().flatten() {
                    let old = &new["metadata"][map][key.as_str()];
                    if old.is_null() {
                        new["metadata"][map][key.as_str()] = value.clone();
                    }
                }
            }
            if remove && (!missing.is_empty() || !extra.is_empty()) {
                new[field] = wanted.get(field).cloned().unwrap_or_else(|| json!([]));
            } else if !missing.is_empty() {
                let mut all = new[field].as_array().cloned().unwrap_or_default();
                all.extend(missing.iter().cloned());
                new[field] = json!(all);
            }
            (if new == *old { "" } else { "update" }, new)
        }
    };
    let is_protected =
        existing.as_ref().is_some_and(|old| old["metadata"]["annotations"][PROTECTED] == "false");
    if !operation.is_empty() && !is_protected && dry_run == DryRun::None {
        let (verb, name) = match operation {
            "create" => (Verb::Create, ""),
            _ => (Verb::Update, manifest.name.as_str()),
        };
        let mut request = manifest.asked.request(verb, &manifest.namespace, name);
        request.body = Body::Json(object.clone());
        io.api.call(request)?;
    }
    let line = dry_run.report_value(args, &manifest.asked, &object, "reconciled")?;
    io.out.push_str(&line);
    if operation.is_empty() {
        return Ok(());
    }
    let caveat = if is_protected {
        ", but object opted out (rbac.authorization.kubernetes.io/autoupdate: false)"
    } else {
        ""
    };
    io.err.push_str(&format!("\treconciliation required {operation}{caveat}\n"));
    for (parts, what) in [(missing, "missing"), (extra, "extra")] {
        let end = if what == "missing" { "added" } else { "removed" };
        if parts.is_empty() || what == "extra" && !remove {
            continue;
        }
        io.err.push_str(&format!("\t{what} {field} {end}:\n"));
        for part in parts {
            io.err.push_str(&format!("\t\t{}\n", shown(field, &part)));
        }
    }
    Ok(())
}

/// The subjects, or the rules each for one verb, group, resource and name.
fn parts(field: &str, value: &Value) -> Vec<Value> {
    let items = value[field].as_array().cloned().unwrap_or_default();
    if field == "subjects" {
        return items;
    }
    let each = |rule: &Value, name: &str| rule[name].as_array().cloned().unwrap_or_default();
    let mut found = Vec::new();
    for rule in &items {
        for verb in each(rule, "verbs") {
            for path in each(rule, "nonResourceURLs") {
                found.push(json!({"verbs": [verb], "nonResourceURLs": [path]}));
            }
        }
        for group in each(rule, "apiGroups") {
            for resource in each(rule, "resources") {
                for verb in each(rule, "verbs") {
                    let names = each(rule, "resourceNames");
                    let mut one =
                        json!({"verbs": [verb], "apiGroups": [group], "resources": [resource]});
                    if names.is_empty() {
                        found.push(one);
                        continue;
                    }
                    for name in names {
                        one["resourceNames"] = json!([name]);
                        found.push(one.clone());
                    }
                }
            }
        }
    }
    found
}

/// Whether a part gives what another asks for. Mirrors `validation.ruleCovers`.
fn covers(field: &str, own: &Value, part: &Value) -> bool {
    if field == "subjects" {
        return ["kind", "name", "namespace"].iter().all(|name| {
            own[*name].as_str().unwrap_or_default() == part[*name].as_str().unwrap_or_default()
        });
    }
    let names = &own["resourceNames"];
    let fits = |name: &str| {
        let (own, part) = (&own[name][0], &part[name][0]);
        own == "*" && !part.is_null() || own == part
    };
    ["verbs", "apiGroups", "resources"].iter().all(|name| fits(name))
        && (names.is_null() || *names == part["resourceNames"])
        && (own["nonResourceURLs"] == part["nonResourceURLs"] || own["nonResourceURLs"][0] == "*")
}

/// A part as Go prints it with `%+v`.
fn shown(field: &str, part: &Value) -> String {
    let text = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
    if field == "subjects" {
        let group = match (text("apiGroup").as_str(), text("kind").as_str()) {
            ("", "User" | "Group") => GROUP.to_owned(),
            (group, _) => group.to_owned(),
        };
        let (kind, name, namespace) = (text("kind"), text("name"), text("namespace"));
        return format!("{{Kind:{kind} APIGroup:{group} Name:{name} Namespace:{namespace}}}");
    }
    let list = |name: &str| {
        let items = part[name].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    };
    format!(
        "{{Verbs:[{}] APIGroups:[{}] Resources:[{}] ResourceNames:[{}] NonResourceURLs:[{}]}}",
        list("verbs"),
        list("apiGroups"),
        list("resources"),
        list("resourceNames"),
        list("nonResourceURLs")
    )
}
