//! Long headers and the packets of a datagram (RFC 9000 sections 12.2 and 17.2).

use super::version::{PacketType, Version};
use crate::interpret::tls::octets::Octets;

/// Octets of a connection ID (RFC 9000 section 17.2).
const CONNECTION_ID_OCTETS: usize = 20;

/// An Initial packet as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Initial<'a> {
    pub(super) version: Version,
    /// The destination connection ID.
    pub(super) destination: &'a [u8],
    /// The packet from its first octet, or what there is of it.
    pub(super) octets: &'a [u8],
    /// Where in it the packet number begins.
    pub(super) packet_number_offset: usize,
    /// Octets of the whole packet.
    pub(super) length: usize,
}

impl Initial<'_> {
    pub(super) fn is_cut(&self) -> bool {
        self.octets.len() < self.length
    }
}

/// The Initial packets of a datagram; others are passed over.
#[derive(Debug)]
pub(super) struct Packets<'a> {
    rest: &'a [u8],
    is_cut: bool,
}

impl<'a> Packets<'a> {
    pub(super) fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram, is_cut: datagram.is_empty() }
    }

    /// Whether the datagram ended within a packet, as far as it has been read.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Initial<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let octets = std::mem::take(&mut self.rest);
            let header = match LongHeader::read(octets) {
                Ok(header) => header,
                Err(fault) => {
                    self.is_cut = matches!(fault, Fault::Cut);
                    return None;
                }
            };
            let end = header.packet_number_offset.saturating_add(header.length);
            self.is_cut = end > octets.len();
            let (packet, rest) = octets.split_at(end.min(octets.len()));
            self.rest = rest;
            if header.packet_type == PacketType::Initial {
                return Some(Initial {
                    version: header.version,
                    destination: header.destination,
                    octets: packet,
                    packet_number_offset: header.packet_number_offset,
                    length: end,
                });
            }
        }
        None
    }
}

struct LongHeader<'a> {
    version: Version,
    packet_type: PacketType,
    destination: &'a [u8],
    packet_number_offset: usize,
    /// Octets of packet number and payload.
    length: usize,
}

/// Why there is no header.
enum Fault {
    /// The datagram, or what there is of it, ends in the header.
    Cut,
    /// It is not one of a version that can be read, or of a packet that has no length.
    Foreign,
}

impl<'a> LongHeader<'a> {
    fn read(packet: &'a [u8]) -> Result<Self, Fault> {
        let mut octets = Octets::new(packet);
        let first = octets.u8().ok_or(Fault::Cut)?;
        // Header form and fixed bit.
        if first & 0xc0 != 0xc0 {
            return Err(Fault::Foreign);
        }
        let version = octets.u32().ok_or(Fault::Cut)?;
        let version = Version::from_number(version).ok_or(Fault::Foreign)?;
        let packet_type = version.packet_type(first);
        let destination = connection_id(&mut octets)?;
        connection_id(&mut octets)?;
        match packet_type {
            PacketType::Retry => return Err(Fault::Foreign),
            PacketType::Initial => {
                let token_octets = variable_length(&mut octets).ok_or(Fault::Cut)?;
                octets.take(token_octets).ok_or(Fault::Cut)?;
            }
            PacketType::ZeroRtt | PacketType::Handshake => {}
        }
        let length = variable_length(&mut octets).ok_or(Fault::Cut)?;
        let packet_number_offset = packet.len() - octets.rest().len();
        Ok(Self { version, packet_type, destination, packet_number_offset, length })
    }
}

fn connection_id<'a>(octets: &mut Octets<'a>) -> Result<&'a [u8], Fault> {
    let length = usize::from(octets.u8().ok_or(Fault::Cut)?);
    if length > CONNECTION_ID_OCTETS {
        return Err(Fault::Foreign);
    }
    octets.take(length).ok_or(Fault::Cut)
}

/// A variable-length integer (RFC 9000 section 16). What does not fit a `usize` is longer than any
/// datagram, and becomes the largest.
pub(super) fn variable_length(octets: &mut Octets) -> Option<usize> {
    let mut ahead = *octets;
    let first = ahead.u8()?;
    let mut number = u64::from(first & 0x3f);
    for &octet in ahead.take((1 << (first >> 6)) - 1)? {
        number = number << 8 | u64::from(octet);
    }
    *octets = ahead;
    Some(usize::try_from(number).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variable_length_integers_are_those_of_the_standard() {
        // RFC 9000 section A.1.
        for (octets, number) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
            (&[0x40, 0x25], 37),
        ] {
            assert_eq!(variable_length(&mut Octets::new(octets)), Some(number));
            let cut = &octets[..octets.len() - 1];
            let mut cut = Octets::new(cut);
            assert_eq!(variable_length(&mut cut), None);
            assert_eq!(cut.rest().len(), octets.len() - 1, "nothing is taken");
        }
    }
}
