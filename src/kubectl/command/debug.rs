//! `kubectl debug`. Mirrors `k8s.io/kubectl/pkg/cmd/debug`.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::attach::Attached;
use super::create::generator::json_of;
use super::spec::Spec;
use super::{FILENAME, delete};
use crate::api::{Body, PatchType, Verb};
use crate::base::sha256;
use crate::kubectl::resource::{self, Asked, Target};
use crate::kubectl::{Args, Failure, Flag, Io, Job, Step};
use crate::sim::Time;

/// The verb.
pub const DEBUG: Spec = Spec {
    name: "debug",
    aliases: &[],
    shared: &[],
    flags: &[
        FILENAME,
        Flag::switch("arguments-only"),
        Flag::switch("attach"),
        Flag::value("container", "").short('c'),
        Flag::value("copy-to", ""),
        Flag::value("custom", ""),
        Flag::value("env", "[]"),
        Flag::value("image", ""),
        Flag::value("image-pull-policy", ""),
        Flag::switch("keep-annotations"),
        Flag { default: "true", ..Flag::switch("keep-init-containers") },
        Flag::switch("keep-labels"),
        Flag::switch("keep-liveness"),
        Flag::switch("keep-readiness"),
        Flag::switch("keep-startup"),
        Flag::value("profile", "general"),
        Flag::switch("quiet").short('q'),
        Flag::switch("replace"),
        Flag::switch("same-node"),
        Flag::value("set-image", "[]"),
        Flag { default: "true", ..Flag::switch("share-processes") },
        Flag::switch("stdin").short('i'),
        Flag::value("target", ""),
        Flag::switch("tty").short('t'),
    ],
    usage: "kubectl debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ] [options]",
    about: "Create debugging sessions for troubleshooting workloads and nodes.",
    start,
};

/// The profiles of `--profile`.
const PROFILES: [&str; 6] = ["legacy", "general", "baseline", "restricted", "netadmin", "sysadmin"];
/// What the last part of a made-up name is made of.
const SUFFIX: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

fn start(args: Args) -> Result<Box<dyn Job>, Failure> {
    let (copies, image) = (args.has("copy-to"), args.get("image"));
    let sets = args.has("set-image");
    let split = args.dash.unwrap_or(args.positional.len());
    let (names, command) = args.positional.split_at(split);
    let own = |name: &str| args.get("container") == name;
    let wrong = if !PROFILES.contains(&args.get("profile")) {
        return Err(Failure::error(format!("unknown profile: {}", args.get("profile"))));
    } else if args.is("attach") && image.is_empty() && own("") {
        "you must specify --container or create a new container using --image in order to attach."
    } else if copies && image.is_empty() && !sets && command.is_empty() {
        "you must specify --image, --set-image or command arguments."
    } else if copies && !command.is_empty() && own("") && image.is_empty() {
        "you must specify an existing container or a new image when specifying args."
    } else if !copies && args.is("replace") {
        "--replace may only be used with --copy-to."
    } else if !copies && args.is("same-node") {
        "--same-node may only be used with --copy-to."
    } else if !copies && sets {
        "--set-image may only be used with --copy-to."
    } else if !copies && image.is_empty() {
        "you must specify --image when not using --copy-to."
    } else if image.contains(char::is_whitespace) {
        let why = format!("invalid image name {image:?}: invalid reference format");
        return Err(Failure::error(why));
    } else if names.is_empty() && !args.has("filename") {
        "NAME or filename is required for debug"
    } else if !matches!(args.get("image-pull-policy"), "" | "Always" | "IfNotPresent" | "Never") {
        let why = format!("invalid image pull policy: {}", args.get("image-pull-policy"));
        return Err(Failure::error(why));
    } else if copies && args.has("target") {
        "--target is incompatible with --copy-to. Use --share-processes instead."
    } else if args.is("tty") && !args.is("stdin") {
        "-i/--stdin is required for containers with -t/--tty=true"
    } else {
        let (names, command) = (names.to_vec(), command.to_vec());
        return Ok(Box::new(Debug { args, names, command, waits: None, attached: None }));
    };
    Err(Failure::error(wrong))
}

