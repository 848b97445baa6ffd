//! Omron FINS (Factory Interface Network Service; CS/CJ-series Ethernet Units, manuals W420 and
//! W421, section on FINS communications): a header of ten octets and a command over UDP, a frame
//! with its own header over TCP.

use super::{Application, Context, Identification};
use crate::payload::Payload;

/// Information control field: gateway in use, answer or command, answer wanted or not.
const ICF_FIXED: u8 = 0b1011_1110;
const ICF_GATEWAY: u8 = 0x80;
const ICF_ANSWER: u8 = 0x40;
const TCP_HEADER: usize = 16;
const COMMAND_HEADER: usize = 12;
const READ_MEMORY_AREA: u16 = 0x0101;

/// `FINS`, length of the rest, one of the commands 0 to 6, error code.
#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    let length = payload.be_u32(4) as usize;
    (payload.has(0, b"FINS") && payload.be_u32(8) <= 6 && payload.length() >= TCP_HEADER)
        .then_some(Identification::marked(Application::Fins, length + 8 == payload.length()))
}

/// Fields ICF, RSV 0, gateway count; network, node and unit of destination and source; service
/// identifier; command. A read has one length; and a node's number is by default the last octet of
/// its address.
#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let control = payload.octet(0);
    // Gateways passed at most: 2, or 7 since later units. Network addresses end at 127.
    if control & ICF_FIXED != ICF_GATEWAY
        || payload.octet(1) != 0
        || !matches!(payload.octet(2), 2 | 7)
        || (payload.octet(3) | payload.octet(6)) & 0x80 != 0
        || payload.length() < COMMAND_HEADER
    {
        return None;
    }
    if !is_unit(payload.octet(5)) || !is_unit(payload.octet(8)) || !is_command(payload.octet(10)) {
        return None;
    }
    let is_read = control & ICF_ANSWER == 0
        && payload.be_u16(10) == READ_MEMORY_AREA
        && payload.length() == COMMAND_HEADER + 6;
    let is_node = payload.octet(7) != 0 && payload.octet(7) == context.source_address as u8;
    Some(Identification::marked(Application::Fins, is_read || is_node))
}

/// The CPU, a CPU bus unit, an inner board, a computer or the unit that is on the network.
#[inline(always)]
fn is_unit(unit: u8) -> bool {
    unit == 0 || unit & 0xf0 == 0x10 || matches!(unit, 0xe1 | 0xfe)
}

/// Memory, parameters, program, mode, controller data, status, clock, message, access right,
/// error log, file memory, forced set and reset.
#[inline(always)]
fn is_command(code: u8) -> bool {
    const CODES: u64 = 0x7f << 1 | 1 << 9 | 1 << 0xc | 0xf << 0x20;
    code < 64 && CODES >> code & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Reads one word of data memory.
    const READ: [u8; 18] = [0x80, 0, 2, 0, 10, 0, 0, 20, 0, 0x7a, 1, 1, 0x82, 0, 0, 0, 0, 1];

    #[test]
    fn a_read_is_confirmed_by_its_length() {
        assert_eq!(datagram(&READ), confirmed(Application::Fins));
        no_prefix_is_confirmed(&READ, datagram);
        prefixes_agree(&READ, datagram);
    }

    #[test]
    fn an_answer_is_confirmed_by_the_node_that_sends_it() {
        let mut answer = [0xc0, 0, 2, 0, 20, 0, 0, 10, 0, 0x7a, 1, 1, 0, 0, 0x12, 0x34];
        assert_eq!(datagram(&answer), likely(Application::Fins));
        answer[7] = SOURCE_ADDRESS as u8;
        assert_eq!(datagram(&answer), confirmed(Application::Fins));
    }

    #[test]
    fn other_fields_are_refused() {
        for (at, octet) in [(0, 0x82), (0, 0), (1, 1), (2, 3), (3, 0x80), (5, 0x20), (10, 0x40)] {
            let mut near_miss = READ;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Fins, "{at}");
        }
    }

    #[test]
    fn a_frame_over_tcp_is_confirmed_by_its_length() {
        let frame = b"FINS\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(stream(frame), confirmed(Application::Fins));
        no_prefix_is_confirmed(frame, stream);
        assert_eq!(stream(b"FINS\0\0\0\x0c\0\0\0\x07\0\0\0\0\0\0\0\0"), unknown());
    }
}
