//! Community ID version 1: the same name for a flow in every tool that knows its addresses.
//!
//! Corelight, "Community ID flow hashing", <https://github.com/corelight/community-id-spec>, with
//! seed 0. ICMP is taken as its first packet says it; fragments and protocols without ports have
//! the addresses alone.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use sensor_common::{flow::Network, wire::transport::protocol};
use sha1::{Digest, Sha1};

use super::record::FlowRecord;

/// The Community ID of a flow; `None` where there are no IP addresses (ARP among them).
pub fn community_id(record: &FlowRecord) -> Option<String> {
    if !matches!(record.network, Network::Ipv4 | Network::Ipv6) {
        return None;
    }
    let (source, destination) = (record.initiator?, record.responder?);
    let ports = match record.protocol {
        protocol::TCP | protocol::UDP | protocol::SCTP => {
            Ports::Paired(record.initiator_port, record.responder_port)
        }
        protocol::ICMP => icmp_ports(record.icmp_type_code, icmp_answer),
        protocol::ICMPV6 => icmp_ports(record.icmp_type_code, icmpv6_answer),
        _ => Ports::None,
    };
    Some(identify(source, destination, record.protocol, ports))
}

#[derive(Clone, Copy)]
enum Ports {
    None,
    /// Those of the two ends.
    Paired(u16, u16),
    /// Type and code of a message that has no answer: the direction is part of the flow.
    OneWay(u16, u16),
}

fn identify(source: IpAddr, destination: IpAddr, protocol: u8, ports: Ports) -> String {
    let (mut first, mut second) = (octets(source), octets(destination));
    let mut words = match ports {
        Ports::None => None,
        Ports::Paired(a, b) | Ports::OneWay(a, b) => Some((a, b)),
    };
    let is_ordered = match ports {
        Ports::OneWay(..) => true,
        Ports::None => first <= second,
        Ports::Paired(a, b) => (&first, a) <= (&second, b),
    };
    if !is_ordered {
        std::mem::swap(&mut first, &mut second);
        words = words.map(|(a, b)| (b, a));
    }
    let mut hash = Sha1::new();
    hash.update([0, 0]);
    hash.update(&first);
    hash.update(&second);
    hash.update([protocol, 0]);
    if let Some((a, b)) = words {
        hash.update(a.to_be_bytes());
        hash.update(b.to_be_bytes());
    }
    format!("1:{}", STANDARD.encode(hash.finalize()))
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// The message type stands for the port of its sender, that of its answer for the other's.
fn icmp_ports(type_code: u16, answer: fn(u8) -> Option<u8>) -> Ports {
    let [message, code] = type_code.to_be_bytes();
    match answer(message) {
        Some(answer) => Ports::Paired(message.into(), answer.into()),
        None => Ports::OneWay(message.into(), code.into()),
    }
}

/// RFC 792 and RFC 1256: which message answers which.
fn icmp_answer(message: u8) -> Option<u8> {
    Some(match message {
        0 => 8,
        8 => 0,
        9 => 10,
        10 => 9,
        13 => 14,
        14 => 13,
        15 => 16,
        16 => 15,
        17 => 18,
        18 => 17,
        _ => return None,
    })
}

/// RFC 4443, 2710, 4861, 4620 and 6275: which message answers which.
fn icmpv6_answer(message: u8) -> Option<u8> {
    Some(match message {
        128 => 129,
        129 => 128,
        130 => 131,
        131 => 130,
        133 => 134,
        134 => 133,
        135 => 136,
        136 => 135,
        139 => 140,
        140 => 139,
        144 => 145,
        145 => 144,
        _ => return None,
    })
}

#[cfg(test)]
mod baseline;
#[cfg(test)]
mod tests {
    use super::*;

    fn id(source: &str, destination: &str, protocol: u8, ports: Ports) -> String {
        let address = |text: &str| text.parse().expect("an address");
        identify(address(source), address(destination), protocol, ports)
    }

    #[test]
    fn published_identifiers_come_out() {
        let web = Ports::Paired(34855, 80);
        let expected = "1:LQU9qZlK+B5F3KDmev6m5PMibrg=";
        assert_eq!(id("128.232.110.120", "66.35.250.204", 6, web), expected);
        let web = Ports::Paired(80, 34855);
        assert_eq!(id("66.35.250.204", "128.232.110.120", 6, web), expected);
        let dns = Ports::Paired(54585, 53);
        assert_eq!(id("192.168.1.52", "8.8.8.8", 17, dns), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
        let echo = icmp_ports(0x0800, icmp_answer);
        let expected = "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=";
        assert_eq!(id("192.168.0.89", "192.168.0.1", 1, echo), expected);
        let reply = icmp_ports(0x0000, icmp_answer);
        assert_eq!(id("192.168.0.1", "192.168.0.89", 1, reply), expected);
    }

    /// Computed with the specification's reference implementation (pycommunityid).
    #[test]
    fn the_reference_implementation_agrees() {
        let cases = [
            (
                "fe80::1",
                "ff02::1:ff00:2",
                58,
                icmp_ports(135 << 8, icmpv6_answer),
                "1:6GkV4Q23CW9hmt4IlBap+Dis6uk=",
            ),
            (
                "fe80::2",
                "fe80::1",
                58,
                icmp_ports(136 << 8, icmpv6_answer),
                "1:7IIPGNVAHI2udmsuJVpA3RMOAqc=",
            ),
            (
                "fe80::9",
                "fe80::1",
                58,
                icmp_ports(0x0104, icmpv6_answer),
                "1:1k3ivy76nbkvkc/kaQNe1mztBq0=",
            ),
            (
                "10.9.0.1",
                "10.0.0.1",
                1,
                icmp_ports(0x0303, icmp_answer),
                "1:PKvHBsOsuB3qb67l4J36TThkyXs=",
            ),
            (
                "10.9.0.1",
                "10.0.0.1",
                1,
                icmp_ports(0x0d00, icmp_answer),
                "1:9h2wLXrtlYUvLPGi4/0xKKRrBoQ=",
            ),
            (
                "192.168.170.8",
                "192.168.170.56",
                132,
                Ports::Paired(7, 80),
                "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=",
            ),
            ("10.1.24.4", "10.1.12.1", 46, Ports::None, "1:/nQI4Rh/TtY3mf0R2gJFBkVlgS4="),
            ("10.0.0.5", "10.0.0.5", 6, Ports::Paired(900, 80), "1:qkRi6ZwZDvsilUfdE6kurK4bjEc="),
            (
                "2001:db8::2",
                "2001:db8::1",
                6,
                Ports::Paired(80, 81),
                "1:mPwDyscKN7oB8CyPq1du8qySCeY=",
            ),
        ];
        for (source, destination, protocol, ports, expected) in cases {
            assert_eq!(id(source, destination, protocol, ports), expected, "{source}");
        }
    }
}
