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
    let header = payload.be_u64_at(0).swap_bytes();
    Some(Identification::marked(Application::Dnp3, checksum(header) == payload.le_u16(8)))
}

/// The checksum of a block of eight octets, the first in the lowest bits (section 9.2.4.3): the
/// polynomial x^16+x^13+x^12+x^11+x^10+x^8+x^6+x^5+x^2+1, lowest bits first, inverted.
///
/// Where a bit is shifted out, the polynomial meets the bits that follow it in the block itself.
#[inline(never)]
fn checksum(block: u64) -> u16 {
    const POLYNOMIAL: u64 = 0xa6bc;
    let mut rest = block;
    let mut bit = 0;
    while bit < u64::BITS {
        rest = rest >> 1 ^ POLYNOMIAL & (rest & 1).wrapping_neg();
        bit += 1;
    }
    !(rest as u16)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A read of class 0 from station 1 to 2.
    const READ: [u8; 18] =
        [5, 0x64, 11, 0xc4, 1, 0, 2, 0, 0x69, 0x9e, 0xc0, 0xc1, 1, 60, 2, 6, 0x52, 0xc3];

    #[test]
    fn a_frame_is_confirmed_by_the_checksum_of_its_header() {
        assert_eq!(stream(&READ), confirmed(Application::Dnp3));
        assert_eq!(datagram(&READ), confirmed(Application::Dnp3));
        no_prefix_is_confirmed(&READ[..10], stream);
        prefixes_agree(&READ, datagram);
        assert_eq!(stream(&[READ, READ].concat()), confirmed(Application::Dnp3));
    }

    #[test]
    fn a_frame_with_any_other_checksum_is_likely() {
        for bit in 0..16 {
            let mut near_miss = READ;
            near_miss[8 + bit / 8] ^= 1 << (bit % 8);
            assert_eq!(stream(&near_miss), likely(Application::Dnp3), "{bit}");
        }
        // Addresses are under it too; start, length and function decide for themselves.
        for at in 4..8 {
            let mut near_miss = READ;
            near_miss[at] ^= 0x40;
            assert_eq!(datagram(&near_miss), likely(Application::Dnp3), "{at}");
        }
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
