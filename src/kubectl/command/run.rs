//! `kubectl run`. Mirrors `k8s.io/kubectl/pkg/cmd/run`, without attaching to the pod.

use serde_json::{Map, Value, json};

use super::{Command, DRY_RUN, OUTPUT, generator};
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
            DRY_RUN,
            OUTPUT,
            Flag::switch("command"),
            Flag::value("env", "[]"),
            Flag::value("image", ""),
            Flag::value("image-pull-policy", ""),
            Flag::value("labels", "").short('l'),
            Flag::value("port", ""),
            Flag::switch("quiet").short('q'),
            Flag::value("restart", "Always"),
        ];
        FLAGS
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
        let value = pod(&args, name)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let asked = resource::kind("pods")?;
            generator::create(&args, io, asked, value.clone(), "created", Failure::status)
        }))
    }
}

fn pod(args: &Args, name: &str) -> Result<Value, Failure> {
    let image = args.get("image");
    if image.contains(char::is_whitespace) {
        return Err(Failure::error(format!(
            "Invalid image name \"{image}\": invalid reference format"
        )));
    }
    let restart = args.get("restart");
    if !matches!(restart, "Always" | "OnFailure" | "Never") {
        return Err(Failure::usage("run", &format!("invalid restart policy: {restart}")));
    }
    let pull = args.get("image-pull-policy");
    if !matches!(pull, "" | "Always" | "IfNotPresent" | "Never") {
        return Err(Failure::usage("run", &format!("invalid image pull policy: {pull}")));
    }
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
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": { "labels": labels(args, name)?, "name": name },
        "spec": {
            "containers": [container],
            "dnsPolicy": "ClusterFirst",
            "restartPolicy": restart,
        },
        "status": {},
    }))
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
