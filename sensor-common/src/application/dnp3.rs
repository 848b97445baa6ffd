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
    // What follows the start octets, the first octet lowest.
    let rest = payload.be_u64_at(2).swap_bytes() & 0xffff_ffff_ffff;
    let header = rest ^ CHECKSUM_OF_START;
    Some(Identification::marked(Application::Dnp3, checksum(header) == payload.le_u16(8)))
}

/// The checksum of blocks (section 9.2.4.3), without its x^16:
/// x^16+x^13+x^12+x^11+x^10+x^8+x^6+x^5+x^2+1.
const POLYNOMIAL: u32 = 0x3d65;
/// The remainder that the two start octets leave, lowest power highest.
const CHECKSUM_OF_START: u64 = 0x3f0d;

/// The checksum, inverted as it is sent, of a header of which 48 bits are left: the bit of the
/// highest power is the lowest.
///
/// Half of the bits at a time are multiplied by the power that they stand above the other half, of
/// which only the remainder counts. That is a seventh of the steps that bit by bit would take, and
/// no loop.
#[inline(always)]
fn checksum(header: u64) -> u16 {
    let left = fold::<48, 24>(header);
    let left = fold::<24, 12>(left);
    let left = fold::<12, 6>(left);
    let left = fold::<6, 3>(left);
    let left = fold::<3, 1>(left);
    let left = fold::<2, 1>(left);
    !(fold::<1, 1>(left) as u16)
}

/// Takes `TAKEN` of the `LEFT` bits away and adds their remainder to what follows them.
#[inline(always)]
fn fold<const LEFT: u32, const TAKEN: u32>(bits: u64) -> u64 {
    let taken = bits & ((1 << TAKEN) - 1);
    let mut rest = bits >> TAKEN;
    let remainder = const { remainder(LEFT + 16 - TAKEN) };
    let mut power = 0;
    while power < 16 {
        if remainder >> power & 1 != 0 {
            rest ^= taken << (LEFT + 16 - 2 * TAKEN - power);
        }
        power += 1;
    }
    rest
}

/// x^`power` modulo the polynomial.
const fn remainder(power: u32) -> u32 {
    let mut remainder = 1;
    let mut exponent = 0;
    while exponent < power {
        remainder <<= 1;
        if remainder & 0x1_0000 != 0 {
            remainder = remainder & 0xffff ^ POLYNOMIAL;
        }
        exponent += 1;
    }
    remainder
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

    /// Bit by bit, as the standard has it.
    fn slow_checksum(octets: &[u8]) -> u16 {
        let mut register = 0;
        for octet in octets {
            register ^= *octet as u16;
            for _ in 0..8 {
                let low = register & 1;
                register >>= 1;
                if low != 0 {
                    register ^= 0xa6bc;
                }
            }
        }
        !register
    }

    #[test]
    fn checksums_are_those_of_the_standard_for_every_bit() {
        assert_eq!(slow_checksum(&READ[..8]).to_le_bytes(), READ[8..10]);
        assert_eq!(!slow_checksum(&READ[..2]) as u64, CHECKSUM_OF_START);
        for bit in 0..48 {
            let mut octets = [5, 0x64, 0, 0, 0, 0, 0, 0];
            octets[2 + bit / 8] = 1 << (bit % 8);
            let header = 1 << bit ^ CHECKSUM_OF_START;
            assert_eq!(checksum(header), slow_checksum(&octets), "{bit}");
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
