//! Dynamic Host Configuration Protocol (RFC 2131 section 2, RFC 2132 section 2).

use super::{Application, Identification};
use crate::{frame::Frame, payload::Payload};

/// Where the magic cookie stands.
const COOKIE_OFFSET: usize = 236;
const COOKIE: u32 = 0x6382_5363;

#[inline(always)]
pub(super) fn recognise<F: Frame + ?Sized>(frame: &F, payload: &Payload) -> Option<Identification> {
    let operation = payload.octet(0);
    // BOOTREQUEST or BOOTREPLY, Ethernet, 6 octets of hardware address.
    if (operation != 1 && operation != 2) || payload.be_u16(1) != 0x0106 || payload.length() < 240 {
        return None;
    }
    (frame.be_u32(payload.offset() + COOKIE_OFFSET) == Some(COOKIE))
        .then_some(Identification::confirmed(Application::Dhcp))
}
