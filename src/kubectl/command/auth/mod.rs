//! `kubectl auth`. Mirrors `k8s.io/kubectl/pkg/cmd/auth`.

mod can_i;
mod reconcile;

use serde_json::{Value, json};

use super::spec::Spec;
use super::{ALL_NAMESPACES, DRY_RUN, FILENAME, PRINT, RECURSIVE};
use crate::api::{Body, Request, Verb};
use crate::base::go_text;
use crate::kubectl::command::create::generator::json_of;
use crate::kubectl::print::Printer;
use crate::kubectl::{Args, Failure, Flag, Io, Job};
use crate::object::GroupResource;

/// The verb `auth can-i`.
pub const CAN_I: Spec = Spec {
    name: "auth can-i",
    aliases: &[],
    shared: &[],
    flags: &[
        ALL_NAMESPACES,
        Flag::switch("list"),
        Flag::switch("no-headers"),
        Flag::switch("quiet").short('q'),
        Flag::value("subresource", ""),
    ],
    usage: "kubectl auth can-i VERB [TYPE | TYPE/NAME | NONRESOURCEURL] [options]",
    about: "Check whether an action is allowed.",
    start: can_i::start,
};

/// The verb `auth reconcile`.
pub const RECONCILE: Spec = Spec {
    name: "auth reconcile",
    aliases: &[],
    shared: &[PRINT],
    flags: &[
        DRY_RUN,
        FILENAME,
        super::KUSTOMIZE,
        RECURSIVE,
        Flag::switch("remove-extra-permissions"),
        Flag::switch("remove-extra-subjects"),
    ],
    usage: "kubectl auth reconcile -f FILENAME [options]",
    about: "Reconcile rules for RBAC role, role binding, cluster role, and cluster role binding \
            objects.",
    start: reconcile::start,
};

/// The verb `auth whoami`.
pub const WHO_AM_I: Spec = Spec {
    name: "auth whoami",
    aliases: &[],
    shared: &[PRINT],
    flags: &[],
    usage: "kubectl auth whoami [options]",
    about: "Check self subject attributes.",
    start: |args| {
        Printer::from_args(&args)?;
        Ok(Box::new(move |io: &mut Io<'_>| who_am_i(&args, io)) as Box<dyn Job>)
    },
};

/// Sends a review, which is answered and not stored.
fn review(io: &mut Io<'_>, group: &'static str, kind: &str, spec: Value) -> Result<Value, Failure> {
    let plural = format!("{}s", kind.to_ascii_lowercase());
    let mut request = Request::new(Verb::Create, GroupResource::dynamic(group, &plural));
    request.body = Body::Json(json!({
        "apiVersion": format!("{group}/v1"),
        "kind": kind,
        "metadata": {},
        "spec": spec,
    }));
    Ok(json_of(io.api.call(request)?))
}

fn who_am_i(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let found = review(io, "authentication.k8s.io", "SelfSubjectReview", json!({}))?;
    let printer = Printer::from_args(args)?;
    if !printer.is_table() {
        io.out.push_str(&printer.print_value(&found)?);
        return Ok(());
    }
    let info = &found["status"]["userInfo"];
    let mut rows = Vec::new();
    for (title, field) in [("Username", "username"), ("UID", "uid"), ("Groups", "groups")] {
        if !info[field].is_null() {
            rows.push([title.to_owned(), go_text::print(&info[field])]);
        }
    }
    for (key, value) in info["extra"].as_object().into_iter().flatten() {
        rows.push([format!("Extra: {key}"), go_text::print(value)]);
    }
    io.out
        .push_str(&crate::base::table::render(&["ATTRIBUTE".to_owned(), "VALUE".to_owned()], rows));
    Ok(())
}
