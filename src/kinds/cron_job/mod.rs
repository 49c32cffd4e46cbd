//! CronJob.

mod describe;
/// When CronJobs run.
pub mod schedule;
mod validate;

use k8s_openapi::api::batch::v1::CronJob;

use super::cells::NONE;
use super::{Column, FieldError, Lookup, Names, Typed, cells, job, prepare};
use crate::sim::Time;

/// The kind CronJob. Mirrors `pkg/registry/batch/cronjob`.
pub struct CronJobs;

impl Typed for CronJobs {
    type Object = CronJob;

    const NAMES: Names = Names {
        short: &["cj"],
        categories: &["all"],
        subresources: &["status"],
        ..Names::namespaced("batch", &["v1"], "CronJob", "cronjobs", "cronjob")
    };
    const COLUMNS: &'static [Column] = &[
        Column::new("Name"),
        Column::new("Schedule"),
        Column::new("Timezone"),
        Column::new("Suspend"),
        Column::new("Active"),
        Column::new("Last Schedule"),
        Column::new("Age"),
        Column::wide("Containers"),
        Column::wide("Images"),
        Column::wide("Selector"),
    ];

    fn default(object: &mut CronJob) {
        let spec = &mut object.spec;
        super::pod_template::defaults::text(&mut spec.concurrency_policy, "Allow");
        spec.suspend.get_or_insert(false);
        spec.successful_jobs_history_limit.get_or_insert(3);
        spec.failed_jobs_history_limit.get_or_insert(1);
        spec.job_template.metadata.get_or_insert_default();
        // What only a Job is given, its Job gets when it is made.
        job::defaults::template(spec.job_template.spec.get_or_insert_default());
    }

    prepare::generational!();

    fn validate(object: &CronJob) -> Vec<FieldError> {
        validate::validate(object)
    }

    fn row(object: &CronJob, now: Time) -> Vec<String> {
        let meta = &object.metadata;
        let spec = object.spec.clone();
        let status = object.status.clone().unwrap_or_default();
        let job = spec.job_template.spec.unwrap_or_default();
        let [containers, images] = cells::containers_and_images(job.template.spec.as_ref());
        let last = status.last_schedule_time.map(|last| cells::since(Some(&last), now));
        vec![
            cells::name(meta),
            spec.schedule,
            spec.time_zone.unwrap_or_else(|| NONE.to_owned()),
            describe::boolean(spec.suspend).to_owned(),
            status.active.map_or(0, |active| active.len()).to_string(),
            last.unwrap_or_else(|| NONE.to_owned()),
            cells::age(meta, now),
            containers,
            images,
            cells::label_selector(job.selector.as_ref()),
        ]
    }

    fn describe(object: &CronJob, _: &mut dyn Lookup, _: Time) -> String {
        describe::describe(object)
    }
}
