//! What Kubernetes adds to the Common Expression Language: quantities, addresses, URLs, formats, sets,
//! versions. Mirrors `k8s.io/apiserver/pkg/cel/library`.

use std::net::IpAddr;
use std::sync::Arc;

use cel::extractors::{Arguments, This};
use cel::objects::{Key, Map, Opaque};
use cel::{Context, ExecutionError, Value as Cel};

use super::quantity::Quantity;

type Outcome = Result<Cel, ExecutionError>;

/// A value of a type that the language itself does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Thing {
    Quantity(Quantity),
    Address(IpAddr),
    Network(IpAddr, u8),
    Url(Url),
    Version(Version),
}

impl Opaque for Thing {
    fn runtime_type_name(&self) -> &str {
        match self {
            Self::Quantity(_) => "kubernetes.Quantity",
            Self::Address(_) => "net.IP",
            Self::Network(..) => "net.CIDR",
            Self::Url(_) => "kubernetes.URL",
            Self::Version(_) => "kubernetes.Semver",
        }
    }
}

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    scheme: String,
    host: String,
    path: String,
    query: Vec<(String, String)>,
}

/// A version of three numbers; the others tell which of the same come first.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Version {
    numbers: [i64; 3],
    pre: Vec<String>,
    build: String,
}

/// Adds all of it to what an expression can speak of. A name that is taken already stays as it is.
pub(super) fn add(context: &mut Context<'_, '_>) {
    quantities(context);
    addresses(context);
    urls(context);
    collections(context);
    versions(context);
}

fn wrong(name: &str, why: impl std::fmt::Display) -> ExecutionError {
    ExecutionError::function_error(name, why)
}

fn overload(name: &str) -> ExecutionError {
    // Whoever words it knows only that nothing fits.
    ExecutionError::function_error(name, "no such overload")
}

fn thing<'a>(value: &'a Cel, name: &str) -> Result<&'a Thing, ExecutionError> {
    match value {
        Cel::Opaque(value) => value.downcast_ref::<Thing>().ok_or_else(|| overload(name)),
        _ => Err(overload(name)),
    }
}

fn made(thing: Thing) -> Cel {
    Cel::Opaque(Arc::new(thing))
}

fn written(text: impl Into<String>) -> Cel {
    Cel::String(Arc::new(text.into()))
}

/// A function of one text.
fn function(
    context: &mut Context<'_, '_>,
    name: &'static str,
    work: impl Fn(&str) -> Outcome + Send + Sync + 'static,
) {
    let _ = context.add_function(name, move |Arguments(args): Arguments| -> Outcome {
        match args.as_slice() {
            [Cel::String(text)] => work(text),
            _ => Err(overload(name)),
        }
    });
}

/// A method of a value, with arguments.
fn method(
    context: &mut Context<'_, '_>,
    name: &'static str,
    work: impl Fn(&Cel, &[Cel]) -> Outcome + Send + Sync + 'static,
) {
    let call = move |This(this): This<Cel>, Arguments(args): Arguments| work(&this, &args);
    let _ = context.add_function(name, call);
}

fn quantities(context: &mut Context<'_, '_>) {
    function(context, "isQuantity", |text| Ok(Cel::Bool(Quantity::parse(text).is_ok())));
    function(context, "quantity", |text| {
        let parsed = Quantity::parse(text);
        parsed.map(|quantity| made(Thing::Quantity(quantity))).map_err(|why| wrong("quantity", why))
    });
    method(context, "sign", |this, _| Ok(Cel::Int(quantity(this, "sign")?.sign().into())));
    method(context, "isInteger", |this, _| {
        let quantity = quantity(this, "isInteger")?;
        Ok(Cel::Bool(Quantity::new(quantity.value(), quantity.format()) == quantity))
    });
    method(context, "asInteger", |this, _| {
        let quantity = quantity(this, "asInteger")?;
        if Quantity::new(quantity.value(), quantity.format()) != quantity {
            return Err(wrong("asInteger", "cannot convert value to integer"));
        }
        Ok(Cel::Int(quantity.value()))
    });
    method(context, "asApproximateFloat", |this, _| {
        #[expect(clippy::cast_precision_loss, reason = "it is said to be approximate")]
        let number = quantity(this, "asApproximateFloat")?.milli() as f64 / 1000.0;
        Ok(Cel::Float(number))
    });
    for (name, takes) in [("add", false), ("sub", true)] {
        method(context, name, move |this, args| {
            let other = match args.first() {
                Some(Cel::Int(number)) => Quantity::new(*number, quantity(this, name)?.format()),
                Some(other) => quantity(other, name)?,
                None => return Err(overload(name)),
            };
            let this = quantity(this, name)?;
            let result = if takes { this.sub(other) } else { this.add(other) };
            Ok(made(Thing::Quantity(result)))
        });
    }
    for (name, wanted) in [("isLessThan", -1), ("isGreaterThan", 1)] {
        method(context, name, move |this, args| {
            Ok(Cel::Bool(compared(this, args.first(), name)? == wanted))
        });
    }
    method(context, "compareTo", |this, args| {
        Ok(Cel::Int(compared(this, args.first(), "compareTo")?))
    });
}

