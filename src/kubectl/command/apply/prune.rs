//! `kubectl apply --prune`: what was applied once and is no longer in the files. Mirrors
//! `k8s.io/kubectl/pkg/cmd/apply/prune.go`.

use std::collections::BTreeSet;

use crate::kubectl::command::delete;
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Io};
use crate::object::meta::LAST_APPLIED;

/// What is pruned where nobody says what. Mirrors `prune.GetRESTMappings`.
const USUAL: &str = "configmaps,endpoints,namespaces,persistentvolumeclaims,persistentvolumes,pods,\
                     replicationcontrollers,secrets,services,jobs,cronjobs,ingresses,daemonsets,\
                     deployments,replicasets,statefulsets";

/// The kinds that `--prune-allowlist` names.
///
/// # Errors
/// What is no kind.
pub(super) fn kinds(args: &Args) -> Result<Vec<Asked>, Failure> {
    let mut found = Vec::new();
    for word in args.list("prune-allowlist") {
        let [group, version, kind] = word.split('/').collect::<Vec<_>>()[..] else {
            return Err(Failure::error(format!(
                "invalid GroupVersionKind format: {word}, please follow <group/version/kind>"
            )));
        };
        let group = if group == "core" { "" } else { group };
        let known = crate::kinds::by_kind(group, kind);
        let served = known.and_then(|k| k.names().versions.iter().find(|v| **v == version));
        let (Some(kind), Some(served)) = (known, served) else {
            let version =
                if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
            return Err(Failure::error(format!(
                "no matches for kind {kind:?} in version {version:?}"
            )));
        };
        found.push(Asked { kind, version: served });
    }
    if found.is_empty() {
        return resource::kinds(USUAL, &[]);
    }
    Ok(found)
}

/// Deletes what carries the annotation, matches the selector and was not applied just now.
pub(super) fn prune(
    args: &Args,
    dry_run: DryRun,
    io: &mut Io<'_>,
    (kinds, visited): (&[Asked], &BTreeSet<String>),
) -> Result<(), Failure> {
    let (namespaced, others): (Vec<_>, Vec<_>) =
        kinds.iter().partition(|asked| asked.names().namespaced);
    for asked in namespaced.into_iter().chain(others) {
        let (objects, _) = resource::list(io, asked, args.namespace(), args.get("selector"), "")?;
        for object in objects {
            let notes = object.meta().annotations.as_ref();
            let was_applied = notes.is_some_and(|notes| notes.contains_key(LAST_APPLIED));
            if !was_applied || visited.contains(object.uid()) {
                continue;
            }
            if dry_run == DryRun::None {
                let place = (asked, object.namespace(), object.name());
                delete::quietly(io, place, args.get("cascade"), None)?;
            }
            io.out.push_str(&dry_run.report(args, asked, &object, "pruned", io.now)?);
        }
    }
    Ok(())
}
