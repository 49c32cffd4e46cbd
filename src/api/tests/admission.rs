//! What admission adds and refuses.

use super::*;

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
