//! Address Resolution Protocol (RFC 826) for IPv4 over Ethernet.

use crate::{books::Undissected, frame::Frame};

/// Octets of an Ethernet/IPv4 ARP message.
pub const LENGTH: usize = 28;
/// Hardware type Ethernet, protocol type IPv4, address lengths 6 and 4 (octets 0..6).
const ETHERNET_IPV4: u64 = 0x0001_0800_0604;

/// Sender and target protocol addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arp {
    pub sender_address: u32,
    pub target_address: u32,
    /// 1 request, 2 reply.
    pub operation: u16,
}

/// Reads the message at `offset`.
///
/// # Errors
///
/// [`Undissected::TruncatedArp`], or [`Undissected::UnknownArp`] for other hardware or protocols.
#[inline(always)]
pub fn arp<F: Frame + ?Sized>(frame: &F, offset: usize) -> Result<Arp, Undissected> {
    let target_address = frame.be_u32(offset + 24).ok_or(Undissected::TruncatedArp)?;
    let sender_address = frame.be_u32(offset + 14).ok_or(Undissected::TruncatedArp)?;
    let head = frame.be_u64(offset).ok_or(Undissected::TruncatedArp)?;
    if head >> 16 != ETHERNET_IPV4 {
        return Err(Undissected::UnknownArp);
    }
    Ok(Arp { sender_address, target_address, operation: head as u16 })
}
