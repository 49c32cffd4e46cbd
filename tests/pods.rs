//! Pods from creation to their end, told by the events and statuses that show.

use std::time::Duration;

use serde_json::{Value, json};
use tabernetes::api::{Body, Request, Verb};
use tabernetes::cluster::Cluster;
use tabernetes::object::{GroupResource, Key};

const PODS: GroupResource = GroupResource::new("", "pods");
const EVENTS: GroupResource = GroupResource::new("", "events");

fn create(cluster: &mut Cluster, name: &str, spec: Value) {
    let mut request = Request::new(Verb::Create, PODS);
    request.namespace = "default".to_owned();
    request.body = Body::Json(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec,
    }));
    cluster.call(request).expect("the pod is accepted");
}

fn pod(cluster: &Cluster, name: &str) -> Value {
    let key = Key::new(PODS, "default", name);
    cluster.store().get(&key).map(|object| object.to_value()).unwrap_or_default()
}

/// The events about a pod, oldest first: `Reason: message`.
fn events(cluster: &Cluster, name: &str) -> Vec<String> {
    let mut events: Vec<Value> = cluster.objects(&EVENTS).map(|object| object.to_value()).collect();
    events.retain(|event| event["involvedObject"]["name"] == name);
    events.sort_by_key(|event| {
        event["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse::<u64>().ok())
    });
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    events
        .iter()
        .map(|event| format!("{}: {}", text(event, "reason"), text(event, "message")))
        .collect()
}

fn run(cluster: &mut Cluster, seconds: u64) {
    cluster.run_for(Duration::from_secs(seconds));
}

#[test]
fn a_pod_runs_and_goes() {
    let mut cluster = Cluster::started(1);
    create(&mut cluster, "web", json!({"containers": [{"name": "c", "image": "nginx"}]}));
    run(&mut cluster, 5);
    let status = &pod(&cluster, "web")["status"];
    assert_eq!(status["phase"], "Running", "{status}");
    let node = pod(&cluster, "web")["spec"]["nodeName"].as_str().unwrap_or_default().to_owned();
    let seen = events(&cluster, "web");
    assert_eq!(seen[0], format!("Scheduled: Successfully assigned default/web to {node}"));
    assert_eq!(seen[1], "Pulling: Pulling image \"nginx\"");
    assert!(seen[2].starts_with("Pulled: Successfully pulled image \"nginx\" in "), "{}", seen[2]);
    assert_eq!(seen[3..], ["Created: Container created", "Started: Container started"]);
    cluster.call(Request::delete(&Key::new(PODS, "default", "web"))).unwrap();
    run(&mut cluster, 5);
    assert_eq!(pod(&cluster, "web"), Value::Null);
    assert_eq!(events(&cluster, "web").last().unwrap(), "Killing: Stopping container c");
}

#[test]
fn a_crashing_container_is_held_back() {
    let mut cluster = Cluster::started(1);
    let command = json!(["sh", "-c", "sleep 1; exit 3"]);
    let container = json!({"name": "c", "image": "busybox", "command": command});
    create(&mut cluster, "crash", json!({"containers": [container]}));
    run(&mut cluster, 12);
    let state = pod(&cluster, "crash")["status"]["containerStatuses"][0].clone();
    assert_eq!(state["state"]["waiting"]["reason"], "CrashLoopBackOff", "{state}");
    assert_eq!(state["lastState"]["terminated"]["exitCode"], 3);
    assert_eq!(state["restartCount"], 1);
    let message = state["state"]["waiting"]["message"].as_str().unwrap();
    assert!(message.starts_with("back-off 10s restarting failed container=c pod=crash_default("));
}

#[test]
fn what_fits_nowhere_says_why() {
    let mut cluster = Cluster::started(1);
    let resources = json!({"requests": {"cpu": "100"}});
    let container = json!({"name": "c", "image": "nginx", "resources": resources});
    create(&mut cluster, "huge", json!({"containers": [container]}));
    run(&mut cluster, 5);
    let text = "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. \
                no new claims to deallocate, preemption: 0/3 nodes are available: 3 Preemption is \
                not helpful for scheduling.";
    assert_eq!(events(&cluster, "huge"), [format!("FailedScheduling: {text}")]);
    let condition = &pod(&cluster, "huge")["status"]["conditions"][0];
    assert_eq!(
        (&condition["reason"], &condition["message"]),
        (&json!("Unschedulable"), &json!(text))
    );
}

#[test]
fn an_image_that_is_nowhere_is_not_pulled() {
    let mut cluster = Cluster::started(1);
    cluster.control(&tabernetes::cluster::Control::MarkImageMissing("gone:v1".to_owned())).unwrap();
    create(&mut cluster, "bad", json!({"containers": [{"name": "c", "image": "gone:v1"}]}));
    run(&mut cluster, 8);
    let state = pod(&cluster, "bad")["status"]["containerStatuses"][0]["state"].clone();
    assert_eq!(state["waiting"]["reason"], "ImagePullBackOff", "{state}");
    let reasons: Vec<String> = events(&cluster, "bad")[1..]
        .iter()
        .map(|e| e.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(reasons, ["Pulling", "Failed", "Failed", "BackOff", "Failed"]);
}

#[test]
fn an_important_pod_takes_the_place_of_another() {
    let mut cluster = Cluster::started(1);
    let spec = |priority: i32| {
        let resources = json!({"requests": {"cpu": "3"}});
        let container = json!({"name": "c", "image": "nginx", "resources": resources});
        let selector = json!({"kubernetes.io/hostname": "node1"});
        json!({"priority": priority, "nodeSelector": selector, "containers": [container]})
    };
    create(&mut cluster, "low", spec(0));
    run(&mut cluster, 5);
    let mut important = spec(0);
    important["priorityClassName"] = "system-cluster-critical".into();
    important["priority"] = 2_000_000_000.into();
    create(&mut cluster, "vip", important);
    run(&mut cluster, 15);
    assert_eq!(pod(&cluster, "low"), Value::Null);
    assert_eq!(pod(&cluster, "vip")["status"]["phase"], "Running", "{:?}", events(&cluster, "vip"));
    let text = "FailedScheduling: 0/3 nodes are available: 1 Insufficient cpu, 1 node(s) didn't \
                match Pod's node affinity/selector, 1 node(s) had untolerated taint(s).";
    assert_eq!(events(&cluster, "vip")[0], text);
    let preempted = events(&cluster, "low").into_iter().find(|e| e.starts_with("Preempted"));
    assert!(preempted.unwrap().ends_with(" on node node1"));
}
