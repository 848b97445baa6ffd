//! Internet key exchange: ISAKMP (RFC 2408 section 3.1) and IKEv2 (RFC 7296 section 3.1), also
//! behind the marker of NAT traversal (RFC 3948 section 2.2).

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER: usize = 28;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.be_u32(0) == 0 { message::<4>(payload) } else { message::<0>(payload) }
}

/// Cookies, next payload, version 1.0 or 2.0, exchange, flags, message, length of the whole.
#[inline(always)]
fn message<const AT: usize>(payload: &Payload) -> Option<Identification> {
    let version = payload.octet(AT + 17);
    let exchange = payload.octet(AT + 18);
    let is_exchange = match version {
        0x10 => exchange.wrapping_sub(1) < 6 || exchange.wrapping_sub(32) < 3,
        0x20 => exchange.wrapping_sub(34) < 10,
        _ => false,
    };
    (is_exchange
        && payload.be_u64_at(AT) != 0
        && payload.octet(AT + 19) & 0xc0 == 0
        && payload.be_u32(AT + 24) as usize + AT == payload.length()
        && payload.length() >= HEADER + AT)
        .then_some(Identification::confirmed(Application::Isakmp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn request() -> [u8; 40] {
        let mut octets = [0; 40];
        octets[..8].copy_from_slice(b"tenchars");
        octets[16..20].copy_from_slice(&[33, 0x20, 34, 8]);
        octets[27] = 40;
        octets
    }

    #[test]
    fn a_request_is_confirmed_by_its_length() {
        assert_eq!(datagram(&request()), confirmed(Application::Isakmp));
        no_prefix_is_confirmed(&request(), datagram);
        let mut behind_marker = [0; 44];
        behind_marker[4..].copy_from_slice(&request());
        assert_eq!(datagram(&behind_marker), confirmed(Application::Isakmp));
    }

    #[test]
    fn other_versions_exchanges_and_lengths_are_refused() {
        for (at, octet) in [(17, 0x30), (18, 33), (18, 44), (19, 0x80), (27, 41)] {
            let mut near_miss = request();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Isakmp, "{at}");
        }
    }
}
