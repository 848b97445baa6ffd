//! DNP3 (IEEE 1815 section 9.2): the data link frame, over TCP and UDP.

use super::{Application, Identification};
use crate::payload::Payload;

const START: u16 = 0x0564;
/// Function codes of primary and of secondary frames (section 9.2.4.1.3).
const PRIMARY: u16 = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 9;
const SECONDARY: u16 = 1 << 0 | 1 << 1 | 1 << 11 | 1 << 14 | 1 << 15;

/// Start octets, length from the control octet on without checksums, control, addresses, checksum.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.octet(2) as usize;
    if payload.be_u16(0) != START || length < 5 || payload.length() < 10 {
        return None;
    }
    let control = payload.octet(3);
    let functions = if control & 0x40 != 0 { PRIMARY } else { SECONDARY };
    if functions >> (control & 0xf) & 1 == 0 {
        return None;
    }
    // Every 16 octets of user data, and what remains of them, carry a checksum of 2.
    let data = length - 5;
    let whole = 10 + data + data.div_ceil(16) * 2;
    Some(Identification::marked(Application::Dnp3, whole == payload.length()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A read of class 0 from station 1 to 2.
    const READ: [u8; 18] =
        [5, 0x64, 11, 0xc4, 1, 0, 2, 0, 0x69, 0x9e, 0xc0, 0xc1, 1, 60, 2, 6, 0x52, 0xc3];

    #[test]
    fn a_frame_is_confirmed_by_its_length_with_checksums() {
        assert_eq!(stream(&READ), confirmed(Application::Dnp3));
        assert_eq!(datagram(&READ), confirmed(Application::Dnp3));
        no_prefix_is_confirmed(&READ, stream);
        prefixes_agree(&READ, datagram);
    }

    #[test]
    fn other_starts_and_functions_are_refused() {
        for (at, octet) in [(0, 6), (1, 0x65), (2, 4), (3, 0xc5), (3, 0x82)] {
            let mut near_miss = READ;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Dnp3, "{at}");
        }
    }
}
