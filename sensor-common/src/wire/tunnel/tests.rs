use super::*;

/// What a packet of `protocol` with these octets carries, if all of them belong to it.
fn carried(is_ipv6: bool, protocol: u8, octets: &[u8]) -> Option<(Encapsulation, u16, usize)> {
    let carrier = Carrier { is_ipv6, protocol, offset: 0, end: octets.len() };
    let tunnel = tunnel(octets, &carrier)?;
    assert_eq!(tunnel.end, octets.len());
    let kind = Encapsulation::from_number(tunnel.kind as u8).unwrap();
    Some((kind, tunnel.content as u16, tunnel.offset))
}

fn gre_of(octets: &[u8]) -> Option<(Encapsulation, u16, usize)> {
    carried(false, protocol::GRE, octets)
}

/// The header ends one octet before the end: what is cut of it hides the tunnel, or at least shows
/// no other.
fn only_the_whole_is_a_tunnel(protocol: u8, octets: &[u8]) {
    assert_eq!(carried(false, protocol, octets).unwrap().2, octets.len() - 1);
    for length in 0..octets.len() {
        assert_eq!(carried(false, protocol, &octets[..length]), None, "{length} octets");
    }
}

const FRAME: u16 = ethertype::BRIDGED_ETHERNET;

#[test]
fn ip_in_ip_is_named_by_both_versions() {
    let inner = [0x45, 0, 0, 20];
    let kinds = [
        (false, protocol::IPV4, Encapsulation::Ipv4InIpv4, ethertype::IPV4),
        (false, protocol::IPV6, Encapsulation::Ipv6InIpv4, ethertype::IPV6),
        (true, protocol::IPV4, Encapsulation::Ipv4InIpv6, ethertype::IPV4),
        (true, protocol::IPV6, Encapsulation::Ipv6InIpv6, ethertype::IPV6),
    ];
    for (is_ipv6, number, kind, content) in kinds {
        assert_eq!(carried(is_ipv6, number, &inner), Some((kind, content, 0)));
        assert_eq!(carried(is_ipv6, number, &[]), None);
    }
}

#[test]
fn gre_carries_packets_and_frames_behind_the_fields_that_its_flags_announce() {
    for (protocol_type, content) in
        [([0x08, 0x00], ethertype::IPV4), ([0x86, 0xdd], ethertype::IPV6), ([0x65, 0x58], FRAME)]
    {
        let [high, low] = protocol_type;
        for (flags, length) in [
            (0x00, 4),
            (0x80, 8),
            (0x20, 8),
            (0x10, 8),
            (0xa0, 12),
            (0x30, 12),
            (0x90, 12),
            (0xb0, 16),
        ] {
            let mut octets = [0; 17];
            octets[..4].copy_from_slice(&[flags, 0, high, low]);
            let octets = &octets[..=length];
            assert_eq!(gre_of(octets), Some((Encapsulation::Gre, content, length)));
            let behind = &octets[..length];
            assert_eq!(gre_of(behind), None, "nothing is carried");
        }
        only_the_whole_is_a_tunnel(protocol::GRE, &[0, 0, high, low, 0]);
    }
}

#[test]
fn gre_of_another_version_with_routing_or_of_another_protocol_is_not_opened() {
    // Bits 1, 4 and 5 (RFC 2784 section 2.2), versions 1 and 7; PPP, MPLS, keep-alive.
    for near_miss in [
        [0x40, 0x00, 0x08, 0x00],
        [0x08, 0x00, 0x08, 0x00],
        [0x04, 0x00, 0x08, 0x00],
        [0x30, 0x81, 0x88, 0x0b],
        [0x00, 0x01, 0x08, 0x00],
        [0x00, 0x07, 0x08, 0x00],
        [0x00, 0x00, 0x88, 0x0b],
        [0x00, 0x00, 0x88, 0x47],
        [0x00, 0x00, 0x00, 0x00],
    ] {
        let mut octets = [0x45; 40];
        octets[..4].copy_from_slice(&near_miss);
        assert_eq!(gre_of(&octets), None, "{near_miss:02x?}");
    }
    // Bits that are to be ignored.
    assert!(gre_of(&[0x03, 0xf8, 0x08, 0x00, 0x45]).is_some());
}

