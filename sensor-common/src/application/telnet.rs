//! Telnet (RFC 854, RFC 855): option negotiation opens a session.

use super::{Application, Identification};
use crate::payload::Payload;

const COMMAND: u8 = 0xff;

/// IAC and WILL, WONT, DO or DONT with an option; another command behind it confirms.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let is_negotiation = payload.octet(0) == COMMAND
        && payload.octet(1).wrapping_sub(0xfb) < 4
        && payload.octet(2) < 0x80;
    if !is_negotiation {
        return None;
    }
    // Two further commands, or an end: SB (0xfa) begins a subnegotiation.
    let is_next = payload.octet(3) == COMMAND
        && payload.octet(4).wrapping_sub(0xfa) < 5
        && payload.octet(5) < 0x80;
    let is_third = payload.octet(6) == COMMAND || payload.length() == 6;
    if is_next {
        return Some(Identification::marked(Application::Telnet, is_third));
    }
    (payload.length() == 3).then_some(Identification::likely(Application::Telnet))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const OPENING: [u8; 9] = [0xff, 0xfd, 24, 0xff, 0xfd, 32, 0xff, 0xfd, 35];

    #[test]
    fn a_run_of_negotiations_is_confirmed() {
        assert_eq!(stream(&OPENING), confirmed(Application::Telnet));
        prefixes_agree(&OPENING, stream);
        assert_eq!(stream(&OPENING[..3]), likely(Application::Telnet));
    }

    #[test]
    fn other_octets_after_the_first_command_are_refused() {
        for (at, octet) in [(0, 0xfe), (1, 0xfa), (2, 0x80), (3, 0), (4, 0xf9)] {
            let mut near_miss = OPENING;
            near_miss[at] = octet;
            assert_eq!(stream(&near_miss), unknown(), "{at}");
        }
    }
}
