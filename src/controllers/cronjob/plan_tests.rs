//! Tables of decisions: when a Job is started, what is told of.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::plan::plan;
use super::times::Clock;
use crate::object::codec;
use crate::sim::Time;

fn time(text: &str) -> Time {
    let stamp: jiff::Timestamp = format!("2026-03-02T{text}Z").parse().unwrap();
    Time::from_seconds(stamp.as_second().try_into().unwrap())
}

/// A CronJob of the 2nd of March: its spec and its status, times of that day.
fn cron(text: &str) -> CronJob {
    let text = text.replace('<', "'2026-03-02T").replace('>', "Z'");
    let mut cron: CronJob = codec::decode(
        &serde_yaml::from_str(&format!("{{metadata: {{name: c, uid: c}}, {text}}}")).unwrap(),
    )
    .unwrap();
    if cron.metadata.creation_timestamp.is_none() {
        let created = time("09:00:30");
        cron.metadata.creation_timestamp = Some(crate::object::meta::timestamp(created));
    }
    cron
}

/// `c-1:Complete@09:05:00`: a Job's name, its end and when it was started.
fn job(text: &str) -> Job {
    let (name, rest) = text.split_once(':').unwrap();
    let (end, start) = rest.split_once('@').unwrap();
    let condition = match end {
        "-" => String::new(),
        end => format!("conditions: [{{type: {end}, status: 'True'}}], "),
    };
    let text = format!(
        "{{metadata: {{name: {name}, uid: {name}}}, status: {{{condition}startTime: \
         '2026-03-02T{start}Z', completionTime: '2026-03-02T{start}Z'}}}}"
    );
    codec::decode(&serde_yaml::from_str(&text).unwrap()).unwrap()
}

/// `spec and status | now | Jobs => the moment started for, what it replaces, what is cleaned
/// away | what is told of | seconds until the next look`
const DECISIONS: &str = "
spec: {schedule: '*/5 * * * *'} | 09:03:00 |                  =>                 |              | 120
spec: {schedule: '*/5 * * * *'} | 09:05:00 |                  => start 09:05     |              | 300
spec: {schedule: '*/5 * * * *'}, status: {lastScheduleTime: <09:05:00>} | 09:05:01 | => |         | 299
spec: {schedule: '*/5 * * * *', suspend: true} | 09:07:00 |   =>                 |              | -
spec: {schedule: '*/5 * * * *'}, status: {lastScheduleTime: <09:05:00>} | 09:32:00 | => start 09:30 | | 180
spec: {schedule: '*/1 * * * *'}, status: {lastScheduleTime: <09:05:00>} | 11:32:00 | => start 11:32 | TooManyMissedTimes | 60
spec: {schedule: '*/1 * * * *', startingDeadlineSeconds: 600}, status: {lastScheduleTime: <09:05:00>} | 11:32:00 | => start 11:32 | | 60
spec: {schedule: '0 * * * *', startingDeadlineSeconds: 60}, status: {lastScheduleTime: <09:00:00>} | 10:05:00 | => | | 3300
spec: {schedule: '0 0 31 2 *'} | 09:05:00 |                   =>                 | InvalidSchedule | -
spec: {schedule: '@every 90s'} | 09:02:00 |                   => start 09:02     |              | 90
spec: {schedule: '0 15 * * *', timeZone: Asia/Kolkata} | 09:31:00 | => start 09:30 |            | 86340
# What runs already.
spec: {schedule: '*/5 * * * *', concurrencyPolicy: Allow}, status: {active: [{name: c-1, uid: c-1}]} | 09:05:00 | c-1:-@09:00:00 => start 09:05 | | 300
spec: {schedule: '*/5 * * * *', concurrencyPolicy: Forbid}, status: {active: [{name: c-1, uid: c-1}]} | 09:05:00 | c-1:-@09:00:00 => | JobAlreadyActive | 300
spec: {schedule: '*/5 * * * *', concurrencyPolicy: Replace}, status: {active: [{name: c-1, uid: c-1}]} | 09:05:00 | c-1:-@09:00:00 => start 09:05 replace c-1 | | 300
spec: {schedule: '*/5 * * * *', concurrencyPolicy: Forbid}, status: {active: [{name: c-1, uid: c-1}]} | 09:05:00 | c-1:Failed@09:00:00 => start 09:05 | SawCompletedJob | 300
spec: {schedule: '*/5 * * * *'}, status: {active: [{name: c-1, uid: c-1}]} | 09:03:00 | => | MissingJob | 120
spec: {schedule: '*/5 * * * *'} | 09:03:00 | manual:-@09:00:00 => | UnexpectedJob | 120
# History.
spec: {schedule: '*/5 * * * *', successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0} | 09:03:00 | a:Complete@08:02:00 b:Complete@08:01:00 c:Failed@08:00:00 => reap b c | | 120
spec: {schedule: '*/5 * * * *', successfulJobsHistoryLimit: 0}, status: {active: [{name: c-1, uid: c-1}]} | 09:03:00 | c-1:Complete@09:00:00 => reap c-1 | | 120
";

#[test]
fn moments_policies_and_limits_decide() {
    let mut wrong = Vec::new();
    for line in DECISIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (given, wanted) = line.split_once("=>").unwrap();
        let [text, now, jobs] = given.split('|').collect::<Vec<_>>()[..] else {
            panic!("three parts: {line}")
        };
        let (cron, now) = (cron(text), time(now.trim()));
        let jobs: Vec<Job> = jobs.split_whitespace().map(job).collect();
        let jobs: Vec<&Job> = jobs.iter().collect();
        let plan = plan(&cron, &jobs, |_| false, now);
        let mut found = Vec::new();
        if let Some(start) = plan.start {
            let day = time("00:00:00");
            let minutes = start.since(day).as_secs() / 60;
            found.push(format!("start {:02}:{:02}", minutes / 60, minutes % 60));
        }
        if !plan.replace.is_empty() {
            let names = plan.replace.iter().filter_map(|one| one.name.clone());
            found.push(format!("replace {}", names.collect::<Vec<_>>().join(" ")));
        }
        if !plan.reap.is_empty() {
            let names = plan.reap.iter().filter_map(|job| job.metadata.name.clone());
            found.push(format!("reap {}", names.collect::<Vec<_>>().join(" ")));
        }
        let reasons: Vec<&str> = plan.news.iter().map(|(_, reason, _)| *reason).collect();
        let wait = plan.wait.map_or("-".to_owned(), |wait| wait.as_secs().to_string());
        let found = format!("{} | {} | {wait}", found.join(" "), reasons.join(" "));
        if !found.split_whitespace().eq(wanted.split_whitespace()) {
            wrong.push(format!("{given}=> {found}"));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

#[test]
fn a_late_start_is_told_of_once_its_window_has_closed() {
    // The deadline is counted from now, so that a moment is due until it has passed: only where
    // the clock moved on between is it too late.
    let cron = cron("spec: {schedule: '0 * * * *', startingDeadlineSeconds: 60}");
    let clock = Clock::of(&cron).unwrap();
    let due = |now| clock.due(&cron, now).unwrap().map(|due| due.at);
    assert_eq!(due(time("10:00:59")), Some(time("10:00:00")));
    assert_eq!(due(time("10:01:01")), None);
}

#[test]
fn the_next_look_is_a_tenth_of_a_second_late() {
    let cron = cron("spec: {schedule: '* * * * *'}");
    let wait = Clock::of(&cron).unwrap().wait(&cron, time("09:00:40"));
    assert_eq!(wait, Some(Duration::from_millis(20_100)));
}
