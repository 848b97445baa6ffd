//! Which stations are routers, so that the addresses behind them are devices of their own.
//!
//! A station is a router if it is configured as one, if its address is that of a redundancy
//! protocol, or if it sends for so many hosts that it cannot be all of them:
//!
//! - more than [`RouterRule::max_addresses`] IPv4 addresses, or as many IPv6 /64 prefixes (one
//!   host has many addresses in one prefix, RFC 8981), that were in use within
//!   [`RouterRule::window`]; or
//! - where the local prefixes are configured, more than [`MAX_OFF_LINK`] addresses outside them,
//!   which no neighbour has. One or two may be a host with a wrong setting.
//!
//! Link-local addresses (RFC 3927, RFC 4291 section 2.5.6) are not forwarded, and so are the
//! station's own. Left out: router advertisements, which are not read, and a router behind which
//! there are few hosts or one IPv6 prefix only, which must be configured. A station that forges
//! many source addresses looks like a router.

use std::{
    collections::HashSet,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

/// Addresses outside the local prefixes that one misconfigured host may have.
const MAX_OFF_LINK: usize = 2;

/// Prefixes of virtual routers: octets of the address, and how many bits of it count.
const VIRTUAL_ROUTERS: [(u64, u32); 7] = [
    // VRRP for IPv4 and IPv6 (RFC 9568 section 7.3).
    (0x0000_5e00_0100, 40),
    (0x0000_5e00_0200, 40),
    // HSRP version 1, version 2 for IPv4 (12 bits of group), version 2 for IPv6.
    (0x0000_0c07_ac00, 40),
    (0x0000_0c9f_f000, 36),
    (0x0005_73a0_0000, 36),
    // GLBP.
    (0x0007_b400_0000, 24),
    // Arista VARP, as configured by custom.
    (0x001c_7300_0099, 48),
];

/// Whether a station address (48 bits) belongs to a redundancy protocol of routers.
pub fn is_virtual_router(station: u64) -> bool {
    VIRTUAL_ROUTERS.iter().any(|&(prefix, bits)| (station ^ prefix) >> (48 - bits) == 0)
}

/// Whether routers do not forward for this address.
pub fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}

/// An IP prefix such as 10.20.0.0/16.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    pub address: IpAddr,
    /// Bits that count; more than the address has are taken as all of them.
    pub length: u8,
}

impl Prefix {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(prefix), IpAddr::V4(address)) => {
                let rest = 32u32.saturating_sub(self.length.into());
                (prefix.to_bits() ^ address.to_bits()).checked_shr(rest).unwrap_or(0) == 0
            }
            (IpAddr::V6(prefix), IpAddr::V6(address)) => {
                let rest = 128u32.saturating_sub(self.length.into());
                (prefix.to_bits() ^ address.to_bits()).checked_shr(rest).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

/// When a station that sends from many addresses is taken for a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouterRule {
    /// Addresses that one host may have.
    pub max_addresses: usize,
    /// How long ago an address may have been in use to count: leases change over weeks.
    pub window: Duration,
    /// Prefixes of the segments we see; empty if not known.
    pub local_prefixes: Vec<Prefix>,
}

impl Default for RouterRule {
    fn default() -> Self {
        Self { max_addresses: 16, window: Duration::from_secs(3600), local_prefixes: Vec::new() }
    }
}

impl RouterRule {
    /// Whether whoever sends from all of `addresses` forwards for others.
    pub fn recognises(&self, addresses: impl Iterator<Item = IpAddr>) -> bool {
        let mut hosts = HashSet::new();
        let mut prefixes = HashSet::new();
        let mut off_link = HashSet::new();
        for address in addresses.filter(|&address| !is_link_local(address)) {
            match address {
                IpAddr::V4(address) => hosts.insert(address),
                IpAddr::V6(address) => prefixes.insert(network_of(address)),
            };
            if self.is_off_link(address) {
                off_link.insert(address);
            }
        }
        hosts.len() > self.max_addresses
            || prefixes.len() > self.max_addresses
            || off_link.len() > MAX_OFF_LINK
    }

