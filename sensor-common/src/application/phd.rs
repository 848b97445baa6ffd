//! IEEE 11073-20601 (section 7.2), the exchange protocol of personal health devices, where it is
//! carried over TCP.

use super::{Application, Identification};
use crate::payload::Payload;

const ASSOCIATION_REQUEST: u16 = 0xe200;
const ASSOCIATION_RESPONSE: u16 = 0xe300;
const RELEASE_REQUEST: u16 = 0xe400;
const RELEASE_RESPONSE: u16 = 0xe500;
const ABORT: u16 = 0xe600;
const PRESENTATION: u16 = 0xe700;
/// Protocol version 1 of the association (section 8.3.2.1): a bit string.
const ASSOCIATION_VERSION: u32 = 0x8000_0000;

/// Choice, length of the rest, and what the choice must begin with.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let rest = payload.be_u16(2) as usize;
    let choice = payload.be_u16(0);
    if rest + 4 != payload.length() || choice & 0xf8ff != 0xe000 {
        return None;
    }
    let is_rest = match choice {
        ASSOCIATION_REQUEST => payload.be_u32(4) == ASSOCIATION_VERSION,
        // Result 0 to 8, then the protocol agreed on or 0.
        ASSOCIATION_RESPONSE => payload.be_u16(4) <= 8 && rest >= 6,
        // Reasons are few and 2 octets long.
        RELEASE_REQUEST | RELEASE_RESPONSE | ABORT => rest == 2 && payload.be_u16(4) <= 5,
        // Octet string of the rest.
        PRESENTATION => payload.be_u16(4) as usize + 2 == rest,
        _ => false,
    };
    is_rest.then_some(Identification::confirmed(Application::PersonalHealthDevice))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const REQUEST: [u8; 12] = [0xe2, 0, 0, 8, 0x80, 0, 0, 0, 0, 0, 0, 0];

    #[test]
    fn association_and_presentation_are_confirmed() {
        let application = Application::PersonalHealthDevice;
        assert_eq!(stream(&REQUEST), confirmed(application));
        no_prefix_is_confirmed(&REQUEST, stream);
        assert_eq!(stream(&[0xe7, 0, 0, 4, 0, 2, 9, 9]), confirmed(application));
        assert_eq!(stream(&[0xe4, 0, 0, 2, 0, 0]), confirmed(application));
    }

    #[test]
    fn other_versions_and_lengths_are_refused() {
        for (at, octet) in [(0, 0xe1), (1, 1), (3, 9), (4, 0x40)] {
            let mut near_miss = REQUEST;
            near_miss[at] = octet;
            assert_eq!(stream(&near_miss), unknown(), "{at}");
        }
    }
}
