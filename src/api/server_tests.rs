//! Requests and what the server answers, in the order of a story each.

use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service};
use serde_json::{Value, json};

use super::{Api, Body, Propagation, Reply, Request, Server, Status, Verb};
use crate::object::{GroupResource, Key, Object};
use crate::sim::{Rng, Time};
use crate::store::ChangeKind;

const CONFIG_MAPS: GroupResource = GroupResource::new("", "configmaps");
const PODS: GroupResource = GroupResource::new("", "pods");
const NAMESPACES: GroupResource = GroupResource::new("", "namespaces");
const DEPLOYMENTS: GroupResource = GroupResource::new("apps", "deployments");
const SERVICES: GroupResource = GroupResource::new("", "services");
const CLAIMS: GroupResource = GroupResource::new("", "persistentvolumeclaims");

fn server() -> Server {
    let mut server = Server::new(Rng::from_seed(1));
    server.set_now(Time::from_seconds(1_800_000_000));
    server
}

fn post(resource: GroupResource, namespace: &str, body: Value) -> Request {
    let mut request = Request::new(Verb::Create, resource);
    namespace.clone_into(&mut request.namespace);
    request.body = Body::Json(body);
    request
}

fn put(resource: GroupResource, name: &str, body: Value) -> Request {
    let mut request = post(resource, "default", body);
    name.clone_into(&mut request.name);
    Request { verb: Verb::Update, ..request }
}

fn create(server: &mut Server, resource: GroupResource, body: Value) -> Object {
    let reply = server.call(post(resource, "default", body));
    reply.expect("accepted").object().expect("an object")
}

fn refusal(result: Result<Reply, Status>) -> String {
    let status = result.expect_err("refused");
    format!("{} {}", status.code, status.message)
}

fn config_map(name: &str) -> Object {
    let mut object = Object::new(ConfigMap::default());
    object.meta_mut().name = Some(name.to_owned());
    object.meta_mut().namespace = Some("default".to_owned());
    object
}

fn pod(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "nginx"}]}})
}

fn bind(pod: &str, node: &str) -> Request {
    let body = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
        "target": {"kind": "Node", "name": node}});
    let request = post(PODS, "default", body).to("binding");
    Request { name: pod.to_owned(), ..request }
}

#[test]
fn a_new_object_gets_identity_and_a_second_one_of_its_name_is_refused() {
    let mut server = server();
    let first = server.call(Request::create(config_map("a"))).unwrap().object().unwrap();
    let meta = first.meta();
    assert_eq!(meta.uid.as_deref().map(str::len), Some(36));
    assert_eq!(meta.creation_timestamp.as_ref().unwrap().0.as_second(), 1_800_000_000);
    let again = server.call(Request::create(config_map("a")));
    assert_eq!(refusal(again), "409 configmaps \"a\" already exists");
}

#[test]
fn a_prefix_becomes_a_name_of_five_more_letters() {
    let mut server = server();
    let object = create(&mut server, CONFIG_MAPS, json!({"metadata": {"generateName": "web-"}}));
    assert_eq!(object.name().len(), 9);
    let long = json!({"metadata": {"generateName": "x".repeat(70)}});
    assert_eq!(create(&mut server, CONFIG_MAPS, long).name().len(), 63);
}

#[test]
fn creation_is_refused_in_upstream_s_words() {
    let mut server = server();
    let name = |name: &str| json!({"metadata": {"name": name}});
    let cases = [
        (
            "default",
            json!({"metadata": {}}),
            "422 ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required",
        ),
        ("nope", name("a"), "404 namespaces \"nope\" not found"),
        (
            "default",
            json!({"metadata": {"name": "a", "namespace": "other"}}),
            "400 the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            "default",
            json!({"metadata": {"name": "a", "resourceVersion": "1"}}),
            "500 resourceVersion should not be set on objects to be created",
        ),
    ];
    for (namespace, body, expected) in cases {
        assert_eq!(refusal(server.call(post(CONFIG_MAPS, namespace, body))), expected);
    }
    let unknown = GroupResource::new("example.com", "toys");
    let unknown = server.call(Request::list(unknown, ""));
    assert_eq!(refusal(unknown), "404 the server could not find the requested resource");
}

