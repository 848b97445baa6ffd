//! Lightweight Directory Access Protocol (RFC 4511 section 4.1.1), also over UDP (Active
//! Directory's locator, MS-ADTS section 6.3.3).

use super::{Application, Identification, ber};
use crate::payload::Payload;

const SEQUENCE: u8 = 0x30;
/// Operations that are constructed: bind, search, modify, add, ... (sections 4.2 to 4.13) ...
const CONSTRUCTED: u32 = 0x388_fbfb;
/// ... and unbind (2), delete (10) and abandon (16), which are primitive.
const PRIMITIVE: u32 = 1 << 2 | 1 << 10 | 1 << 16;

/// A SEQUENCE, a message number of one to four octets, an operation.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.octet(0) != SEQUENCE {
        return None;
    }
    let message = ber::element::<0>(payload)?;
    let size = message.contents >> 48 & 0xff;
    if message.contents >> 56 != 0x02 || size.wrapping_sub(1) > 3 || message.whole < 7 {
        return None;
    }
    let operation = (message.contents >> ((40 - 8 * size) & 0x3f)) as u32 & 0xff;
    let number = operation & 0x1f;
    let operations = match operation & 0xe0 {
        0x60 => CONSTRUCTED,
        0x40 => PRIMITIVE,
        _ => return None,
    };
    if operations >> number & 1 == 0 {
        return None;
    }
    // The operation fills the message, unless controls follow it; long forms are for long
    // messages, or for those who always use four octets.
    let length = (message.contents >> ((32 - 8 * size) & 0x3f)) as usize & 0xff;
    let header = payload.octet(1);
    let fills = match length {
        0..=0x7f => message.length == size as usize + 4 + length,
        0x81 | 0x82 => message.length > 0x7f,
        0x84 => header == 0x84,
        _ => return None,
    };
    Some(Identification::marked(Application::Ldap, fills && message.whole == payload.length()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// An anonymous simple bind, version 3.
    const BIND: [u8; 14] = [0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0];

    #[test]
    fn binds_with_any_form_of_length_are_confirmed() {
        assert_eq!(stream(&BIND), confirmed(Application::Ldap));
        assert_eq!(datagram(&BIND), confirmed(Application::Ldap));
        no_prefix_is_confirmed(&BIND, stream);
        let mut long = [0; 18];
        long[..6].copy_from_slice(&[0x30, 0x84, 0, 0, 0, 12]);
        long[6..].copy_from_slice(&BIND[2..]);
        assert_eq!(stream(&long), confirmed(Application::Ldap));
    }

    #[test]
    fn unbind_and_wide_message_numbers_are_known() {
        assert_eq!(stream(&[0x30, 5, 2, 1, 3, 0x42, 0]), confirmed(Application::Ldap));
        let wide = [0x30, 7, 2, 3, 1, 2, 3, 0x42, 0];
        assert_eq!(stream(&wide), confirmed(Application::Ldap));
    }

    #[test]
    fn other_sequences_are_refused() {
        for (at, octet) in [(0, 0x31), (2, 4), (3, 0), (3, 5), (5, 0x62 | 0x80), (5, 0x7f)] {
            let mut near_miss = BIND;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Ldap, "{at}");
        }
        let snmp = [0x30, 9, 2, 1, 0, 4, 4, b'c', b'o', b'm', b'm'];
        assert_eq!(datagram(&snmp), confirmed(Application::Snmp));
    }
}
