//! Which pods a drain takes away, and which it must not. Mirrors `k8s.io/kubectl/pkg/drain`.

use k8s_openapi::api::core::v1::Pod;

use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Io};
use crate::object::Object;

/// The pods of a node, sorted into what may become of them.
#[derive(Default)]
pub struct Sorted {
    /// What is to go.
    pub pods: Vec<Object>,
    /// What is said of those that go or stay all the same: a reason and its pods.
    warnings: Vec<(String, Vec<String>)>,
    /// Why some cannot go.
    errors: Vec<(String, Vec<String>)>,
}

/// What becomes of a pod.
enum Verdict {
    Goes,
    Stays,
    /// It goes (or stays), and that is said.
    Warned(bool, &'static str),
    Refused(String),
}

impl Sorted {
    /// Reads the pods of a node. Mirrors `GetPodsForDeletion`.
    pub fn read(args: &Args, io: &mut Io<'_>, node: &str) -> Result<Self, Failure> {
        let asked = resource::kind("pods")?;
        let field = format!("spec.nodeName={node}");
        let (pods, _) = resource::list(io, &asked, "", args.get("pod-selector"), &field)?;
        let mut sorted = Self::default();
        for object in pods {
            let name = format!("{}/{}", object.namespace(), object.name());
            match verdict(args, io, &object) {
                Verdict::Goes => sorted.pods.push(object),
                Verdict::Stays => {}
                Verdict::Warned(goes, why) => {
                    add(&mut sorted.warnings, why.to_owned(), name);
                    if goes {
                        sorted.pods.push(object);
                    }
                }
                Verdict::Refused(why) => add(&mut sorted.errors, why, name),
            }
        }
        Ok(sorted)
    }

    /// What is to be said before they go.
    pub fn warning(&self) -> String {
        let each = self.warnings.iter().map(|(why, pods)| format!("{why}: {}", pods.join(", ")));
        each.collect::<Vec<_>>().join("; ")
    }

    /// Why nothing goes, if it does not.
    pub fn check(&self) -> Result<(), Failure> {
        Failure::each(&self.errors, |(why, pods)| {
            Err(Failure::verbatim(format!("cannot delete {why}: {}", pods.join(", "))))
        })
    }
}

fn add(to: &mut Vec<(String, Vec<String>)>, why: String, pod: String) {
    match to.iter_mut().find(|(known, _)| *known == why) {
        Some((_, pods)) => pods.push(pod),
        None => to.push((why, vec![pod])),
    }
}

fn verdict(args: &Args, io: &mut Io<'_>, object: &Object) -> Verdict {
    let Some(pod) = object.get::<Pod>() else { return Verdict::Stays };
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    let is_finished = matches!(phase, Some("Succeeded" | "Failed"));
    let controller =
        object.meta().owner_references.iter().flatten().find(|o| o.controller == Some(true));
    if let Some(owner) = controller.filter(|o| o.kind == "DaemonSet" && !is_finished) {
        let found = resource::kind("daemonsets.apps")
            .and_then(|asked| resource::fetch(io, &asked, object.namespace(), &owner.name));
        return match found {
            Err(failure) => Verdict::Refused(failure.text.trim_end().to_owned()),
            Ok(_) if args.is("ignore-daemonsets") => {
                Verdict::Warned(false, "ignoring DaemonSet-managed Pods")
            }
            Ok(_) => Verdict::Refused(
                "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)".to_owned(),
            ),
        };
    }
    let annotations = object.meta().annotations.as_ref();
    if annotations.is_some_and(|all| all.contains_key("kubernetes.io/config.mirror")) {
        return Verdict::Stays;
    }
    if is_finished {
        return Verdict::Goes;
    }
    let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
    let has_local = volumes.into_iter().any(|volume| volume.empty_dir.is_some());
    if has_local && !args.is("delete-emptydir-data") {
        let why = "Pods with local storage (use --delete-emptydir-data to override)";
        return Verdict::Refused(why.to_owned());
    }
    match (controller.is_some(), args.is("force")) {
        (true, _) => Verdict::Goes,
        (false, true) => Verdict::Warned(true, "deleting Pods that declare no controller"),
        (false, false) => {
            Verdict::Refused("Pods that declare no controller (use --force to override)".to_owned())
        }
    }
}
