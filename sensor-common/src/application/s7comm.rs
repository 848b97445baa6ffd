//! Siemens S7 communication over ISO on TCP: TPKT (RFC 1006), COTP data (ISO 8073 section 13.7),
//! then the protocol identifier, by the description in public dissectors (Siemens publishes none).

use super::{Application, Identification};
use crate::payload::Payload;

/// COTP: length indicator 2, data, number 0 and end of unit.
const COTP_DATA: u32 = 0x02_f0_80;
const S7: u8 = 0x32;
const S7_PLUS: u8 = 0x72;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.be_u16(2) as usize;
    if payload.be_u16(0) != 0x0300 || payload.be_u24(4) != COTP_DATA {
        return None;
    }
    let kind = payload.octet(8);
    // Kinds of message (request, acknowledgement, answer, user data), two reserved zeros.
    let is_s7 = payload.octet(7) == S7 && kind != 0 && kind & !7 == 0 && payload.be_u16(9) == 0;
    // Version, length of the data.
    let is_s7_plus = payload.octet(7) == S7_PLUS
        && kind.wrapping_sub(1) < 3
        && payload.be_u16(9) as usize + 11 <= length;
    (is_s7 || is_s7_plus)
        .then_some(Identification::marked(Application::S7comm, length == payload.length()))
}

/// Octets that may leave the kernel: of jobs that write, load or stop, up to the function.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const JOB: u8 = 1;
    const HEADERS_AND_FUNCTION: usize = 18;
    let is_job =
        payload.be_u24(4) == COTP_DATA && payload.be_u16(7) == u16::from_be_bytes([S7, JOB]);
    // Write variable; request, block and end of a download; program invocation, stop.
    let is_write = matches!(payload.octet(17), 0x05 | 0x1a | 0x1b | 0x1c | 0x28 | 0x29);
    if is_job && is_write { HEADERS_AND_FUNCTION } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Set up communication, as a programming device asks for it.
    const SET_UP: [u8; 25] =
        [3, 0, 0, 25, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 0, 1, 0, 8, 0, 0, 0xf0, 0, 0, 1, 0, 1, 1, 0xe0];

    #[test]
    fn a_whole_request_is_confirmed() {
        assert_eq!(stream(&SET_UP), confirmed(Application::S7comm));
        no_prefix_is_confirmed(&SET_UP, stream);
    }

    #[test]
    fn of_jobs_that_change_something_the_function_leaves() {
        let length = |message: &[u8]| sample_length(&Payload::from_octets(message));
        assert_eq!(length(&SET_UP), 0);
        for function in 0..=255 {
            let mut message = SET_UP;
            message[17] = function;
            let is_write = [5, 0x1a, 0x1b, 0x1c, 0x28, 0x29].contains(&function);
            assert_eq!(length(&message), if is_write { 18 } else { 0 }, "{function}");
            message[8] = 3;
            assert_eq!(length(&message), 0, "the answer to {function}");
        }
    }

    #[test]
    fn other_users_of_tpkt_are_refused() {
        for (at, octet) in [(1, 1), (5, 0xe0), (7, 0x33), (8, 0), (8, 8), (10, 1)] {
            let mut near_miss = SET_UP;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::S7comm, "{at}");
        }
    }
}
