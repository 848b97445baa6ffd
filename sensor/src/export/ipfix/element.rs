//! Information elements (IANA, "IP Flow Information Export (IPFIX) Entities") and their lengths.

/// One field of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Element {
    pub number: u16,
    /// Octets; [`VARIABLE`] if each value says it.
    pub length: u16,
    /// Of the direction from the responder (RFC 5103, section 6.1).
    pub is_reverse: bool,
}

/// RFC 7011, section 7.
pub const VARIABLE: u16 = 65_535;
/// The enterprise number of reverse elements (RFC 5103, section 6.1).
pub const REVERSE: u32 = 29_305;

const fn element(number: u16, length: u16) -> Element {
    Element { number, length, is_reverse: false }
}

const fn reverse(number: u16, length: u16) -> Element {
    Element { number, length, is_reverse: true }
}

pub const OCTET_DELTA_COUNT: Element = element(1, 8);
pub const PACKET_DELTA_COUNT: Element = element(2, 8);
pub const PROTOCOL_IDENTIFIER: Element = element(4, 1);
/// Reduced (RFC 7011, section 6.2): all that TCP had before ECN's nonce.
pub const TCP_CONTROL_BITS: Element = element(6, 1);
pub const SOURCE_TRANSPORT_PORT: Element = element(7, 2);
pub const SOURCE_IPV4_ADDRESS: Element = element(8, 4);
pub const INGRESS_INTERFACE: Element = element(10, 4);
pub const DESTINATION_TRANSPORT_PORT: Element = element(11, 2);
pub const DESTINATION_IPV4_ADDRESS: Element = element(12, 4);
pub const SOURCE_IPV6_ADDRESS: Element = element(27, 16);
pub const DESTINATION_IPV6_ADDRESS: Element = element(28, 16);
pub const ICMP_TYPE_CODE_IPV4: Element = element(32, 2);
pub const SOURCE_MAC_ADDRESS: Element = element(56, 6);
/// Of the outer tag.
pub const VLAN_ID: Element = element(58, 2);
pub const DESTINATION_MAC_ADDRESS: Element = element(80, 6);
/// By name: there is no registry of numbers for what Wardline tells apart.
pub const APPLICATION_NAME: Element = element(96, VARIABLE);
pub const FLOW_END_REASON: Element = element(136, 1);
pub const ICMP_TYPE_CODE_IPV6: Element = element(139, 2);
pub const FLOW_ID: Element = element(148, 8);
pub const FLOW_START_MILLISECONDS: Element = element(152, 8);
pub const FLOW_END_MILLISECONDS: Element = element(153, 8);
/// RFC 5103, section 6.3: 1 says that the first packet decided, 0 that nothing is known.
pub const BIFLOW_DIRECTION: Element = element(239, 1);
/// Of the inner tag.
pub const DOT1Q_CUSTOMER_VLAN_ID: Element = element(245, 2);
pub const ETHERNET_TYPE: Element = element(256, 2);
/// Octets of the frames, where [`OCTET_DELTA_COUNT`] is of the packets in them.
pub const LAYER2_OCTET_DELTA_COUNT: Element = element(352, 8);
pub const REVERSE_OCTET_DELTA_COUNT: Element = reverse(1, 8);
pub const REVERSE_PACKET_DELTA_COUNT: Element = reverse(2, 8);
pub const REVERSE_TCP_CONTROL_BITS: Element = reverse(6, 1);
pub const REVERSE_LAYER2_OCTET_DELTA_COUNT: Element = reverse(352, 8);
