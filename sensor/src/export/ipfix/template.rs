//! The templates: which elements a record has, in which order.

use super::element::{self as e, Element};

/// Records of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// From 256 (RFC 7011, section 3.4.1).
    pub id: u16,
    pub elements: &'static [Element],
}

/// What every record begins with.
macro_rules! template {
    ($id:literal, $($element:expr),*) => {
        Template {
            id: $id,
            elements: &[
                e::FLOW_START_MILLISECONDS,
                e::FLOW_END_MILLISECONDS,
                e::OCTET_DELTA_COUNT,
                e::PACKET_DELTA_COUNT,
                e::REVERSE_OCTET_DELTA_COUNT,
                e::REVERSE_PACKET_DELTA_COUNT,
                e::LAYER2_OCTET_DELTA_COUNT,
                e::REVERSE_LAYER2_OCTET_DELTA_COUNT,
                e::INGRESS_INTERFACE,
                e::SOURCE_MAC_ADDRESS,
                e::DESTINATION_MAC_ADDRESS,
                e::VLAN_ID,
                e::DOT1Q_CUSTOMER_VLAN_ID,
                e::FLOW_END_REASON,
                e::BIFLOW_DIRECTION,
                e::FLOW_ID,
                $($element,)*
                e::APPLICATION_NAME,
            ],
        }
    };
}

pub const IPV4: Template = template!(
    256,
    e::SOURCE_IPV4_ADDRESS,
    e::DESTINATION_IPV4_ADDRESS,
    e::SOURCE_TRANSPORT_PORT,
    e::DESTINATION_TRANSPORT_PORT,
    e::PROTOCOL_IDENTIFIER,
    e::TCP_CONTROL_BITS,
    e::REVERSE_TCP_CONTROL_BITS,
    e::ICMP_TYPE_CODE_IPV4
);
pub const IPV6: Template = template!(
    257,
    e::SOURCE_IPV6_ADDRESS,
    e::DESTINATION_IPV6_ADDRESS,
    e::SOURCE_TRANSPORT_PORT,
    e::DESTINATION_TRANSPORT_PORT,
    e::PROTOCOL_IDENTIFIER,
    e::TCP_CONTROL_BITS,
    e::REVERSE_TCP_CONTROL_BITS,
    e::ICMP_TYPE_CODE_IPV6
);
/// ARP, and what has station addresses only.
pub const LINK: Template = template!(258, e::ETHERNET_TYPE);

pub const ALL: [Template; 3] = [IPV4, IPV6, LINK];
