//! WS-Discovery (OASIS WS-DD 1.1): SOAP 1.2 envelopes over UDP. IEEE 11073 SDC finds devices so.

use super::{Application, Context, Identification, text};
use crate::{frame::Frame, payload::Payload};

const BYTE_ORDER_MARK: u32 = 0xef_bbbf;
/// Words of the window in which the root stands, behind a declaration if there is one.
const DECLARATION: usize = 12;
/// Octets that an envelope has at least.
const SHORTEST: usize = 40;

/// XML whose root is an envelope (`<s:Envelope`): other XML over UDP may be about anything.
#[inline(always)]
pub(super) fn recognise<F: Frame + ?Sized>(
    _frame: &F,
    payload: &Payload,
    context: &Context,
) -> Option<Identification> {
    if !begins_like_one(payload) || payload.length() < SHORTEST {
        return None;
    }
    text::has_within::<0, DECLARATION>(payload, *b"lop", Some(b'e'))
        .then_some(Identification::marked(Application::Wsd, context.has_port(3702)))
}

/// Whether a payload may be an envelope, by its first octets.
#[inline(always)]
pub(super) fn begins_like_one(payload: &Payload) -> bool {
    payload.octet(0) == b'<' || payload.be_u32(0) == BYTE_ORDER_MARK << 8 | b'<' as u32
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    const ENVELOPE: &[u8] = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope \
        xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header>";

    fn on_port(octets: &[u8]) -> Identification {
        spoken(protocol::UDP, [50_001, 3702], octets)
    }

    #[test]
    fn an_envelope_is_confirmed_on_its_port_and_likely_elsewhere() {
        assert_eq!(on_port(ENVELOPE), confirmed(Application::Wsd));
        assert_eq!(datagram(ENVELOPE), likely(Application::Wsd));
        prefixes_agree(ENVELOPE, on_port);
        let bare = b"<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\">";
        assert_eq!(datagram(bare), likely(Application::Wsd));
    }

    #[test]
    fn an_envelope_may_stand_behind_a_byte_order_mark_and_a_long_declaration() {
        let mut marked = [b' '; 128];
        marked[..3].copy_from_slice(b"\xef\xbb\xbf");
        marked[3..3 + ENVELOPE.len()].copy_from_slice(ENVELOPE);
        assert_eq!(datagram(&marked), likely(Application::Wsd));
        let long = b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?><s12:Envelope \
            xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\"><s12:Header>";
        assert_eq!(datagram(long), likely(Application::Wsd));
    }

    #[test]
    fn other_documents_are_refused() {
        let other = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?><observation><name>Somebody</name>";
        assert_eq!(datagram(other), unknown());
        assert_eq!(on_port(other).evidence, unknown().evidence);
        assert_eq!(datagram(b"An Envelope that is no element, and no document."), unknown());
    }
}
