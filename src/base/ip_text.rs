//! Addresses and ranges as new API fields take them: in canonical form only.
//! Mirrors `k8s.io/apimachinery/pkg/util/validation/ip.go`.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why a text is no address; `None` for one. Mirrors `IsValidIP`.
pub fn address_fault(text: &str) -> Option<String> {
    let Ok(address) = text.parse::<IpAddr>() else {
        return Some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned());
    };
    canonical(text, &address.to_canonical().to_string())
}

/// Why a text is no range; `None` for one. Mirrors `IsValidCIDR`.
pub fn range_fault(text: &str) -> Option<String> {
    match range(text) {
        Some((start, length)) => canonical(text, &format!("{start}/{length}")),
        None => Some("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".to_owned()),
    }
}

/// The first address of a range, and how many bits all its addresses share.
pub fn range(text: &str) -> Option<(IpAddr, u32)> {
    let (address, length) = text.split_once('/')?;
    let length: u32 = length.parse().ok()?;
    match address.parse().ok()? {
        IpAddr::V4(address) => {
            let rest = 32_u32.checked_sub(length)?;
            let mask = u32::MAX.checked_shl(rest).unwrap_or(0);
            Some((Ipv4Addr::from(u32::from(address) & mask).into(), length))
        }
        IpAddr::V6(address) => {
            let rest = 128_u32.checked_sub(length)?;
            let mask = u128::MAX.checked_shl(rest).unwrap_or(0);
            Some((Ipv6Addr::from(u128::from(address) & mask).into(), length))
        }
    }
}

fn canonical(text: &str, written: &str) -> Option<String> {
    (text != written).then(|| format!("must be in canonical form ({written:?})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_canonical_form_will_do() {
        for (text, fault) in [
            ("10.0.0.1", None),
            ("fe80::42:1dff:fe84:f9e2", None),
            ("FE80::1", Some("must be in canonical form (\"fe80::1\")")),
            ("10.0.0.01", Some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")),
            ("x", Some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")),
        ] {
            assert_eq!(address_fault(text).as_deref(), fault, "{text}");
        }
        for (text, fault) in [
            ("10.96.0.0/12", None),
            ("0.0.0.0/0", None),
            ("2001:db8::/64", None),
            ("10.96.0.1/12", Some("must be in canonical form (\"10.96.0.0/12\")")),
            ("10.0.0.0", Some("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")),
            (
                "10.0.0.0/33",
                Some("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ),
        ] {
            assert_eq!(range_fault(text).as_deref(), fault, "{text}");
        }
    }
}
