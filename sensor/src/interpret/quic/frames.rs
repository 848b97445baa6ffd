//! The frames that may be in a client's Initial packets (RFC 9000 sections 12.4 and 19).

use super::packet::variable_length;
use crate::interpret::tls::octets::Octets;

const PADDING: usize = 0x00;
const PING: usize = 0x01;
const ACK: usize = 0x02;
const ACK_ECN: usize = 0x03;
const CRYPTO: usize = 0x06;
const CONNECTION_CLOSE: usize = 0x1c;

/// Calls `take` with offset and octets of each CRYPTO frame, up to the first frame that is not
/// whole (of that one with what is there) or does not belong here.
pub(super) fn each_crypto(payload: &[u8], mut take: impl FnMut(usize, &[u8])) {
    walk(payload, &mut take);
}

/// Whether the payload is made of such frames, as far as it goes; what was decrypted with another's
/// keys hardly is.
pub(super) fn are_of_initial(payload: &[u8]) -> bool {
    walk(payload, &mut |_, _| {})
}

fn walk(payload: &[u8], take: &mut impl FnMut(usize, &[u8])) -> bool {
    let mut octets = Octets::new(payload);
    // Every turn takes an octet at least.
    loop {
        match octets.rest().first().copied().map(usize::from) {
            None => return true,
            Some(PADDING | PING | ACK | ACK_ECN | CRYPTO | CONNECTION_CLOSE) => {}
            Some(_) => return false,
        }
        if next_frame(&mut octets, take).is_none() {
            return true;
        }
    }
}

/// Takes the next frame; `None` if it is not whole, or the last that matters.
fn next_frame(octets: &mut Octets, take: &mut impl FnMut(usize, &[u8])) -> Option<()> {
    match variable_length(octets)? {
        PADDING | PING => {}
        CRYPTO => {
            let offset = variable_length(octets)?;
            let length = variable_length(octets)?;
            take(offset, octets.take_at_most(length));
        }
        frame_type @ (ACK | ACK_ECN) => {
            let _largest = variable_length(octets)?;
            let _delay = variable_length(octets)?;
            let ranges = variable_length(octets)?;
            let _first_range = variable_length(octets)?;
            for _ in 0..ranges {
                let _gap = variable_length(octets)?;
                let _range = variable_length(octets)?;
            }
            if frame_type == ACK_ECN {
                for _ in 0..3 {
                    variable_length(octets)?;
                }
            }
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crypto(payload: &[u8]) -> Vec<(usize, Vec<u8>)> {
        let mut frames = Vec::new();
        each_crypto(payload, |offset, octets| frames.push((offset, octets.to_vec())));
        frames
    }

    #[test]
    fn other_frames_are_passed_over() {
        let payload = [
            0, 0, 1, 6, 0x40, 0x05, 2, b'a', b'b', 2, 9, 0, 1, 1, 3, 4, 3, 9, 0, 0, 1, 5, 5, 5, 0,
            6, 7, 1, b'c', 0,
        ];
        assert_eq!(crypto(&payload), [(5, b"ab".to_vec()), (7, b"c".to_vec())]);
    }

    #[test]
    fn a_frame_that_is_cut_gives_what_is_there() {
        assert_eq!(crypto(&[6, 0, 9, b'a', b'b']), [(0, b"ab".to_vec())]);
        assert!(crypto(&[6, 0]).is_empty() && crypto(&[2, 9, 0, 63, 1]).is_empty());
    }

    #[test]
    fn reading_ends_at_a_frame_that_does_not_belong_here() {
        let stream = [6, 0, 1, b'a', 8, 6, 1, 1, b'b'];
        assert_eq!(crypto(&stream), [(0, b"a".to_vec())]);
        assert!(!are_of_initial(&stream) && are_of_initial(&stream[..4]) && are_of_initial(&[]));
        assert!(are_of_initial(&[2, 9]) && are_of_initial(&[0x1c, 1, 2, 3]));
    }
}
