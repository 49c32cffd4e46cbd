//! Steady flows of requests: a loop in one container is a rate at others.

use super::names::resolve;
use super::services::{Path, path};
use super::{Network, View};
use crate::base::order::Order as _;
use crate::base::shared_map::SharedMap;
use crate::machine::{ContainerId, RequestRate, Sender};
use crate::object::Str;

/// A container of all machines.
type Place = (Str, ContainerId);

/// Who sends how much to whom, in requests a kilosecond.
#[derive(Clone, Debug, Default)]
pub struct Flows {
    /// By sender: who receives.
    sent: SharedMap<Place, Vec<(Place, u64)>>,
    /// By receiver: all that comes in.
    received: SharedMap<Place, u64>,
}

impl Network {
    /// From now on `sender` sends requests at these rates, and at no others.
    pub fn set_rates(&mut self, sender: &Sender, rates: &[RequestRate], view: &mut View<'_>) {
        let from = (sender.machine.clone(), sender.container);
        let old = self.flows.sent.remove(&from).unwrap_or_default();
        let new: Vec<(Place, u64)> =
            rates.iter().flat_map(|rate| shares(sender, rate, view)).collect();
        let mut touched: Vec<Place> = Vec::new();
        for (place, rate) in &old {
            let total = self.flows.received.get_or_default(place.clone());
            *total = total.saturating_sub(*rate);
            touched.push(place.clone());
        }
        for (place, rate) in &new {
            *self.flows.received.get_or_default(place.clone()) += rate;
            touched.push(place.clone());
        }
        if !new.is_empty() {
            self.flows.sent.insert(from, new);
        }
        touched.order();
        touched.dedup();
        for (name, container) in touched {
            let place = (name, container);
            let total = self.flows.received.get(&place).copied().unwrap_or(0);
            if total == 0 {
                self.flows.received.remove(&place);
            }
            if let Some(machine) = view.machines.get_mut(&place.0) {
                machine.set_request_rate(container, total, view.now);
            }
        }
    }
}

/// How a rate is shared among those who answer at its URL.
fn shares(sender: &Sender, rate: &RequestRate, view: &View<'_>) -> Vec<(Place, u64)> {
    let Some((host, port)) = host_and_port(&rate.url) else { return Vec::new() };
    let Some(found) = resolve(view.cache, &sender.resolver, host) else { return Vec::new() };
    let Some(address) = found.addresses.first() else { return Vec::new() };
    let Path::Ends { ends, .. } = path(view, sender, address, (port, false)) else {
        return Vec::new();
    };
    let count = ends.len() as u64;
    let listeners = ends.iter().enumerate().filter_map(|(index, (address, port))| {
        let place = view.machines.listener(address, *port, view.now)?;
        let rest = u64::from((index as u64) < rate.per_kilosecond % count);
        Some((place, rate.per_kilosecond / count + rest))
    });
    listeners.collect()
}

/// `http://host:port/path`.
fn host_and_port(url: &str) -> Option<(&str, u16)> {
    let rest = url.split_once("://")?.1;
    let authority = rest.split('/').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    Some((host, port.parse().ok()?))
}
