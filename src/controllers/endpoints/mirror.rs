//! Shows Endpoints that somebody wrote for a Service without a selector as EndpointSlices.
//! Mirrors `pkg/controller/endpointslicemirroring`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{EndpointAddress, EndpointPort as OldPort, Endpoints, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::slices::{Group, Slices, Slot, distribute};
use super::trigger::TRIGGER_TIME;
use super::{ENDPOINTS, MANAGED_BY, SERVICE_NAME, SERVICES, SLICES, gone_is_fine, write};
use crate::api::Status;
use crate::object::{Key, Object, meta};
use crate::runtime::{Context, Controller, Expectations, Next, Watch};
use crate::sim::{Explain, Fact};

const MIRROR: &str = "endpointslicemirroring-controller.k8s.io";
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// What is said of the Endpoints alone.
const OWN: [&str; 2] = [TRIGGER_TIME, "kubectl.kubernetes.io/last-applied-configuration"];

/// The controller of EndpointSlices that mirror Endpoints.
#[derive(Clone, Debug, Default)]
pub struct MirroredSlices {
    /// The slices written last, until the cache shows them: else each would be created twice.
    expectations: Expectations,
}

impl Controller for MirroredSlices {
    fn name(&self) -> &'static str {
        "endpoint-slice-mirroring-controller"
    }

    fn watches(&self) -> Vec<Watch> {
        let (resource, owner) = (SLICES.clone(), ENDPOINTS.clone());
        let of_service = Watch::Mapped(SERVICES.clone(), |object, _, _| {
            vec![Key::new(ENDPOINTS.clone(), object.namespace(), object.name())]
        });
        let owned = Watch::Owned { resource, kind: "Endpoints", owner };
        vec![Watch::Own(ENDPOINTS.clone()), of_service, owned]
    }

    fn sync(&mut self, key: &Key, cx: &mut Context<'_>) -> Result<Next, Status> {
        let cache = cx.cache;
        if !self.expectations.met(key, cache) {
            return Ok(Next::OnChange);
        }
        // The slices of Endpoints that are gone are garbage, and are collected as such.
        let Some(object) = cache.get(key).filter(|o| !meta::is_terminating(o.meta())) else {
            return Ok(Next::OnChange);
        };
        let Some(endpoints) = object.get::<Endpoints>() else { return Ok(Next::OnChange) };
        let service = cache.get(&Key::new(SERVICES.clone(), &key.namespace, &key.name));
        let plan = plan(endpoints, service.and_then(Object::get));
        let mut present: Vec<&Object> = cache.owned_by(object.uid(), &SLICES).collect();
        present.retain(|slice| meta::label(slice.meta(), MANAGED_BY) == Some(MIRROR));
        let mut changed = false;
        for (family, groups) in plan.families.clone() {
            let of_family = |slice: &&&Object| {
                slice.get::<EndpointSlice>().is_some_and(|slice| slice.address_type == family)
            };
            let own: Vec<&Object> = present.iter().filter(of_family).copied().collect();
            let Slices { slots, surplus } = match groups.is_empty() {
                true => Slices { slots: Vec::new(), surplus: own },
                false => distribute(&own, groups),
            };
            for Slot { before, now } in slots {
                let slice = slice(object, before, family, now);
                if let Some(written) = write(cx, Object::new(slice), before, None)? {
                    self.expectations.expect(key, &written);
                    changed = true;
                }
            }
            for slice in surplus {
                gone_is_fine(cx.delete(&slice.key()))?;
                changed = true;
            }
        }
        if changed {
            cx.explain(key, &plan);
        }
        Ok(Next::OnChange)
    }
}

/// What the slices of some Endpoints are to hold.
#[derive(Clone, Debug, Default)]
struct Plan {
    mirrored: bool,
    /// The endpoints of each set of ports, by the kind of their addresses.
    families: [(&'static str, Vec<Group>); 2],
}

impl Explain for Plan {
    fn summary(&self) -> String {
        let groups = self.families.iter().flat_map(|(_, groups)| groups);
        let count: usize = groups.map(|(_, endpoints)| endpoints.len()).sum();
        match self.mirrored {
            true => format!("the Service has no selector: {count} addresses are mirrored"),
            false => "nothing is mirrored: no Service without a selector".to_owned(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        Vec::new()
    }
}

/// Mirrors `shouldMirror` and `reconciler.reconcile`.
fn plan(endpoints: &Endpoints, service: Option<&Service>) -> Plan {
    let mut plan = Plan { mirrored: false, families: [("IPv4", vec![]), ("IPv6", vec![])] };
    let labelled = meta::label(&endpoints.metadata, SKIP) == Some("true");
    let annotations = endpoints.metadata.annotations.as_ref();
    let led = annotations.is_some_and(|all| all.contains_key(LEADER));
    let open = service.and_then(|service| service.spec.as_ref()).is_some_and(|spec| {
        spec.selector.as_ref().is_none_or(BTreeMap::is_empty)
            && spec.type_.as_deref() != Some("ExternalName")
    });
    plan.mirrored = open && !labelled && !led;
    if !plan.mirrored {
        return plan;
    }
    for subset in endpoints.subsets.iter().flatten() {
        let ports: Vec<EndpointPort> = subset.ports.iter().flatten().map(port).collect();
        let ready = subset.addresses.iter().flatten().map(|address| (address, true));
        let others = subset.not_ready_addresses.iter().flatten().map(|address| (address, false));
        for (address, is_ready) in ready.chain(others) {
            let (_, groups) = &mut plan.families[usize::from(address.ip.contains(':'))];
            let one = endpoint(address, is_ready);
            match groups.iter_mut().find(|(known, _)| *known == ports) {
                Some((_, list)) => list.push(one),
                None => groups.push((ports.clone(), vec![one])),
            }
        }
    }
    plan
}

fn port(port: &OldPort) -> EndpointPort {
    EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(port.port),
        protocol: port.protocol.clone(),
        app_protocol: port.app_protocol.clone(),
    }
}

fn endpoint(address: &EndpointAddress, ready: bool) -> Endpoint {
    Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions { ready: Some(ready), ..Default::default() }),
        hostname: address.hostname.clone().filter(|name| !name.is_empty()),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    }
}

/// A slice as it is to be. Mirrors `newEndpointSlice`.
fn slice(
    endpoints: &Object,
    before: Option<&Object>,
    family: &str,
    now: Option<Group>,
) -> EndpointSlice {
    let mut slice =
        before.and_then(Object::get::<EndpointSlice>).cloned().unwrap_or_else(|| EndpointSlice {
            metadata: ObjectMeta {
                generate_name: Some(format!("{}-", endpoints.name())),
                namespace: Some(endpoints.namespace().to_owned()),
                owner_references: Some(vec![meta::controller_ref(endpoints)]),
                ..ObjectMeta::default()
            },
            address_type: family.to_owned(),
            ..EndpointSlice::default()
        });
    let mut labels = endpoints.meta().labels.clone().unwrap_or_default();
    labels.insert(SERVICE_NAME.to_owned(), endpoints.name().to_owned());
    labels.insert(MANAGED_BY.to_owned(), MIRROR.to_owned());
    slice.metadata.labels = Some(labels);
    let mut annotations = endpoints.meta().annotations.clone().unwrap_or_default();
    annotations.retain(|name, _| !OWN.contains(&name.as_str()));
    slice.metadata.annotations = Some(annotations).filter(|all| !all.is_empty());
    if let Some((ports, endpoints)) = now {
        slice.ports = Some(ports).filter(|ports| !ports.is_empty());
        slice.endpoints = Some(endpoints);
    }
    slice
}
