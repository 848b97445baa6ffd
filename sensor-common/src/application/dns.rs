//! Domain Name System (RFC 1035 section 4.1), multicast DNS (RFC 6762), LLMNR (RFC 4795).

use super::{Application, Context, Identification, text};
use crate::payload::{Payload, WINDOW};

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
    // Names that are not encoded as NetBIOS has them, but asked for there.
    if context.has_port(137) {
        return Some(Identification::likely(Application::Nbns));
    }
    if context.has_port(5353) && !context.has_port(53) {
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

/// Octets of a message that may leave the kernel: header, the first question's name, type and class
/// (RFC 1035 section 4.1.2). Answers stay. Over TCP the length before it leaves too.
#[inline(never)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const LENGTH: usize = 2;
    const TYPE_AND_CLASS: usize = 4;
    /// RFC 1035 section 3.1.
    const LONGEST_NAME: usize = 255;
    let has_length = payload.be_u16(0) as usize + LENGTH == payload.length();
    let (at, questions) = if has_length && is_message(payload, LENGTH) {
        (LENGTH, payload.be_u16(LENGTH + 4))
    } else if is_message(payload, 0) {
        (0, payload.be_u16(4))
    } else {
        return 0;
    };
    if questions == 0 {
        return at + HEADER;
    }
    // Names end with the root, a zero; none is in a label of text. What goes on after the window is
    // cut where the longest name would end.
    let root = text::first_zero::<{ HEADER / 8 }>(payload, HEADER % 8 + at);
    let name = if root < WINDOW { root + 1 - HEADER - at } else { LONGEST_NAME };
    at + HEADER + name + TYPE_AND_CLASS
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
        assert_eq!(on_port(137, QUESTION), likely(Application::Nbns));
        let asked_of_a_server = spoken(protocol::UDP, [5353, 53], QUESTION);
        assert_eq!(asked_of_a_server, confirmed(Application::Dns));
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

    fn length(octets: &[u8]) -> usize {
        sample_length(&Payload::from_octets(octets))
    }

    #[test]
    fn of_a_message_leaves_what_is_asked_and_no_answer() {
        assert_eq!(length(QUESTION), 28);
        let mut response = [0x55; 200];
        response[..28].copy_from_slice(QUESTION);
        (response[2], response[7]) = (0x81, 3);
        assert_eq!(length(&response), 28);
        let mut stream = [0; 202];
        stream[1] = 200;
        stream[2..].copy_from_slice(&response);
        assert_eq!(length(&stream), 30);
        // Without a question: only the header.
        response[5] = 0;
        assert_eq!(length(&response), 12);
    }

    #[test]
    fn a_name_that_outlasts_the_window_is_cut_at_the_longest() {
        for labels in 1..20 {
            let mut octets = [0; 500];
            octets[..12].copy_from_slice(&QUESTION[..12]);
            for label in 0..labels {
                octets[12 + label * 16..28 + label * 16].fill(b'a');
                octets[12 + label * 16] = 15;
            }
            let name = labels * 16 + 1;
            let wanted = if 12 + name <= WINDOW { name } else { 255 };
            assert_eq!(length(&octets), 12 + wanted + 4, "{labels}");
        }
    }

    #[test]
    fn what_is_no_message_stays() {
        let mut near_miss = *QUESTION;
        near_miss[2] = 0x18;
        assert_eq!(length(&near_miss), 0);
        assert_eq!(length(&[b'a'; 100]), 0);
        assert_eq!(length(&QUESTION[..16]), 0);
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
