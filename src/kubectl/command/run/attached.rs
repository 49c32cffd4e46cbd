//! `kubectl run` that stays with its pod: creates it, attaches, tells how it ended, removes it.
//! Mirrors `handleAttachPod` and what follows in `k8s.io/kubectl/pkg/cmd/run`.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ContainerStateTerminated, Pod};
use serde_json::Value;

use crate::api::{Reply, Verb};
use crate::kubectl::command::attach::Attached;
use crate::kubectl::command::create::generator;
use crate::kubectl::command::{delete, logs};
use crate::kubectl::resource::{self, Asked};
use crate::kubectl::{Args, Failure, Io, Job, Step};
use crate::object::Object;
use crate::sim::Time;

/// The command, from its start to its end.
pub(super) struct RunJob {
    args: Args,
    pod: Value,
    service: Option<Value>,
    stage: Stage,
}

/// How far it is.
enum Stage {
    Create,
    /// Waits until the pod runs and is ready, or has ended.
    Starts {
        since: Time,
    },
    Attached(Box<Attached>),
    /// Waits until the pod has ended.
    Ends {
        since: Time,
    },
}

impl RunJob {
    pub(super) fn new(args: Args, pod: Value, service: Option<Value>) -> Self {
        Self { args, pod, service, stage: Stage::Create }
    }

    fn name(&self) -> &str {
        self.pod["metadata"]["name"].as_str().unwrap_or_default()
    }

    fn fetch(&self, io: &mut Io<'_>) -> Result<Object, Failure> {
        resource::fetch(io, &resource::kind("pods")?, self.args.namespace(), self.name())
    }

    fn create(&self, io: &mut Io<'_>) -> Result<(), Failure> {
        for value in [Some(&self.pod), self.service.as_ref()].into_iter().flatten() {
            let asked = resource::kind(value["kind"].as_str().unwrap_or_default())?;
            let (value, done) = (value.clone(), generator::ATTACHED);
            generator::create(&self.args, io, asked, value, done, Failure::status)?;
        }
        Ok(())
    }

    /// Waits on, unless it took too long since `since`.
    fn wait(&self, since: Time, io: &Io<'_>) -> Result<Step, Failure> {
        logs::wait(&self.args, since, io)
    }

    /// What the pod has printed so far.
    fn logs(&self, io: &mut Io<'_>) -> Result<(), Failure> {
        let asked = resource::kind("pods")?;
        let request = asked.request(Verb::Get, self.args.namespace(), self.name()).to("log");
        if let Reply::Text(text) = io.api.call(request)? {
            io.out.push_str(&text);
        }
        Ok(())
    }

    /// Attaches once the pod runs and is ready.
    fn start(&mut self, since: Time, io: &mut Io<'_>) -> Result<Option<Step>, Failure> {
        let object = self.fetch(io)?;
        let phase = phase(&object);
        if matches!(phase, "Succeeded" | "Failed") {
            self.logs(io)?;
            self.stage = Stage::Ends { since: io.now };
            return Ok(None);
        }
        if phase != "Running" || !is_ready(&object) {
            return self.wait(since, io).map(Some);
        }
        self.logs(io)?;
        self.stage = Stage::Attached(Box::new(Attached::announce(&self.args, &object, io)?));
        Ok(Some(Step::Wait(Some(Duration::ZERO))))
    }

    /// Falls back to the log of a pod that cannot be attached to.
    fn fall_back(&mut self, why: &Failure, io: &mut Io<'_>) -> Result<(), Failure> {
        io.err.push_str(&format!(
            "warning: couldn't attach to pod/{}, falling back to streaming logs: {}",
            self.name(),
            why.text.strip_prefix("error: ").unwrap_or(&why.text)
        ));
        self.logs(io)?;
        self.stage = Stage::Ends { since: io.now };
        Ok(())
    }

    /// The end: how the pod fared, if that is waited for.
    fn end(&self, since: Time, io: &mut Io<'_>) -> Result<Step, Failure> {
        let restart = self.args.get("restart");
        if self.args.is("leave-stdin-open") || restart == "Always" {
            return Ok(Step::Done(0));
        }
        let object = self.fetch(io)?;
        match phase(&object) {
            "Succeeded" => Ok(Step::Done(0)),
            "Failed" => Err(failed(&object)),
            _ => self.wait(since, io),
        }
    }

    fn advance(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        loop {
            match &mut self.stage {
                Stage::Create => {
                    self.create(io)?;
                    self.stage = Stage::Starts { since: io.now };
                }
                Stage::Starts { since } => {
                    let since = *since;
                    if let Some(step) = self.start(since, io)? {
                        return Ok(step);
                    }
                }
                Stage::Attached(attached) => match attached.poll(io) {
                    Ok(Some(step)) => return Ok(step),
                    Ok(None) => self.stage = Stage::Ends { since: io.now },
                    Err(why) => self.fall_back(&why, io)?,
                },
                Stage::Ends { since } => {
                    let since = *since;
                    return self.end(since, io);
                }
            }
        }
    }

    /// Removes what was created.
    fn remove(&self, io: &mut Io<'_>) -> Result<(), Failure> {
        for value in [Some(&self.pod), self.service.as_ref()].into_iter().flatten() {
            let asked: Asked = resource::kind(value["kind"].as_str().unwrap_or_default())?;
            delete::delete_now(
                io,
                (&asked, self.args.namespace(), self.name()),
                "background",
                None,
            )?;
        }
        Ok(())
    }
}

impl Job for RunJob {
    fn poll(&mut self, io: &mut Io<'_>) -> Result<Step, Failure> {
        let created = !matches!(self.stage, Stage::Create);
        let result = self.advance(io);
        let is_over = matches!(result, Err(_) | Ok(Step::Done(_)));
        if is_over && self.args.is("rm") && (created || result.is_ok()) {
            self.remove(io)?;
        }
        result
    }
}

fn phase(object: &Object) -> &str {
    let status = object.get::<Pod>().and_then(|pod| pod.status.as_ref());
    status.and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

fn is_ready(object: &Object) -> bool {
    let status = object.get::<Pod>().and_then(|pod| pod.status.as_ref());
    let mut conditions = status.and_then(|status| status.conditions.as_ref()).into_iter().flatten();
    conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// The exit code of the pod's container, and why it ended.
fn failed(object: &Object) -> Failure {
    let name = format!("{}/{}", object.namespace(), object.name());
    match terminated(object).filter(|ended| ended.exit_code != 0) {
        Some(ended) => {
            let reason = ended.reason.as_deref().unwrap_or_default();
            let message = ended.message.as_deref().unwrap_or_default();
            let message = message.trim_end_matches('\n');
            let mut text = format!("pod {name} terminated ({reason})\n{message}");
            text.extend((!message.is_empty()).then_some('\n'));
            Failure { text, code: ended.exit_code, ..Failure::default() }
        }
        None => Failure::error(format!("pod {name} failed with unknown exit code")),
    }
}

fn terminated(object: &Object) -> Option<&ContainerStateTerminated> {
    let status = object.get::<Pod>()?.status.as_ref()?;
    status.container_statuses.as_ref()?.first()?.state.as_ref()?.terminated.as_ref()
}
