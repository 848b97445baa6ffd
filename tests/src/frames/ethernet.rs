//! Ethernet II and IEEE 802.3 framing with any number of VLAN tags.

use std::fmt;

/// Ethernet frames are padded to 60 octets before the check sequence.
pub const SHORTEST_FRAME: usize = 60;

/// EtherType values (IEEE registration authority).
pub mod ethertype {
    pub const IPV4: u16 = 0x0800;
    pub const ARP: u16 = 0x0806;
    pub const CUSTOMER_TAG: u16 = 0x8100;
    pub const IPV6: u16 = 0x86dd;
    pub const MPLS: u16 = 0x8847;
    pub const PPPOE_SESSION: u16 = 0x8864;
    pub const EAPOL: u16 = 0x888e;
    pub const PROFINET: u16 = 0x8892;
    pub const SERVICE_TAG: u16 = 0x88a8;
    pub const LLDP: u16 = 0x88cc;
    pub const PTP: u16 = 0x88f7;
    pub const OLD_DOUBLE_TAG: u16 = 0x9100;
}

/// A 48-bit hardware address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MacAddress(pub [u8; 6]);

impl MacAddress {
    pub const BROADCAST: Self = Self([0xff; 6]);

    /// Device number `device` of the maker with this 24-bit prefix.
    pub const fn vendor(prefix: u32, device: u32) -> Self {
        let prefix = prefix.to_be_bytes();
        let device = device.to_be_bytes();
        Self([prefix[1], prefix[2], prefix[3], device[1], device[2], device[3]])
    }

    /// The group address of an IPv4 multicast group (RFC 1112 section 6.4).
    pub const fn ipv4_multicast(group: [u8; 4]) -> Self {
        Self([0x01, 0x00, 0x5e, group[1] & 0x7f, group[2], group[3]])
    }

    /// The group address of an IPv6 multicast group (RFC 2464 section 7).
    pub const fn ipv6_multicast(group: [u8; 16]) -> Self {
        Self([0x33, 0x33, group[12], group[13], group[14], group[15]])
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for MacAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One VLAN tag: the tag protocol and the control field (priority, VLAN id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    pub protocol: u16,
    pub control: u16,
}

impl Tag {
    /// An IEEE 802.1Q customer tag.
    pub const fn customer(vlan: u16) -> Self {
        Self { protocol: ethertype::CUSTOMER_TAG, control: vlan & 0x0fff }
    }

    /// An IEEE 802.1ad service tag.
    pub const fn service(vlan: u16) -> Self {
        Self { protocol: ethertype::SERVICE_TAG, control: vlan & 0x0fff }
    }
}

/// Everything before the payload of an Ethernet frame; the EtherType is given
/// with the payload it describes.
#[derive(Clone, Debug)]
pub struct EthernetHeader {
    pub destination: MacAddress,
    pub source: MacAddress,
    /// Outermost first.
    pub tags: Vec<Tag>,
}

impl EthernetHeader {
    pub fn between(source: MacAddress, destination: MacAddress) -> Self {
        Self { destination, source, tags: Vec::new() }
    }

    pub fn broadcast(source: MacAddress) -> Self {
        Self::between(source, MacAddress::BROADCAST)
    }

    /// Adds a tag inside those already present.
    pub fn tagged(mut self, tag: Tag) -> Self {
        self.tags.push(tag);
        self
    }

    /// The frame as it leaves an adapter: padded to the Ethernet minimum.
    pub fn frame(&self, ethertype: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = self.unpadded_frame(ethertype, payload);
        if frame.len() < SHORTEST_FRAME {
            frame.resize(SHORTEST_FRAME, 0);
        }
        frame
    }

    /// The frame without padding, as a virtual interface carries it.
    pub fn unpadded_frame(&self, ethertype: u16, payload: &[u8]) -> Vec<u8> {
        let mut frame = Vec::with_capacity(14 + 4 * self.tags.len() + payload.len());
        frame.extend(self.destination.0);
        frame.extend(self.source.0);
        for tag in &self.tags {
            frame.extend(tag.protocol.to_be_bytes());
            frame.extend(tag.control.to_be_bytes());
        }
        frame.extend(ethertype.to_be_bytes());
        frame.extend_from_slice(payload);
        frame
    }

    /// A packet of the Internet protocol in a session of PPP over Ethernet (RFC 2516 section 4).
    pub fn session_frame(&self, kind: u16, packet: &[u8]) -> Vec<u8> {
        let protocol: u16 = if kind == ethertype::IPV6 { 0x0057 } else { 0x0021 };
        let mut session = vec![0x11, 0, 0x12, 0x34];
        session.extend((packet.len() as u16 + 2).to_be_bytes());
        session.extend(protocol.to_be_bytes());
        session.extend_from_slice(packet);
        self.frame(ethertype::PPPOE_SESSION, &session)
    }

    /// A packet behind a stack of this many labels (RFC 3032 section 2.1).
    pub fn labelled_frame(&self, labels: u8, packet: &[u8]) -> Vec<u8> {
        let mut stack = Vec::new();
        for label in 1..=labels {
            stack.extend([label, 0x5a, 0x10 | u8::from(label == labels), 64]);
        }
        stack.extend_from_slice(packet);
        self.frame(ethertype::MPLS, &stack)
    }

    /// An IEEE 802.3 frame: a length instead of an EtherType, then LLC.
    pub fn length_frame(&self, llc: &[u8]) -> Vec<u8> {
        self.frame(llc.len() as u16, llc)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_stand_between_source_and_ethertype_outermost_first() {
        let frame = EthernetHeader::between(MacAddress([2; 6]), MacAddress([4; 6]))
            .tagged(Tag::service(100))
            .tagged(Tag::customer(20))
            .frame(ethertype::IPV4, &[0x45]);
        assert_eq!(frame[12..23], [0x88, 0xa8, 0, 100, 0x81, 0, 0, 20, 0x08, 0x00, 0x45]);
        assert_eq!(frame.len(), SHORTEST_FRAME);
    }

    #[test]
    fn multicast_addresses_follow_the_rfcs() {
        let group = MacAddress::ipv4_multicast([239, 255, 255, 250]);
        assert_eq!(group.to_string(), "01:00:5e:7f:ff:fa");
        assert_eq!(MacAddress::vendor(0x000f14, 0x010203).to_string(), "00:0f:14:01:02:03");
    }
}
