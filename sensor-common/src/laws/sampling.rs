//! Laws of what leaves the packet path of a payload.

use super::Utterance;
use crate::{
    application::{Application, Sampling, Verdict, awaited_octets, sample_length},
    payload::Payload,
    record::SAMPLE_OCTETS,
};

/// Octets of a later hello's segments that are tried as still to come.
const AWAITED: [u16; 3] = [0, 1, 700];

/// Whatever a payload is thought to be: no more leaves than there is and than a record holds, nothing
/// of an application that is never sampled, and nothing that its beginning told to be worth nothing,
/// whatever stands behind the payload's end.
pub fn samples_keep_to_their_bounds(utterance: &Utterance) {
    let Utterance { payload, .. } = utterance;
    let window = Payload::from_octets(payload);
    for &application in Application::ALL {
        let verdict = Verdict::settled(application);
        let length = |awaited| sample_length(verdict.bits(), &window, awaited);
        for awaited in AWAITED {
            let most = SAMPLE_OCTETS.min(payload.len());
            assert!(length(awaited) <= most, "{application:?} {awaited}");
            // An awaited hello is as long as a handshake message may be.
            assert!(awaited_octets(verdict.bits(), &window, awaited) < 1 << 14);
        }
        if application.sampling() == Sampling::Never {
            assert_eq!(length(0), 0, "{application:?} is never sampled");
        }
        for behind in [0, 0xff] {
            let mut beginning = [behind; 8];
            let there = payload.len().min(8);
            beginning[..there].copy_from_slice(&payload[..there]);
            let may = verdict.may_sample(u64::from_be_bytes(beginning));
            assert!(may || length(0) == 0, "{application:?} begins with {beginning:?}");
        }
    }
}
