//! What policies and the labels of namespaces let through.

use super::*;

const GROUP: &str = "admissionregistration.k8s.io";

fn rule(operations: &[&str], resource: &str) -> Value {
    let group = if resource == "deployments" { "apps" } else { "" };
    json!({"resourceRules": [{"apiGroups": [group], "apiVersions": ["v1"],
           "operations": operations, "resources": [resource]}]})
}

fn add(server: &mut Server, plural: &str, body: Value) {
    server.call(post(GroupResource::dynamic(GROUP, plural), "", body)).expect("accepted");
}

fn deployment(name: &str, replicas: i32) -> Value {
    json!({"metadata": {"name": name}, "spec": {"replicas": replicas,
        "selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]}}}})
}

#[test]
fn a_validating_policy_refuses_what_its_rules_refuse_but_not_a_scale() {
    let mut server = server();
    let spec = json!({"matchConstraints": rule(&["CREATE", "UPDATE"], "deployments"),
        "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "variables": [{"name": "most", "expression": "int(params.data.most)"}],
        "matchConditions": [{"name": "c", "expression": "!object.metadata.name.startsWith('free')"}],
        "validations": [{"expression": "object.spec.replicas <= variables.most",
            "messageExpression": "'at most ' + string(variables.most)", "reason": "Forbidden"}]});
    let name = json!({"name": "p"});
    add(&mut server, "validatingadmissionpolicies", json!({"metadata": name, "spec": spec}));
    let request = |name, replicas| post(DEPLOYMENTS, "default", deployment(name, replicas));
    assert!(server.call(request("unbound", 9)).is_ok(), "nothing is bound yet");
    let spec = json!({"policyName": "p", "validationActions": ["Deny"],
        "paramRef": {"name": "limits", "parameterNotFoundAction": "Deny"}});
    add(&mut server, "validatingadmissionpolicybindings", json!({"metadata": name, "spec": spec}));
    let denied = "deployments.apps \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with \
                  binding 'p' denied request: ";
    assert_eq!(
        refusal(server.call(request("web", 1))),
        format!(
            "422 {denied}failed to configure binding: no params found for policy binding with \
                 `Deny` parameterNotFoundAction"
        )
    );
    let limits = json!({"metadata": {"name": "limits"}, "data": {"most": "3"}});
    create(&mut server, CONFIG_MAPS, limits);
    assert_eq!(refusal(server.call(request("web", 4))), format!("403 {denied}at most 3"));
    assert!(server.call(request("web", 3)).is_ok());
    assert!(server.call(request("free", 9)).is_ok(), "no condition, no rule");
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": "web"}, "spec": {"replicas": 9}});
    assert!(server.call(put(DEPLOYMENTS, "web", scale).to("scale")).is_ok());
}

#[test]
fn a_mutating_policy_changes_what_is_stored_and_its_additions_are_completed() {
    let mut server = server();
    let mutations = json!([
        {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression":
            "Object{spec: Object.spec{containers: [Object.spec.containers{name: 'side', image: 's'}]}}"}},
        {"patchType": "JSONPatch", "jsonPatch": {"expression":
            "[JSONPatch{op: 'add', path: '/metadata/labels', value: {'by': 'policy'}}]"}},
    ]);
    let name = json!({"name": "m"});
    let spec = json!({"matchConstraints": rule(&["CREATE"], "pods"), "mutations": mutations,
        "reinvocationPolicy": "Never"});
    add(&mut server, "mutatingadmissionpolicies", json!({"metadata": name, "spec": spec}));
    let bound = json!({"metadata": name, "spec": {"policyName": "m"}});
    add(&mut server, "mutatingadmissionpolicybindings", bound);
    let stored = create(&mut server, PODS, pod("p")).to_value();
    assert_eq!(stored["metadata"]["labels"], json!({"by": "policy"}));
    let side = &stored["spec"]["containers"][1];
    assert_eq!((&side["name"], &side["imagePullPolicy"]), (&json!("side"), &json!("Always")));
    assert_eq!(
        side["volumeMounts"][0]["mountPath"],
        "/var/run/secrets/kubernetes.io/serviceaccount"
    );
}

#[test]
fn a_restricted_namespace_refuses_pods_and_warns_of_templates() {
    let mut server = server();
    create(&mut server, PODS, pod("old"));
    let labels = json!({"pod-security.kubernetes.io/enforce": "restricted"});
    let body = json!({"metadata": {"labels": labels}});
    let key = Key::new(NAMESPACES, "", "default");
    server.call(Request::patch(&key, PatchType::Merge, body)).unwrap();
    let reasons = "allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != \
                   true, seccompProfile";
    assert_eq!(
        server.take_warnings(),
        [
            "existing pods in namespace \"default\" violate the new PodSecurity enforce level \
             \"restricted:latest\"",
            &format!("old: {reasons}"),
        ]
    );
    let detail = "\"restricted:latest\": allowPrivilegeEscalation != false (container \"c\" must \
        set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container \
        \"c\" must set securityContext.capabilities.drop=[\"ALL\"]), runAsNonRoot != true (pod or \
        container \"c\" must set securityContext.runAsNonRoot=true), seccompProfile (pod or \
        container \"c\" must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \
        \"Localhost\")";
    assert_eq!(
        refusal(server.call(post(PODS, "default", pod("plain")))),
        format!("403 pods \"plain\" is forbidden: violates PodSecurity {detail}")
    );
    create(&mut server, DEPLOYMENTS, deployment("web", 1));
    assert_eq!(server.take_warnings(), [format!("would violate PodSecurity {detail}")]);
    let mut good = pod("good");
    good["spec"]["securityContext"] =
        json!({"runAsNonRoot": true, "seccompProfile": {"type": "RuntimeDefault"}});
    good["spec"]["containers"][0]["securityContext"] =
        json!({"allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]}});
    create(&mut server, PODS, good);
    let mut bad = pod("bad");
    bad["spec"]["hostNetwork"] = json!(true);
    bad["spec"]["containers"][0]["securityContext"] =
        json!({"privileged": true, "capabilities": {"add": ["NET_ADMIN"]}});
    let body = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}});
    server.call(Request::patch(&key, PatchType::Merge, body)).unwrap();
    assert_eq!(
        refusal(server.call(post(PODS, "default", bad))),
        "403 pods \"bad\" is forbidden: violates PodSecurity \"baseline:latest\": non-default \
         capabilities (container \"c\" must not include \"NET_ADMIN\" in \
         securityContext.capabilities.add), host namespaces (hostNetwork=true), privileged \
         (container \"c\" must not set securityContext.privileged=true)"
    );
}
