//! Which addresses requests may go to: public ones, and private ones that are allowed by name of their network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::{Failure, FailureKind, Result};

/// Networks as a setting has them: `127.0.0.0/8, ::1/128`; a single address is a network of one.
///
/// # Errors
/// [`FailureKind::Settings`] with the part that is none.
pub fn networks(list: &str) -> Result<Vec<IpNet>> {
    let parts = list.split(',').map(str::trim).filter(|part| !part.is_empty());
    let network = |part: &str| {
        let single = part.parse::<IpAddr>().map(IpNet::from);
        part.parse::<IpNet>().or(single).map_err(|_| {
            Failure::new(
                FailureKind::Settings,
                format!("\"{part}\" is not a network such as 10.0.0.0/8"),
            )
        })
    };
    parts.map(network).collect()
}

/// Whether a connection to the address may be opened.
#[must_use]
pub fn is_allowed(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = plain(address);
    !is_private(address) || is_listed(address, networks)
}

/// Whether the address is in one of the networks.
#[must_use]
pub fn is_listed(address: IpAddr, networks: &[IpNet]) -> bool {
    let address = plain(address);
    networks.iter().any(|network| network.contains(&address))
}

/// An IPv4 address in the dress of IPv6 is the IPv4 address.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

/// Mapped (::ffff:0:0/96), compatible (::/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16) addresses reach an IPv4 address.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let last = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0..=1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            Some(last(high, low))
        }
        [0x2002, high, low, ..] => Some(last(high, low)),
        _ => None,
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_private_v4(v4),
        IpAddr::V6(v6) => is_private_v6(v6),
    }
}

/// What IANA's registry of special addresses does not call globally reachable, and multicast.
fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
}

/// Global unicast is 2000::/3; in it, documentation and IETF protocols are not.
fn is_private_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    a & 0xe000 != 0x2000 || (a == 0x2001 && (b == 0xdb8 || b < 0x200)) || (a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(address: &str, list: &str) -> bool {
        is_allowed(address.parse().unwrap(), &networks(list).unwrap())
    }

    #[test]
    fn private_addresses_are_refused() {
        for address in [
            "127.0.0.1",
            "127.255.0.9",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "2002:7f00:1::",
            "::7f00:1",
            "2001:db8::1",
            "2001::1",
        ] {
            assert!(!allowed(address, ""), "{address}");
        }
    }

    #[test]
    fn public_addresses_are_allowed() {
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "198.20.0.1",
            "2606:4700::1111",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2a00:1450::1",
        ] {
            assert!(allowed(address, ""), "{address}");
        }
    }

    #[test]
    fn listed_networks_are_allowed() {
        assert!(allowed("127.0.0.1", "127.0.0.0/8"));
        assert!(allowed("::ffff:127.0.0.1", "127.0.0.1"));
        assert!(allowed("::1", "10.0.0.0/8, ::1"));
        assert!(!allowed("10.0.0.1", "127.0.0.0/8"));
        assert_eq!(
            networks("10.0.0.0/8, nowhere").unwrap_err().kind,
            FailureKind::Settings
        );
        assert_eq!(networks(" , ").unwrap(), []);
    }
}
