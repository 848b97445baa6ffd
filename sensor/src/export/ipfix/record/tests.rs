use super::*;
use crate::{flow::fixture, time::Timestamp};

/// The octets of one element.
fn field(record: &DataRecord, template: Template, element: Element) -> Vec<u8> {
    let mut at = 0;
    for each in template.elements {
        let length = match each.length {
            VARIABLE => {
                at += 1;
                usize::from(record.octets[at - 1])
            }
            length => length.into(),
        };
        if *each == element {
            return record.octets[at..at + length].to_vec();
        }
        at += length;
    }
    panic!("{element:?} is not in the template");
}

#[test]
fn a_record_has_both_directions_and_ends_with_the_applications_name() {
    let wall = WallClock::new(Moment::default(), Timestamp::from_micros(1_700_000_000_123_456));
    let flow = fixture::record();
    let record = encode(&flow, wall);
    assert_eq!(record.template, IPV4.id);
    let value = |element| {
        let octets = field(&record, IPV4, element);
        octets.iter().fold(0_u64, |value, octet| value << 8 | u64::from(*octet))
    };
    assert_eq!(value(e::FLOW_START_MILLISECONDS), 1_700_000_000_123);
    assert_eq!(value(e::FLOW_END_MILLISECONDS), 1_700_000_002_623);
    assert_eq!((value(e::PACKET_DELTA_COUNT), value(e::REVERSE_PACKET_DELTA_COUNT)), (3, 2));
    let frames = (value(e::LAYER2_OCTET_DELTA_COUNT), value(e::REVERSE_LAYER2_OCTET_DELTA_COUNT));
    assert_eq!(frames, (300, 900));
    // Less 18 octets of each frame: addresses, type and a tag.
    assert_eq!((value(e::OCTET_DELTA_COUNT), value(e::REVERSE_OCTET_DELTA_COUNT)), (246, 864));
    assert_eq!((value(e::TCP_CONTROL_BITS), value(e::REVERSE_TCP_CONTROL_BITS)), (0x1b, 0x02));
    assert_eq!(
        (value(e::SOURCE_TRANSPORT_PORT), value(e::DESTINATION_TRANSPORT_PORT)),
        (34855, 80)
    );
    assert_eq!(value(e::SOURCE_IPV4_ADDRESS), 0x80e8_6e78);
    assert_eq!((value(e::VLAN_ID), value(e::FLOW_END_REASON)), (10, 3));
    assert_eq!(value(e::SOURCE_MAC_ADDRESS), 0x0200_0000_0001);
    assert_eq!(field(&record, IPV4, e::APPLICATION_NAME), b"http");
}

#[test]
fn every_network_has_its_template_and_every_element_a_value() {
    let mut flow = fixture::record();
    flow.network = Network::Ipv6;
    flow.initiator = Some("2001:db8::1".parse().unwrap());
    flow.responder = Some("2001:db8::2".parse().unwrap());
    let record = encode(&flow, WallClock::since_1970());
    assert_eq!(record.template, IPV6.id);
    assert_eq!(field(&record, IPV6, e::DESTINATION_IPV6_ADDRESS)[15], 2);
    flow.network = Network::Arp;
    let record = encode(&flow, WallClock::since_1970());
    assert_eq!(record.template, LINK.id);
    assert_eq!(field(&record, LINK, e::ETHERNET_TYPE), [8, 6]);
    assert_eq!(field(&record, LINK, e::APPLICATION_NAME), b"http");
}

#[test]
fn ports_are_of_protocols_that_have_them() {
    let mut flow = fixture::record();
    flow.protocol = protocol::ICMP;
    flow.icmp_type_code = 0x0800;
    let record = encode(&flow, WallClock::since_1970());
    assert_eq!(field(&record, IPV4, e::SOURCE_TRANSPORT_PORT), [0, 0]);
    assert_eq!(field(&record, IPV4, e::ICMP_TYPE_CODE_IPV4), [8, 0]);
}
