//! Tables of decisions: how many pods come and go, when a Job ends, what its status says.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::Pod;

use super::backoff::Backoff;
use super::facts::{Facts, INDEX, INDEX_FAILURES, TRACKING};
use super::plan::{Action, plan};
use super::tracking::{self, Outcome};
use crate::kinds::job::defaults;
use crate::object::{codec, meta};
use crate::sim::Time;

const NOW: Time = Time::from_seconds(100_000);

/// `F3-5!42^1~`: a pod that failed, of index 3, 5 s ago, with code 42, after one failure of its
/// index, already counted. `R`unning, `P`ending, `S`ucceeded, `F`ailed, `D`eleted while running.
fn pod(number: usize, text: &str) -> Pod {
    let (phase, rest) = text.split_at(1);
    let part = |mark: char| {
        let start = rest.find(mark)? + 1;
        let digits: String = rest[start..].chars().take_while(char::is_ascii_digit).collect();
        Some(digits)
    };
    let index: String = rest.chars().take_while(char::is_ascii_digit).collect();
    let ago = part('-').map_or(1000, |text| text.parse().unwrap());
    let stamp = meta::timestamp(NOW - Duration::from_secs(ago)).0.to_string();
    let code = part('!').unwrap_or("1".into());
    let (phase, state) = match phase {
        "S" => ("Succeeded", format!("{{terminated: {{exitCode: 0, finishedAt: '{stamp}'}}}}")),
        "F" => ("Failed", format!("{{terminated: {{exitCode: {code}, finishedAt: '{stamp}'}}}}")),
        "P" => ("Pending", "{}".to_owned()),
        _ => ("Running", "{running: {}}".to_owned()),
    };
    let restarts = part('*').unwrap_or("0".into());
    let mut pod: Pod = codec::decode(
        &serde_yaml::from_str(&format!(
            "{{metadata: {{name: p{number}, namespace: n, uid: p{number}}}, status: {{phase: \
             {phase}, containerStatuses: [{{name: c, ready: false, restartCount: {restarts}, \
             image: x, imageID: '', state: {state}}}]}}}}"
        ))
        .unwrap(),
    )
    .unwrap();
    if text.starts_with('D') {
        pod.metadata.deletion_timestamp = Some(meta::timestamp(NOW));
    }
    if !rest.contains('~') {
        pod.metadata.finalizers = Some(vec![TRACKING.to_owned()]);
    }
    let annotations = pod.metadata.annotations.get_or_insert_default();
    if !index.is_empty() {
        annotations.insert(INDEX.to_owned(), index);
    }
    if let Some(failures) = part('^') {
        annotations.insert(INDEX_FAILURES.to_owned(), failures);
    }
    pod
}

fn job(text: &str) -> Job {
    let value: serde_json::Value = serde_yaml::from_str(&format!("{{{text}}}")).unwrap();
    let mut spec: JobSpec = codec::decode(&value["spec"]).unwrap();
    defaults::spec(&mut spec);
    let status = codec::decode(&value["status"]).unwrap();
    Job { spec: Some(spec), status, ..Job::default() }
}