fn quantity(value: &Cel, name: &str) -> Result<Quantity, ExecutionError> {
    match thing(value, name)? {
        Thing::Quantity(quantity) => Ok(*quantity),
        _ => Err(overload(name)),
    }
}

fn compared(this: &Cel, other: Option<&Cel>, name: &str) -> Result<i64, ExecutionError> {
    let other = other.ok_or_else(|| overload(name))?;
    let order = match (thing(this, name)?, thing(other, name)?) {
        (Thing::Quantity(this), Thing::Quantity(other)) => this.cmp(other),
        (Thing::Version(this), Thing::Version(other)) => this.order(other),
        _ => return Err(overload(name)),
    };
    Ok(order as i64)
}

/// An address as Go's `netip` reads it; those that Kubernetes does not take are refused.
fn address(text: &str) -> Result<IpAddr, String> {
    let unreadable = || format!("IP Address {text:?} parse error during conversion from string");
    let address: IpAddr = text.parse().map_err(|_| unreadable())?;
    match address {
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
            Err(format!("IPv4-mapped IPv6 address {text:?} is not allowed"))
        }
        address => Ok(address),
    }
}

fn network(text: &str) -> Result<(IpAddr, u8), String> {
    let unreadable =
        || format!("network address parse error during conversion from string: {text:?}");
    let (head, length) = text.split_once('/').ok_or_else(unreadable)?;
    let address = address(head)?;
    let plain = length == "0" || !length.starts_with('0');
    let length: u8 = length.parse().map_err(|_| unreadable())?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    if length > most || !plain {
        return Err(unreadable());
    }
    Ok((address, length))
}

