//! EtherNet/IP encapsulation (ODVA, CIP volume 2 section 2-3), over TCP and UDP, and its implicit
//! messages over UDP (section 2-6).

use super::{Application, Identification};
use crate::payload::Payload;

const HEADER: usize = 24;
/// ListServices, ListIdentity, ListInterfaces, Register and UnRegisterSession, SendRRData,
/// SendUnitData: bits of numbers 0 to 63 and 64 to 127.
const LOW_COMMANDS: u64 = 1 << 0x04;
const HIGH_COMMANDS: u64 = 1 << 0x23 | 1 << 0x24 | 1 << 0x25 | 1 << 0x26 | 1 << 0x2f | 1 << 0x30;
/// Items of a sequenced address and of connected data (section 2-6.1).
const SEQUENCED_ADDRESS: u64 = 0x0200_0280_0800;
const CONNECTED_DATA: u16 = 0x00b1;

/// Command, length of the data, session, status, sender's context, options 0; little-endian.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let command = payload.le_u16(0);
    let is_command = command < 0x80
        && if command < 0x40 { LOW_COMMANDS } else { HIGH_COMMANDS } >> (command & 0x3f) & 1 != 0;
    if is_command {
        let whole = payload.le_u16(2) as usize + HEADER;
        // Only what has a session is followed by more in a segment; a small number and zeros are
        // many other things.
        let is_followed = command >= 0x40;
        // Status codes end at 0x69 (unsupported protocol).
        return (payload.length() >= HEADER
            && (whole == payload.length() || is_followed && whole < payload.length())
            && payload.le_u32(8) <= 0x69
            && payload.be_u32(20) == 0)
            .then_some(Identification::marked(
                Application::Enip,
                whole == payload.length() && has_its_data(command, whole - HEADER),
            ));
    }
    let is_implicit = payload.be_u64_at(0) >> 16 == SEQUENCED_ADDRESS
        && payload.le_u16(14) == CONNECTED_DATA
        && payload.le_u16(16) as usize + 18 == payload.length();
    is_implicit.then_some(Identification::confirmed(Application::Enip))
}

/// Whether a command may have so many octets of data (section 2-4). A question for services has
/// none, and is then all zeros but for its first octet.
#[inline(always)]
fn has_its_data(command: u16, octets: usize) -> bool {
    match command {
        0x04 => octets >= 6,
        // Protocol version and options.
        0x65 => octets == 4,
        0x66 => octets == 0,
        // Interface, timeout, number of items and two of those.
        0x6f | 0x70 => octets >= 16,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn register_session() -> [u8; 28] {
        let mut octets = [0; 28];
        (octets[0], octets[2], octets[24]) = (0x65, 4, 1);
        octets
    }

    #[test]
    fn a_session_is_confirmed_by_its_length() {
        assert_eq!(stream(&register_session()), confirmed(Application::Enip));
        assert_eq!(datagram(&register_session()), confirmed(Application::Enip));
        no_prefix_is_confirmed(&register_session(), stream);
    }

    #[test]
    fn implicit_messages_are_confirmed() {
        let mut octets = [0; 22];
        octets[..6].copy_from_slice(&[2, 0, 2, 0x80, 8, 0]);
        octets[14..18].copy_from_slice(&[0xb1, 0, 4, 0]);
        assert_eq!(datagram(&octets), confirmed(Application::Enip));
        no_prefix_is_confirmed(&octets, datagram);
    }

    #[test]
    fn other_commands_lengths_and_options_are_refused() {
        for (at, octet) in [(0, 0x67), (1, 1), (2, 5), (8, 0x6a), (11, 1), (20, 1)] {
            let mut near_miss = register_session();
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Enip, "{at}");
        }
    }

    #[test]
    fn a_command_without_its_data_is_likely() {
        for command in [0x04, 0x65, 0x6f, 0x70] {
            let mut octets = [0; 24];
            octets[0] = command;
            assert_eq!(datagram(&octets), likely(Application::Enip), "{command:#x}");
        }
        // A small number and zeros, then more: many other things.
        let mut longer = [0; 40];
        longer[0] = 0x04;
        assert_eq!(datagram(&longer), unknown());
        let mut question = [0; 24];
        question[0] = 0x63;
        assert_eq!(datagram(&question), confirmed(Application::Enip));
    }
}
