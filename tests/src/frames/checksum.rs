//! The checksums of the layers above Ethernet: the Internet checksum
//! (RFC 1071) with its pseudo-headers (RFC 9293 section 3.1, RFC 8200 section
//! 8.1) and the CRC32c of SCTP (RFC 9260 appendix A).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The two network addresses that a transport checksum covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Endpoints {
    pub source: IpAddr,
    pub destination: IpAddr,
}

impl Endpoints {
    pub fn v4(source: impl Into<Ipv4Addr>, destination: impl Into<Ipv4Addr>) -> Self {
        Self { source: IpAddr::V4(source.into()), destination: IpAddr::V4(destination.into()) }
    }

    pub fn v6(source: impl Into<Ipv6Addr>, destination: impl Into<Ipv6Addr>) -> Self {
        Self { source: IpAddr::V6(source.into()), destination: IpAddr::V6(destination.into()) }
    }

    /// Both addresses must be of one family; a mixed pair is a mistake of the
    /// test that made it.
    fn pseudo_header(&self, protocol: u8, length: usize) -> Vec<u8> {
        let mut header = Vec::with_capacity(40);
        match (self.source, self.destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                header.extend(source.octets());
                header.extend(destination.octets());
                header.extend([0, protocol]);
                header.extend((length as u16).to_be_bytes());
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                header.extend(source.octets());
                header.extend(destination.octets());
                header.extend((length as u32).to_be_bytes());
                header.extend([0, 0, 0, protocol]);
            }
            (source, destination) => panic!("mixed address families: {source} to {destination}"),
        }
        header
    }
}

/// The Internet checksum of `octets`: 0 when they already hold a right one.
pub fn internet_checksum(octets: &[u8]) -> u16 {
    let mut sum = 0_u64;
    for pair in octets.chunks(2) {
        sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The checksum of a TCP, UDP or ICMPv6 message with its pseudo-header: 0 when
/// the message already holds a right one.
pub fn transport_checksum(ends: &Endpoints, protocol: u8, message: &[u8]) -> u16 {
    let mut covered = ends.pseudo_header(protocol, message.len());
    covered.extend_from_slice(message);
    internet_checksum(&covered)
}

/// CRC32c (Castagnoli), as SCTP carries it.
pub fn crc32c(octets: &[u8]) -> u32 {
    let mut remainder = !0_u32;
    for &octet in octets {
        remainder ^= u32::from(octet);
        for _ in 0..8 {
            let carry = remainder & 1;
            remainder >>= 1;
            if carry == 1 {
                remainder ^= 0x82f6_3b78;
            }
        }
    }
    !remainder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_of_the_rfc_1071_example() {
        let octets = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(internet_checksum(&octets), !0xddf2);
    }

    #[test]
    fn crc32c_of_the_iscsi_vectors() {
        // RFC 3720 appendix B.4.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
    }
}
