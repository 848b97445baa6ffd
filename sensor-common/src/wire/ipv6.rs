//! Internet Protocol version 6 (RFC 8200) and its extension headers.

use crate::{
    books::Undissected,
    frame::{Frame, Header as _},
};

/// Octets of the fixed header.
pub const HEADER_LENGTH: usize = 40;
/// Longest chain of extension headers that is followed.
pub const MAXIMUM_EXTENSIONS: usize = 6;

/// IP protocol numbers of the extension headers that are followed (RFC 7045 section 2). Mobility,
/// HIP and shim6 headers end a chain in practice and are counted by their number.
mod extension {
    pub const HOP_BY_HOP: u8 = 0;
    pub const ROUTING: u8 = 43;
    pub const FRAGMENT: u8 = 44;
    pub const AUTHENTICATION: u8 = 51;
    pub const DESTINATION_OPTIONS: u8 = 60;
}

/// The fixed header and where its chain of extension headers leads.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ipv6 {
    pub source: [u64; 2],
    pub destination: [u64; 2],
    /// Octets after the fixed header by its own word; 0 for a jumbogram or where segmentation was
    /// left to the network card.
    pub payload_length: usize,
    /// The upper-layer protocol after the extension headers.
    pub protocol: u8,
    pub is_later_fragment: bool,
    /// Where the upper layer starts.
    pub transport_offset: usize,
}

/// Reads the header at `offset` and follows the chain, in memory lent by the caller.
///
/// # Errors
///
/// [`Undissected::TruncatedIpv6`], [`Undissected::InvalidIpv6`] (version),
/// [`Undissected::TruncatedExtension`] or [`Undissected::TooManyExtensions`].
#[inline(always)]
pub fn ipv6<F: Frame + ?Sized>(
    frame: &F,
    offset: usize,
    header: &mut Ipv6,
) -> Result<(), Undissected> {
    let fixed = frame.header::<HEADER_LENGTH>(offset).ok_or(Undissected::TruncatedIpv6)?;
    let first = fixed.be_u64::<0>();
    if first >> 60 != 6 {
        return Err(Undissected::InvalidIpv6);
    }
    *header = Ipv6 {
        source: [fixed.be_u64::<8>(), fixed.be_u64::<16>()],
        destination: [fixed.be_u64::<24>(), fixed.be_u64::<32>()],
        payload_length: (first >> 16) as usize & 0xffff,
        protocol: (first >> 8) as u8,
        is_later_fragment: false,
        transport_offset: offset + HEADER_LENGTH,
    };
    for _ in 0..MAXIMUM_EXTENSIONS {
        // Read back, so that every turn looks the same to the verifier.
        let header = core::hint::black_box(&mut *header);
        if !is_extension(header.protocol) || header.is_later_fragment {
            return Ok(());
        }
        follow(frame, header)?;
    }
    if is_extension(header.protocol) && !header.is_later_fragment {
        return Err(Undissected::TooManyExtensions);
    }
    Ok(())
}

#[inline(always)]
fn is_extension(protocol: u8) -> bool {
    const SET: u64 = 1 << extension::HOP_BY_HOP
        | 1 << extension::ROUTING
        | 1 << extension::FRAGMENT
        | 1 << extension::AUTHENTICATION
        | 1 << extension::DESTINATION_OPTIONS;
    protocol < 64 && SET >> (protocol & 63) & 1 == 1
}

/// Moves `header` past one extension header.
#[inline(always)]
fn follow<F: Frame + ?Sized>(frame: &F, header: &mut Ipv6) -> Result<(), Undissected> {
    let fields = frame.be_u32(header.transport_offset).ok_or(Undissected::TruncatedExtension)?;
    let length = (fields >> 16) as usize & 0xff;
    let octets = match header.protocol {
        // RFC 8200 section 4.5: no length; 13 bits of offset, 2 reserved, M.
        extension::FRAGMENT => 8,
        // RFC 4302 section 2.2: 32-bit words, minus two.
        extension::AUTHENTICATION => (length + 2) * 4,
        _ => (length + 1) * 8,
    };
    header.is_later_fragment = header.protocol == extension::FRAGMENT && fields & 0xfff8 != 0;
    header.transport_offset += octets;
    header.protocol = (fields >> 24) as u8;
    Ok(())
}