fn masked(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

fn contains((home, length): (IpAddr, u8), address: IpAddr) -> bool {
    home.is_ipv4() == address.is_ipv4() && masked(home, length) == masked(address, length)
}

fn addresses(context: &mut Context<'_, '_>) {
    function(context, "isIP", |text| Ok(Cel::Bool(address(text).is_ok())));
    function(context, "isCIDR", |text| Ok(Cel::Bool(network(text).is_ok())));
    function(context, "ip.isCanonical", |text| {
        let address = address(text).map_err(|why| wrong("ip.isCanonical", why))?;
        Ok(Cel::Bool(address.to_string() == text))
    });
    function(context, "cidr", |text| {
        let (address, length) = network(text).map_err(|why| wrong("cidr", why))?;
        Ok(made(Thing::Network(address, length)))
    });
    // Of a text an address, of a network its own.
    method(context, "ip", |this, _| match this {
        Cel::String(text) => {
            let address = address(text).map_err(|why| wrong("ip", why))?;
            Ok(made(Thing::Address(address)))
        }
        other => match thing(other, "ip")? {
            Thing::Network(address, _) => Ok(made(Thing::Address(*address))),
            _ => Err(overload("ip")),
        },
    });
    method(context, "family", |this, _| {
        Ok(Cel::Int(if found(this, "family")?.is_ipv4() { 4 } else { 6 }))
    });
    type Test = fn(IpAddr) -> bool;
    let tests: [(&str, Test); 5] = [
        ("isUnspecified", |address| address.is_unspecified()),
        ("isLoopback", |address| address.is_loopback()),
        ("isLinkLocalMulticast", |address| match address {
            IpAddr::V4(v4) => v4.octets()[..3] == [224, 0, 0],
            IpAddr::V6(v6) => v6.segments()[0] & 0xff0f == 0xff02,
        }),
        ("isLinkLocalUnicast", |address| match address {
            IpAddr::V4(v4) => v4.is_link_local(),
            IpAddr::V6(v6) => v6.is_unicast_link_local(),
        }),
        ("isGlobalUnicast", |address| {
            let broadcast = matches!(address, IpAddr::V4(v4) if v4.is_broadcast());
            let near = match address {
                IpAddr::V4(v4) => v4.is_link_local(),
                IpAddr::V6(v6) => v6.is_unicast_link_local(),
            };
            let special = address.is_unspecified() || address.is_loopback();
            !(broadcast || near || special || address.is_multicast())
        }),
    ];
    for (name, test) in tests {
        method(context, name, move |this, _| Ok(Cel::Bool(test(found(this, name)?))));
    }
    method(context, "containsIP", |this, args| {
        let address = match args.first() {
            Some(Cel::String(text)) => address(text).map_err(|why| wrong("containsIP", why))?,
            Some(other) => found(other, "containsIP")?,
            None => return Err(overload("containsIP")),
        };
        Ok(Cel::Bool(contains(home(this, "containsIP")?, address)))
    });
    method(context, "containsCIDR", |this, args| {
        let (address, length) = match args.first() {
            Some(Cel::String(text)) => network(text).map_err(|why| wrong("containsCIDR", why))?,
            Some(other) => home(other, "containsCIDR")?,
            None => return Err(overload("containsCIDR")),
        };
        let this = home(this, "containsCIDR")?;
        Ok(Cel::Bool(this.1 <= length && contains(this, address)))
    });
    method(context, "masked", |this, _| {
        let (address, length) = home(this, "masked")?;
        Ok(made(Thing::Network(masked(address, length), length)))
    });
    method(context, "prefixLength", |this, _| Ok(Cel::Int(home(this, "prefixLength")?.1.into())));
}

fn found(value: &Cel, name: &str) -> Result<IpAddr, ExecutionError> {
    match thing(value, name)? {
        Thing::Address(address) => Ok(*address),
        _ => Err(overload(name)),
    }
}

fn home(value: &Cel, name: &str) -> Result<(IpAddr, u8), ExecutionError> {
    match thing(value, name)? {
        Thing::Network(address, length) => Ok((*address, *length)),
        _ => Err(overload(name)),
    }
}

impl Url {
    /// Mirrors `url.ParseRequestURI` and the host that it must have.
    fn parse(text: &str) -> Result<Self, String> {
        let invalid = |why: &str| {
            format!("URL parse error during conversion from string: parse {text:?}: {why}")
        };
        let is_odd = |byte: u8| byte <= b' ' || byte == 0x7f;
        if text.bytes().any(is_odd) {
            return Err(invalid("net/url: invalid control character in URL"));
        }
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest))
                if scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                    && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
            {
                (scheme.to_ascii_lowercase(), rest)
            }
            _ if text.starts_with('/') => (String::new(), text),
            _ => return Err(invalid("invalid URI for request")),
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = match rest.strip_prefix("//") {
            Some(rest) if !scheme.is_empty() => {
                let end = rest.find('/').unwrap_or(rest.len());
                rest.split_at(end)
            }
            _ if rest.starts_with('/') => ("", rest),
            _ => return Err(invalid("invalid URI for request")),
        };
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (plain(name), plain(value))
        });
        let (host, path) = (host.to_owned(), path.to_owned());
        Ok(Self { scheme, host, path, query: pairs.collect() })
    }

    /// The host and the port.
    fn parts(&self) -> (&str, &str) {
        if let Some(rest) = self.host.strip_prefix('[') {
            let (host, port) = rest.split_once(']').unwrap_or((rest, ""));
            return (host, port.trim_start_matches(':'));
        }
        self.host.rsplit_once(':').unwrap_or((&self.host, ""))
    }
}

/// A part of a query without its escapes.
fn plain(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let digit = |at: usize| char::from(after.get(at).copied()?).to_digit(16);
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((high * 16 + low).to_le_bytes()[0]);
                rest = after.get(2..).unwrap_or_default();
            }
            (b'+', ..) => bytes.push(b' '),
            (byte, ..) => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn urls(context: &mut Context<'_, '_>) {
    function(context, "isURL", |text| Ok(Cel::Bool(Url::parse(text).is_ok())));
    function(context, "url", |text| {
        Url::parse(text).map(|url| made(Thing::Url(url))).map_err(|why| wrong("url", why))
    });
    type Part = fn(&Url) -> Cel;
    let parts: [(&str, Part); 6] = [
        ("getScheme", |url| written(url.scheme.as_str())),
        ("getHost", |url| written(url.host.as_str())),
        ("getHostname", |url| written(url.parts().0)),
        ("getPort", |url| written(url.parts().1)),
        ("getEscapedPath", |url| written(url.path.as_str())),
        ("getQuery", |url| {
            let mut query: std::collections::BTreeMap<String, Vec<Cel>> = Default::default();
            for (name, value) in &url.query {
                query.entry(name.clone()).or_default().push(written(value.as_str()));
            }
            let entry = |(name, all): (String, Vec<Cel>)| {
                (Key::String(Arc::new(name)), Cel::List(Arc::new(all)))
            };
            Cel::Map(Map { map: Arc::new(query.into_iter().map(entry).collect()) })
        }),
    ];
    for (name, part) in parts {
        method(context, name, move |this, _| match thing(this, name)? {
            Thing::Url(url) => Ok(part(url)),
            _ => Err(overload(name)),
        });
    }
}

