//! IPv6 headers and extension headers (RFC 8200).

use std::net::Ipv6Addr;

use super::ipv4::{FragmentPlace, protocol};

/// One extension header; its next-header field is filled in by the packet.
#[derive(Clone, Debug)]
pub enum Ipv6Extension {
    /// Options after the two leading octets; padded here.
    HopByHop(Vec<u8>),
    DestinationOptions(Vec<u8>),
    /// Routing type, segments left, then the type-specific octets.
    Routing {
        routing_type: u8,
        segments_left: u8,
        rest: Vec<u8>,
    },
    Fragment {
        identification: u32,
        place: FragmentPlace,
    },
    /// Integrity value of an IP authentication header (RFC 4302).
    Authentication(Vec<u8>),
}

impl Ipv6Extension {
    fn protocol(&self) -> u8 {
        match self {
            Self::HopByHop(_) => protocol::HOP_BY_HOP,
            Self::DestinationOptions(_) => protocol::DESTINATION_OPTIONS,
            Self::Routing { .. } => protocol::ROUTING,
            Self::Fragment { .. } => protocol::FRAGMENT,
            Self::Authentication(_) => protocol::AUTHENTICATION,
        }
    }

    fn octets(&self, next_header: u8) -> Vec<u8> {
        let mut header = vec![next_header, 0];
        match self {
            Self::HopByHop(options) | Self::DestinationOptions(options) => {
                header.extend_from_slice(options);
                pad_options(&mut header);
            }
            Self::Routing { routing_type, segments_left, rest } => {
                header.extend([*routing_type, *segments_left]);
                header.extend_from_slice(rest);
                header.resize(header.len().next_multiple_of(8), 0);
            }
            Self::Fragment { identification, place } => {
                let field = (place.offset_octets & 0xfff8) | u16::from(place.more_fragments);
                header.extend(field.to_be_bytes());
                header.extend(identification.to_be_bytes());
                return header;
            }
            Self::Authentication(integrity) => {
                header.extend([0, 0, 0, 0, 0x01, 0x00, 0, 0, 0, 1]);
                header.extend_from_slice(integrity);
                header.resize(header.len().next_multiple_of(8), 0);
                // Counted in units of 4 octets, minus 2.
                header[1] = (header.len() / 4 - 2) as u8;
                return header;
            }
        }
        header[1] = (header.len() / 8 - 1) as u8;
        header
    }
}

/// Pad1 or PadN up to a multiple of 8 (RFC 8200 section 4.2).
fn pad_options(header: &mut Vec<u8>) {
    let missing = header.len().next_multiple_of(8) - header.len();
    match missing {
        0 => {}
        1 => header.push(0),
        _ => {
            header.extend([1, (missing - 2) as u8]);
            header.resize(header.len() + missing - 2, 0);
        }
    }
}

#[derive(Clone, Debug)]
pub struct Ipv6Header {
    pub source: Ipv6Addr,
    pub destination: Ipv6Addr,
    pub traffic_class: u8,
    pub flow_label: u32,
    pub hop_limit: u8,
    pub extensions: Vec<Ipv6Extension>,
}

impl Ipv6Header {
    pub fn between(source: impl Into<Ipv6Addr>, destination: impl Into<Ipv6Addr>) -> Self {
        Self {
            source: source.into(),
            destination: destination.into(),
            traffic_class: 0,
            flow_label: 0,
            hop_limit: 64,
            extensions: Vec::new(),
        }
    }

    /// Adds an extension header inside those already present.
    pub fn extended(mut self, extension: Ipv6Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    pub fn packet(&self, last_protocol: u8, payload: &[u8]) -> Vec<u8> {
        let mut body = payload.to_vec();
        let mut next_header = last_protocol;
        for extension in self.extensions.iter().rev() {
            let mut outer = extension.octets(next_header);
            outer.append(&mut body);
            body = outer;
            next_header = extension.protocol();
        }
        let word =
            0x6000_0000 | u32::from(self.traffic_class) << 20 | (self.flow_label & 0x000f_ffff);
        let mut packet = Vec::with_capacity(40 + body.len());
        packet.extend(word.to_be_bytes());
        packet.extend((body.len() as u16).to_be_bytes());
        packet.extend([next_header, self.hop_limit]);
        packet.extend(self.source.octets());
        packet.extend(self.destination.octets());
        packet.append(&mut body);
        packet
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_chain_names_each_next_header_and_keeps_eight_octet_units() {
        let place = FragmentPlace { offset_octets: 0, more_fragments: true };
        let packet = Ipv6Header::between(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST)
            .extended(Ipv6Extension::HopByHop(vec![0x05, 0x02, 0, 0]))
            .extended(Ipv6Extension::Fragment { identification: 9, place })
            .packet(protocol::UDP, &[0xaa; 8]);
        assert_eq!(packet[6], protocol::HOP_BY_HOP);
        assert_eq!(packet[40..48], [protocol::FRAGMENT, 0, 5, 2, 0, 0, 1, 0]);
        assert_eq!(packet[48..56], [protocol::UDP, 0, 0, 1, 0, 0, 0, 9]);
        assert_eq!(u16::from_be_bytes([packet[4], packet[5]]), 24);
    }
}
