//! Niagara Fox, the protocol of Tridium's building controllers (TCP 1911), by the greeting that
//! public scanners send and get.

use super::{Application, Identification};
use crate::payload::Payload;

/// `fox a`, a number, `-1 fox hello`: frame of kind a, its sequence and the one it answers.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let is_greeting = payload.has(8, b"-1 fox ") && payload.has(15, b"hello\n");
    payload
        .has(0, b"fox a ")
        .then_some(Identification::marked(Application::NiagaraFox, is_greeting))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const GREETING: &[u8] = b"fox a 1 -1 fox hello\n{\nfox.version=s:1.0\nid=i:1\n};;\n";

    #[test]
    fn a_greeting_is_confirmed() {
        assert_eq!(stream(GREETING), confirmed(Application::NiagaraFox));
        no_prefix_is_confirmed(&GREETING[..21], stream);
        prefixes_agree(GREETING, stream);
    }

    #[test]
    fn other_texts_are_refused() {
        assert_eq!(stream(b"fox b 1 -1 fox hello\n"), unknown());
        assert_eq!(stream(b"Fox a 1 -1 fox hello\n"), unknown());
        assert_eq!(stream(b"fox a 1 -2 fox hello\n"), likely(Application::NiagaraFox));
    }
}
