//! Internet Protocol version 6 (RFC 8200) and its extension headers.

use crate::{books::Undissected, frame::Frame};

/// Octets of the fixed header.
pub const HEADER_LENGTH: usize = 40;
/// Longest chain of extension headers that is followed.
pub const MAXIMUM_EXTENSIONS: usize = 6;

/// IP protocol numbers of extension headers (RFC 7045 section 2).
mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION_OPTIONS: u8 = 60;
    pub const MOBILITY: u8 = 135;
    pub const HIP: u8 = 139;
    pub const SHIM6: u8 = 140;
}

/// The fixed header and where its chain of extension headers leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv6 {
    pub source: [u64; 2],
    pub destination: [u64; 2],
    /// The upper-layer protocol after the extension headers.
    pub protocol: u8,
    /// Where the upper layer starts.
    pub transport_offset: usize,
    /// Octets after the fixed header by its own word; 0 for a jumbogram or where segmentation was
    /// left to the network card.
    pub payload_length: usize,
    pub is_later_fragment: bool,
    pub is_fragment: bool,
}

/// Reads the header at `offset` and follows the chain.
///
/// # Errors
///
/// [`Undissected::TruncatedIpv6`], [`Undissected::InvalidIpv6`] (version),
/// [`Undissected::TruncatedExtension`] or [`Undissected::TooManyExtensions`].
#[inline(always)]
pub fn ipv6<F: Frame + ?Sized>(frame: &F, offset: usize) -> Result<Ipv6, Undissected> {
    // The last word first: if it is there, so are the others.
    let d1 = frame
        .be_u64(offset + 32)
        .ok_or(Undissected::TruncatedIpv6)?;
    let d0 = frame
        .be_u64(offset + 24)
        .ok_or(Undissected::TruncatedIpv6)?;
    let s1 = frame
        .be_u64(offset + 16)
        .ok_or(Undissected::TruncatedIpv6)?;
    let s0 = frame.be_u64(offset + 8).ok_or(Undissected::TruncatedIpv6)?;
    let first = frame.be_u64(offset).ok_or(Undissected::TruncatedIpv6)?;
    if first >> 60 != 6 {
        return Err(Undissected::InvalidIpv6);
    }
    let mut header = Ipv6 {
        source: [s0, s1],
        destination: [d0, d1],
        protocol: (first >> 8) as u8,
        transport_offset: offset + HEADER_LENGTH,
        payload_length: (first >> 16) as usize & 0xffff,
        is_later_fragment: false,
        is_fragment: false,
    };
    for _ in 0..MAXIMUM_EXTENSIONS {
        let unit = match header.protocol {
            extension::HOP_BY_HOP
            | extension::ROUTING
            | extension::DESTINATION_OPTIONS
            | extension::MOBILITY
            | extension::HIP
            | extension::SHIM6 => 8,
            extension::AUTHENTICATION => 4,
            extension::FRAGMENT => 0,
            _ => return Ok(header),
        };
        let Some(fields) = frame.be_u32(header.transport_offset) else {
            return Err(Undissected::TruncatedExtension);
        };
        let length = (fields >> 16) as usize & 0xff;
        header.protocol = (fields >> 24) as u8;
        header.transport_offset += match unit {
            8 => (length + 1) * 8,
            // RFC 4302 section 2.2: 32-bit words, minus two.
            4 => (length + 2) * 4,
            _ => {
                // RFC 8200 section 4.5: 13 bits of offset, 2 reserved, M.
                let fragment_offset = (fields >> 3) & 0x1fff;
                header.is_fragment = fragment_offset != 0 || fields & 1 != 0;
                header.is_later_fragment = fragment_offset != 0;
                8
            }
        };
        if header.is_later_fragment {
            return Ok(header);
        }
    }
    if matches!(
        header.protocol,
        extension::HOP_BY_HOP
            | extension::ROUTING
            | extension::DESTINATION_OPTIONS
            | extension::MOBILITY
            | extension::HIP
            | extension::SHIM6
            | extension::AUTHENTICATION
            | extension::FRAGMENT
    ) {
        return Err(Undissected::TooManyExtensions);
    }
    Ok(header)
}
