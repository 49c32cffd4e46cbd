//! `kubectl create namespace` and `kubectl create deployment`. Mirrors
//! `k8s.io/kubectl/pkg/cmd/create`.

use serde_json::{Value, json};

use super::generator;
use crate::kubectl::command::Command;
use crate::kubectl::{Args, Failure, Flag, Io, Job};

/// The verb `create namespace`.
pub struct CreateNamespace;
/// The verb `create deployment`.
pub struct CreateDeployment;

impl Command for CreateNamespace {
    fn name(&self) -> &'static str {
        "create namespace"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["create ns"]
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create namespace NAME [--dry-run=server|client|none] [options]"
    }

    fn about(&self) -> &'static str {
        "Create a namespace with the specified name."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        let name = generator::name(&args, "create namespace")?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let value = json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": { "name": name },
                "spec": {},
                "status": {},
            });
            let refused = Failure::status;
            generator::create_named(&args, io, value, refused)
        }))
    }
}

impl Command for CreateDeployment {
    fn name(&self) -> &'static str {
        "create deployment"
    }

    fn aliases(&self) -> &'static [&'static str] {
        &["create deploy"]
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            Flag::value("image", "[]"),
            Flag::value("port", "-1"),
            Flag::value("replicas", "1").short('r'),
        ];
        FLAGS
    }

    fn shared(&self) -> &'static [&'static [Flag]] {
        &[generator::FLAGS]
    }

    fn usage(&self) -> &'static str {
        "kubectl create deployment NAME --image=image -- [COMMAND] [args...] [options]"
    }

    fn about(&self) -> &'static str {
        "Create a deployment with the specified name."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        if !args.has("image") {
            return Err(Failure::error("required flag(s) \"image\" not set"));
        }
        let name = generator::name(&args, "create deployment")?;
        let value = deployment(&args, &name)?;
        Ok(Box::new(move |io: &mut Io<'_>| {
            let refused = generator::failed("deployment");
            generator::create_named(&args, io, value.clone(), refused)
        }))
    }
}

fn deployment(args: &Args, name: &str) -> Result<Value, Failure> {
    let images = args.list("image");
    let command = args.dash.map(|at| args.positional[at..].to_vec()).unwrap_or_default();
    if images.len() > 1 && !command.is_empty() {
        return Err(Failure::error("cannot specify multiple --image options and command"));
    }
    let port: i32 = args.int("port")?;
    let replicas: i32 = args.int("replicas")?;
    let containers = images.iter().enumerate().map(|(index, image)| {
        let mut container = json!({ "image": image, "name": container(image), "resources": {} });
        if !command.is_empty() {
            container["command"] = json!(command);
        }
        if index == 0 && port >= 0 {
            container["ports"] = json!([{ "containerPort": port }]);
        }
        container
    });
    let containers: Vec<Value> = containers.collect();
    Ok(json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": { "name": name, "labels": { "app": name } },
        "spec": {
            "replicas": replicas,
            "selector": { "matchLabels": { "app": name } },
            "strategy": {},
            "template": {
                "metadata": { "labels": { "app": name } },
                "spec": { "containers": containers },
            },
        },
        "status": {},
    }))
}

/// The name of a container made from its image: `registry/nginx:1` gives `nginx`.
fn container(image: &str) -> &str {
    let last = image.rsplit('/').next().unwrap_or(image);
    let end = last.find([':', '@']).unwrap_or(last.len());
    &last[..end]
}
