//! IEEE 802.11 data frames (section 9.3.2), bare or behind what the receiver noted of them
//! (<https://www.radiotap.org>). Of encrypted frames no type is known.

use super::{Header, NO_ETHERTYPE};

/// Type and version in the first octet of the frame control field.
const TYPE: u8 = 0x0f;
const DATA: u8 = 0x08;
/// Subtypes: no data, quality of service.
const NULL: u8 = 0x40;
const QOS: u8 = 0x80;
/// Bits of the second octet.
const TO_DISTRIBUTION: u8 = 0x01;
const FROM_DISTRIBUTION: u8 = 0x02;
const PROTECTED: u8 = 0x40;
const ORDER: u8 = 0x80;
/// In the field for quality of service: several packets follow.
const AGGREGATED: u8 = 0x80;
/// Control, duration, three addresses, sequence.
const HEADER: usize = 24;
/// IEEE 802.2 with SNAP (RFC 1042).
const SNAP: [u8; 6] = [0xaa, 0xaa, 3, 0, 0, 0];

/// The frame behind a header of radiotap: version 0, a pad, its length, which fields are present.
pub(super) fn radiotap(packet: &[u8]) -> Option<Header<'_>> {
    let header = packet.first_chunk::<8>()?;
    let length = usize::from(u16::from_le_bytes([header[2], header[3]]));
    let frame = packet.get(length..)?;
    if header[0] != 0 {
        return Some(Header::without_stations(NO_ETHERTYPE, frame));
    }
    data(frame, flags(packet.get(..length)?).is_some_and(|flags| flags & PADDED != 0))
}

/// The header of the frame is padded to whole words.
const PADDED: u8 = 0x20;

/// The field of flags, if there is one: it comes first, or behind a time stamp of 8 octets.
fn flags(header: &[u8]) -> Option<u8> {
    const WORD: usize = 4;
    const TIME: u32 = 1;
    const FLAGS: u32 = 2;
    const MORE: u32 = 1 << 31;
    let word =
        |at: usize| header.get(at..)?.first_chunk().map(|octets| u32::from_le_bytes(*octets));
    let present = word(WORD)?;
    let mut at = WORD;
    while word(at)? & MORE != 0 {
        at += WORD;
    }
    at += WORD;
    if present & TIME != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    if present & FLAGS != 0 { header.get(at).copied() } else { None }
}

pub(super) fn data(frame: &[u8], is_padded: bool) -> Option<Header<'_>> {
    let (header, _) = frame.split_first_chunk::<HEADER>()?;
    let (control, flags) = (header[0], header[1]);
    if control & TYPE != DATA || control & NULL != 0 {
        return Some(Header::without_stations(NO_ETHERTYPE, &frame[HEADER..]));
    }
    let is_relayed =
        flags & (TO_DISTRIBUTION | FROM_DISTRIBUTION) == TO_DISTRIBUTION | FROM_DISTRIBUTION;
    let mut length = if is_relayed { HEADER + 6 } else { HEADER };
    let mut is_aggregated = false;
    if control & QOS != 0 {
        is_aggregated = frame.get(length)? & AGGREGATED != 0;
        length += if flags & ORDER != 0 { 2 + 4 } else { 2 };
    }
    if is_padded {
        length = length.next_multiple_of(4);
    }
    let address = |at: usize| frame.get(at..)?.first_chunk::<6>().copied();
    let source = match (flags & FROM_DISTRIBUTION != 0, is_relayed) {
        (_, true) => address(HEADER)?,
        (true, false) => address(16)?,
        (false, false) => address(10)?,
    };
    let destination = address(if flags & TO_DISTRIBUTION != 0 { 16 } else { 4 })?;
    let body = frame.get(length..)?;
    let readable = body.strip_prefix(&SNAP).and_then(|rest| rest.split_first_chunk::<2>());
    let (ethertype, payload) = match readable {
        Some((kind, payload)) if flags & PROTECTED == 0 && !is_aggregated => {
            (u16::from_be_bytes(*kind), payload)
        }
        _ => (NO_ETHERTYPE, body),
    };
    Some(Header { ethertype, source, destination, payload })
}
