//! Laws of a verdict: it comes from the payload, and only from it.

use std::{vec, vec::Vec};

use super::Utterance;
use crate::{
    application::{
        Application, Context, Evidence, Identification, RECOGNISERS, Recogniser, identify,
    },
    payload::Payload,
};

/// Octets of headers before a payload; odd, so that no read of the frame is aligned by chance.
const HEADERS: usize = 61;
/// Every length is asked about up to here, and from there on one in [`STEP`] to the last offset that
/// a recogniser knows: the end of a DHCP header, a NetBIOS datagram's command.
const EVERY_LENGTH: usize = if cfg!(miri) { 20 } else { 72 };
const STEP: usize = 13;
const LAST_LENGTH: usize = if cfg!(miri) { 40 } else { 336 };

/// A payload in a frame: headers before it, padding or the next frame's octets after it.
struct Framed {
    octets: Vec<u8>,
    length: usize,
}

impl Framed {
    fn new(payload: &[u8], after: &[u8]) -> Self {
        let mut octets = vec![0xa5; HEADERS];
        octets.extend(payload);
        octets.extend(after);
        Self { octets, length: payload.len() }
    }

    /// The frame, of which `captured` octets of the payload were captured, and the window on it.
    fn captured(&self, captured: usize) -> (&[u8], Payload) {
        let frame = &self.octets[..HEADERS + captured];
        let mut payload = Payload::default();
        payload.fill(frame, HEADERS, self.length);
        (frame, payload)
    }

    fn whole(&self) -> (&[u8], Payload) {
        let mut payload = Payload::default();
        payload.fill(&self.octets[..], HEADERS, self.length);
        (&self.octets, payload)
    }
}

type Verdict = Option<Identification>;

/// Whatever lies before and after a payload, the verdict is the one on the payload alone; no length
/// and no capture limit makes `ask` panic, and none makes it break `keeps`.
fn verdict_is_the_payloads_own(
    utterance: &Utterance,
    ask: impl Fn(&[u8], &Payload, &Context) -> Verdict,
    keeps: impl Fn(Verdict),
) -> Verdict {
    let Utterance { context, payload } = utterance;
    let alone = ask(payload, &Payload::from_octets(payload), context);
    keeps(alone);
    let followers: [&[u8]; 4] = [&[], &[0; 96], &[0xff; 96], payload];
    for after in followers {
        let framed = Framed::new(payload, after);
        let (frame, window) = framed.whole();
        let found = ask(frame, &window, context);
        assert_eq!(found, alone, "followed by {} octets {:?}", after.len(), after.first());
    }
    let framed = Framed::new(payload, &[]);
    let lengths = (0..EVERY_LENGTH).chain((EVERY_LENGTH..LAST_LENGTH).step_by(STEP));
    for length in lengths.take_while(|length| *length < payload.len()) {
        let prefix = &payload[..length];
        keeps(ask(prefix, &Payload::from_octets(prefix), context));
        let (frame, window) = framed.captured(length);
        keeps(ask(frame, &window, context));
    }
    alone
}

/// A recogniser names only what it is for, by a marker at least, and looks at the payload only.
pub fn recogniser_keeps_its_word(recogniser: &Recogniser, utterance: &Utterance) {
    let Recogniser { name, gives, recognise } = recogniser;
    verdict_is_the_payloads_own(utterance, recognise, |verdict| {
        if let Some(Identification { application, evidence }) = verdict {
            assert!(gives.contains(&application), "{name} says {application:?}");
            assert!(evidence >= Evidence::Likely, "{name} says {application:?} without a marker");
        }
    });
}

/// What the packet path says of a payload, some recogniser says of it too.
pub fn whole_inquiry_agrees_with_a_recogniser(utterance: &Utterance) {
    let Utterance { context, payload } = utterance;
    let verdict = verdict_is_the_payloads_own(utterance, identify, |verdict| {
        if let Some(Identification { application, evidence }) = verdict {
            assert!(application != Application::Unknown && evidence >= Evidence::Likely);
        }
    });
    if verdict.is_some() {
        let window = Payload::from_octets(payload);
        let is_somebodys = RECOGNISERS
            .iter()
            .any(|recogniser| (recogniser.recognise)(payload, &window, context) == verdict);
        assert!(is_somebodys, "no recogniser says {verdict:?}");
    }
}
