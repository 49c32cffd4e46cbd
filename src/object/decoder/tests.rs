use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use serde_json::json;

use super::*;

fn refusal<T: DeserializeOwned>(value: Value) -> String {
    decode::<T>(&value).err().unwrap_or_default()
}

#[test]
fn what_does_not_fit_is_named_as_go_does() {
    let container = |more: Value| json!({"spec": {"containers": [more]}});
    let cases = [
        (
            refusal::<Deployment>(json!({"spec": {"replicas": "three"}})),
            "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas \
             of type int32",
        ),
        (
            refusal::<ConfigMap>(json!({"data": {"x": 5}})),
            "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
        ),
        (
            refusal::<ConfigMap>(json!({"metadata": "x"})),
            "json: cannot unmarshal string into Go struct field ConfigMap.metadata of type \
             v1.ObjectMeta",
        ),
        (
            refusal::<Pod>(json!({"spec": {"containers": {"name": "c"}}})),
            "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of \
             type []v1.Container",
        ),
        (
            refusal::<Pod>(container(json!({"ports": [{"containerPort": 99_999_999_999_u64}]}))),
            "json: cannot unmarshal number 99999999999 into Go struct field \
             ContainerPort.spec.containers.ports.containerPort of type int32",
        ),
        (
            refusal::<Pod>(json!({"spec": {"nodeSelector": []}})),
            "json: cannot unmarshal array into Go struct field PodSpec.spec.nodeSelector of \
             type map[string]string",
        ),
        (
            refusal::<Pod>(container(json!({"resources": {"limits": {"cpu": "much"}}}))),
            "quantities must match the regular expression \
             '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            refusal::<Pod>(json!({"metadata": {"creationTimestamp": "yesterday"}})),
            "parsing time \"yesterday\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \
             \"yesterday\" as \"2006\"",
        ),
        (refusal::<Secret>(json!({"data": {"k": "!!"}})), "illegal base64 data at input byte 0"),
    ];
    for (found, expected) in cases {
        assert_eq!(found, expected);
    }
}

#[test]
fn null_counts_as_absent_everywhere() {
    let value = json!({"metadata": null, "spec": {"containers": [{"name": null, "ports": null,
        "image": "i"}], "volumes": [null]}});
    let pod: Pod = decode(&value).unwrap();
    let spec = pod.spec.unwrap();
    assert_eq!((spec.containers[0].name.as_str(), spec.volumes.unwrap().len()), ("", 1));
}

#[test]
fn every_shape_of_value_is_read() {
    let value = json!({"metadata": {"creationTimestamp": "2026-11-23T07:49:20Z"}, "spec": {
        "containers": [{"name": "c", "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
            "livenessProbe": {"httpGet": {"port": "web"}},
            "readinessProbe": {"tcpSocket": {"port": 80}}}], "hostNetwork": true}});
    let pod: Pod = decode(&value).unwrap();
    let written = serde_json::to_value(&pod).unwrap();
    assert_eq!(written["spec"]["containers"][0]["livenessProbe"]["httpGet"]["port"], "web");
    assert_eq!(written["spec"]["containers"][0]["readinessProbe"]["tcpSocket"]["port"], 80);
    assert_eq!(written["spec"]["containers"][0]["resources"]["limits"]["cpu"], "1");
}