fn list(value: Option<&Cel>, name: &str) -> Result<Arc<Vec<Cel>>, ExecutionError> {
    match value {
        Some(Cel::List(items)) => Ok(items.clone()),
        _ => Err(overload(name)),
    }
}

fn collections(context: &mut Context<'_, '_>) {
    fn all_in(some: &[Cel], others: &[Cel]) -> bool {
        some.iter().all(|one| others.contains(one))
    }
    type Test = fn(&[Cel], &[Cel]) -> bool;
    let tests: [(&'static str, Test); 3] = [
        ("sets.contains", |all, some| all_in(some, all)),
        ("sets.equivalent", |one, other| all_in(one, other) && all_in(other, one)),
        ("sets.intersects", |one, other| one.iter().any(|item| other.contains(item))),
    ];
    for (name, test) in tests {
        let _ = context.add_function(name, move |Arguments(args): Arguments| -> Outcome {
            let (one, other) = (list(args.first(), name)?, list(args.get(1), name)?);
            Ok(Cel::Bool(test(&one, &other)))
        });
    }
    method(context, "isSorted", |this, _| {
        let items = list(Some(this), "isSorted")?;
        Ok(Cel::Bool(
            items.is_sorted_by(|a, b| a.partial_cmp(b).is_some_and(|order| order.is_le())),
        ))
    });
    method(context, "sum", |this, _| {
        let mut items = list(Some(this), "sum")?.iter().cloned().collect::<Vec<_>>().into_iter();
        let first = items.next().unwrap_or(Cel::Int(0));
        items.try_fold(first, |sum, item| match (sum, item) {
            (Cel::Int(a), Cel::Int(b)) => {
                a.checked_add(b).map(Cel::Int).ok_or_else(|| wrong("sum", "integer overflow"))
            }
            (Cel::UInt(a), Cel::UInt(b)) => {
                a.checked_add(b).map(Cel::UInt).ok_or_else(|| wrong("sum", "integer overflow"))
            }
            (Cel::Float(a), Cel::Float(b)) => Ok(Cel::Float(a + b)),
            _ => Err(overload("sum")),
        })
    });
    for (name, wanted) in [("min", -1), ("max", 1)] {
        method(context, name, move |this, _| {
            let items = list(Some(this), name)?;
            let mut items = items.iter();
            let first = items.next();
            let first = first.ok_or_else(|| wrong(name, format!("{name} called on empty list")))?;
            let better = |best: &Cel, item: &Cel| {
                item.partial_cmp(best).is_some_and(|order| order as i8 == wanted)
            };
            Ok(items.fold(first, |best, item| if better(best, item) { item } else { best }).clone())
        });
    }
}

impl Version {
    /// Mirrors `semver.Parse`.
    fn parse(text: &str) -> Result<Self, String> {
        let (head, build) = text.split_once('+').unwrap_or((text, ""));
        let (head, pre) =
            head.split_once('-').map_or((head, None), |(head, pre)| (head, Some(pre)));
        let parts: Vec<&str> = head.split('.').collect();
        let [major, minor, patch] = parts.as_slice() else {
            return Err("No Major.Minor.Patch elements found".to_owned());
        };
        let number = |text: &str| {
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("Invalid character(s) found in number {text:?}"));
            }
            if text.len() > 1 && text.starts_with('0') {
                return Err(format!("Number must not contain leading zeroes {text:?}"));
            }
            text.parse::<i64>().map_err(|why| why.to_string())
        };
        let pre: Vec<String> =
            pre.into_iter().flat_map(|pre| pre.split('.').map(str::to_owned)).collect();
        if pre.iter().any(String::is_empty) {
            return Err("Prerelease is empty".to_owned());
        }
        let numbers = [number(major)?, number(minor)?, number(patch)?];
        Ok(Self { numbers, pre, build: build.to_owned() })
    }

    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let key = |part: &String| match part.parse::<u64>() {
            Ok(number) => (0, number, String::new()),
            Err(_) => (1, 0, part.clone()),
        };
        let ranks = |version: &Self| {
            let parts: Vec<_> = version.pre.iter().map(key).collect();
            (version.numbers, version.pre.is_empty(), parts)
        };
        ranks(self).cmp(&ranks(other))
    }
}

fn versions(context: &mut Context<'_, '_>) {
    function(context, "isSemver", |text| Ok(Cel::Bool(Version::parse(text).is_ok())));
    function(context, "semver", |text| {
        let parsed = Version::parse(text);
        parsed.map(|version| made(Thing::Version(version))).map_err(|why| wrong("semver", why))
    });
    for (index, name) in ["major", "minor", "patch"].into_iter().enumerate() {
        method(context, name, move |this, _| match thing(this, name)? {
            Thing::Version(version) => Ok(Cel::Int(version.numbers[index])),
            _ => Err(overload(name)),
        });
    }
}
