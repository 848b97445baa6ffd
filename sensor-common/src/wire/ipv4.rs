//! Internet Protocol version 4 (RFC 791).

use crate::{
    books::Undissected,
    frame::{Frame, Header as _},
};

const MINIMUM_HEADER: usize = 20;

/// One IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4 {
    pub source: u32,
    pub destination: u32,
    pub protocol: u8,
    /// Octets of header, options included.
    pub header_length: usize,
    /// Octets of header and payload by the header's own word; 0 when segmentation was left to
    /// the network card (then the frame's length counts).
    pub total_length: usize,
    /// A fragment that does not start at 0 carries no transport header.
    pub is_later_fragment: bool,
    pub is_fragment: bool,
}

/// Reads the header at `offset`.
///
/// # Errors
///
/// [`Undissected::TruncatedIpv4`] or [`Undissected::InvalidIpv4`] (version, header length, total
/// length shorter than the header).
#[inline(always)]
pub fn ipv4<F: Frame + ?Sized>(frame: &F, offset: usize) -> Result<Ipv4, Undissected> {
    let header = frame.header::<MINIMUM_HEADER>(offset).ok_or(Undissected::TruncatedIpv4)?;
    let (first, second) = (header.be_u64::<0>(), header.be_u64::<8>());
    let destination = header.be_u32::<16>();
    let header_length = ((first >> 56) as usize & 0xf) * 4;
    let total_length = (first >> 32) as usize & 0xffff;
    if first >> 60 != 4 || header_length < MINIMUM_HEADER {
        return Err(Undissected::InvalidIpv4);
    }
    if total_length != 0 && total_length < header_length {
        return Err(Undissected::InvalidIpv4);
    }
    let fragment_offset = first & 0x1fff;
    let more_fragments = first & 0x2000 != 0;
    Ok(Ipv4 {
        source: second as u32,
        destination,
        protocol: (second >> 48) as u8,
        header_length,
        total_length,
        is_later_fragment: fragment_offset != 0,
        is_fragment: fragment_offset != 0 || more_fragments,
    })
}