#[test]
fn an_update_needs_the_current_version_if_it_names_one() {
    let mut server = server();
    let first =
        create(&mut server, CONFIG_MAPS, json!({"metadata": {"name": "a"}, "data": {"k": "1"}}));
    let second = put(CONFIG_MAPS, "a", json!({"metadata": {"name": "a"}, "data": {"k": "2"}}));
    let second = server.call(second).unwrap().object().unwrap();
    assert_eq!(second.uid(), first.uid());
    let cases = [
        (
            json!({"name": "a", "resourceVersion": first.revision().to_string()}),
            "409 Operation cannot be fulfilled on configmaps \"a\": the object has been modified; \
             please apply your changes to the latest version and try again"
                .to_owned(),
        ),
        (
            json!({"name": "a", "resourceVersion": "abc"}),
            "500 strconv.ParseUint: parsing \"abc\": invalid syntax".to_owned(),
        ),
        (
            json!({"name": "b"}),
            "400 the name of the object (b) does not match the name on the URL (a)".to_owned(),
        ),
        (
            json!({}),
            "400 the name of the object (a based on URL) was undeterminable: name must be provided"
                .to_owned(),
        ),
        (
            json!({"name": "a", "uid": "x"}),
            format!(
                "409 Operation cannot be fulfilled on configmaps \"a\": StorageError: invalid \
                object, Code: 4, Key: /registry/configmaps/default/a, ResourceVersion: 0, \
                AdditionalErrorMsg: Precondition failed: UID in precondition: x, UID in object \
                meta: {}",
                first.uid()
            ),
        ),
    ];
    for (meta, expected) in cases {
        let request = put(CONFIG_MAPS, "a", json!({"metadata": meta}));
        assert_eq!(refusal(server.call(request)), expected);
    }
}

#[test]
fn an_update_that_changes_nothing_makes_no_new_version() {
    let mut server = server();
    let body = json!({"metadata": {"name": "a"}, "data": {"k": "1"}});
    let first = create(&mut server, CONFIG_MAPS, body.clone());
    let revision = server.store().revision();
    let again = server.call(put(CONFIG_MAPS, "a", body)).unwrap().object().unwrap();
    assert_eq!((again.revision(), server.store().revision()), (first.revision(), revision));
}

#[test]
fn a_dry_run_answers_and_stores_nothing() {
    let mut server = server();
    server.call(Request::list(CONFIG_MAPS, "")).unwrap();
    let before = server.store().revision();
    let request = Request { dry_run: true, ..Request::create(config_map("a")) };
    assert!(server.call(request).unwrap().object().is_some());
    assert_eq!(server.store().revision(), before);
}

#[test]
fn finalizers_keep_an_object_until_the_last_is_gone() {
    let mut server = server();
    let body = json!({"metadata": {"name": "f", "finalizers": ["example.com/x"]}});
    let object = create(&mut server, CONFIG_MAPS, body);
    server.call(Request::delete(&object.key())).unwrap();
    let marked = server.store().get(&object.key()).unwrap().clone();
    assert!(marked.meta().deletion_timestamp.is_some());
    let again = server.call(post(CONFIG_MAPS, "default", json!({"metadata": {"name": "f"}})));
    assert_eq!(refusal(again), "409 object is being deleted: configmaps \"f\" already exists");
    let mut freed = marked.clone();
    freed.meta_mut().finalizers = None;
    server.call(Request::update(freed)).unwrap();
    assert!(server.store().get(&object.key()).is_none());
}

