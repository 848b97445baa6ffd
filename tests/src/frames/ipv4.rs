//! IPv4 headers with options and fragmentation (RFC 791).

use std::net::Ipv4Addr;

use super::checksum::internet_checksum;

/// Assigned Internet protocol numbers.
pub mod protocol {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const IPV6: u8 = 41;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const GRE: u8 = 47;
    pub const ESP: u8 = 50;
    pub const AUTHENTICATION: u8 = 51;
    pub const ICMPV6: u8 = 58;
    pub const NO_NEXT: u8 = 59;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const SCTP: u8 = 132;
}

/// Where a fragment belongs in its datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FragmentPlace {
    /// A multiple of 8.
    pub offset_octets: u16,
    pub more_fragments: bool,
}

#[derive(Clone, Debug)]
pub struct Ipv4Header {
    pub source: Ipv4Addr,
    pub destination: Ipv4Addr,
    pub type_of_service: u8,
    pub identification: u16,
    pub dont_fragment: bool,
    pub fragment: Option<FragmentPlace>,
    pub time_to_live: u8,
    /// Padded with end-of-list octets to a multiple of 4; 40 at most.
    pub options: Vec<u8>,
}

impl Ipv4Header {
    pub fn between(source: impl Into<Ipv4Addr>, destination: impl Into<Ipv4Addr>) -> Self {
        Self {
            source: source.into(),
            destination: destination.into(),
            type_of_service: 0,
            identification: 0,
            dont_fragment: true,
            fragment: None,
            time_to_live: 64,
            options: Vec::new(),
        }
    }

    pub fn with_options(mut self, options: &[u8]) -> Self {
        assert!(options.len() <= 40, "IPv4 options of {} octets; 40 is the limit", options.len());
        self.options = options.to_vec();
        self
    }

    pub fn as_fragment(mut self, identification: u16, place: FragmentPlace) -> Self {
        assert!(
            place.offset_octets.is_multiple_of(8),
            "fragment offset {} is not a multiple of 8",
            place.offset_octets
        );
        self.identification = identification;
        self.dont_fragment = false;
        self.fragment = Some(place);
        self
    }

    /// Header and payload with a right header checksum and total length.
    pub fn packet(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let options_length = self.options.len().next_multiple_of(4);
        let header_length = 20 + options_length;
        let total_length = (header_length + payload.len()) as u16;
        let mut flags_and_offset = if self.dont_fragment { 0x4000 } else { 0 };
        if let Some(place) = self.fragment {
            flags_and_offset |= place.offset_octets / 8;
            if place.more_fragments {
                flags_and_offset |= 0x2000;
            }
        }
        let mut packet = Vec::with_capacity(header_length + payload.len());
        packet.push(0x40 | (header_length / 4) as u8);
        packet.push(self.type_of_service);
        packet.extend(total_length.to_be_bytes());
        packet.extend(self.identification.to_be_bytes());
        packet.extend(u16::to_be_bytes(flags_and_offset));
        packet.extend([self.time_to_live, protocol, 0, 0]);
        packet.extend(self.source.octets());
        packet.extend(self.destination.octets());
        packet.extend_from_slice(&self.options);
        packet.resize(header_length, 0);
        let checksum = internet_checksum(&packet);
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
        packet.extend_from_slice(payload);
        packet
    }

    /// Splits `payload` into fragments of at most `unit` octets each.
    pub fn fragments(
        &self,
        protocol: u8,
        identification: u16,
        payload: &[u8],
        unit: usize,
    ) -> Vec<Vec<u8>> {
        let unit = (unit / 8 * 8).max(8);
        let count = payload.len().div_ceil(unit);
        payload
            .chunks(unit)
            .enumerate()
            .map(|(index, piece)| {
                let place = FragmentPlace {
                    offset_octets: (index * unit) as u16,
                    more_fragments: index + 1 < count,
                };
                self.clone().as_fragment(identification, place).packet(protocol, piece)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_checksum_recomputes_to_zero() {
        let packet = Ipv4Header::between([10, 20, 0, 21], [10, 30, 0, 10])
            .with_options(&[0x94, 0x04, 0, 0, 1])
            .packet(protocol::TCP, &[1, 2, 3]);
        assert_eq!(packet[0], 0x47, "20 + 8 octets of header");
        assert_eq!(internet_checksum(&packet[..28]), 0);
        assert_eq!(u16::from_be_bytes([packet[2], packet[3]]), 31);
    }

    #[test]
    fn fragments_cover_the_payload_in_order() {
        let payload: Vec<u8> = (0..100).collect();
        let packets = Ipv4Header::between([10, 0, 0, 1], [10, 0, 0, 2]).fragments(
            protocol::UDP,
            7,
            &payload,
            40,
        );
        let fields: Vec<u16> = packets.iter().map(|p| u16::from_be_bytes([p[6], p[7]])).collect();
        assert_eq!(fields, [0x2000, 0x2005, 0x000a]);
        let joined: Vec<u8> = packets.iter().flat_map(|p| p[20..].to_vec()).collect();
        assert_eq!(joined, payload);
    }
}