struct Debug {
    args: Args,
    names: Vec<String>,
    command: Vec<String>,
    /// The pod whose container is to be attached to, and since when it is waited for.
    waits: Option<(String, String, Time)>,
    attached: Option<Attached>,
}

impl Job for Debug {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        if let Some(attached) = &mut self.attached {
            return Ok(attached.poll(io)?.unwrap_or(Step::Done(0)));
        }
        if self.waits.is_none() && !self.begin(io)? {
            return Ok(Step::Done(0));
        }
        let Some((namespace, name, _)) = self.waits.clone() else { return Ok(Step::Done(0)) };
        let object = resource::fetch(io, &resource::kind("pods")?, &namespace, &name)?;
        let value = object.to_value();
        let lists = ["containerStatuses", "ephemeralContainerStatuses"];
        let mut all =
            lists.iter().flat_map(|list| value["status"][*list].as_array().into_iter().flatten());
        let container = self.args.get("container");
        let runs = all
            .any(|status| status["name"] == container && !status["state"]["waiting"].is_object());
        if !runs {
            return Ok(Step::Wait(None));
        }
        self.attached = Some(Attached::announce(&self.args, &object, io)?);
        Ok(Step::Wait(Some(Duration::ZERO)))
    }
}

impl Debug {
    /// Does what is asked for; whether there is something to attach to.
    fn begin(&mut self, io: &mut Io<'_>) -> Result<bool, Failure> {
        if self.args.get("profile") == "legacy" {
            io.err.push_str(
                "--profile=legacy is deprecated and planned to be removed in v1.39. It is \
                 recommended to specify other profile, for example \"--profile=general\".\n",
            );
        }
        if self.args.has("target") && !self.args.is("quiet") {
            io.out.push_str(&format!(
                "Targeting container {:?}. If you don't see processes from this container it may \
                 be because the container runtime doesn't support this feature.\n",
                self.args.get("target")
            ));
        }
        let pods = resource::kind("pods")?;
        let mut subjects = Vec::new();
        if self.args.has("filename") {
            for manifest in resource::manifests(&self.args, io)? {
                let manifest = manifest?;
                subjects.push((manifest.asked, manifest.name));
            }
        } else {
            for word in &self.names {
                match word.contains('/') {
                    false => subjects.push((pods, word.clone())),
                    true => match resource::target(std::slice::from_ref(word), &[])? {
                        Target::Named(named) => subjects.extend(named),
                        Target::All(_) => {}
                    },
                }
            }
        }
        let namespace = self.args.namespace().to_owned();
        let stays = if self.args.has("attach") { "attach" } else { "stdin" };
        let stays = self.args.is(stays);
        for (asked, name) in subjects {
            let object = json_of(io.api.call(asked.request(Verb::Get, &namespace, &name))?);
            let (pod, container) = match asked.names().kind {
                "Pod" if self.args.has("copy-to") => self.copy(io, &asked, &object)?,
                "Pod" => self.join(io, &asked, &object)?,
                "Node" => self.on_node(io, &pods, &object)?,
                _ => {
                    let kind = asked.kind_with_version();
                    let kind = kind.trim_matches('"').to_owned();
                    return Err(Failure::error(format!("{kind:?} not supported by debug")));
                }
            };
            if stays && !container.is_empty() {
                self.args.give("container", container);
                self.waits = Some((namespace.clone(), pod, io.now));
            }
        }
        Ok(self.waits.is_some())
    }

    /// The name of the new container.
    fn name(&self, io: &mut Io<'_>) -> String {
        if self.args.has("container") {
            return self.args.get("container").to_owned();
        }
        let name = format!("debugger-{}", suffix(io.now));
        if !self.args.is("quiet") {
            io.out.push_str(&format!("Defaulting debug container name to {name}.\n"));
        }
        name
    }