/// `what a Job asks for | its pods => what is done | how it ends, how long to wait`
const DECISIONS: &str = "
spec: {}                                      |             => create 1          |
spec: {completions: 3, parallelism: 2}        |             => create 2          |
spec: {completions: 3, parallelism: 2}        | R P         =>                   |
spec: {completions: 3, parallelism: 2}        | S S R       =>                   |
spec: {completions: 3, parallelism: 2}        | S~ S R R    =>                   |
spec: {completions: 3, parallelism: 1}        | R P         => delete p1         |
spec: {completions: 2, parallelism: 2}        | S S         =>                   | CompletionsReached
spec: {completions: 0}                        |             =>                   | CompletionsReached
spec: {parallelism: 3}                        |             => create 3          |
spec: {parallelism: 3}                        | S R R       =>                   |
spec: {parallelism: 3}                        | S F S       =>                   | CompletionsReached
spec: {parallelism: 0}                        |             =>                   |
spec: {suspend: true, parallelism: 2, completions: 2} | R R => delete p0 p1      |
# A failed pod is replaced after ten seconds, twice as long after each more, ten minutes at most.
spec: {}                                      | F-4         =>                   | wait 6
spec: {}                                      | F-10        => create 1          |
spec: {}                                      | F F-4       =>                   | wait 16
spec: {}                                      | F F F F F F-30 =>                | wait 290
spec: {backoffLimit: 20}                      | F F F F F F F-30 =>              | wait 570
spec: {completions: 2}                        | F-5 S-3     => create 1          |
# A pod that is being deleted has failed, unless replacements wait for the end.
spec: {}                                      | D           =>                   | wait 10
spec: {podReplacementPolicy: Failed}          | D           =>                   |
# Limits.
spec: {backoffLimit: 1}                       | F F R       => stop p2           | BackoffLimitExceeded
spec: {backoffLimit: 2, template: {spec: {restartPolicy: OnFailure, containers: []}}} | R*2 => stop p0 | BackoffLimitExceeded
spec: {backoffLimit: 0, template: {spec: {restartPolicy: OnFailure, containers: []}}} | R*0 =>         |
spec: {backoffLimit: 0, template: {spec: {restartPolicy: OnFailure, containers: []}}} | R*1 => stop p0 | BackoffLimitExceeded
spec: {activeDeadlineSeconds: 60}, status: {startTime: '1970-01-02T03:46:00Z'} | R =>     | wait 20
spec: {activeDeadlineSeconds: 40}, status: {startTime: '1970-01-02T03:46:00Z'} | R => stop p0 | DeadlineExceeded
# What was decided stays decided.
spec: {}, status: {conditions: [{type: FailureTarget, status: 'True', reason: Why}]} | R => stop p0 | Why
spec: {}, status: {conditions: [{type: SuccessCriteriaMet, status: 'True', reason: Why}]} | F R => stop p1 | Why
# Failure policies.
spec: {podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [42]}}]}} | F!42 R => stop p1 | PodFailurePolicy
spec: {podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: NotIn, values: [42]}}]}} | F!42 => create 1 |
spec: {backoffLimit: 0, podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: In, values: [42]}}]}} | F!42 => create 1 |
# Indexes.
spec: {completionMode: Indexed, completions: 4, parallelism: 2} |       => create 0 1 |
spec: {completionMode: Indexed, completions: 4, parallelism: 2} | S0 R2 => create 1   |
spec: {completionMode: Indexed, completions: 4, parallelism: 4}, status: {completedIndexes: 0-1} | R3 => create 2 |
spec: {completionMode: Indexed, completions: 3, parallelism: 3} | R0 P0 R1 => delete p1 |
spec: {completionMode: Indexed, completions: 2, parallelism: 2} | S0 S0 R7 => delete p2 |
spec: {completionMode: Indexed, completions: 2, parallelism: 2} | S0 S1 => | CompletionsReached
spec: {completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1} | F0-3 R1  =>    | wait 7
spec: {completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1} | F0 R1  => create 0^1 |
spec: {completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1} | F0^1 R1  =>    |
spec: {completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1} | F0^1 S1  =>    | FailedIndexes
spec: {completionMode: Indexed, completions: 3, parallelism: 3, backoffLimitPerIndex: 0, maxFailedIndexes: 0} | F0 R1 R2 => stop p1 p2 | MaxFailedIndexesExceeded
spec: {completionMode: Indexed, completions: 3, parallelism: 3, backoffLimitPerIndex: 3, podFailurePolicy: {rules: [{action: FailIndex, onExitCodes: {operator: In, values: [9]}}]}} | F0!9 R1 R2 => |
spec: {completionMode: Indexed, completions: 3, parallelism: 3, successPolicy: {rules: [{succeededIndexes: 1-2, succeededCount: 1}]}} | R0 S1 R2 => stop p0 p2 | SuccessPolicy
spec: {completionMode: Indexed, completions: 3, parallelism: 3, successPolicy: {rules: [{succeededIndexes: 1-2}]}} | R0 S1 R2 => |
";

