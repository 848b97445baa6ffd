//! Whole frames of the link-layer protocols: ARP (RFC 826), LLDP
//! (IEEE 802.1AB) and CDP (SNAP, as published by its vendor).

use std::net::Ipv4Addr;

use super::ethernet::{EthernetHeader, MacAddress, ethertype};

const LLDP_GROUP: MacAddress = MacAddress([0x01, 0x80, 0xc2, 0x00, 0x00, 0x0e]);
const CDP_GROUP: MacAddress = MacAddress([0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc]);

/// Who speaks ARP: hardware and protocol address.
#[derive(Clone, Copy, Debug)]
pub struct ArpParty {
    pub hardware: MacAddress,
    pub address: Ipv4Addr,
}

/// The ARP message itself, without the Ethernet header.
pub fn arp_message(operation: u16, sender: ArpParty, target: ArpParty) -> Vec<u8> {
    let mut message = vec![0, 1, 0x08, 0x00, 6, 4];
    message.extend(operation.to_be_bytes());
    message.extend(sender.hardware.0);
    message.extend(sender.address.octets());
    message.extend(target.hardware.0);
    message.extend(target.address.octets());
    message
}

/// "Who has `wanted`? Tell the sender."
pub fn arp_request(sender: ArpParty, wanted: Ipv4Addr) -> Vec<u8> {
    let target = ArpParty { hardware: MacAddress([0; 6]), address: wanted };
    EthernetHeader::broadcast(sender.hardware)
        .frame(ethertype::ARP, &arp_message(1, sender, target))
}

pub fn arp_reply(sender: ArpParty, target: ArpParty) -> Vec<u8> {
    EthernetHeader::between(sender.hardware, target.hardware)
        .frame(ethertype::ARP, &arp_message(2, sender, target))
}

/// An announcement of the sender's own address (RFC 5227 section 3).
pub fn arp_announcement(sender: ArpParty) -> Vec<u8> {
    arp_request(sender, sender.address)
}

/// One LLDP type-length-value: 7 bits of type, 9 bits of length.
fn lldp_tlv(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut tlv = (kind << 9 | (value.len() as u16 & 0x01ff)).to_be_bytes().to_vec();
    tlv.extend_from_slice(value);
    tlv
}

/// The announcement of a switch: chassis, port, name and description.
pub fn lldp_announcement(
    sender: MacAddress,
    port: &str,
    system_name: &str,
    description: &str,
) -> Vec<u8> {
    let chassis = [&[4], sender.0.as_slice()].concat();
    let port = [&[5], port.as_bytes()].concat();
    let content = [
        lldp_tlv(1, &chassis),
        lldp_tlv(2, &port),
        lldp_tlv(3, &120_u16.to_be_bytes()),
        lldp_tlv(5, system_name.as_bytes()),
        lldp_tlv(6, description.as_bytes()),
        lldp_tlv(7, &[0, 0x14, 0, 0x04]),
        lldp_tlv(0, &[]),
    ]
    .concat();
    EthernetHeader::between(sender, LLDP_GROUP).frame(ethertype::LLDP, &content)
}

/// A CDP announcement with device id and platform, in an 802.3 SNAP frame.
pub fn cdp_announcement(sender: MacAddress, device: &str, platform: &str) -> Vec<u8> {
    let mut message = vec![2, 180, 0, 0];
    for (kind, text) in [(1_u16, device), (6, platform)] {
        message.extend(kind.to_be_bytes());
        message.extend((4 + text.len() as u16).to_be_bytes());
        message.extend_from_slice(text.as_bytes());
    }
    let checksum = super::checksum::internet_checksum(&message);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    let llc = [&[0xaa, 0xaa, 0x03, 0x00, 0x00, 0x0c, 0x20, 0x00], message.as_slice()].concat();
    EthernetHeader::between(sender, CDP_GROUP).length_frame(&llc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcement_of_an_address_asks_for_itself() {
        let sender =
            ArpParty { hardware: MacAddress::vendor(0x0030e6, 5), address: [10, 20, 0, 12].into() };
        let frame = arp_announcement(sender);
        assert_eq!(frame[12..22], [0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1]);
        assert_eq!(frame[28..32], frame[38..42], "sender and target protocol address");
    }

    #[test]
    fn lldp_length_has_nine_bits() {
        let tlv = lldp_tlv(5, &[b'x'; 300]);
        assert_eq!(u16::from_be_bytes([tlv[0], tlv[1]]), 5 << 9 | 300);
    }
}
