//! Remote management of servers: RMCP (DSP0136, ASF 2.0 section 3.2) with IPMI or ASF messages in
//! it (IPMI 2.0 section 13).

use super::{Application, Identification};
use crate::payload::Payload;

/// RMCP version 1.0 and the reserved octet behind it.
const RMCP: u16 = 0x0600;
const CLASS_ASF: u8 = 6;
const CLASS_IPMI: u8 = 7;
/// The enterprise number of the ASF.
const ASF: u32 = 4542;
const RMCP_PLUS: u8 = 6;

/// Version, reserved, sequence, class; then an authentication type and where the message's length
/// stands for it, or the ASF's enterprise number.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.be_u16(0) != RMCP {
        return None;
    }
    let length = payload.length();
    let whole = match (payload.octet(3), payload.octet(4)) {
        (CLASS_ASF, _) if payload.be_u32(4) == ASF => payload.octet(11) as usize + 12,
        // Authentication type, session sequence, session identifier, length.
        (CLASS_IPMI, 0) => payload.octet(13) as usize + 14,
        // The same with a code of 16 octets before the length.
        (CLASS_IPMI, 1 | 2 | 4 | 5) => payload.octet(29) as usize + 30,
        // A trailer follows where the message is authenticated.
        (CLASS_IPMI, RMCP_PLUS) => payload.le_u16(14) as usize + 16,
        _ => return None,
    };
    let is_trailed =
        payload.octet(4) == RMCP_PLUS && payload.octet(5) & 0x40 != 0 && whole < length;
    (whole == length || is_trailed)
        .then_some(Identification::marked(Application::Ipmi, whole == length))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Asks for the channel's authentication capabilities, outside of a session.
    const CAPABILITIES: [u8; 23] = [
        6, 0, 0xff, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0x20, 0x18, 0xc8, 0x81, 0, 0x38, 0x8e, 4, 0xb5,
    ];

    #[test]
    fn messages_are_confirmed_by_their_length() {
        assert_eq!(datagram(&CAPABILITIES), confirmed(Application::Ipmi));
        no_prefix_is_confirmed(&CAPABILITIES, datagram);
        let ping = [6, 0, 0xff, 6, 0, 0, 0x11, 0xbe, 0x80, 1, 0, 0];
        assert_eq!(datagram(&ping), confirmed(Application::Ipmi));
        no_prefix_is_confirmed(&ping, datagram);
        let open = [&[6, 0, 0xff, 7, 6, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0][..], &[0; 4]].concat();
        assert_eq!(datagram(&open), confirmed(Application::Ipmi));
    }

    #[test]
    fn other_versions_classes_and_lengths_are_refused() {
        for (at, octet) in [(0, 5), (1, 1), (3, 8), (4, 3), (13, 8)] {
            let mut near_miss = CAPABILITIES;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Ipmi, "{at}");
        }
    }
}