    /// A family of which no local prefix is known says nothing.
    fn is_off_link(&self, address: IpAddr) -> bool {
        let mut of_family = self
            .local_prefixes
            .iter()
            .filter(|prefix| prefix.address.is_ipv4() == address.is_ipv4())
            .peekable();
        of_family.peek().is_some() && !of_family.any(|prefix| prefix.contains(address))
    }
}

fn network_of(address: Ipv6Addr) -> u64 {
    (address.to_bits() >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn hosts(count: u32) -> impl Iterator<Item = IpAddr> {
        (0..count).map(|host| Ipv4Addr::from_bits(0x0a14_0001 + host).into())
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn virtual_routers_are_known_by_their_station_address() {
        assert!(is_virtual_router(0x0000_5e00_010a));
        assert!(is_virtual_router(0x0000_5e00_02ff));
        assert!(is_virtual_router(0x0000_0c07_ac01));
        assert!(is_virtual_router(0x0000_0c9f_f123));
        assert!(is_virtual_router(0x0005_73a0_0001));
        assert!(is_virtual_router(0x0005_73a0_0fff));
        assert!(is_virtual_router(0x0007_b400_0102));
        // Neighbours of those prefixes.
        assert!(!is_virtual_router(0x0000_5e00_0301));
        assert!(!is_virtual_router(0x0000_0c07_ad01));
        assert!(!is_virtual_router(0x0000_0c9f_e001));
        assert!(!is_virtual_router(0x0005_73a0_1000));
        assert!(!is_virtual_router(0x0007_b500_0102));
    }

    #[test]
    fn more_addresses_than_one_host_has_make_a_router() {
        let rule = RouterRule::default();
        assert!(!rule.recognises(hosts(16)));
        assert!(rule.recognises(hosts(17)));
        assert!(!rule.recognises(hosts(16).chain(hosts(16))));
    }

    #[test]
    fn one_hosts_temporary_ipv6_addresses_make_no_router() {
        let rule = RouterRule::default();
        let temporary = (0..100).map(|host| {
            let prefix = 0x2001_0db8_0000_0000_u128 << 64;
            Ipv6Addr::from_bits(prefix | host).into()
        });
        assert!(!rule.recognises(temporary));
        let networks = (0..17u128).map(|network| {
            let prefix = (0x2001_0db8_0000_0000_u128 + network) << 64;
            Ipv6Addr::from_bits(prefix | 1).into()
        });
        assert!(rule.recognises(networks));
        let link_local =
            (0..100u128).map(|host| Ipv6Addr::from_bits(0xfe80_u128 << 112 | host).into());
        assert!(!rule.recognises(link_local));
    }

    #[test]
    fn addresses_outside_the_local_prefixes_come_from_a_router() {
        let rule = RouterRule {
            local_prefixes: vec![Prefix { address: address("10.20.0.0"), length: 16 }],
            ..RouterRule::default()
        };
        let far = ["8.8.8.8", "1.1.1.1", "9.9.9.9"].map(address);
        assert!(!rule.recognises(far[..2].iter().copied()));
        assert!(rule.recognises(far.into_iter()));
        assert!(!rule.recognises(hosts(3)));
        assert!(!rule.recognises(["fe80::1", "2001:db8::1"].map(address).into_iter()));
        assert!(!RouterRule::default().recognises(far.into_iter()));
        let ipv6 = ["2001:db8::1", "2001:db8::2", "2001:db8::3"].map(address);
        assert!(!rule.recognises(ipv6.into_iter()));
    }

    #[test]
    fn a_prefix_contains_what_shares_its_bits() {
        let prefix = |text: &str, length| Prefix { address: address(text), length };
        assert!(prefix("10.20.0.0", 16).contains(address("10.20.255.1")));
        assert!(!prefix("10.20.0.0", 16).contains(address("10.21.0.1")));
        assert!(prefix("0.0.0.0", 0).contains(address("255.0.0.1")));
        assert!(!prefix("0.0.0.0", 0).contains(address("::1")));
        assert!(prefix("2001:db8::", 32).contains(address("2001:db8:ffff::1")));
        assert!(!prefix("2001:db8::", 32).contains(address("2001:db9::1")));
        assert!(prefix("::", 0).contains(address("ffff::1")));
        assert!(prefix("10.0.0.1", 200).contains(address("10.0.0.1")));
        assert!(!prefix("10.0.0.1", 200).contains(address("10.0.0.0")));
    }
}
