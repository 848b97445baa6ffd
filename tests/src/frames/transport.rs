//! TCP segments (RFC 9293), UDP datagrams (RFC 768) and SCTP packets
//! (RFC 9260) with right checksums.

use super::checksum::{Endpoints, crc32c, transport_checksum};
use super::ipv4::protocol;

/// Control bits of a TCP header.
pub mod tcp_flags {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
    pub const URG: u8 = 0x20;
}

/// Options of a usual SYN: maximum segment size, SACK permitted, timestamps,
/// window scale.
pub const USUAL_SYN_OPTIONS: [u8; 20] =
    [2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7];

#[derive(Clone, Debug)]
pub struct TcpHeader {
    pub source_port: u16,
    pub destination_port: u16,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    /// Padded with end-of-list octets to a multiple of 4; 40 at most.
    pub options: Vec<u8>,
}

impl TcpHeader {
    pub fn with_flags(source_port: u16, destination_port: u16, flags: u8) -> Self {
        Self {
            source_port,
            destination_port,
            sequence: 1,
            acknowledgement: u32::from(flags & tcp_flags::ACK != 0),
            flags,
            window: 64_240,
            options: Vec::new(),
        }
    }

    pub fn syn(source_port: u16, destination_port: u16) -> Self {
        let mut header = Self::with_flags(source_port, destination_port, tcp_flags::SYN);
        header.sequence = 0;
        header.options = USUAL_SYN_OPTIONS.to_vec();
        header
    }

    /// A segment that carries data on an open connection.
    pub fn data(source_port: u16, destination_port: u16) -> Self {
        Self::with_flags(source_port, destination_port, tcp_flags::PSH | tcp_flags::ACK)
    }

    pub fn segment(&self, ends: &Endpoints, payload: &[u8]) -> Vec<u8> {
        assert!(
            self.options.len() <= 40,
            "TCP options of {} octets; 40 is the limit",
            self.options.len()
        );
        let header_length = 20 + self.options.len().next_multiple_of(4);
        let mut segment = Vec::with_capacity(header_length + payload.len());
        segment.extend(self.source_port.to_be_bytes());
        segment.extend(self.destination_port.to_be_bytes());
        segment.extend(self.sequence.to_be_bytes());
        segment.extend(self.acknowledgement.to_be_bytes());
        segment.extend([((header_length / 4) << 4) as u8, self.flags]);
        segment.extend(self.window.to_be_bytes());
        segment.extend([0; 4]);
        segment.extend_from_slice(&self.options);
        segment.resize(header_length, 0);
        segment.extend_from_slice(payload);
        let checksum = transport_checksum(ends, protocol::TCP, &segment);
        segment[16..18].copy_from_slice(&checksum.to_be_bytes());
        segment
    }
}

pub fn udp_datagram(
    ends: &Endpoints,
    source_port: u16,
    destination_port: u16,
    payload: &[u8],
) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend(source_port.to_be_bytes());
    datagram.extend(destination_port.to_be_bytes());
    datagram.extend(((8 + payload.len()) as u16).to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    let checksum = match transport_checksum(ends, protocol::UDP, &datagram) {
        // Zero means "no checksum" on the wire; its other form is all ones.
        0 => 0xffff,
        checksum => checksum,
    };
    datagram[6..8].copy_from_slice(&checksum.to_be_bytes());
    datagram
}

/// An SCTP packet with one INIT chunk.
pub fn sctp_init(source_port: u16, destination_port: u16, initiate_tag: u32) -> Vec<u8> {
    let mut packet = Vec::with_capacity(32);
    packet.extend(source_port.to_be_bytes());
    packet.extend(destination_port.to_be_bytes());
    packet.extend([0; 8]);
    packet.extend([1, 0, 0, 20]);
    packet.extend(initiate_tag.to_be_bytes());
    packet.extend(131_072_u32.to_be_bytes());
    packet.extend(10_u16.to_be_bytes());
    packet.extend(10_u16.to_be_bytes());
    packet.extend(1_u32.to_be_bytes());
    let checksum = crc32c(&packet);
    // RFC 9260 appendix A: the checksum travels least significant octet first.
    packet[8..12].copy_from_slice(&checksum.to_le_bytes());
    packet
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    #[test]
    fn tcp_and_udp_checksums_recompute_to_zero_over_both_families() {
        let pairs = [
            Endpoints::v4([10, 20, 0, 21], [10, 30, 0, 10]),
            Endpoints::v6(Ipv6Addr::LOCALHOST, Ipv6Addr::new(0xfd00, 0x30, 0, 0, 0, 0, 0, 0x10)),
        ];
        for ends in pairs {
            for length in 0..67 {
                let payload: Vec<u8> = (0..length).collect();
                let segment = TcpHeader::syn(49_152, 104).segment(&ends, &payload);
                assert_eq!(transport_checksum(&ends, protocol::TCP, &segment), 0);
                let datagram = udp_datagram(&ends, 49_152, 161, &payload);
                assert_eq!(transport_checksum(&ends, protocol::UDP, &datagram), 0);
                assert_ne!(datagram[6..8], [0, 0]);
            }
        }
    }

    #[test]
    fn tcp_header_length_counts_the_options() {
        let ends = Endpoints::v4([10, 0, 0, 1], [10, 0, 0, 2]);
        let segment = TcpHeader::syn(1, 2).segment(&ends, b"");
        assert_eq!((segment.len(), segment[12]), (40, 0xa0));
    }

    #[test]
    fn sctp_checksum_recomputes() {
        let mut packet = sctp_init(36_412, 36_412, 7);
        let carried = u32::from_le_bytes([packet[8], packet[9], packet[10], packet[11]]);
        packet[8..12].fill(0);
        assert_eq!(carried, crc32c(&packet));
    }
}
