//! Transport headers: TCP (RFC 9293), UDP (RFC 768), SCTP (RFC 9260), ICMP (RFC 792, RFC 4443).

use crate::{
    books::Undissected,
    frame::{Frame, Header as _},
};

/// IP protocol numbers (IANA "Assigned Internet Protocol Numbers").
pub mod protocol {
    pub const ICMP: u8 = 1;
    /// IPv4 in IP (RFC 2003).
    pub const IPV4: u8 = 4;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    /// IPv6 in IP (RFC 4213, RFC 2473).
    pub const IPV6: u8 = 41;
    pub const GRE: u8 = 47;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

/// TCP control bits (RFC 9293 section 3.1), IPFIX `tcpControlBits`.
pub mod tcp_flags {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;
    pub const URG: u8 = 0x20;
}

/// Whether a segment with these control bits asks for a connection.
#[inline(always)]
pub const fn is_first_segment(flags: u8) -> bool {
    flags & (tcp_flags::SYN | tcp_flags::ACK) == tcp_flags::SYN
}

/// Ports, flags and the length of one transport header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    pub source_port: u16,
    pub destination_port: u16,
    /// TCP control bits, else 0.
    pub tcp_flags: u8,
    /// TCP sequence number, else 0.
    pub tcp_sequence: u32,
    /// ICMP type and code (type in the high octet), else 0.
    pub icmp_type_code: u16,
    pub header_length: usize,
}

/// Reads the header of `protocol` at `offset`; protocols without ports give zeros.
///
/// # Errors
///
/// [`Undissected::TruncatedTransport`], or [`Undissected::InvalidTcp`] when the data offset is
/// below five words.
#[inline(always)]
pub fn transport<F: Frame + ?Sized>(
    frame: &F,
    offset: usize,
    protocol: u8,
) -> Result<Transport, Undissected> {
    match protocol {
        protocol::TCP => {
            let header = frame.header::<20>(offset).ok_or(Undissected::TruncatedTransport)?;
            let (beginning, control) = (header.be_u64::<0>(), header.be_u64::<12>());
            let header_length = (control >> 60) as usize * 4;
            if header_length < 20 {
                return Err(Undissected::InvalidTcp);
            }
            Ok(Transport {
                source_port: (beginning >> 48) as u16,
                destination_port: (beginning >> 32) as u16,
                tcp_flags: (control >> 48) as u8,
                tcp_sequence: beginning as u32,
                icmp_type_code: 0,
                header_length,
            })
        }
        protocol::UDP | protocol::UDP_LITE => {
            let ports = frame.be_u64(offset).ok_or(Undissected::TruncatedTransport)?;
            Ok(Transport {
                source_port: (ports >> 48) as u16,
                destination_port: (ports >> 32) as u16,
                header_length: 8,
                ..Transport::default()
            })
        }
        protocol::SCTP => {
            let ports_and_tag = frame.be_u64(offset).ok_or(Undissected::TruncatedTransport)?;
            let _checksum = frame.be_u32(offset + 8).ok_or(Undissected::TruncatedTransport)?;
            Ok(Transport {
                source_port: (ports_and_tag >> 48) as u16,
                destination_port: (ports_and_tag >> 32) as u16,
                header_length: 12,
                ..Transport::default()
            })
        }
        protocol::ICMP | protocol::ICMPV6 => {
            let head = frame.be_u32(offset).ok_or(Undissected::TruncatedTransport)?;
            Ok(Transport {
                icmp_type_code: (head >> 16) as u16,
                header_length: 4,
                ..Transport::default()
            })
        }
        _ => Ok(Transport::default()),
    }
}
