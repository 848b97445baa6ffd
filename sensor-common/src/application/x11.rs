//! X Window System protocol (X11R7.7, section 8, connection set-up).

use super::{Application, Identification};
use crate::payload::Payload;

const MOST_SIGNIFICANT_FIRST: u8 = b'B';
const LEAST_SIGNIFICANT_FIRST: u8 = b'l';
const HEADER: usize = 12;

/// Byte order, unused, version 11.0, lengths of the authorisation's name and data, which follow,
/// each padded to four octets.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let (version, name, data) = match payload.octet(0) {
        MOST_SIGNIFICANT_FIRST => (payload.be_u32(2), payload.be_u16(6), payload.be_u16(8)),
        LEAST_SIGNIFICANT_FIRST => {
            // Each half is swapped on its own.
            let version = (payload.le_u16(2) as u32) << 16 | payload.le_u16(4) as u32;
            (version, payload.le_u16(6), payload.le_u16(8))
        }
        _ => return None,
    };
    let padded = |length: u16| (length as usize + 3) & !3;
    (version == 11 << 16 && HEADER + padded(name) + padded(data) == payload.length())
        .then_some(Identification::confirmed(Application::X11))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_connection_set_up_is_confirmed_in_either_byte_order() {
        let plain = [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(stream(&plain), confirmed(Application::X11));
        no_prefix_is_confirmed(&plain, stream);
        let mut cookie = [0; 48];
        cookie[..12].copy_from_slice(&[b'B', 0, 0, 11, 0, 0, 0, 18, 0, 16, 0, 0]);
        cookie[12..30].copy_from_slice(b"MIT-MAGIC-COOKIE-1");
        assert_eq!(stream(&cookie), confirmed(Application::X11));
        no_prefix_is_confirmed(&cookie, stream);
    }

    #[test]
    fn other_orders_versions_and_lengths_are_refused() {
        for (at, octet) in [(0, b'L'), (2, 10), (3, 1), (4, 1), (6, 1)] {
            let mut near_miss = [b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::X11, "{at}");
        }
    }
}
