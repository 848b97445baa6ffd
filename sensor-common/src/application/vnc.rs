//! Remote framebuffer (RFC 6143 section 7.1.1): both sides begin with the protocol's version.

use super::{Application, Identification};
use crate::payload::Payload;

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if !payload.has(0, b"RFB 00") {
        return None;
    }
    let is_version =
        payload.octet(7) == b'.' && payload.octet(11) == b'\n' && payload.length() == 12;
    Some(Identification::marked(Application::Vnc, is_version))
}

/// Octets that may leave the kernel: a server's list of security types (RFC 6143 section 7.1.2), which
/// is a message of its own: their number, then one octet each.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const MOST: u8 = 16;
    let count = payload.octet(0);
    let is_list = count <= MOST && payload.length() == count as usize + 1;
    if is_list && count > 0 { payload.length() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_list_of_security_types_leaves_and_nothing_else() {
        let length = |octets: &[u8]| sample_length(&Payload::from_octets(octets));
        assert_eq!(length(&[1, 1]), 2);
        assert_eq!(length(&[3, 2, 16, 1]), 4);
        for other in
            [&[0][..], &[1], &[2, 1], &[1, 1, 1], &[17; 18], b"RFB 003.008\n", &[0, 0, 0, 1]]
        {
            assert_eq!(length(other), 0, "{other:?}");
        }
    }

    #[test]
    fn a_version_is_confirmed_by_its_form() {
        assert_eq!(stream(b"RFB 003.008\n"), confirmed(Application::Vnc));
        no_prefix_is_confirmed(b"RFB 003.008\n", stream);
        prefixes_agree(b"RFB 003.008\n", stream);
        assert_eq!(stream(b"RFB 003,008\n"), likely(Application::Vnc));
        assert_eq!(stream(b"RFC 003.008\n"), unknown());
    }
}
