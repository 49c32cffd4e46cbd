//! The formats that a schema can ask of a text. Mirrors `kube-openapi/pkg/validation/strfmt` as
//! far as CustomResourceDefinitions may use it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::base::base64::{self, Alphabet};
use crate::base::duration;
use crate::kinds::names;
use crate::object::meta;

/// Whether a text has a format; formats that nobody knows fit everything.
pub(super) fn fits(format: &str, text: &str) -> bool {
    match format {
        "date-time" | "datetime" => meta::read_timestamp(text).is_some(),
        "date" => text.len() == 10 && meta::read_timestamp(&format!("{text}T00:00:00Z")).is_some(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => text.split_once('/').is_some_and(|(address, bits)| {
            let most = if address.contains(':') { 128 } else { 32 };
            address.parse::<IpAddr>().is_ok() && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
        }),
        "byte" => base64::decode(text, Alphabet::Standard).is_ok(),
        "duration" => duration::parse_go(text).is_ok(),
        "email" => text.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)
        }),
        "uri" => text.split_once(':').is_some_and(|(scheme, rest)| {
            !rest.is_empty()
                && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
        }),
        "hostname" => {
            !text.is_empty() && names::subdomain_errors(&text.to_ascii_lowercase()).is_empty()
        }
        "mac" => {
            let parts: Vec<&str> = text.split([':', '-']).collect();
            parts.len() == 6
                && parts.iter().all(|p| p.len() == 2 && u8::from_str_radix(p, 16).is_ok())
        }
        "uuid" | "uuid3" | "uuid4" | "uuid5" => is_uuid(format, text),
        "k8s-short-name" => names::label_errors(text).is_empty(),
        "k8s-long-name" => names::subdomain_errors(text).is_empty(),
        _ => true,
    }
}

fn is_uuid(format: &str, text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    let is_hex = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let version = format.strip_prefix("uuid").unwrap_or_default();
    is_hex && (version.is_empty() || digits.get(12..13) == Some(version))
}
