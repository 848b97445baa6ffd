//! Control protocols directly above IP: ICMP (RFC 792), ICMPv6 (RFC 4443,
//! RFC 4861) and IGMP (RFC 2236).

use std::net::Ipv6Addr;

use super::checksum::{Endpoints, internet_checksum, transport_checksum};
use super::ethernet::MacAddress;
use super::ipv4::protocol;

fn with_internet_checksum(mut message: Vec<u8>) -> Vec<u8> {
    let checksum = internet_checksum(&message);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    message
}

fn with_icmpv6_checksum(ends: &Endpoints, mut message: Vec<u8>) -> Vec<u8> {
    let checksum = transport_checksum(ends, protocol::ICMPV6, &message);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    message
}

fn echo(kind: u8, identifier: u16, sequence: u16, content: &[u8]) -> Vec<u8> {
    let mut message = vec![kind, 0, 0, 0];
    message.extend(identifier.to_be_bytes());
    message.extend(sequence.to_be_bytes());
    message.extend_from_slice(content);
    message
}

pub fn icmp_echo_request(identifier: u16, sequence: u16, content: &[u8]) -> Vec<u8> {
    with_internet_checksum(echo(8, identifier, sequence, content))
}

pub fn icmp_echo_reply(identifier: u16, sequence: u16, content: &[u8]) -> Vec<u8> {
    with_internet_checksum(echo(0, identifier, sequence, content))
}

/// Destination unreachable, quoting the first octets of the packet it answers.
pub fn icmp_unreachable(code: u8, original_packet: &[u8]) -> Vec<u8> {
    let mut message = vec![3, code, 0, 0, 0, 0, 0, 0];
    message.extend_from_slice(&original_packet[..original_packet.len().min(28)]);
    with_internet_checksum(message)
}

pub fn icmpv6_echo_request(
    ends: &Endpoints,
    identifier: u16,
    sequence: u16,
    content: &[u8],
) -> Vec<u8> {
    with_icmpv6_checksum(ends, echo(128, identifier, sequence, content))
}

/// Who has `target`? The source link-layer address option names the asker.
pub fn neighbour_solicitation(ends: &Endpoints, target: Ipv6Addr, asker: MacAddress) -> Vec<u8> {
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    message.extend(target.octets());
    message.extend([1, 1]);
    message.extend(asker.0);
    with_icmpv6_checksum(ends, message)
}

/// Is there a router? With the asker's link-layer address (RFC 4861 section 4.1).
pub fn router_solicitation(ends: &Endpoints, asker: MacAddress) -> Vec<u8> {
    let mut message = vec![133, 0, 0, 0, 0, 0, 0, 0, 1, 1];
    message.extend(asker.0);
    with_icmpv6_checksum(ends, message)
}

/// IGMPv2 membership report for `group`.
pub fn igmp_report(group: [u8; 4]) -> Vec<u8> {
    let mut message = vec![0x16, 0, 0, 0];
    message.extend(group);
    with_internet_checksum(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_recompute_to_zero() {
        assert_eq!(internet_checksum(&icmp_echo_request(1, 2, b"ward")), 0);
        assert_eq!(internet_checksum(&icmp_echo_reply(1, 2, b"odd")), 0);
        assert_eq!(internet_checksum(&icmp_unreachable(1, &[0x45; 40])), 0);
        assert_eq!(internet_checksum(&igmp_report([239, 255, 255, 250])), 0);
        let ends = Endpoints::v6(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
        let solicitation =
            neighbour_solicitation(&ends, Ipv6Addr::LOCALHOST, MacAddress::BROADCAST);
        assert_eq!(transport_checksum(&ends, protocol::ICMPV6, &solicitation), 0);
    }
}
