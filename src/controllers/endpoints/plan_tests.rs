//! A table of pods and the endpoints they become.

use k8s_openapi::api::core::v1::{
    Container, ContainerPort, Pod, PodCondition, PodSpec, PodStatus, Service, ServicePort,
    ServiceSpec,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::plan::{Backend, Plan, plan};
use crate::object::meta;
use crate::sim::Time;

/// `name ip phase ready going port`, `-` for none.
fn pod(line: &str) -> Pod {
    let words: Vec<&str> = line.split_whitespace().collect();
    let text = |index: usize| Some(words[index].to_owned()).filter(|word| word != "-");
    let ready = PodCondition {
        type_: "Ready".to_owned(),
        status: if words[3] == "ready" { "True" } else { "False" }.to_owned(),
        ..PodCondition::default()
    };
    let port = text(5).map(|number| ContainerPort {
        name: Some("http".to_owned()),
        container_port: number.parse().unwrap(),
        ..ContainerPort::default()
    });
    let container = Container { ports: port.map(|port| vec![port]), ..Container::default() };
    let mut pod = Pod {
        spec: Some(PodSpec { containers: vec![container], ..PodSpec::default() }),
        status: Some(PodStatus {
            phase: text(2),
            pod_ip: text(1),
            conditions: Some(vec![ready]),
            ..PodStatus::default()
        }),
        ..Pod::default()
    };
    pod.metadata.name = text(0);
    pod.metadata.deletion_timestamp = text(4).map(|_| meta::timestamp(Time::from_seconds(1)));
    pod
}

const PODS: &str = "
a 10.0.0.1 Running   ready - 80
b 10.0.0.2 Running   no    - 80
c 10.0.0.3 Running   ready - 81
d -        Pending   no    - 80
e 10.0.0.5 Succeeded no    - 80
f 10.0.0.6 Running   ready x 80
g 10.0.0.7 Running   ready - -
";

#[test]
fn pods_with_an_address_and_the_port_are_endpoints() {
    let pods: Vec<Pod> = PODS.lines().filter(|line| !line.is_empty()).map(pod).collect();
    let pods: Vec<&Pod> = pods.iter().collect();
    let port = ServicePort {
        port: 8080,
        target_port: Some(IntOrString::String("http".to_owned())),
        ..ServicePort::default()
    };
    let spec = ServiceSpec { ports: Some(vec![port]), ..ServiceSpec::default() };
    let plan = plan(&Service { spec: Some(spec), ..Service::default() }, &pods);
    let subsets: Vec<String> = plan
        .subsets("ns")
        .0
        .iter()
        .map(|subset| {
            let ips = |addresses: &Option<Vec<_>>| {
                let all = addresses.iter().flatten();
                all.map(|a: &k8s_openapi::api::core::v1::EndpointAddress| a.ip.as_str())
                    .collect::<Vec<_>>()
                    .join(",")
            };
            let port = subset.ports.as_ref().unwrap()[0].port;
            format!("{} | {} | {port}", ips(&subset.addresses), ips(&subset.not_ready_addresses))
        })
        .collect();
    assert_eq!(subsets, ["10.0.0.1 | 10.0.0.2 | 80", "10.0.0.3 |  | 81"]);
    let slices: Vec<String> = plan
        .groups("ns")
        .iter()
        .flat_map(|(_, endpoints)| endpoints)
        .map(|endpoint| {
            let is = |flag: Option<bool>| u8::from(flag == Some(true));
            let conditions = endpoint.conditions.as_ref().unwrap();
            let [ready, serving, going] =
                [conditions.ready, conditions.serving, conditions.terminating].map(is);
            format!("{} {ready}{serving}{going}", endpoint.addresses[0])
        })
        .collect();
    assert_eq!(slices, ["10.0.0.1 110", "10.0.0.2 000", "10.0.0.6 011", "10.0.0.3 110"]);
}

#[test]
fn endpoints_are_cut_short_the_unready_first() {
    let plan_of = |ready: usize, unready: usize| {
        let backend = |ready: bool| Backend { ready, serving: ready, ..Backend::default() };
        let backends = [vec![backend(true); ready], vec![backend(false); unready]].concat();
        Plan { groups: [(Vec::new(), backends)].into() }
    };
    let told = |ready, unready| {
        let (subsets, cut) = plan_of(ready, unready).subsets("ns");
        let count = |list: &Option<Vec<_>>| list.as_ref().map_or(0, Vec::len);
        (count(&subsets[0].addresses), count(&subsets[0].not_ready_addresses), cut)
    };
    assert_eq!(told(600, 400), (600, 400, false));
    assert_eq!(told(600, 700), (600, 400, true));
    assert_eq!(told(1200, 50), (1000, 0, true));
}
