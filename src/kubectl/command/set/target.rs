//! `kubectl set serviceaccount`, `selector` and `subject`. Mirrors `set_serviceaccount.go`,
//! `set_selector.go` and `set_subject.go`.

use serde_json::{Value, json};

use super::{FLAGS, about, pod_spec, send, subjects};
use crate::api::Status;
use crate::kubectl::command::create::{quota, rbac};
use crate::kubectl::command::spec::Spec;
use crate::kubectl::{Args, Failure, Flag, Io};

/// The verb `set serviceaccount`.
pub const SERVICE_ACCOUNT: Spec = Spec {
    name: "set serviceaccount",
    aliases: &["set sa"],
    shared: &[super::super::PRINT, FLAGS],
    flags: &[],
    usage: "kubectl set serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT [options]",
    about: "Update the service account of pod templates.",
    start: |mut args| {
        let Some(account) = args.positional.pop() else {
            return Err(Failure::error("serviceaccount is required"));
        };
        crate::kubectl::resource::check_given(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| service_account(&args, io, &account)))
    },
};

/// The verb `set selector`.
pub const SELECTOR_OF_SERVICE: Spec = Spec {
    name: "set selector",
    aliases: &[],
    shared: &[super::super::PRINT, FLAGS],
    flags: &[Flag::value("resource-version", "")],
    usage: "kubectl set selector (-f FILENAME | TYPE NAME) EXPRESSIONS \
            [--resource-version=version] [options]",
    about: "Set the selector on a resource.",
    start: |mut args| {
        let Some(text) = args.positional.pop() else {
            return Err(Failure::error("one selector is required"));
        };
        let selector = quota::selector(&text)?;
        crate::kubectl::resource::check_given(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| set_selector(&args, io, &selector)))
    },
};

/// The verb `set subject`.
pub const SUBJECT: Spec = Spec {
    name: "set subject",
    aliases: &[],
    shared: &[super::super::PRINT, FLAGS],
    flags: &[
        Flag::value("group", "[]"),
        Flag::value("serviceaccount", "[]"),
        Flag::value("user", "[]"),
    ],
    usage: "kubectl set subject (-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] \
            [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] \
            [options]",
    about: "Update the user, group, or service account in a role binding or cluster role binding.",
    start: |args| {
        if !["user", "group", "serviceaccount"].iter().any(|flag| args.has(flag)) {
            return Err(Failure::error(
                "you must specify at least one value of user, group or serviceaccount",
            ));
        }
        let wanted = rbac::subjects(&args)?;
        crate::kubectl::resource::check_given(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| set_subjects(&args, io, &wanted)))
    },
};

fn service_account(args: &Args, io: &mut Io<'_>, account: &str) -> Result<(), Failure> {
    let refused = |status: &Status| {
        let why = "failed to patch ServiceAccountName";
        Failure::error(format!("{why} {}", status.message))
    };
    Failure::each(subjects(args, io)?, |(asked, mut before)| {
        // Without the old name: it is said even where nothing changes.
        if let Some(fields) = pod_spec(&asked, &mut before)?.as_object_mut() {
            fields.remove("serviceAccountName");
            fields.remove("serviceAccount");
        }
        let mut after = before.clone();
        pod_spec(&asked, &mut after)?["serviceAccountName"] = json!(account);
        send(args, io, (&asked, &before), &after, "serviceaccount updated", refused)
    })
}

fn set_selector(args: &Args, io: &mut Io<'_>, selector: &Value) -> Result<(), Failure> {
    for (asked, before) in subjects(args, io)? {
        if asked.names().kind != "Service" {
            let why = "setting a selector is only supported for Services";
            return Err(Failure::error(why));
        }
        if let Some(expressions) = selector["matchExpressions"].as_array() {
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let one = |e: &Value| {
                let values = e["values"].as_array().into_iter().flatten().map(text);
                let values = values.collect::<Vec<_>>().join(" ");
                format!("{{{} {} [{values}]}}", text(&e["key"]), text(&e["operator"]))
            };
            let all = expressions.iter().map(one).collect::<Vec<_>>().join(" ");
            let why = format!("match expression [{all}] not supported on this object");
            return Err(Failure::error(why));
        }
        // It is said even where nothing changes.
        let (mut bare, mut after) = (before.clone(), before.clone());
        bare["spec"]["selector"] = json!({});
        after["spec"]["selector"] = selector["matchLabels"].clone();
        for key in before["spec"]["selector"].as_object().into_iter().flatten().map(|(key, _)| key)
        {
            if after["spec"]["selector"].get(key).is_none() {
                bare["spec"]["selector"][key] = before["spec"]["selector"][key].clone();
            }
        }
        send(args, io, (&asked, &bare), &after, "selector updated", Failure::status)?;
    }
    Ok(())
}

fn set_subjects(args: &Args, io: &mut Io<'_>, wanted: &[Value]) -> Result<(), Failure> {
    let refused = |status: &Status| {
        Failure::error(format!("failed to patch subjects to rolebinding: {}", status.message))
    };
    Failure::each(subjects(args, io)?, |(asked, before)| {
        if !matches!(asked.names().kind, "RoleBinding" | "ClusterRoleBinding") {
            return Err(Failure::error(format!(
                "{} setting subjects is only supported for RoleBinding/ClusterRoleBinding",
                about(&asked, &before)
            )));
        }
        let mut after = before.clone();
        let mut all = before["subjects"].as_array().cloned().unwrap_or_default();
        all.extend(wanted.iter().filter(|new| !all.contains(new)).cloned().collect::<Vec<_>>());
        after["subjects"] = Value::Array(all);
        send(args, io, (&asked, &before), &after, "subjects updated", refused)
    })
}
