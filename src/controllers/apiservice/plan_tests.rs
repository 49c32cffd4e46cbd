//! When a group is answered, with upstream's reasons and texts.

use serde_json::{Value, json};

use super::plan::{Backing, plan};
use crate::object::codec;

fn state(group: &str, service: &Value, slices: &[Value]) -> String {
    let object = codec::decode(&json!({"spec": {
        "group": group, "version": "v1beta1", "service": {"namespace": "q", "name": "b", "port": 443},
    }}));
    let service = (!service.is_null()).then(|| codec::decode(service).expect("a service"));
    let slices: Vec<_> =
        slices.iter().map(|slice| codec::decode(slice).expect("a slice")).collect();
    let slices: Vec<_> = slices.iter().collect();
    let backing = Backing { service: service.as_ref(), slices: &slices };
    let condition = plan(&object.expect("an object"), backing).expect("a plan").0;
    format!("{} {}", condition.reason.unwrap_or_default(), condition.message.unwrap_or_default())
}

fn service(port: i32) -> Value {
    json!({"spec": {"type": "ClusterIP", "ports": [{"name": "https", "port": port}]}})
}

fn slice(ready: bool) -> Value {
    let endpoint = json!({"addresses": ["10.244.1.4"], "conditions": {"ready": ready}});
    json!({"addressType": "IPv4", "ports": [{"name": "https", "port": 8443}], "endpoints": [endpoint]})
}

#[test]
fn every_step_of_the_check_has_its_reason() {
    let group = "agg.example.com";
    let missing = "MissingEndpoints endpointslices for service/b in \"q\" have no addresses with \
                   port name \"https\"";
    let outside = json!({"spec": {"type": "ExternalName", "externalName": "localhost"}});
    let cases = [
        (group, Value::Null, vec![], "ServiceNotFound service/b in \"q\" is not present"),
        (
            group,
            service(8443),
            vec![],
            "ServicePortError service/b in \"q\" is not listening on port 443",
        ),
        (
            group,
            service(443),
            vec![],
            "EndpointsNotFound cannot find endpointslices for service/b in \"q\"",
        ),
        (group, service(443), vec![slice(false)], missing),
        (
            group,
            service(443),
            vec![slice(true)],
            "FailedDiscoveryCheck failing or missing response from \
             https://10.244.1.4:8443/apis/agg.example.com/v1beta1: Get \
             \"https://10.244.1.4:8443/apis/agg.example.com/v1beta1\": dial tcp 10.244.1.4:8443: \
             connect: connection refused",
        ),
        ("metrics.k8s.io", service(443), vec![slice(true)], "Passed all checks passed"),
        ("metrics.k8s.io", outside, vec![], "Passed all checks passed"),
    ];
    for (group, service, slices, expected) in cases {
        assert_eq!(state(group, &service, &slices), expected);
    }
}
