//! Multiprotocol label switching (RFC 3032 section 2.1), as leased networks between sites use it.

use super::ethernet::{Link, ethertype};
use crate::{books::Undissected, frame::Frame};

const ENTRY: usize = 4;
/// Entries that are gone past.
const DEEPEST: usize = 4;
/// The bit that marks the last entry.
const BOTTOM: u32 = 0x100;

/// Goes past the label stack. What is below does not say what it is (section 2.2); a packet of the
/// Internet protocol is known by its version, others keep the type of the labels.
///
/// # Errors
///
/// [`Undissected::TruncatedEthernet`].
#[inline(always)]
pub fn pass<F: Frame + ?Sized>(frame: &F, link: &mut Link) -> Result<(), Undissected> {
    let mut offset = link.network_offset;
    let mut is_bottom = false;
    let mut depth = 0;
    while depth < DEEPEST && !is_bottom {
        let entry = frame.be_u32(offset).ok_or(Undissected::TruncatedEthernet)?;
        is_bottom = entry & BOTTOM != 0;
        offset += ENTRY;
        depth += 1;
    }
    let beginning = frame.be_u32(offset).ok_or(Undissected::TruncatedEthernet)?;
    link.ethertype = match beginning >> 28 {
        4 if is_bottom => ethertype::IPV4,
        6 if is_bottom => ethertype::IPV6,
        _ => return Ok(()),
    };
    link.network_offset = offset;
    Ok(())
}
