//! OPC UA binary over TCP (OPC 10000-6 section 7.1.2, and 6.7.2 for messages).

use super::{Application, Identification};
use crate::payload::Payload;

/// Three letters of the message type, then chunk type or `F`, then the size of the whole.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let first = payload.be_u32(0);
    let (kind, chunk) = (first >> 8, (first & 0xff) as u8);
    const fn letters(of: &[u8; 3]) -> u32 {
        u32::from_be_bytes([0, of[0], of[1], of[2]])
    }
    let is_connection = kind == letters(b"HEL")
        || kind == letters(b"ACK")
        || kind == letters(b"ERR")
        || kind == letters(b"RHE");
    let is_message = kind == letters(b"MSG") || kind == letters(b"OPN") || kind == letters(b"CLO");
    // Chunks may be intermediate or abort a message; connection messages have one.
    let is_chunk = chunk == b'F' || is_message && (chunk == b'C' || chunk == b'A');
    let size = payload.le_u32(4) as usize;
    ((is_connection || is_message) && is_chunk && (16..1 << 26).contains(&size))
        .then_some(Identification::marked(Application::Opcua, size == payload.length()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn hello() -> [u8; 40] {
        let mut octets = [0; 40];
        octets[..5].copy_from_slice(b"HELF\x28");
        octets
    }

    #[test]
    fn a_hello_is_confirmed_by_its_size() {
        assert_eq!(stream(&hello()), confirmed(Application::Opcua));
        no_prefix_is_confirmed(&hello(), stream);
        prefixes_agree(&hello(), stream);
    }

    #[test]
    fn other_letters_and_sizes_are_refused() {
        for (at, octet) in [(0, b'h'), (3, b'C'), (3, b'O'), (4, 15), (7, 4)] {
            let mut near_miss = hello();
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Opcua, "{at}");
        }
    }
}