#[test]
fn propagation_is_a_finalizer() {
    for (fate, expected) in [
        (Propagation::Foreground, Some("foregroundDeletion")),
        (Propagation::Orphan, Some("orphan")),
        (Propagation::Background, None),
    ] {
        let mut server = server();
        let key = create(&mut server, CONFIG_MAPS, json!({"metadata": {"name": "a"}})).key();
        let mut request = Request::delete(&key);
        request.delete.propagation = Some(fate);
        server.call(request).unwrap();
        let left = server.store().get(&key).map(|object| object.meta().finalizers.clone().unwrap());
        assert_eq!(left, expected.map(|name| vec![name.to_owned()]));
    }
}

#[test]
fn a_deletion_may_insist_on_a_very_object() {
    let mut server = server();
    let object = create(&mut server, CONFIG_MAPS, json!({"metadata": {"name": "a"}}));
    let mut request = Request::delete(&object.key());
    request.delete.uid = Some("x".to_owned());
    let expected = format!(
        "409 Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition (x) does \
         not match the UID in record ({}). The object might have been deleted and then recreated",
        object.uid()
    );
    assert_eq!(refusal(server.call(request)), expected);
}

#[test]
fn pods_on_a_node_go_gracefully_and_others_at_once() {
    let mut server = server();
    let unscheduled = create(&mut server, PODS, pod("a")).key();
    server.call(Request::delete(&unscheduled)).unwrap();
    assert!(server.store().get(&unscheduled).is_none());

    let key = create(&mut server, PODS, pod("b")).key();
    server.call(bind("b", "node1")).unwrap();
    let deletion = |seconds: Option<i64>| {
        let mut request = Request::delete(&key);
        request.delete.grace_period_seconds = seconds;
        request
    };
    // (seconds asked for, seconds granted, seconds from the first request to the end)
    for (asked, granted, end) in [(None, 30, 30), (Some(60), 30, 30), (Some(5), 5, 5)] {
        server.call(deletion(asked)).unwrap();
        let meta = server.store().get(&key).unwrap().meta().clone();
        assert_eq!(meta.deletion_grace_period_seconds, Some(granted));
        assert_eq!(meta.deletion_timestamp.unwrap().0.as_second(), 1_800_000_000 + end);
        assert_eq!(meta.generation, Some(2));
        server.set_now(Time::from_seconds(1_800_000_000) + Duration::from_secs(2));
    }
    server.call(deletion(Some(0))).unwrap();
    assert!(server.store().get(&key).is_none());
}

