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

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_version_is_confirmed_by_its_form() {
        assert_eq!(stream(b"RFB 003.008\n"), confirmed(Application::Vnc));
        no_prefix_is_confirmed(b"RFB 003.008\n", stream);
        prefixes_agree(b"RFB 003.008\n", stream);
        assert_eq!(stream(b"RFB 003,008\n"), likely(Application::Vnc));
        assert_eq!(stream(b"RFC 003.008\n"), unknown());
    }
}
