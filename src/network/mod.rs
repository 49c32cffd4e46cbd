//! The path of one request: names, Services, and who answers. Stands in for CoreDNS, kube-proxy
//! and the network between pods.

mod dial;
mod flow;
mod names;
mod records;
mod services;

use crate::machine::{Answer, Asked, Effect, HttpRequest, Machines, Reply, Sender};
use crate::object::Str;
use crate::runtime::Cache;
use crate::sim::Time;
use flow::Flows;
use names::resolve;
use services::{Path, Turns, end_of, path};

/// What the network remembers: whose turn it is behind each Service, and steady flows of requests.
#[derive(Clone, Debug, Default)]
pub struct Network {
    turns: Turns,
    flows: Flows,
}

/// In a page, the address of who asked for it.
const CLIENT: &str = "{client}";

/// One end of a connection: an address and a port.
type End = (Str, u16);

/// What the network is told of the world at one moment.
pub struct View<'a> {
    /// What the API server said of Services and who serves them.
    pub cache: &'a Cache,
    /// The machines, which are there whatever the API server says.
    pub machines: &'a mut Machines,
    /// The time.
    pub now: Time,
}

impl Network {
    /// What comes back from the network.
    pub fn answer(&mut self, sender: &Sender, effect: &Effect, view: &mut View<'_>) -> Reply {
        match effect {
            Effect::Lookup { name } => match resolve(view.cache, &sender.resolver, name) {
                Some(found) => Reply::Addresses { name: found.name, addresses: found.addresses },
                None => Reply::UnknownName,
            },
            Effect::Query { name, kind, search } => {
                match records::query(view.cache, &sender.resolver, (name, kind), *search) {
                    Some(records) => Reply::Records(records),
                    None => Reply::UnknownName,
                }
            }
            Effect::Ping { host } => {
                let Some(found) = resolve(view.cache, &sender.resolver, host) else {
                    return Reply::UnknownName;
                };
                let Some(address) = found.addresses.first().cloned() else {
                    return Reply::UnknownName;
                };
                let answers =
                    names::is_loopback(&address) || view.machines.host(&address).is_some();
                match answers {
                    true => Reply::Addresses { name: found.name, addresses: vec![address] },
                    // A Service's address answers no echo.
                    false => Reply::TimedOut { address },
                }
            }
            Effect::Connect { host, port, udp } => {
                match self.connect(sender, (host, *port, *udp), view) {
                    Ok((address, end)) => match view.machines.listener(&end.0, end.1, view.now) {
                        Some(_) => Reply::Connected { address },
                        None => Reply::Refused { address },
                    },
                    Err(reply) => reply,
                }
            }
            Effect::Http(request) => self.send(sender, request, view),
        }
    }

    fn send(&mut self, sender: &Sender, request: &HttpRequest, view: &mut View<'_>) -> Reply {
        let to = (&*request.host, request.port, request.udp);
        let (address, end) = match self.connect(sender, to, view) {
            Ok(connected) => connected,
            Err(reply) => return reply,
        };
        let HttpRequest { method, path, agent, body, .. } = request;
        let asked = Asked { method, path, agent, body };
        match view.machines.request(&end.0, end.1, asked, view.now) {
            Answer::Http(mut reply) => {
                if &*reply.body == dial::MARK
                    && let Some((machine, container)) =
                        view.machines.listener(&end.0, end.1, view.now)
                {
                    let resolver = sender.resolver.clone();
                    let asked = Sender { machine, container, address: end.0.clone(), resolver };
                    let (status, body) = self.dial(&asked, request, view);
                    (reply.status, reply.body) = (status, body.into());
                } else if reply.body.contains(CLIENT) {
                    reply.body = reply.body.replace(CLIENT, &sender.address).into();
                }
                Reply::Http(reply)
            }
            Answer::Refused => Reply::Refused { address },
            Answer::Nobody => Reply::TimedOut { address },
        }
    }

    /// The address behind a name, and the end that a connection to it reaches.
    fn connect(
        &mut self,
        sender: &Sender,
        (host, port, udp): (&str, u16, bool),
        view: &View<'_>,
    ) -> Result<(Str, End), Reply> {
        let found = resolve(view.cache, &sender.resolver, host).ok_or(Reply::UnknownName)?;
        let address = found.addresses.first().cloned().ok_or(Reply::UnknownName)?;
        match path(view, sender, &address, (port, udp)) {
            Path::Ends { service, by_client, ends } => {
                let end = match by_client {
                    true => end_of(sender, &ends),
                    false => self.turns.next(&service, &ends),
                };
                end.map(|end| (address.clone(), end)).ok_or(Reply::Refused { address })
            }
            Path::Nowhere => Err(Reply::TimedOut { address }),
        }
    }
}