#[test]
fn a_pod_is_bound_once() {
    let mut server = server();
    let key = create(&mut server, PODS, pod("p")).key();
    server.call(bind("p", "node1")).unwrap();
    let object = server.store().get(&key).unwrap().clone();
    let bound = object.get::<Pod>().unwrap();
    assert_eq!(bound.spec.as_ref().unwrap().node_name.as_deref(), Some("node1"));
    let conditions = bound.status.as_ref().unwrap().conditions.as_ref().unwrap();
    assert_eq!(
        (conditions[0].type_.as_str(), conditions[0].status.as_str()),
        ("PodScheduled", "True")
    );
    let cases = [
        (
            bind("p", "node2"),
            "409 Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"node1\"",
        ),
        (bind("nope", "node1"), "404 pods \"nope\" not found"),
        (bind("p", ""), "500 target.name: Required value"),
        (
            Request { name: "q".to_owned(), ..bind("p", "node1") },
            "400 name in URL does not match name in Binding object",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(refusal(server.call(request)), expected);
    }
}

#[test]
fn an_evicted_pod_says_why_it_goes() {
    let mut server = server();
    let object = create(&mut server, PODS, pod("p"));
    server.call(bind("p", "node1")).unwrap();
    let mut running = server.store().get(&object.key()).unwrap().clone();
    running.edit::<Pod>().unwrap().status.as_mut().unwrap().phase = Some("Running".to_owned());
    server.call(Request::update_status(running)).unwrap();
    let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
    let request = Request { name: "p".to_owned(), ..post(PODS, "default", body).to("eviction") };
    server.call(request).unwrap();
    let evicted = server.store().get(&object.key()).unwrap().to_value();
    assert_eq!(evicted["metadata"]["deletionGracePeriodSeconds"], 30);
    assert_eq!(evicted["status"]["conditions"][1]["reason"], "EvictionByEvictionAPI");
}

#[test]
fn a_namespace_goes_when_it_is_finalized() {
    let mut server = server();
    let body = json!({"metadata": {"name": "doomed"}});
    let object = server.call(post(NAMESPACES, "", body)).unwrap().object().unwrap();
    server.call(Request::delete(&object.key())).unwrap();
    let going = server.store().get(&object.key()).unwrap().clone();
    assert_eq!(going.to_value()["status"]["phase"], "Terminating");
    let late = server.call(post(CONFIG_MAPS, "doomed", json!({"metadata": {"name": "late"}})));
    assert_eq!(
        refusal(late),
        "403 configmaps \"late\" is forbidden: unable to create new content \
        in namespace doomed because it is being terminated"
    );
    let mut value = going.to_value();
    value["spec"]["finalizers"] = json!([]);
    let mut request = Request::update(going).to("finalize");
    request.body = Body::Json(value);
    server.call(request).unwrap();
    assert!(server.store().get(&object.key()).is_none());
    let immortal = server.call(Request::delete(&Key::new(NAMESPACES, "", "default")));
    assert_eq!(
        refusal(immortal),
        "403 namespaces \"default\" is forbidden: this namespace may not be deleted"
    );
}

#[test]
fn scale_reads_and_sets_replicas() {
    let mut server = server();
    let body = json!({"metadata": {"name": "d"}, "spec": {"replicas": 2,
        "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]}}}});
    let key = create(&mut server, DEPLOYMENTS, body).key();
    let read = server.call(Request::get(&key).to("scale")).unwrap().object().unwrap().to_value();
    assert_eq!(read["spec"]["replicas"], 2);
    assert_eq!(read["status"]["selector"], "a=b");
    let scale = |body: Value| put(DEPLOYMENTS, "d", body).to("scale");
    let body = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"},
        "spec": {"replicas": 5}});
    server.call(scale(body)).unwrap();
    let stored = server.store().get(&key).unwrap().to_value();
    assert_eq!(
        (&stored["spec"]["replicas"], &stored["metadata"]["generation"]),
        (&json!(5), &json!(2))
    );
    let cases = [
        (
            json!({"metadata": {"name": "d"}, "spec": {"replicas": -1}}),
            "422 Scale.autoscaling \"d\" is invalid: spec.replicas: Invalid value: -1: must be \
             greater than or equal to 0",
        ),
        (
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}}),
            "400 Deployment in version \"v1\" cannot be handled as a Scale: converting \
             (v1.Deployment) to (autoscaling.Scale): unknown conversion",
        ),
        (
            json!({"metadata": {"name": "d", "resourceVersion": "1"}, "spec": {"replicas": 0}}),
            "409 Operation cannot be fulfilled on deployments.apps \"d\": the object has been \
             modified; please apply your changes to the latest version and try again",
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(refusal(server.call(scale(body))), expected);
    }
}