    /// What the flags say of the container.
    fn fill(&self, container: &mut Map<String, Value>) -> Result<(), Failure> {
        if !self.command.is_empty() {
            container.remove("args");
            let field = if self.args.is("arguments-only") { "args" } else { "command" };
            container.insert(field.to_owned(), json!(self.command));
        }
        let mut env = Vec::new();
        for pair in self.args.list("env") {
            let wrong = || Failure::error(format!("{pair} must be formatted as key=value"));
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            env.push(json!({"name": name, "value": value}));
        }
        if !env.is_empty() {
            container.insert("env".to_owned(), json!(env));
        }
        for (flag, field) in [("image", "image"), ("image-pull-policy", "imagePullPolicy")] {
            if !self.args.get(flag).is_empty() {
                container.insert(field.to_owned(), json!(self.args.get(flag)));
            }
        }
        for flag in ["stdin", "tty"] {
            if self.args.is(flag) {
                container.insert(flag.to_owned(), json!(true));
            }
        }
        Ok(())
    }

    /// An ephemeral container in the pod itself.
    fn join(
        &self,
        io: &mut Io<'_>,
        asked: &Asked,
        pod: &Value,
    ) -> Result<(String, String), Failure> {
        let name = self.name(io);
        let mut container = Map::new();
        container.insert("name".to_owned(), json!(name));
        container.insert("terminationMessagePolicy".to_owned(), json!("File"));
        self.fill(&mut container)?;
        if self.args.has("target") {
            let target = json!(self.args.get("target"));
            container.insert("targetContainerName".to_owned(), target);
        }
        secure(&mut container, self.args.get("profile"), true);
        let meta = &pod["metadata"];
        let text = |field: &str| meta[field].as_str().unwrap_or_default();
        let request =
            asked.request(Verb::Patch(PatchType::Strategic), text("namespace"), text("name"));
        let mut request = request.to("ephemeralcontainers");
        request.body = Body::Json(json!({"spec": {"ephemeralContainers": [container]}}));
        io.api.call(request)?;
        Ok((text("name").to_owned(), name))
    }

