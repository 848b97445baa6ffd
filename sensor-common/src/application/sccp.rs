//! Skinny Client Control Protocol, Cisco's telephones (TCP 2000), by the description in public
//! dissectors (Cisco publishes none).

use super::{Application, Context, Identification, text::is_printable};
use crate::payload::Payload;

const PORT: u16 = 2000;
/// A telephone's first message, with its name of up to 16 letters and digits.
const REGISTER: u32 = 1;
/// Length and header version, which the length does not count.
const HEADER: usize = 8;
/// The protocol's versions so far, and the message identifiers so far.
const VERSIONS: u32 = 0x20;
const MESSAGES: u32 = 0x200;

/// Length from the message identifier on, version, message identifier, all with the lowest octet
/// first.
#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let length = payload.le_u32(0) as usize;
    let message = payload.le_u32(8);
    let is_message = length >= 4
        && length + HEADER == payload.length()
        && payload.le_u32(4) < VERSIONS
        && message < MESSAGES;
    // A length, small numbers and zeros are in many a stream that is joined in its middle.
    let second_condition =
        context.has_port(PORT) || message == REGISTER && is_printable(payload.be_u64_at(12));
    is_message.then_some(Identification::marked(Application::Sccp, second_condition))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    #[test]
    fn a_message_is_confirmed_on_the_port_and_likely_elsewhere() {
        let on_port = |octets: &[u8]| spoken(protocol::TCP, [50_001, PORT], octets);
        let keep_alive = [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(on_port(&keep_alive), confirmed(Application::Sccp));
        assert_eq!(stream(&keep_alive), likely(Application::Sccp));
        let off_hook = [12, 0, 0, 0, 0x12, 0, 0, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(on_port(&off_hook), confirmed(Application::Sccp));
        prefixes_agree(&off_hook, stream);
    }

    #[test]
    fn a_registration_is_confirmed_by_its_name_on_any_port() {
        let mut register = [0; 28];
        register[..12].copy_from_slice(&[20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(stream(&register), likely(Application::Sccp));
        register[12..27].copy_from_slice(b"SEP001122334455");
        assert_eq!(stream(&register), confirmed(Application::Sccp));
        no_prefix_is_confirmed(&register, stream);
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
