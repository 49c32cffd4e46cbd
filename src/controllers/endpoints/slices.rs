//! Which slices hold which endpoints: as few as need be are written.
//! Mirrors `reconcileByPortMapping` and `finalize` of `k8s.io/endpointslice/reconciler.go`.

use std::cmp::Reverse;

use k8s_openapi::api::discovery::v1::{Endpoint, EndpointPort, EndpointSlice};

use crate::base::order::Gather;
use crate::base::order::Order as _;
use crate::base::small_map::SmallMap;
use crate::object::Object;

/// How many endpoints a slice holds. Mirrors `--max-endpoints-per-slice`.
pub const SLICE_MAX: usize = 100;

/// The ports of a slice and its endpoints.
pub type Group = (Vec<EndpointPort>, Vec<Endpoint>);

/// A slice that there is or should be.
#[derive(Debug)]
pub struct Slot<'a> {
    /// The slice as it is; a new one otherwise.
    pub before: Option<&'a Object>,
    /// What it is to hold, if not what it does.
    pub now: Option<Group>,
}

/// What is to become of a Service's slices.
#[derive(Debug, Default)]
pub struct Slices<'a> {
    /// Those that stay, change or are new.
    pub slots: Vec<Slot<'a>>,
    /// Those that go.
    pub surplus: Vec<&'a Object>,
}

/// Distributes the endpoints of each set of ports over slices. What a slice holds already stays
/// there; new endpoints go where something changes anyway, then where all of them fit.
pub fn distribute<'a>(existing: &[&'a Object], wanted: Vec<Group>) -> Slices<'a> {
    let mut by_ports: SmallMap<String, Vec<(&'a Object, &'a EndpointSlice)>> = SmallMap::new();
    for object in existing {
        if let Some(slice) = object.get::<EndpointSlice>() {
            let ports = slice.ports.as_deref().unwrap_or_default();
            by_ports.entry(name(ports)).or_default().push((object, slice));
        }
    }
    let mut slices = Slices::default();
    let mut new = Vec::new();
    for (ports, endpoints) in wanted {
        let known = by_ports.remove(&name(&ports)).unwrap_or_default();
        new.extend(fill(&mut slices, &known, &ports, endpoints));
    }
    let stale = by_ports.into_values().flatten();
    slices.surplus.extend(stale.map(|(object, _)| object));
    if slices.slots.is_empty() && new.is_empty() {
        // Without endpoints one empty slice says so.
        new.push((Vec::new(), Vec::new()));
    }
    // A slice that would go becomes one that is new.
    slices.surplus.reverse();
    for group in new {
        slices.slots.push(Slot { before: slices.surplus.pop(), now: Some(group) });
    }
    slices
}

/// A set of ports, to be compared.
fn name(ports: &[EndpointPort]) -> String {
    let text = |port: &EndpointPort| {
        let (name, protocol) = (port.name.as_deref(), port.protocol.as_deref());
        let number = port.port.unwrap_or(0);
        format!("{}/{}/{number}", name.unwrap_or_default(), protocol.unwrap_or_default())
    };
    ports.iter().map(text).collect::<Vec<_>>().join(" ")
}

/// What makes an endpoint the same one. Mirrors `hashEndpoint`.
type Id = (Vec<String>, Option<String>, Option<String>);

fn id(endpoint: &Endpoint) -> Id {
    let pod = endpoint.target_ref.as_ref().and_then(|target| target.name.clone());
    (endpoint.addresses.clone(), endpoint.hostname.clone(), pod)
}

