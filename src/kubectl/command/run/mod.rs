//! `kubectl run`. Mirrors `k8s.io/kubectl/pkg/cmd/run`.

mod attached;

use serde_json::{Map, Value, json};

use super::{Command, create::generator};
use crate::kubectl::resource;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb.
pub struct RunPod;

impl Command for RunPod {
    fn name(&self) -> &'static str {
        "run"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag::value("annotations", "[]"),
            Flag::switch("attach"),
            Flag::switch("command"),
            Flag::value("env", "[]"),
            Flag::switch("expose"),
            Flag::switch("force"),
            Flag::value("grace-period", "-1"),
            Flag::value("image", ""),
            Flag::value("image-pull-policy", ""),
            Flag::value("labels", "").short('l'),
            Flag::switch("leave-stdin-open"),
            Flag::value("pod-running-timeout", "1m0s"),
            Flag::value("port", ""),
            Flag::switch("privileged"),
            Flag::switch("quiet").short('q'),
            Flag::value("restart", "Always"),
            Flag::switch("rm"),
            Flag::switch("stdin").short('i'),
            Flag::value("timeout", "0s"),
            Flag::switch("tty").short('t'),
            Flag::switch("wait"),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS, generator::OVERRIDES]
    }

    fn usage(&self) -> &'static str {
        "kubectl run NAME --image=image [--env=\"key=value\"] [--port=port] \
         [--dry-run=server|client] [--command] -- [COMMAND] [args...] [options]"
    }

    fn about(&self) -> &'static str {
        "Create and run a particular image in a pod."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if !args.has("image") {
            return Err(Failure::error("required flag(s) \"image\" not set"));
        }
        let Some(name) = args.positional.first().filter(|_| args.dash != Some(0)) else {
            return Err(Failure::usage("run", "NAME is required for run"));
        };
        if args.get("image").is_empty() {
            return Err(Failure::error("--image is required"));
        }
        let value = generator::overridden(&args, pod(&args, name)?)?;
        let service = args.is("expose").then(|| service(&args, &value)).transpose()?;
        if attaches(&args) {
            return Ok(Box::new(attached::RunJob::new(args, value, service)));
        }
        Ok(Box::new(move |io: &mut Io<'_>| {
            if let Some(service) = service.clone() {
                generator::create_named(&args, io, service, Failure::status)?;
                if args.has("output") && args.get("output") == "yaml" {
                    // Each of them is a document, and the printer begins the second one too.
                    io.out.push_str("---\n---\n");
                }
            }
            let asked = resource::kind("pods")?;
            generator::create(&args, io, asked, value.clone(), "created", Failure::status)
        }))
    }
}

/// The service of `--expose`.
fn service(args: &Args, pod: &Value) -> Result<Value, Failure> {
    let port: i32 = args.int("port")?;
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": { "name": pod["metadata"]["name"] },
        "spec": {
            "ports": [{ "port": port, "protocol": "TCP", "targetPort": port }],
            "selector": pod["metadata"]["labels"],
        },
        "status": { "loadBalancer": {} },
    }))
}

/// Whether the command stays with the pod that it makes.
fn attaches(args: &Args) -> bool {
    if args.has("attach") { args.is("attach") } else { args.is("stdin") }
}

/// Whether the flags go together. Mirrors the checks of `RunOptions.Run`.
fn check(args: &Args) -> Result<(), Failure> {
    let image = args.get("image");
    if image.contains(char::is_whitespace) {
        return Err(Failure::error(format!(
            "Invalid image name \"{image}\": invalid reference format"
        )));
    }
    let attached = attaches(args);
    let restart = args.get("restart");
    let wrong = if args.is("tty") && !args.is("stdin") {
        "-i/--stdin is required for containers with -t/--tty=true".to_owned()
    } else if args.is("expose") && args.get("port").is_empty() {
        "--port must be set when exposing a service".to_owned()
    } else if !matches!(restart, "Always" | "OnFailure" | "Never") {
        format!("invalid restart policy: {restart}")
    } else if args.is("rm") && !attached {
        "--rm should only be used for attached containers".to_owned()
    } else if attached && !matches!(args.get("dry-run"), "none" | "") {
        "--dry-run=[server|client] can't be used with attached containers options (--attach, \
         --stdin, or --tty)"
            .to_owned()
    } else if !matches!(args.get("image-pull-policy"), "" | "Always" | "IfNotPresent" | "Never") {
        format!("invalid image pull policy: {}", args.get("image-pull-policy"))
    } else {
        return Ok(());
    };
    Err(Failure::usage("run", &wrong))
}

fn pod(args: &Args, name: &str) -> Result<Value, Failure> {
    check(args)?;
    let (image, restart) = (args.get("image"), args.get("restart"));
    let pull = args.get("image-pull-policy");
    let mut container = json!({ "image": image, "name": name, "resources": {} });
    let words = &args.positional[1..];
    if !words.is_empty() {
        let field = if args.is("command") { "command" } else { "args" };
        container[field] = json!(words);
    }
    if !pull.is_empty() {
        container["imagePullPolicy"] = json!(pull);
    }
    if !args.get("port").is_empty() {
        let port: i32 = args.int("port")?;
        container["ports"] = json!([{ "containerPort": port }]);
    }
    let mut env = Vec::new();
    for text in args.all("env") {
        let (name, value) =
            text.split_once('=').ok_or_else(|| Failure::error(format!("invalid env: {text}")))?;
        env.push(json!({ "name": name, "value": value }));
    }
    if !env.is_empty() {
        container["env"] = json!(env);
    }
    for (flag, field) in [("stdin", "stdin"), ("tty", "tty")] {
        if args.is(flag) {
            container[field] = json!(true);
        }
    }
    if args.is("stdin") && !args.is("leave-stdin-open") {
        container["stdinOnce"] = json!(true);
    }
    if args.is("privileged") {
        container["securityContext"] = json!({ "privileged": true });
    }
    let mut value = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "labels": labels(args, name)?, "name": name },
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": restart,
        },
        "status": {},
    });
    if args.has("annotations") {
        let all = args.all("annotations").join(",");
        value["metadata"]["annotations"] = Value::Object(generator::pairs(&all)?);
    }
    Ok(value)
}

fn labels(args: &Args, name: &str) -> Result<Value, Failure> {
    if args.get("labels").is_empty() {
        return Ok(json!({ "run": name }));
    }
    let mut labels = Map::new();
    for text in args.get("labels").split(',') {
        let (key, value) = text
            .split_once('=')
            .ok_or_else(|| Failure::error(format!("unexpected label spec: {text}")))?;
        labels.insert(key.to_owned(), json!(value));
    }
    Ok(Value::Object(labels))
}
