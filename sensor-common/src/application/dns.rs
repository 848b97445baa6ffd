//! Domain Name System (RFC 1035 section 4.1), multicast DNS (RFC 6762), LLMNR (RFC 4795).

use super::{Application, Context, Identification};
use crate::payload::Payload;

const HEADER: usize = 12;
/// Obsolete since RFC 3425; nobody asks so.
const INVERSE: u16 = 1;
const UPDATE: u16 = 5;

/// Over TCP a two-octet length precedes the message (RFC 1035 section 4.2.2).
#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload, context: &Context) -> Option<Identification> {
    let length = payload.be_u16(0) as usize;
    (length + 2 == payload.length() && is_message(payload, 2)).then_some(if context.has_port(53) {
        Identification::confirmed(Application::Dns)
    } else {
        Identification::likely(Application::Dns)
    })
}

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    if !is_message(payload, 0) {
        return None;
    }
    if context.has_port(5353) {
        return Some(Identification::confirmed(Application::Mdns));
    }
    // Only multicast DNS answers in a question; an update has its prerequisites there (RFC 2136).
    let flags = payload.be_u16(2);
    let is_answer = flags & 0x8000 != 0;
    let is_update = flags >> 11 & 0xf == UPDATE;
    let second_condition = is_answer || is_update || payload.be_u16(6) == 0;
    if context.has_port(5355) {
        return Some(Identification::marked(Application::Llmnr, second_condition));
    }
    if context.has_port(53) {
        return Some(Identification::marked(Application::Dns, second_condition));
    }
    // Off its port a query has exactly one question and nothing random fits all conditions.
    (payload.be_u16(4) == 1).then_some(Identification::likely(Application::Dns))
}

/// A header whose counts are plausible and a first name that begins with a label.
#[inline(always)]
fn is_message(payload: &Payload, at: usize) -> bool {
    let flags = payload.be_u16(at + 2);
    let is_response = flags & 0x8000 != 0;
    let opcode = flags >> 11 & 0xf;
    let questions = payload.be_u16(at + 4);
    let answers = payload.be_u16(at + 6);
    let authorities = payload.be_u16(at + 8);
    let additionals = payload.be_u16(at + 10);
    if payload.length() < at + HEADER + 5
        || opcode > 5
        || opcode == 3
        || opcode == INVERSE
        || flags & 0x0040 != 0
    {
        return false;
    }
    let counts = if is_response {
        questions <= 4 && answers <= 256 && authorities <= 64 && additionals <= 64
    } else {
        // Reply code 0; a query may carry known answers (RFC 6762 section 7.1) and additionals.
        flags & 0x000f == 0
            && questions <= 16
            && answers <= 32
            && authorities <= 16
            && additionals <= 8
    };
    if !counts || questions + answers + authorities == 0 {
        return false;
    }
    // A label of at most 63 octets, or the root followed by a known class.
    let label = payload.octet(at + HEADER);
    let first = payload.octet(at + HEADER + 1);
    let is_label = (1..=63).contains(&label) && first > 0x20 && first < 0x7f;
    let is_root = label == 0 && questions == 1 && payload.be_u16(at + HEADER + 3) == 1;
    is_label || is_root
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    const QUESTION: &[u8; 28] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04ward\x05local\0\0\x01\0\x01";

    fn on_port(port: u16, octets: &[u8]) -> Identification {
        spoken(protocol::UDP, [50_001, port], octets)
    }

    #[test]
    fn the_port_tells_which_of_three() {
        assert_eq!(on_port(53, QUESTION), confirmed(Application::Dns));
        assert_eq!(on_port(5353, QUESTION), confirmed(Application::Mdns));
        assert_eq!(on_port(5355, QUESTION), confirmed(Application::Llmnr));
        assert_eq!(datagram(QUESTION), likely(Application::Dns));
    }

    #[test]
    fn a_question_with_answers_is_confirmed_for_multicast_only() {
        let mut question = *QUESTION;
        question[7] = 14;
        assert_eq!(on_port(53, &question), likely(Application::Dns));
        assert_eq!(on_port(5355, &question), likely(Application::Llmnr));
        assert_eq!(on_port(5353, &question), confirmed(Application::Mdns));
        question[2] = 0x28;
        assert_eq!(on_port(53, &question), confirmed(Application::Dns), "an update");
    }

    #[test]
    fn other_operations_counts_and_labels_are_refused() {
        for (at, octet) in [(2, 0x08), (2, 0x18), (2, 0x30), (3, 0x40), (4, 1), (12, 64), (13, 9)] {
            let mut near_miss = *QUESTION;
            near_miss[at] = octet;
            assert_eq!(on_port(53, &near_miss), unknown(), "{at}");
        }
    }
}
