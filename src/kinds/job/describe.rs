//! `kubectl describe job`. Mirrors `describe.describeJob`.

use k8s_openapi::api::batch::v1::{Job, JobSpec};

use super::is_indexed;
use crate::base::duration;
use crate::kinds::cells::{self, NONE};
use crate::kinds::describe::{Lines, controller, pairs, template, time};

/// How long a list of indexes may be before it is cut.
const INDEXES_LENGTH: usize = 50;

/// The text.
pub fn describe(object: &Job) -> String {
    let meta = &object.metadata;
    let nothing = JobSpec::default();
    let spec = object.spec.as_ref().unwrap_or(&nothing);
    let mut out = Lines::default();
    out.field(0, "Name", cells::name(meta));
    out.field(0, "Namespace", meta.namespace.as_deref().unwrap_or_default());
    out.field(0, "Selector", cells::label_selector(spec.selector.as_ref()));
    pairs::labels(&mut out, 0, "Labels", meta.labels.as_ref());
    pairs::annotations(&mut out, 0, "Annotations", meta.annotations.as_ref());
    controller(&mut out, meta);
    write_spec(&mut out, spec);
    write_status(&mut out, object, spec);
    template::write(&mut out, &spec.template);
    out.raw()
}

fn write_spec(out: &mut Lines, spec: &JobSpec) {
    if let Some(parallelism) = spec.parallelism {
        out.field(0, "Parallelism", parallelism);
    }
    let completions = spec.completions.map(|completions| completions.to_string());
    out.field(0, "Completions", completions.as_deref().unwrap_or("<unset>"));
    if let Some(mode) = &spec.completion_mode {
        out.field(0, "Completion Mode", mode);
    }
    if let Some(suspend) = spec.suspend {
        out.field(0, "Suspend", suspend);
    }
    if let Some(limit) = spec.backoff_limit {
        out.field(0, "Backoff Limit", limit);
    }
    if let Some(seconds) = spec.ttl_seconds_after_finished {
        out.field(0, "TTL Seconds After Finished", seconds);
    }
}

fn write_status(out: &mut Lines, object: &Job, spec: &JobSpec) {
    let status = object.status.clone().unwrap_or_default();
    if let Some(start) = &status.start_time {
        out.field(0, "Start Time", time(Some(start)));
    }
    if let Some(end) = &status.completion_time {
        out.field(0, "Completed At", time(Some(end)));
        if let Some(start) = &status.start_time {
            let seconds = end.0.as_second() - start.0.as_second();
            out.field(0, "Duration", duration::human(seconds));
        }
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        out.field(0, "Active Deadline Seconds", format!("{seconds}s"));
    }
    let ready = status.ready.map(|ready| format!(" ({ready} Ready)")).unwrap_or_default();
    out.field(
        0,
        "Pods Statuses",
        format!(
            "{} Active{ready} / {} Succeeded / {} Failed",
            status.active.unwrap_or(0),
            status.succeeded.unwrap_or(0),
            status.failed.unwrap_or(0)
        ),
    );
    if is_indexed(spec) {
        let indexes = status.completed_indexes.unwrap_or_default();
        out.field(0, "Completed Indexes", shortened(&indexes));
    }
}

/// The list, cut at the first comma after its usual length. Mirrors `capIndexesListOrNone`.
fn shortened(indexes: &str) -> String {
    let rest = indexes.get(INDEXES_LENGTH..).unwrap_or_default();
    match rest.find(',') {
        _ if indexes.is_empty() => NONE.to_owned(),
        None => indexes.to_owned(),
        Some(comma) => format!("{}...", &indexes[..=INDEXES_LENGTH + comma]),
    }
}