#[test]
fn erspan_of_type_i_is_told_by_the_missing_sequence_number() {
    let octets = [0x00, 0x00, 0x88, 0xbe, 0xff];
    assert_eq!(gre_of(&octets), Some((Encapsulation::ErspanI, FRAME, 4)));
    only_the_whole_is_a_tunnel(protocol::GRE, &octets);
}

#[test]
fn erspan_of_type_ii_has_version_1() {
    let mut octets = [0x10, 0, 0x88, 0xbe, 0, 0, 0, 3, 0x10, 20, 0, 5, 0, 0, 0, 9, 0xff];
    assert_eq!(gre_of(&octets), Some((Encapsulation::ErspanII, FRAME, 16)));
    only_the_whole_is_a_tunnel(protocol::GRE, &octets);
    for version in [0x00, 0x20, 0xf0] {
        octets[8] = version;
        assert_eq!(gre_of(&octets), None);
    }
}

#[test]
fn erspan_of_type_iii_says_what_it_carries_and_whether_a_sub_header_follows() {
    let mut octets = [
        0x10, 0, 0x22, 0xeb, 0, 0, 0, 3, 0x20, 20, 0, 5, 1, 2, 3, 4, 0, 0, 0x80, 0x00, 0x60, 0, 0,
        0, 0, 0, 0, 0, 0x45,
    ];
    only_the_whole_is_a_tunnel(protocol::GRE, &octets[..21]);
    assert_eq!(gre_of(&octets), Some((Encapsulation::ErspanIII, FRAME, 20)));
    // Frame type 2, an IP packet; then with the sub-header.
    octets[18] = 2 << 2;
    assert_eq!(gre_of(&octets), Some((Encapsulation::ErspanIII, ethertype::IPV6, 20)));
    octets[19] = 1;
    assert_eq!(gre_of(&octets), Some((Encapsulation::ErspanIII, ethertype::IPV4, 28)));
    only_the_whole_is_a_tunnel(protocol::GRE, &octets);
    octets[18] = 0;
    assert_eq!(gre_of(&octets), Some((Encapsulation::ErspanIII, FRAME, 28)));
    // Another frame type, another version.
    octets[18] = 1 << 2;
    assert_eq!(gre_of(&octets), None);
    octets[18] = 0;
    octets[8] = 0x10;
    assert_eq!(gre_of(&octets), None);
}

#[test]
fn vxlan_has_its_flag_and_zeros_in_reserved_octets() {
    let octets = [8, 0, 0, 0, 0, 0, 42, 0, 0xff];
    let found = carried(false, protocol::UDP, &octets);
    assert_eq!(found, Some((Encapsulation::Vxlan, FRAME, 8)));
    only_the_whole_is_a_tunnel(protocol::UDP, &octets);
    for (at, octet) in [(0, 0), (0, 0x0c), (0, 0x88), (1, 1), (2, 1), (3, 1), (7, 1)] {
        let mut near_miss = octets;
        near_miss[at] = octet;
        assert_eq!(carried(false, protocol::UDP, &near_miss), None, "{octet:#x} at {at}");
    }
}

#[test]
fn of_udp_only_the_ports_of_vxlan_are_looked_at() {
    assert!(may_carry(protocol::UDP, 4789) && may_carry(protocol::UDP, 8472));
    assert!(!may_carry(protocol::UDP, 4790) && !may_carry(protocol::TCP, 4789));
    let others = (0..=u8::MAX).filter(|&number| may_carry(number, 0));
    assert!(others.eq([protocol::IPV4, protocol::IPV6, protocol::GRE]));
}
