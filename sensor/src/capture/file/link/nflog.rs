//! Packets that a rule of Linux's firewall logged (<https://www.tcpdump.org/linktypes/LINKTYPE_NFLOG.html>).

use super::{Header, IPV4, IPV6, NO_ETHERTYPE};

const HEADER: usize = 4;
const VERSION: u8 = 0;
/// Families, as Linux numbers them.
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
/// Attributes: the sender's link address, and the packet from the network layer on.
const HARDWARE_ADDRESS: u16 = 8;
const PAYLOAD: u16 = 9;

pub(super) fn header(packet: &[u8]) -> Option<Header<'_>> {
    let (header, mut rest) = packet.split_first_chunk::<HEADER>()?;
    let mut source = [0; 6];
    while header[1] == VERSION
        && let Some((kind, value, behind)) = attribute(rest)
    {
        match kind {
            // Length, padding, address.
            HARDWARE_ADDRESS if value.starts_with(&[0, 6]) => {
                source = value.get(4..)?.first_chunk().copied()?;
            }
            PAYLOAD => {
                let ethertype = match header[0] {
                    AF_INET => IPV4,
                    AF_INET6 => IPV6,
                    _ => NO_ETHERTYPE,
                };
                return Some(Header::without_stations(ethertype, value).sent_by(source));
            }
            _ => {}
        }
        rest = behind;
    }
    None
}

/// Kind, value, and what stands behind: length with its header and kind in the byte order of the
/// host that captured, padded to whole words.
fn attribute(rest: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (header, _) = rest.split_first_chunk::<HEADER>()?;
    let little = usize::from(u16::from_le_bytes([header[0], header[1]]));
    let big = usize::from(u16::from_be_bytes([header[0], header[1]]));
    let (length, kind) = if (HEADER..=rest.len()).contains(&little) {
        (little, u16::from_le_bytes([header[2], header[3]]))
    } else {
        (big, u16::from_be_bytes([header[2], header[3]]))
    };
    let value = rest.get(HEADER..length)?;
    Some((kind, value, rest.get(length.next_multiple_of(4)..).unwrap_or_default()))
}