/// Fills the slices of one set of ports; what needs new slices is returned.
fn fill<'a>(
    slices: &mut Slices<'a>,
    existing: &[(&'a Object, &'a EndpointSlice)],
    ports: &[EndpointPort],
    endpoints: Vec<Endpoint>,
) -> Vec<Group> {
    let order: Vec<Id> = endpoints.iter().map(id).collect();
    let mut left: SmallMap<Id, Endpoint> = order.iter().cloned().zip(endpoints).gathered();
    let mut unchanged = Vec::new();
    let mut changed = Vec::new();
    for (object, slice) in existing {
        let held = slice.endpoints.as_deref().unwrap_or_default();
        let kept: Vec<Endpoint> = held.iter().filter_map(|one| left.remove(&id(one))).collect();
        if kept == held {
            unchanged.push((*object, held));
        } else if kept.is_empty() {
            slices.surplus.push(object);
        } else {
            changed.push((*object, kept));
        }
    }
    let mut left = order.iter().filter_map(|id| left.remove(id)).collect::<Vec<_>>().into_iter();
    // The fullest first.
    changed.order_by_key(|(_, held)| Reverse(held.len()));
    for (_, held) in &mut changed {
        let room = SLICE_MAX.saturating_sub(held.len());
        held.extend(left.by_ref().take(room));
    }
    let mut new = Vec::new();
    while left.len() > 0 {
        let fits = |held: &[Endpoint]| held.len() + left.len() <= SLICE_MAX;
        let fullest = unchanged.iter().enumerate().filter(|(_, (_, held))| fits(held));
        match fullest.max_by_key(|(_, (_, held))| held.len()).map(|(place, _)| place) {
            Some(place) => {
                let (object, held) = unchanged.remove(place);
                changed.push((object, held.iter().cloned().chain(left.by_ref()).collect()));
            }
            None => new.push((ports.to_vec(), left.by_ref().take(SLICE_MAX).collect())),
        }
    }
    let kept = unchanged.into_iter().map(|(object, _)| Slot { before: Some(object), now: None });
    let told = changed.into_iter().map(|(object, endpoints)| Slot {
        before: Some(object),
        now: Some((ports.to_vec(), endpoints)),
    });
    slices.slots.extend(kept.chain(told));
    new
}

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoints(numbers: std::ops::Range<u32>, ready: bool) -> Vec<Endpoint> {
        let one = |number: u32| Endpoint {
            addresses: vec![format!("10.0.{}.{}", number / 250, number % 250)],
            conditions: Some(k8s_openapi::api::discovery::v1::EndpointConditions {
                ready: Some(ready),
                ..Default::default()
            }),
            ..Endpoint::default()
        };
        numbers.map(one).collect()
    }

    fn slice(endpoints: Vec<Endpoint>) -> Object {
        Object::new(EndpointSlice { endpoints: Some(endpoints), ..EndpointSlice::default() })
    }

    /// How many endpoints each slice is to hold (`=` where it is left alone), how many go.
    fn told(existing: &[Object], wanted: Vec<Endpoint>) -> String {
        let existing: Vec<&Object> = existing.iter().collect();
        let wanted = if wanted.is_empty() { vec![] } else { vec![(vec![], wanted)] };
        let slices = distribute(&existing, wanted);
        let slots = slices.slots.iter().map(|slot| {
            let mark = if slot.before.is_some() { "" } else { "+" };
            let count = slot.now.as_ref().map_or("=".to_owned(), |(_, all)| all.len().to_string());
            format!("{mark}{count}")
        });
        format!("{} -{}", slots.collect::<Vec<_>>().join(" "), slices.surplus.len())
    }

    #[test]
    fn endpoints_go_where_they_are_or_fit() {
        let full = || slice(endpoints(0..100, true));
        let more = || slice(endpoints(100..120, true));
        let two = [full(), more()];
        let unready = || [endpoints(0..1, false), endpoints(1..120, true)].concat();
        let table = [
            ("many need several slices", told(&[], endpoints(0..250, true)), "+100 +100 +50 -0"),
            ("nothing changed", told(&two, endpoints(0..120, true)), "= = -0"),
            ("one changed: its slice alone", told(&two, unready()), "= 100 -0"),
            ("new ones fill what has room", told(&two, endpoints(0..130, true)), "= 30 -0"),
            ("too many for it: a new slice", told(&two, endpoints(0..210, true)), "= = +90 -0"),
            ("an emptied slice goes", told(&two, endpoints(0..100, true)), "= -1"),
            ("without any, one becomes empty", told(&two, vec![]), "0 -1"),
            ("none at all: an empty one", told(&[], vec![]), "+0 -0"),
            ("an empty one is filled", told(&[slice(vec![])], endpoints(0..3, true)), "3 -0"),
        ];
        for (case, found, expected) in table {
            assert_eq!(found, expected, "{case}");
        }
    }
}
