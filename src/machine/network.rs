//! What processes ask of the network, and what comes back. The network itself lies above the machine.

use std::fmt;
use std::rc::Rc;

use super::node::ContainerId;

/// An HTTP request that a process sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpRequest {
    /// `GET`, `POST`, …
    pub method: Rc<str>,
    /// Name or address in the URL.
    pub host: Rc<str>,
    /// The port.
    pub port: u16,
    /// Path and query, beginning with `/`.
    pub path: Rc<str>,
    /// The URL said `https`.
    pub tls: bool,
    /// It is a datagram, whose words are the path.
    pub udp: bool,
    /// What `User-Agent` says.
    pub agent: Rc<str>,
    /// The body; empty for most.
    pub body: Rc<str>,
}

/// The URL.
impl fmt::Display for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}{}", self.host, self.port, self.path)
    }
}

/// Who sends: a container, as the network sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The machine it is on.
    pub machine: Rc<str>,
    /// Which one it is there.
    pub container: ContainerId,
    /// The address it sends from.
    pub address: Rc<str>,
    /// How it looks names up.
    pub resolver: Rc<Resolver>,
}

/// What `/etc/resolv.conf` and `/etc/hosts` say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolver {
    /// Whether the name server is the cluster's.
    pub cluster: bool,
    /// Domains that are tried for names with few dots.
    pub search: Vec<String>,
    /// Names that need no server, with their addresses.
    pub names: Vec<(String, String)>,
}

/// Something a process needs from the network before it can go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Send a request and read the answer: reply [`Reply::Http`] or a failure.
    Http(HttpRequest),
    /// Resolve a name as the container's resolver would: reply [`Reply::Addresses`] or [`Reply::UnknownName`].
    Lookup {
        /// The name as typed, to be completed with the search domains.
        name: Rc<str>,
    },
    /// Ask the name server for records: reply [`Reply::Records`] or [`Reply::UnknownName`].
    Query {
        /// The name as typed.
        name: Rc<str>,
        /// The type of the records: `A`, `SRV`, `ANY` …
        kind: Rc<str>,
        /// Whether the name is completed with the search domains.
        search: bool,
    },
    /// Open a connection, or a way for datagrams: reply [`Reply::Connected`] or a failure.
    Connect {
        /// Name or address.
        host: Rc<str>,
        /// The port.
        port: u16,
        /// Whether datagrams are to be sent.
        udp: bool,
    },
    /// An ICMP echo: reply [`Reply::Addresses`] with the address that answered, or a failure.
    Ping {
        /// Name or address.
        host: Rc<str>,
    },
}

/// An HTTP request as a server reads it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// `GET`, `POST` …; empty for what is no HTTP at all.
    pub method: &'a str,
    /// With the query.
    pub path: &'a str,
    /// Who asks.
    pub agent: &'a str,
    /// What comes with it.
    pub body: &'a str,
}

/// A record of a name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name it belongs to, without the dot at its end.
    pub name: Rc<str>,
    /// For how many seconds it may be kept.
    pub ttl: u32,
    /// Its type.
    pub kind: &'static str,
    /// What it says.
    pub data: Rc<str>,
}

/// The network's answer to an [`Effect`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP answer.
    Http(HttpReply),
    /// Addresses of a name, and the full name that was found.
    Addresses {
        /// The name with the search domain that matched.
        name: Rc<str>,
        /// One or more addresses.
        addresses: Vec<Rc<str>>,
    },
    /// The records of a name; none where it has others only.
    Records(Vec<Record>),
    /// The connection was accepted.
    Connected {
        /// The address behind the name.
        address: Rc<str>,
    },
    /// Nothing listens there.
    Refused {
        /// The address behind the name.
        address: Rc<str>,
    },
    /// The name does not exist.
    UnknownName,
    /// Nothing answered.
    TimedOut {
        /// The address behind the name.
        address: Rc<str>,
    },
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpReply {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Rc<str>,
    /// Where the answer is instead; empty for most.
    pub location: Rc<str>,
    /// How long the server took, in microseconds.
    pub took_micros: u64,
}

/// The reason phrase of an HTTP status.
pub fn status_text(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Unknown",
    }
}

/// A loop of requests that a process repeats identically, as a rate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRate {
    /// Where the requests go.
    pub url: Rc<str>,
    /// Requests in 1000 seconds.
    pub per_kilosecond: u64,
}
