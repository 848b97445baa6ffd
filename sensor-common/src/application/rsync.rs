//! rsync's daemon protocol (rsync 3.2, csprotocol.txt): both sides greet with their version.

use super::{Application, Identification};
use crate::payload::Payload;

/// `@RSYNCD: `, then a version such as `31.0`.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let is_version = payload.octet(8) == b' ' && payload.octet(9).is_ascii_digit();
    payload.has(0, b"@RSYNCD:").then_some(Identification::marked(Application::Rsync, is_version))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_greeting_is_confirmed_by_its_version() {
        assert_eq!(stream(b"@RSYNCD: 31.0\n"), confirmed(Application::Rsync));
        no_prefix_is_confirmed(b"@RSYNCD: 3", stream);
        prefixes_agree(b"@RSYNCD: 31.0\n", stream);
        assert_eq!(stream(b"@RSYNCD: OK\n"), likely(Application::Rsync));
        assert_eq!(stream(b"@RSYNCX: 31.0\n"), unknown());
    }
}
