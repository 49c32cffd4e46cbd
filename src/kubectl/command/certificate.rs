//! `kubectl certificate approve` and `deny`. Mirrors `k8s.io/kubectl/pkg/cmd/certificates`.

use serde_json::{Value, json};

use super::spec::Spec;
use super::{FILENAME, KUSTOMIZE, PRINT, RECURSIVE};
use crate::api::{Body, Verb};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::{Object, meta};

/// The verb `certificate approve`.
pub const APPROVE: Spec = Spec {
    name: "certificate approve",
    aliases: &[],
    shared: &[PRINT],
    flags: FLAGS,
    usage: "kubectl certificate approve (-f FILENAME | NAME) [options]",
    about: "Approve a certificate signing request",
    start: |args| start(args, &APPROVAL),
};

/// The verb `certificate deny`.
pub const DENY: Spec = Spec {
    name: "certificate deny",
    usage: "kubectl certificate deny (-f FILENAME | NAME) [options]",
    about: "Deny a certificate signing request",
    start: |args| start(args, &DENIAL),
    ..APPROVE
};

const FLAGS: &[Flag] = &[FILENAME, KUSTOMIZE, RECURSIVE, Flag::switch("force")];

/// What is decided about a request.
struct Verdict {
    /// The condition that says so, and the one that must not be there.
    condition: &'static str,
    contrary: &'static str,
    reason: &'static str,
    done: &'static str,
}

const APPROVAL: Verdict = Verdict {
    condition: "Approved",
    contrary: "Denied",
    reason: "KubectlApprove",
    done: "approved",
};

const DENIAL: Verdict =
    Verdict { condition: "Denied", contrary: "Approved", reason: "KubectlDeny", done: "denied" };

fn start(mut args: Args, verdict: &'static Verdict) -> Result<Box<dyn Job>, Failure> {
    if args.positional.is_empty() && !args.reads_files() {
        let why = "one or more CSRs must be specified as <name> or -f <filename>";
        return Err(Failure::error(why));
    }
    if !args.positional.is_empty() {
        args.positional.insert(0, "certificatesigningrequests".to_owned());
    }
    resource::check_given(&args)?;
    Ok(Box::new(move |io: &mut Io<'_>| {
        let keys = resource::keys(&args, io)?;
        Failure::each(keys, |(asked, namespace, name)| {
            let object = resource::fetch(io, &asked, &namespace, &name)?;
            decide(&args, io, verdict, (&asked, &object))
        })
    }))
}

/// Adds the condition unless it is there. Mirrors `addConditionIfNeeded`.
fn decide(
    args: &Args,
    io: &mut Io<'_>,
    verdict: &Verdict,
    (asked, object): (&Asked, &Object),
) -> Result<(), Failure> {
    let names = asked.names();
    if names.kind != "CertificateSigningRequest" {
        let got = [names.kind, names.group].join(".");
        return Err(Failure::error(format!(
            "can only handle CertificateSigningRequest.certificates.k8s.io objects, got {}",
            got.trim_end_matches('.')
        )));
    }
    let mut value = object.to_value();
    let given = value.pointer("/status/conditions").and_then(Value::as_array);
    let mut conditions = given.cloned().unwrap_or_default();
    let has = |kind: &str| conditions.iter().any(|condition| condition["type"] == kind);
    if has(verdict.contrary) {
        let (name, contrary) = (object.name(), verdict.contrary);
        let why = format!("certificate signing request \"{name}\" is already {contrary}");
        return Err(Failure::error(why));
    }
    let is_there = has(verdict.condition);
    if !is_there {
        conditions.push(json!({
            "type": verdict.condition,
            "status": "True",
            "reason": verdict.reason,
            "message": format!("This CSR was {} by kubectl certificate {}.",
                verdict.done, args.command.rsplit(' ').next().unwrap_or_default()),
            "lastUpdateTime": meta::timestamp(io.now).0.to_string(),
        }));
        value["status"]["conditions"] = Value::Array(conditions);
    }
    if !is_there || args.is("force") {
        let mut request = asked.request(Verb::Update, "", object.name()).to("approval");
        request.body = Body::Json(value);
        io.api.call(request)?;
    }
    io.out.push_str(&DryRun::None.report(args, asked, object, verdict.done, io.now)?);
    Ok(())
}
