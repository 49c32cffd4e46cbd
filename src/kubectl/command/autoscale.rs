//! `kubectl autoscale`. Mirrors `k8s.io/kubectl/pkg/cmd/autoscale`.

use serde_json::{Value, json};

use super::{Command, DRY_RUN, FILENAME, KUSTOMIZE, OUTPUT, RECURSIVE};
use crate::api::{Body, Verb};
use crate::base::quantity;
use crate::kinds::{by_kind, horizontal_pod_autoscaler::HorizontalPodAutoscalers};
use crate::kubectl::dry_run::DryRun;
use crate::kubectl::print::Printer;
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Flag, Io, Job};

const DEPRECATED: &str = "Flag --cpu-percent has been deprecated, Use --cpu with percentage or \
                          resource quantity format (e.g., '70%' for utilization or '500m' for \
                          milliCPU).\n";

/// The verb.
pub struct Autoscale;

impl Command for Autoscale {
    fn name(&self) -> &'static str {
        "autoscale"
    }

    fn flags(&self) -> &'static [Flag] {
        const FLAGS: &[Flag] = &[
            DRY_RUN,
            FILENAME,
            KUSTOMIZE,
            OUTPUT,
            RECURSIVE,
            Flag::value("cpu", ""),
            Flag::value("cpu-percent", "-1"),
            Flag::value("max", "-1"),
            Flag::value("memory", ""),
            Flag::value("min", "-1"),
            Flag::value("name", ""),
        ];
        FLAGS
    }

    fn usage(&self) -> &'static str {
        "kubectl autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS \
         [--cpu=CPU] [--memory=MEMORY] [options]"
    }

    fn about(&self) -> &'static str {
        "Creates an autoscaler that automatically chooses and sets the number of pods that run in \
         a Kubernetes cluster."
    }

    fn start(&self, args: Args) -> Result<Box<dyn Job>, Failure> {
        Ok(Box::new(move |io: &mut Io<'_>| {
            if args.has("cpu-percent") {
                io.err.push_str(DEPRECATED);
            }
            run(&args, io)
        }))
    }
}

/// What the command line asks of each autoscaler.
struct Wish {
    min: i32,
    max: i32,
    metrics: Vec<Value>,
}

impl Wish {
    fn from_args(args: &Args) -> Result<Self, Failure> {
        if !args.has("max") {
            return Err(Failure::error("required flag(s) \"max\" not set"));
        }
        let (min, max): (i32, i32) = (args.int("min")?, args.int("max")?);
        let percent: i32 = args.int("cpu-percent")?;
        if max < 1 {
            return Err(Failure::error(format!(
                "--max=MAXPODS is required and must be at least 1, max: {max}"
            )));
        }
        if max < min {
            return Err(Failure::error(format!(
                "--max=MAXPODS must be larger or equal to --min=MINPODS, max: {max}, min: {min}"
            )));
        }
        if args.has("cpu-percent") && args.has("cpu") {
            return Err(Failure::error("--cpu-percent and --cpu are mutually exclusive"));
        }
        let mut metrics = Vec::new();
        if percent > 0 {
            metrics.push(utilization("cpu", percent));
        }
        for resource in ["cpu", "memory"] {
            if !args.get(resource).is_empty() {
                metrics.push(metric(resource, args.get(resource))?);
            }
        }
        Ok(Self { min, max, metrics })
    }
}

/// The metric that `70%` or `500m` asks for.
fn metric(resource: &str, text: &str) -> Result<Value, Failure> {
    let invalid = || Failure::error(format!("invalid resource {resource} value: {text}"));
    if let Some(percent) = text.strip_suffix('%') {
        let percent = percent.parse().ok().filter(|percent| *percent > 0);
        return percent.map(|percent| utilization(resource, percent)).ok_or_else(invalid);
    }
    let amount = quantity::canonical(text).map_err(|_| invalid())?;
    Ok(json!({
        "type": "Resource",
        "resource": { "name": resource, "target": { "type": "AverageValue", "averageValue": amount } },
    }))
}

fn utilization(resource: &str, percent: i32) -> Value {
    let target = json!({ "type": "Utilization", "averageUtilization": percent });
    json!({ "type": "Resource", "resource": { "name": resource, "target": target } })
}

fn run(args: &Args, io: &mut Io<'_>) -> Result<(), Failure> {
    let wish = Wish::from_args(args)?;
    let dry_run = DryRun::from_args(args)?;
    let targets = resource::keys(args, io)?;
    if targets.is_empty() {
        return Err(Failure::error("no objects passed to autoscale"));
    }
    Failure::each(targets, |(asked, namespace, name)| {
        resource::fetch(io, &asked, &namespace, &name)?;
        autoscale(args, io, (asked, &namespace, &name), &wish, dry_run)
    })
}

fn autoscale(
    args: &Args,
    io: &mut Io<'_>,
    (asked, namespace, target): (Asked, &str, &str),
    wish: &Wish,
    dry_run: DryRun,
) -> Result<(), Failure> {
    let names = asked.names();
    let version = names.versions[0];
    if !names.subresources.contains(&"scale") {
        return Err(Failure::error(format!(
            "cannot autoscale a {}: could not find scale subresource for {}/{version}, \
             Resource={} in discovery information",
            names.kind, names.group, names.plural
        )));
    }
    let api_version = match names.group {
        "" => version.to_owned(),
        group => format!("{group}/{version}"),
    };
    let name = if args.get("name").is_empty() { target } else { args.get("name") };
    let mut value = json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": name },
        "spec": {
            "scaleTargetRef": { "apiVersion": api_version, "kind": names.kind, "name": target },
            "maxReplicas": wish.max,
        },
    });
    if wish.min > 0 {
        value["spec"]["minReplicas"] = json!(wish.min);
    }
    if !wish.metrics.is_empty() {
        value["spec"]["metrics"] = json!(wish.metrics);
    }
    let kind =
        by_kind("autoscaling", "HorizontalPodAutoscaler").unwrap_or(&HorizontalPodAutoscalers);
    let autoscaler = Asked { kind, version: "v2" };
    if dry_run == DryRun::Client {
        // The generator's struct has no place for an absent status.
        value["status"] = json!({ "currentMetrics": null, "desiredReplicas": 0 });
        let printer = Printer::from_args(args)?;
        let text = match printer {
            Printer::Table | Printer::Name => {
                let suffix = if printer.is_table() { " autoscaled (dry run)" } else { "" };
                format!("{}{suffix}\n", autoscaler.display(name))
            }
            printer => printer.print_value(&value)?,
        };
        io.out.push_str(&text);
        return Ok(());
    }
    value["metadata"]["namespace"] = json!(namespace);
    let mut request = autoscaler.request(Verb::Create, namespace, "");
    request.body = Body::Json(value);
    request.dry_run = dry_run == DryRun::Server;
    // kubectl then tries version 1, into which it cannot convert what it made.
    let failed = || {
        Failure::error(
            "failed to create autoscaling/v2 HPA and the configuration is incompatible with \
             autoscaling/v1: empty input",
        )
    };
    let created = io.api.call(request).ok().and_then(crate::api::Reply::object);
    let created = created.ok_or_else(failed)?;
    io.out.push_str(&dry_run.report(args, &autoscaler, &created, "autoscaled", io.now)?);
    Ok(())
}