#[test]
fn pods_and_limits_decide() {
    let mut wrong = Vec::new();
    for line in DECISIONS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (given, wanted) = line.split_once("=>").unwrap();
        let (text, pods) = given.split_once('|').unwrap();
        let job = job(text);
        let pods: Vec<Pod> =
            pods.split_whitespace().enumerate().map(|(number, text)| pod(number, text)).collect();
        let facts = Facts::new(&job, pods.iter().collect(), Backoff::default(), NOW);
        let plan = plan(&facts, NOW);
        let names = |pods: &[&Pod]| {
            let names = pods.iter().filter_map(|pod| pod.metadata.name.clone());
            names.collect::<Vec<_>>().join(" ")
        };
        let (action, outcome) = match &plan.action {
            Action::Nothing => (String::new(), Outcome::default()),
            Action::Create(new) if facts.indexes.is_none() => {
                let created = i32::try_from(new.len()).unwrap();
                (format!("create {created}"), Outcome { created, ..Outcome::default() })
            }
            Action::Create(new) => {
                let names = new.iter().map(|new| {
                    let after = new.failures.filter(|failures| *failures != (0, 0));
                    let after = after.map_or(String::new(), |(counted, _)| format!("^{counted}"));
                    format!("{}{after}", new.index.unwrap())
                });
                let created = i32::try_from(new.len()).unwrap();
                let names = names.collect::<Vec<_>>().join(" ");
                (format!("create {names}"), Outcome { created, ..Outcome::default() })
            }
            Action::Delete(pods) => {
                let deleted = i32::try_from(pods.len()).unwrap();
                (format!("delete {}", names(pods)), Outcome { deleted, ..Outcome::default() })
            }
            Action::Stop(pods) => {
                let deleted = i32::try_from(pods.len()).unwrap();
                let text = match pods.is_empty() {
                    true => String::new(),
                    false => format!("stop {}", names(pods)),
                };
                (text, Outcome { deleted, ..Outcome::default() })
            }
        };
        let tracking = tracking::track(&facts, &plan, outcome, NOW);
        let end = match (tracking.end, plan.wait) {
            (Some(end), _) => end.reason,
            (None, Some(wait)) => format!("wait {}", wait.as_secs()),
            (None, None) => String::new(),
        };
        let (wanted_action, wanted_end) = wanted.split_once('|').unwrap();
        if (action.as_str(), end.as_str()) != (wanted_action.trim(), wanted_end.trim()) {
            wrong.push(format!("{given}=> {action} | {end}"));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}

/// `a Job | its pods => the pods let go | active ready terminating, uncounted succeeded, failed`
const COUNTS: &str = "
spec: {completions: 3, parallelism: 2} | S R      => p0    | 2 0 0 [p0] []
spec: {completions: 3, parallelism: 2} | S~ F R   => p1    | 2 0 0 [] [p1]
spec: {completions: 3, parallelism: 2}, status: {succeeded: 1, uncountedTerminatedPods: {succeeded: [p0]}} | S~ R R => | 1 0 1 [] [] succeeded 2
spec: {completions: 3, parallelism: 2}, status: {uncountedTerminatedPods: {failed: [p0]}} | F R R => p0 | 2 0 0 [] [p0]
spec: {backoffLimit: 0}                | F R      => p0 p1 | 0 0 1 [] [p0 p1]
spec: {backoffLimit: 3, podFailurePolicy: {rules: [{action: Ignore, onExitCodes: {operator: In, values: [9]}}]}} | F!9 => p0 | 1 0 0 [] []
spec: {completionMode: Indexed, completions: 4, parallelism: 2} | S2 S0 R1 R3 => p1 p0 | 2 0 0 [] [] succeeded 2 of 0,2
spec: {completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1} | F0-3 R1 => | 1 0 0 [] []
spec: {completionMode: Indexed, completions: 2, parallelism: 2, backoffLimitPerIndex: 1} | F0 R0^1 R1 => p0 | 2 0 0 [] [p0]
";

#[test]
fn pods_are_counted_once_and_then_let_go() {
    let mut wrong = Vec::new();
    for line in COUNTS.lines().filter(|line| !line.is_empty()) {
        let (given, wanted) = line.split_once("=>").unwrap();
        let (text, pods) = given.split_once('|').unwrap();
        let job = job(text);
        let pods: Vec<Pod> =
            pods.split_whitespace().enumerate().map(|(number, text)| pod(number, text)).collect();
        let facts = Facts::new(&job, pods.iter().collect(), Backoff::default(), NOW);
        let plan = plan(&facts, NOW);
        let count = |pods: usize| i32::try_from(pods).unwrap();
        let outcome = match &plan.action {
            Action::Create(new) => Outcome { created: count(new.len()), ..Outcome::default() },
            Action::Delete(pods) | Action::Stop(pods) => {
                Outcome { deleted: count(pods.len()), ..Outcome::default() }
            }
            Action::Nothing => Outcome::default(),
        };
        let tracking = tracking::track(&facts, &plan, outcome, NOW);
        let status = tracking.status;
        let uncounted = status.uncounted_terminated_pods.unwrap();
        let list = |list: Option<Vec<String>>| format!("[{}]", list.unwrap_or_default().join(" "));
        let mut found = format!(
            "{} {} {} {} {}",
            status.active.unwrap_or(0),
            status.ready.unwrap(),
            status.terminating.unwrap(),
            list(uncounted.succeeded),
            list(uncounted.failed)
        );
        if let Some(succeeded) = status.succeeded {
            found.push_str(&format!(" succeeded {succeeded}"));
        }
        if let Some(indexes) = status.completed_indexes {
            found.push_str(&format!(" of {indexes}"));
        }
        let gone: Vec<String> =
            tracking.release.iter().filter_map(|pod| pod.metadata.name.clone()).collect();
        let found = format!("{} | {found}", gone.join(" "));
        if !found.split_whitespace().eq(wanted.split_whitespace()) {
            wrong.push(format!("{given}=> {found}"));
        }
    }
    assert!(wrong.is_empty(), "found instead:\n{}", wrong.join("\n"));
}