    /// A copy of the pod with what is to be different. Mirrors `generatePodCopyWithDebugContainer`.
    fn copy(
        &self,
        io: &mut Io<'_>,
        asked: &Asked,
        pod: &Value,
    ) -> Result<(String, String), Failure> {
        let (meta, mut spec) = (&pod["metadata"], pod["spec"].clone());
        let namespace = meta["namespace"].as_str().unwrap_or_default();
        let profile = self.args.get("profile");
        if let Some(fields) = spec.as_object_mut() {
            fields.remove("ephemeralContainers");
            if !self.args.is("same-node") {
                fields.remove("nodeName");
            }
            if self.args.has("share-processes") {
                let share = json!(self.args.is("share-processes"));
                fields.insert("shareProcessNamespace".to_owned(), share);
            }
        }
        let images: Vec<_> = self.args.list("set-image");
        let image = |name: &str| {
            let of = |wanted: &str| {
                images.iter().find_map(|pair| pair.strip_prefix(wanted)?.strip_prefix('='))
            };
            of(name).or_else(|| of("*")).map(str::to_owned)
        };
        let containers = spec["containers"].as_array_mut();
        let Some(containers) = containers else { return Err(Failure::error("expected a pod")) };
        for container in containers.iter_mut() {
            if let Some(image) = image(container["name"].as_str().unwrap_or_default()) {
                container["image"] = json!(image);
            }
        }
        let given = self.args.get("container");
        let mut chosen = String::new();
        let mut at = containers.iter().position(|container| container["name"] == given);
        if at.is_none() && self.args.get("image").is_empty() {
            if images.is_empty() {
                return Err(Failure::error("you must specify image when creating new container"));
            }
        } else if at.is_none() {
            let name = self.name(io);
            containers.push(json!({"name": name, "terminationMessagePolicy": "File"}));
            at = Some(containers.len() - 1);
        }
        if let Some(container) = at.and_then(|at| containers[at].as_object_mut()) {
            chosen = container["name"].as_str().unwrap_or_default().to_owned();
            self.fill(container)?;
            secure(container, profile, false);
            for container in containers.iter_mut().filter_map(Value::as_object_mut) {
                for probe in ["liveness", "readiness", "startup"] {
                    if profile != "legacy" && !self.args.is(&format!("keep-{probe}")) {
                        container.remove(&format!("{probe}Probe"));
                    }
                }
            }
            if profile != "legacy" && spec["shareProcessNamespace"].is_null() {
                spec["shareProcessNamespace"] = json!(true);
            }
            if let (false, Some(fields)) =
                (self.args.is("keep-init-containers"), spec.as_object_mut())
            {
                fields.remove("initContainers");
            }
        }
        let mut copied = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": self.args.get("copy-to"), "namespace": namespace},
            "spec": spec,
        });
        for part in ["labels", "annotations"] {
            // A copy is no pod of a workload's, unless it is to be.
            let keeps = chosen.is_empty() || self.args.is(&format!("keep-{part}"));
            if (keeps || profile == "legacy" && part == "annotations") && meta[part].is_object() {
                copied["metadata"][part] = meta[part].clone();
            }
        }
        let mut request = asked.request(Verb::Create, namespace, "");
        request.body = Body::Json(copied);
        io.api.call(request)?;
        if self.args.is("replace") {
            let name = meta["name"].as_str().unwrap_or_default();
            delete::delete_now(io, (asked, namespace, name), "background", Some(0))?;
        }
        Ok((self.args.get("copy-to").to_owned(), chosen))
    }

    /// A pod on the node that sees all of it.
    fn on_node(
        &self,
        io: &mut Io<'_>,
        pods: &Asked,
        node: &Value,
    ) -> Result<(String, String), Failure> {
        let node = node["metadata"]["name"].as_str().unwrap_or_default();
        let given = self.args.get("container");
        let container_name = if given.is_empty() { "debugger" } else { given };
        let name = format!("node-debugger-{node}-{}", suffix(io.now));
        if !self.args.is("quiet") {
            io.out.push_str(&format!(
                "Creating debugging pod {name} with container {container_name} on node {node}.\n"
            ));
        }
        let profile = self.args.get("profile");
        let mut container = Map::new();
        container.insert("name".to_owned(), json!(container_name));
        container.insert("terminationMessagePolicy".to_owned(), json!("File"));
        self.fill(&mut container)?;
        secure(&mut container, profile, false);
        if profile == "general" {
            container.remove("securityContext");
        }
        let sees_files = matches!(profile, "legacy" | "general" | "sysadmin");
        if sees_files {
            let mounts = json!([{"mountPath": "/host", "name": "host-root"}]);
            container.insert("volumeMounts".to_owned(), mounts);
        }
        let mut spec = json!({
            "containers": [container], "nodeName": node, "restartPolicy": "Never",
            "tolerations": [{"operator": "Exists"}],
        });
        if sees_files {
            spec["volumes"] = json!([{"hostPath": {"path": "/"}, "name": "host-root"}]);
        }
        if sees_files || profile == "netadmin" {
            for field in ["hostNetwork", "hostPID", "hostIPC"] {
                spec[field] = json!(true);
            }
        }
        let labels = json!({"app.kubernetes.io/managed-by": "kubectl-debug"});
        let mut request = pods.request(Verb::Create, self.args.namespace(), "");
        request.body = Body::Json(json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"labels": labels, "name": name}, "spec": spec,
        }));
        io.api.call(request)?;
        Ok((name, container_name.to_owned()))
    }
}

/// What a profile lets the container do. Mirrors `profiles.go`.
fn secure(container: &mut Map<String, Value>, profile: &str, joins: bool) {
    let context = match profile {
        "general" => json!({"capabilities": {"add": ["SYS_PTRACE"]}}),
        "restricted" => json!({
            "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"},
        }),
        "netadmin" => json!({"capabilities": {"add": ["NET_ADMIN", "NET_RAW"]}}),
        "sysadmin" => json!({"privileged": true}),
        "baseline" if !joins => {
            container.remove("securityContext");
            return;
        }
        _ => return,
    };
    container.insert("securityContext".to_owned(), context);
}

/// Five letters that another moment would have different.
fn suffix(now: Time) -> String {
    let digest = sha256::digest(&now.micros().to_be_bytes());
    let letter = |byte: &u8| char::from(SUFFIX[usize::from(*byte) % SUFFIX.len()]);
    digest.iter().take(5).map(letter).collect()
}
