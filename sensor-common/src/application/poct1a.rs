//! Point-of-care devices: POCT1-A (CLSI, appendix B), XML messages over TCP.

use super::{Application, Identification};
use crate::payload::Payload;

/// `<` and the name of a message, three capitals and a release: `<HEL.R01>`.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    if payload.octet(0) != b'<' || !payload.has(4, b".R0") {
        return None;
    }
    const fn name(of: &[u8; 3]) -> u32 {
        u32::from_be_bytes([0, of[0], of[1], of[2]])
    }
    let given = payload.be_u24(1);
    let is_name = given == name(b"HEL")
        || given == name(b"ACK")
        || given == name(b"DST")
        || given == name(b"REQ")
        || given == name(b"OBS")
        || given == name(b"EVS")
        || given == name(b"EOT")
        || given == name(b"KPA")
        || given == name(b"OPL")
        || given == name(b"DTV")
        || given == name(b"ESC")
        || given == name(b"END");
    is_name.then_some(Identification::confirmed(Application::Poct1a))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const HELLO: &[u8] = b"<HEL.R01><HDR><HDR.message_type V=\"HEL.R01\"/>";

    #[test]
    fn a_hello_is_confirmed_by_its_name() {
        assert_eq!(stream(HELLO), confirmed(Application::Poct1a));
        prefixes_agree(HELLO, stream);
        assert_eq!(stream(b"<HEX.R01><HDR>"), unknown());
        assert_eq!(stream(b"<HEL.S01><HDR>"), unknown());
    }
}
