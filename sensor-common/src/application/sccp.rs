//! Skinny Client Control Protocol, Cisco's telephones (TCP 2000), by the description in public
//! dissectors (Cisco publishes none).

use super::{Application, Identification};
use crate::payload::Payload;

/// Length and header version, which the length does not count.
const HEADER: usize = 8;
/// The protocol's versions so far, and the message identifiers so far.
const VERSIONS: u32 = 0x20;
const MESSAGES: u32 = 0x200;

/// Length from the message identifier on, version, message identifier, all with the lowest octet
/// first.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.le_u32(0) as usize;
    (length >= 4
        && length + HEADER == payload.length()
        && payload.le_u32(4) < VERSIONS
        && payload.le_u32(8) < MESSAGES)
        .then_some(Identification::confirmed(Application::Sccp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_message_is_confirmed_by_its_length() {
        let keep_alive = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(stream(&keep_alive), confirmed(Application::Sccp));
        no_prefix_is_confirmed(&keep_alive, stream);
        let off_hook = [12, 0, 0, 0, 0x12, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(stream(&off_hook), confirmed(Application::Sccp));
        prefixes_agree(&off_hook, stream);
    }

    #[test]
    fn other_lengths_versions_and_messages_are_refused() {
        for (at, octet) in [(0, 5), (1, 1), (4, 0x20), (7, 1), (9, 2)] {
            let mut near_miss = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Sccp, "{at}");
        }
    }
}
