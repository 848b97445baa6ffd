//! Synchrophasors (IEEE C37.118.2 section 6): frames over TCP and UDP. The checksum at a frame's
//! end is over all of it, which is more than is looked at here; a time
//! stamp of these years is the second condition.

use super::{Application, Identification};
use crate::payload::Payload;

const LEADING: u8 = 0xaa;
const COMMAND_FRAME: u8 = 4;
/// Synchronisation, size, stream, second, fraction, checksum.
const SMALLEST: usize = 16;
/// With one command of two octets and nothing extended.
const COMMAND_SIZE: usize = 18;
/// The year 2000 and the year 2036, as seconds since 1970.
const EARLIEST: u32 = 946_684_800;
const LATEST: u32 = 2_082_758_400;

/// Table 2: 0xAA; type 0 to 5 and version 1 or 2; size of the whole frame;
/// stream; second.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let kind = payload.octet(1) >> 4;
    let version = payload.octet(1) & 0xf;
    let size = payload.be_u16(2) as usize;
    if payload.octet(0) != LEADING
        || kind > 5
        || version.wrapping_sub(1) > 1
        || size < SMALLEST
        || size != payload.length()
    {
        return None;
    }
    // Table 15: data off, on, header, configurations 1 to 3, extended, or the user's own.
    let is_command = size > COMMAND_SIZE
        || payload.be_u16(14) >= 0x100
        || matches!(payload.be_u16(14), 1..=6 | 8);
    let is_dated = (EARLIEST..LATEST).contains(&payload.be_u32(6));
    (kind != COMMAND_FRAME || is_command)
        .then_some(Identification::marked(Application::Synchrophasor, is_dated))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Asks for configuration frame 2.
    const COMMAND: [u8; 18] =
        [0xaa, 0x41, 0, 18, 0, 0xf1, 0x48, 0x99, 0x90, 0x9a, 0, 0, 0, 0, 0, 5, 0xd7, 0xd0];

    #[test]
    fn a_frame_is_confirmed_by_its_size_and_second() {
        for speak in [stream, datagram] {
            assert_eq!(speak(&COMMAND), confirmed(Application::Synchrophasor));
            no_prefix_is_confirmed(&COMMAND, speak);
            let mut undated = COMMAND;
            undated[6] = 0;
            assert_eq!(speak(&undated), likely(Application::Synchrophasor));
        }
    }

    #[test]
    fn other_types_versions_sizes_and_commands_are_refused() {
        for (at, octet) in [(0, 0xab), (1, 0x61), (1, 0x43), (1, 0x40), (3, 17), (15, 7)] {
            let mut near_miss = COMMAND;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Synchrophasor, "{at}");
            assert_ne!(datagram(&near_miss).application, Application::Synchrophasor, "{at}");
        }
    }
}
