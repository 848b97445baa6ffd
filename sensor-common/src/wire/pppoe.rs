//! PPP over Ethernet (RFC 2516 section 4), which subscribers' lines and some leased ones carry.

use super::ethernet::{Link, ethertype};
use crate::{books::Undissected, frame::Frame};

/// Octets of the header; the protocol's number in PPP follows (RFC 1661 section 2), in two octets or,
/// compressed (section 6.5), in one.
const LENGTH: usize = 6;
/// Version and type, each 1; code 0, a session's packet.
const SESSION: u64 = 0x1100;
const IPV4: u8 = 0x21;
const IPV6: u8 = 0x57;

/// Goes past the header; a packet of another network protocol keeps the type of the session.
///
/// # Errors
///
/// [`Undissected::TruncatedEthernet`].
#[inline(always)]
pub fn pass<F: Frame + ?Sized>(frame: &F, link: &mut Link) -> Result<(), Undissected> {
    let header = frame.be_u64(link.network_offset).ok_or(Undissected::TruncatedEthernet)?;
    if header >> 48 != SESSION {
        return Ok(());
    }
    let first = (header >> 8) as u8;
    let (protocol, length) = if first == 0 { (header as u8, 2) } else { (first, 1) };
    link.ethertype = match protocol {
        IPV4 => ethertype::IPV4,
        IPV6 => ethertype::IPV6,
        _ => return Ok(()),
    };
    link.network_offset += LENGTH + length;
    Ok(())
}