#[test]
fn lists_and_watches_see_only_what_is_selected() {
    let mut server = server();
    let labelled =
        |name: &str, app: &str| json!({"metadata": {"name": name, "labels": {"app": app}}});
    create(&mut server, CONFIG_MAPS, labelled("a", "x"));
    create(&mut server, CONFIG_MAPS, labelled("b", "y"));
    let selected = |verb: Verb| {
        let request = Request::new(verb, CONFIG_MAPS);
        Request { namespace: "default".to_owned(), label_selector: "app=x".to_owned(), ..request }
    };
    let names = |reply: Reply| -> Vec<String> {
        reply.items().iter().map(|object| object.name().to_owned()).collect()
    };
    assert_eq!(names(server.call(selected(Verb::List)).unwrap()), ["a"]);
    let mut by_name = Request::list(CONFIG_MAPS, "");
    by_name.field_selector = "metadata.name!=a".to_owned();
    assert_eq!(names(server.call(by_name).unwrap()), ["b"]);

    let from = server.store().revision();
    server.call(put(CONFIG_MAPS, "a", labelled("a", "y"))).unwrap();
    server.call(put(CONFIG_MAPS, "b", labelled("b", "x"))).unwrap();
    let request = Request { resource_version: Some(from), ..selected(Verb::Watch) };
    let Reply::Changes(changes, next) = server.call(request).unwrap() else { panic!("no changes") };
    let seen: Vec<_> = changes.iter().map(|c| (c.kind, c.object.name().to_owned())).collect();
    assert_eq!(seen, [(ChangeKind::Deleted, "a".to_owned()), (ChangeKind::Added, "b".to_owned())]);
    assert_eq!(changes[0].object.meta().labels.as_ref().unwrap()["app"], "x");
    assert_eq!((changes[0].object.revision(), next), (from + 1, from + 2));

    let collection = server.call(selected(Verb::DeleteCollection)).unwrap();
    assert_eq!(names(collection), ["b"]);
}

#[test]
fn selectors_are_refused_in_upstream_s_words() {
    let mut server = server();
    let cases = [
        (
            CONFIG_MAPS,
            "",
            "data.k=1",
            "400 \"data.k\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        ),
        (PODS, "", "spec.containers=1", "400 field label not supported: spec.containers"),
        (
            CONFIG_MAPS,
            "",
            "metadata.name",
            "400 invalid selector: 'metadata.name'; can't understand 'metadata.name'",
        ),
        (CONFIG_MAPS, "a in x", "", "400 unable to parse requirement: found 'x' expected: '('"),
    ];
    for (resource, labels, fields, expected) in cases {
        let mut request = Request::list(resource, "");
        labels.clone_into(&mut request.label_selector);
        fields.clone_into(&mut request.field_selector);
        assert_eq!(refusal(server.call(request)), expected);
    }
}

#[test]
fn pods_are_admitted_with_account_tolerations_and_priority() {
    let mut server = server();
    let pod = create(&mut server, PODS, pod("p")).to_value();
    let spec = &pod["spec"];
    assert_eq!((&spec["priority"], &spec["serviceAccountName"]), (&json!(0), &json!("default")));
    assert_eq!(spec["preemptionPolicy"], "PreemptLowerPriority");
    assert_eq!(spec["tolerations"][0]["key"], "node.kubernetes.io/not-ready");
    assert_eq!(spec["tolerations"][1]["tolerationSeconds"], 300);
    let volume = &spec["volumes"][0];
    assert!(volume["name"].as_str().unwrap().starts_with("kube-api-access-"));
    assert_eq!(volume["projected"]["defaultMode"], 420);
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["name"], volume["name"]);
    assert_eq!(spec["containers"][0]["volumeMounts"][0]["readOnly"], true);
}

#[test]
fn pods_are_refused_without_their_account_or_class() {
    let mut server = server();
    let with = |field: &str, value: Value| {
        let mut body = pod("p");
        body["spec"][field] = value;
        post(PODS, "default", body)
    };
    let cases = [
        (
            with("serviceAccountName", json!("nope")),
            "403 pods \"p\" is forbidden: error looking up service account default/nope: \
             serviceaccount \"nope\" not found",
        ),
        (
            with("priorityClassName", json!("nope")),
            "403 pods \"p\" is forbidden: no PriorityClass with name nope was found",
        ),
        (
            with("priority", json!(5)),
            "403 pods \"p\" is forbidden: the integer value of priority (5) must not be provided in \
             pod spec; priority admission controller computed 0 from the given PriorityClass name",
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(refusal(server.call(request)), expected);
    }
    let mut opted_out = pod("quiet");
    opted_out["spec"]["automountServiceAccountToken"] = json!(false);
    assert_eq!(create(&mut server, PODS, opted_out).to_value()["spec"]["volumes"], Value::Null);
}

#[test]
fn claims_get_the_default_class_and_their_protection() {
    let mut server = server();
    let classes = GroupResource::new("storage.k8s.io", "storageclasses");
    let class = json!({"metadata": {"name": "standard", "annotations":
        {"storageclass.kubernetes.io/is-default-class": "true"}}, "provisioner": "p"});
    server.call(post(classes, "", class)).unwrap();
    let body = |name: &str| {
        json!({"metadata": {"name": name}, "spec": {"accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": "1Gi"}}}})
    };
    let claim = create(&mut server, CLAIMS, body("c")).to_value();
    assert_eq!(claim["spec"]["storageClassName"], "standard");
    assert_eq!(claim["metadata"]["finalizers"], json!(["kubernetes.io/pvc-protection"]));
    let mut none = body("d");
    none["spec"]["storageClassName"] = json!("");
    assert_eq!(create(&mut server, CLAIMS, none).to_value()["spec"]["storageClassName"], "");
}

