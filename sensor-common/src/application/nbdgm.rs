//! NetBIOS datagram service (RFC 1002 section 4.4), and the SMB mail slots it mostly carries
//! (MS-MAIL section 2.2.1).

use super::{Application, Identification, text};
use crate::{frame::Frame, payload::Payload};

const PORT: u16 = 138;
const HEADER: usize = 14;
/// Octets of an encoded name, 16 octets in halves, as `A` to `P` (RFC 1001 section 14.1).
const NAME: u8 = 32;
/// Both encoded names without scopes are 34 octets long.
const CONTENTS: usize = HEADER + 2 * 34;

/// Type, flags, datagram, source address and port (0 from some), length and offset, source name.
#[inline(always)]
pub(super) fn recognise<F: Frame + ?Sized>(frame: &F, payload: &Payload) -> Option<Identification> {
    // Direct unique, direct group and broadcast; the node type has two bits, reserved are four.
    if payload.octet(0).wrapping_sub(0x10) > 2
        || payload.octet(1) & 0xf0 != 0
        || payload.be_u16(8) != PORT && payload.be_u16(8) != 0
        || payload.octet(HEADER) != NAME
        || !text::is_within::<b'A', b'P'>(payload.be_u64_at(HEADER + 1))
        || payload.be_u16(12) != 0 && payload.octet(1) & 2 != 0
    {
        return None;
    }
    let whole = payload.be_u16(10) as usize + HEADER;
    // Behind a shorter datagram there is padding, or what was in the buffer before.
    let contents = frame.be_u32(payload.offset() + CONTENTS);
    let is_smb = contents == Some(u32::from_be_bytes(*b"\xffSMB"));
    if is_smb && payload.length() >= CONTENTS + 4 {
        return Some(Identification::marked(Application::Smb1, whole == payload.length()));
    }
    Some(Identification::marked(Application::NetbiosDatagram, whole == payload.length()))
}

#[cfg(test)]
mod tests {
    use super::super::{Context, identify, testing::*};
    use super::*;
    use crate::wire::transport::protocol;

    fn broadcast() -> [u8; 100] {
        let mut octets = [b'A'; 100];
        octets[..15].copy_from_slice(&[0x11, 2, 0, 1, 192, 0, 2, 1, 0, 138, 0, 86, 0, 0, 32]);
        octets
    }

    #[test]
    fn a_datagram_is_confirmed_by_its_length() {
        assert_eq!(datagram(&broadcast()), confirmed(Application::NetbiosDatagram));
        no_prefix_is_confirmed(&broadcast(), datagram);
    }

    #[test]
    fn a_mail_slot_is_smb() {
        let mut octets = broadcast();
        octets[82..86].copy_from_slice(b"\xffSMB");
        assert_eq!(datagram(&octets), confirmed(Application::Smb1));
    }

    #[test]
    fn what_lies_behind_a_short_datagram_is_no_mail_slot() {
        let mut frame = broadcast();
        frame[82..86].copy_from_slice(b"\xffSMB");
        for length in [40, 82, 85] {
            let context = Context {
                protocol: protocol::UDP,
                source_port: 50_001,
                destination_port: 50_002,
                source_address: SOURCE_ADDRESS,
            };
            let mut payload = Payload::default();
            payload.fill(&frame[..], 0, length);
            let found = identify(&frame[..], &payload, &context);
            assert_eq!(found, Some(likely(Application::NetbiosDatagram)), "{length}");
        }
    }

    #[test]
    fn other_types_and_ports_are_refused() {
        for (at, octet) in [(0, 0x13), (1, 0x12), (9, 137), (13, 1)] {
            let mut near_miss = broadcast();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::NetbiosDatagram, "{at}");
        }
    }
}
