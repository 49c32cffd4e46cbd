//! Reading, writing and deleting.

use super::*;
use crate::kinds;

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
fn the_cluster_starts_with_its_own_objects() {
    let mut server = server();
    let reply = server.call(Request::list(NAMESPACES, "")).unwrap();
    let names: Vec<_> = reply.items().iter().map(|object| object.name().to_owned()).collect();
    assert_eq!(names, ["default", "kube-node-lease", "kube-public", "kube-system"]);
    let api = server.call(Request::get(&Key::new(SERVICES, "default", "kubernetes"))).unwrap();
    assert_eq!(api.object().unwrap().to_value()["spec"]["clusterIP"], "10.96.0.1");
}

#[test]
fn a_watch_from_before_the_kept_history_is_refused() {
    let mut server = server();
    let object = create(&mut server, CONFIG_MAPS, json!({"metadata": {"name": "a"}}));
    let from = object.revision();
    let mut object = object;
    while server.store().oldest() <= from {
        let data = [("k".to_owned(), object.revision().to_string())];
        object.edit::<ConfigMap>().unwrap().data = Some(data.into());
        object = server.call(Request::update(object)).unwrap().object().unwrap();
    }
    let mut request = Request::new(Verb::Watch, CONFIG_MAPS);
    request.resource_version = Some(from);
    let oldest = server.store().oldest();
    let expected = format!("410 too old resource version: {from} ({oldest})");
    assert_eq!(refusal(server.call(request)), expected);
}

#[test]
fn what_others_serve_comes_through_the_same_door() {
    struct Logs;
    impl Upstream for Logs {
        fn serve(&mut self, request: &Request) -> Option<Result<Reply, Status>> {
            (request.subresource == "log").then(|| Ok(Reply::Text(request.name.clone())))
        }
    }
    let (mut server, mut logs) = (server(), Logs);
    create(&mut server, PODS, pod("p"));
    let mut door = Door { server: &mut server, upstreams: &mut [&mut logs] };
    let key = Key::new(PODS, "default", "p");
    assert!(
        matches!(door.call(Request::get(&key).to("log")), Ok(Reply::Text(text)) if text == "p")
    );
    let other = Request::get(&Key::new(PODS, "default", "q"));
    assert_eq!(refusal(door.call(other.clone())), "404 pods \"q\" not found");
    assert_eq!(refusal(door.call(other.to("log"))), "404 pods \"q\" not found");
}

#[test]
fn an_object_is_read_and_written_in_every_served_version() {
    let mut server = server();
    let autoscalers = GroupResource::new("autoscaling", "horizontalpodautoscalers");
    let body = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "h"}, "spec": {"maxReplicas": 5, "targetCPUUtilizationPercentage": 50,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}}});
    let mut request = post(autoscalers, "default", body);
    request.strict = true;
    let stored = server.call(request).unwrap().object().unwrap();
    let metric = &stored.to_value()["spec"]["metrics"][0]["resource"];
    assert_eq!(metric["target"]["averageUtilization"], 50);
    let patch = json!({"spec": {"targetCPUUtilizationPercentage": 60}});
    let mut request = Request::patch(&stored.key(), PatchType::Merge, patch);
    request.version = "v1".to_owned();
    let patched = server.call(request).unwrap().object().unwrap().to_value();
    assert_eq!(patched["spec"]["metrics"][0]["resource"]["target"]["averageUtilization"], 60);
}

#[test]
fn events_are_read_and_written_under_both_of_their_names() {
    let mut server = server();
    let newer = GroupResource::new("events.k8s.io", "events");
    let older = GroupResource::new("", "events");
    let about = json!({"kind": "Pod", "name": "p", "namespace": "default"});
    let body = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e"},
        "regarding": about, "reason": "R", "note": "n", "type": "Normal", "action": "A",
        "reportingController": "example.com/c", "reportingInstance": "i",
        "eventTime": "2020-01-01T00:00:00.000000Z",
    });
    let made = create(&mut server, newer.clone(), body.clone()).to_value();
    assert_eq!((&made["message"], &made["involvedObject"]), (&json!("n"), &about));
    let get = |resource: GroupResource| Request::get(&Key::new(resource, "default", "e"));
    let [new, old] = [newer.clone(), older].map(|resource| {
        let reply = server.call(get(resource)).expect("the event");
        reply.object().expect("an object")
    });
    assert_eq!(new.to_value(), old.to_value());
    let listed = server.call(Request::list(newer.clone(), "default")).expect("a list");
    assert_eq!(listed.items().len(), 1);
    let view = kinds::kind_of(&newer).expect("a kind").encode("v1", &new);
    assert_eq!((&view["note"], &view["regarding"]), (&json!("n"), &about));
    assert_eq!((view.get("message"), &view["apiVersion"]), (None, &json!("events.k8s.io/v1")));
    let wrong = json!({
        "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "f"},
        "regarding": about, "reason": "R", "type": "Foo",
    });
    let refused = refusal(server.call(post(newer.clone(), "default", wrong)));
    let expected = "[eventTime: Required value, type: Invalid value: \"\": has invalid value: Foo]";
    assert!(refused.ends_with(expected), "{refused}");
    let mut changed = body;
    changed["note"] = json!("other");
    let refused = refusal(server.call(put(newer, "e", changed)));
    assert!(refused.contains("message: Invalid value: \"other\": field is immutable"), "{refused}");
}
