//! Bindings, evictions, scales and finalization.

use super::*;

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