fn service(name: &str, more: Value) -> Value {
    let mut spec = json!({"selector": {"a": "b"}, "ports": [{"port": 80}]});
    for (field, value) in more.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({"metadata": {"name": name}, "spec": spec})
}

#[test]
fn services_get_addresses_and_node_ports_and_keep_them() {
    let mut server = server();
    let made = create(&mut server, SERVICES, service("a", json!({"type": "NodePort"})));
    let spec = made.get::<Service>().unwrap().spec.clone().unwrap();
    let address = spec.cluster_ip.clone().unwrap();
    assert!(address.starts_with("10."), "{address}");
    assert_eq!(spec.cluster_ips, Some(vec![address.clone()]));
    let port = spec.ports.as_ref().unwrap()[0].node_port.unwrap();
    assert!((30086..=32767).contains(&port), "{port}");
    let kept = server.call(put(SERVICES, "a", service("a", json!({"type": "NodePort"})))).unwrap();
    assert_eq!(kept.object().unwrap().revision(), made.revision());
    let headless = create(&mut server, SERVICES, service("h", json!({"clusterIP": "None"})));
    assert_eq!(headless.to_value()["spec"]["clusterIPs"], json!(["None"]));
}

#[test]
fn services_are_refused_taken_and_foreign_addresses() {
    let mut server = server();
    let taken = json!({"clusterIP": "10.96.200.5", "type": "NodePort", "ports": [{"port": 80, "nodePort": 30123}]});
    create(&mut server, SERVICES, service("a", taken));
    let cases = [
        (
            json!({"clusterIP": "10.96.200.5"}),
            "spec.clusterIPs: Invalid value: [\"10.96.200.5\"]: failed to allocate IP 10.96.200.5: \
             provided IP is already allocated",
        ),
        (
            json!({"clusterIP": "192.168.1.1"}),
            "spec.clusterIPs: Invalid value: [\"192.168.1.1\"]: failed to allocate IP 192.168.1.1: \
             the provided network does not match the current range",
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 30123}]}),
            "spec.ports[0].nodePort: Invalid value: 30123: provided port is already allocated",
        ),
        (
            json!({"type": "NodePort", "ports": [{"port": 80, "nodePort": 80}]}),
            "spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. \
             The range of valid ports is 30000-32767",
        ),
    ];
    for (more, expected) in cases {
        let result = server.call(post(SERVICES, "default", service("b", more)));
        assert_eq!(refusal(result), format!("422 Service \"b\" is invalid: {expected}"));
    }
}

#[test]
fn the_cluster_starts_with_its_own_objects() {
    let mut server = server();
    let reply = server.call(Request::list(NAMESPACES, "")).unwrap();
    let names: Vec<_> = reply.items().iter().map(|object| object.name().to_owned()).collect();
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
    let api = server.call(Request::get(&Key::new(SERVICES, "default", "kubernetes"))).unwrap();
    assert_eq!(api.object().unwrap().to_value()["spec"]["clusterIP"], "10.96.0.1");
}
