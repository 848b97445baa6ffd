//! Frames that were damaged on purpose, and frames that never were frames.

use super::{Specimen, sound};
use crate::frames::SeededRandom;
use crate::frames::ethernet::ethertype;
use crate::speakers::Saying;

/// Cut anywhere, most often among the headers.
pub(super) fn truncated(random: &mut SeededRandom, mut whole: Specimen) -> Specimen {
    let length = whole.octets.len();
    let cut =
        if random.in_percent(60) { random.below(length.min(100)) } else { random.below(length) };
    whole.octets.truncate(cut);
    whole.description = format!("truncated to {cut}: {}", whole.description);
    whole
}

/// A few octets changed, most often among the headers, where lengths are.
pub(super) fn mutated(random: &mut SeededRandom, mut whole: Specimen) -> Specimen {
    let mut places = Vec::new();
    for _ in 0..random.between(1, 8) {
        let length = whole.octets.len();
        let place =
            if random.in_percent(75) { random.below(length.min(80)) } else { random.below(length) };
        whole.octets[place] = match random.below(4) {
            0 => whole.octets[place] ^ (1 << random.below(8)),
            1 => *random.pick(&[0x00, 0x01, 0x7f, 0x80, 0xff]),
            _ => random.next_u8(),
        };
        places.push(place);
    }
    whole.description = format!("mutated at {places:?}: {}", whole.description);
    whole
}

/// A sound frame whose payload is almost a saying: cut short, or with one
/// octet changed among the first 64, where markers are.
pub(super) fn near_miss(random: &mut SeededRandom, repertoire: &[Saying]) -> Specimen {
    let saying = random.pick(repertoire).clone();
    let mut payload = saying.octets.clone();
    let description = if random.in_percent(50) {
        let cut = random.below(payload.len().min(300));
        payload.truncate(cut);
        format!("near miss: first {cut} octets of {}", saying.name)
    } else {
        let place = random.below(payload.len().min(64));
        payload[place] = payload[place].wrapping_add(random.next_u8() | 1);
        format!("near miss: octet {place} changed of {}", saying.name)
    };
    sound::carrying(random, &saying, &payload, description)
}

/// Random octets, plain or behind a believable start.
pub(super) fn noise(random: &mut SeededRandom) -> Specimen {
    let length = random.between(14, 400);
    let mut octets = random.octets(length);
    let kind = match random.below(4) {
        0 => "noise",
        1 => {
            octets[12..14].copy_from_slice(&ethertype::IPV4.to_be_bytes());
            if let Some(octet) = octets.get_mut(14) {
                *octet = 0x45;
            }
            "noise after ipv4"
        }
        2 => {
            octets[12..14].copy_from_slice(&ethertype::IPV6.to_be_bytes());
            if let Some(octet) = octets.get_mut(14) {
                *octet = 0x60;
            }
            "noise after ipv6"
        }
        _ => {
            octets[12..14].copy_from_slice(&ethertype::CUSTOMER_TAG.to_be_bytes());
            "noise after a tag"
        }
    };
    Specimen { octets, description: kind.to_owned() }
}
