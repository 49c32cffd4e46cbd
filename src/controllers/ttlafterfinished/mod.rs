//! Deletes finished Jobs some time after their end. Mirrors `pkg/controller/ttlafterfinished`.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;

use crate::api::{DeleteOptions, Propagation, Request, Status};
use crate::object::{GroupResource, Key, meta};
use crate::runtime::{Context, Controller, Next, Watch};
use crate::sim::{Explain, Fact, Time};

const JOBS: GroupResource = GroupResource::new("batch", "jobs");

/// The controller that cleans finished Jobs away.
#[derive(Clone, Copy, Debug, Default)]
pub struct FinishedJobs;

/// When a Job may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    finished: Time,
    ttl: Duration,
}

impl Plan {
    fn expires(self) -> Time {
        self.finished + self.ttl
    }
}

/// When the Job goes; `None` while it has not finished, or stays. Mirrors `needsCleanup`.
fn plan(job: &Job) -> Option<Plan> {
    let seconds = job.spec.as_ref()?.ttl_seconds_after_finished?;
    let ttl = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let conditions = job.status.as_ref()?.conditions.iter().flatten();
    let mut ends = conditions.filter(|condition| {
        matches!(condition.type_.as_str(), "Complete" | "Failed") && condition.status == "True"
    });
    let finished = ends.next()?.last_transition_time.as_ref().map(meta::moment)?;
    Some(Plan { finished, ttl }).filter(|_| !meta::is_terminating(&job.metadata))
}

impl Controller for FinishedJobs {
    fn name(&self) -> &'static str {
        "ttl-after-finished-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        vec![Watch::Own(JOBS)]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        let Some(object) = cache.get(key) else { return Ok(Next::OnChange) };
        let Some(plan) = object.get::<Job>().and_then(plan) else { return Ok(Next::OnChange) };
        let left = plan.expires().since(cx.now);
        if !left.is_zero() {
            return Ok(Next::After(left));
        }
        cx.explain(key, &plan);
        let mut request = Request::delete(key);
        request.delete = DeleteOptions {
            propagation: Some(Propagation::Foreground),
            uid: Some(object.uid().to_owned()),
            ..DeleteOptions::default()
        };
        match cx.call(request) {
            Err(status) if !status.is_not_found() => Err(status),
            _ => Ok(Next::OnChange),
        }
    }
}

impl Explain for Plan {
    fn summary(&self) -> String {
        format!("finished {}s ago: delete it", self.ttl.as_secs())
    }

    fn facts(&self) -> Vec<Fact> {
        vec![Fact { name: "finished", value: format!("{:?}", self.finished) }]
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::batch::v1::Job;

    use super::plan;
    use crate::object::codec;

    #[test]
    fn a_job_goes_when_its_time_after_the_end_is_over() {
        let end = "conditions: [{type: SuccessCriteriaMet, status: 'True'}, {type: Complete, \
                   status: 'True', lastTransitionTime: '1970-01-01T00:01:00Z'}]";
        for (spec, status, expires) in [
            ("ttlSecondsAfterFinished: 5", end, Some(65)),
            ("ttlSecondsAfterFinished: 0", end, Some(60)),
            ("ttlSecondsAfterFinished: 5", "active: 1", None),
            ("parallelism: 1", end, None),
        ] {
            let text = format!("{{spec: {{{spec}}}, status: {{{status}}}}}");
            let job: Job = codec::decode(&serde_yaml::from_str(&text).unwrap()).unwrap();
            let found = plan(&job).map(|plan| plan.expires().seconds());
            assert_eq!(found, expires, "{text}");
        }
    }
}
