//! Link types, by their LINKTYPE_ values (<https://www.tcpdump.org/linktypes.html>), and how their
//! packets become Ethernet frames.

mod arcnet;
mod nflog;
mod ppp;
mod wireless;

use sensor_common::wire::ethernet::{
    HEADER_LENGTH,
    ethertype::{ARP, IPV4, IPV6, PPPOE_SESSION},
};

/// Reserved (RFC 1701): a type that no dissector takes for its own.
const NO_ETHERTYPE: u16 = 0xffff;

/// What an error message says.
pub(super) const SUPPORTED: &str = "Ethernet (1), raw IP (12, 14, 101, 228, 229), \
    Linux cooked (113, 276), BSD loopback (0, 108), PPP (9, 50, 51), Cisco HDLC (104), \
    NFLOG (239), IEEE 802.11 (105, 127) and ARCNET (7, 129)";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Link {
    Ethernet,
    /// IPv4 or IPv6, by the version in the header.
    Ip,
    Ipv4,
    Ipv6,
    LinuxCooked,
    LinuxCooked2,
    /// A protocol family, in the byte order of whoever captured.
    Loopback,
    Ppp,
    PppoeSession,
    CiscoHdlc,
    Nflog,
    Wireless,
    Radiotap,
    Arcnet,
    LinuxArcnet,
}

/// What a link header says.
struct Header<'a> {
    ethertype: u16,
    /// Link addresses, zeros where they are not known.
    source: [u8; 6],
    destination: [u8; 6],
    payload: &'a [u8],
}

impl<'a> Header<'a> {
    const fn without_stations(ethertype: u16, payload: &'a [u8]) -> Self {
        Self { ethertype, source: [0; 6], destination: [0; 6], payload }
    }

    const fn sent_by(self, source: [u8; 6]) -> Self {
        Self { source, ..self }
    }
}

impl Link {
    pub const fn from_number(link_type: u32) -> Option<Self> {
        Some(match link_type {
            1 => Self::Ethernet,
            12 | 14 | 101 => Self::Ip,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            113 => Self::LinuxCooked,
            276 => Self::LinuxCooked2,
            0 | 108 => Self::Loopback,
            9 | 50 => Self::Ppp,
            51 => Self::PppoeSession,
            104 => Self::CiscoHdlc,
            239 => Self::Nflog,
            105 => Self::Wireless,
            127 => Self::Radiotap,
            7 => Self::Arcnet,
            129 => Self::LinuxArcnet,
            _ => return None,
        })
    }

    /// Writes `packet` as an Ethernet frame into `frame` and returns the length it would have had
    /// on the wire. A packet that ends before its header does becomes an empty frame.
    pub fn convert(self, packet: &[u8], wire_length: u64, frame: &mut Vec<u8>) -> u64 {
        frame.clear();
        let Some(header) = self.header(packet) else {
            return wire_length;
        };
        frame.extend_from_slice(&header.destination);
        frame.extend_from_slice(&header.source);
        frame.extend_from_slice(&header.ethertype.to_be_bytes());
        frame.extend_from_slice(header.payload);
        let removed = packet.len() - header.payload.len();
        wire_length.saturating_sub(removed as u64) + HEADER_LENGTH as u64
    }

    fn header(self, packet: &[u8]) -> Option<Header<'_>> {
        Some(match self {
            Self::Ethernet => return None,
            Self::Ip => match packet.first()? >> 4 {
                4 => Header::without_stations(IPV4, packet),
                6 => Header::without_stations(IPV6, packet),
                _ => Header::without_stations(NO_ETHERTYPE, packet),
            },
            Self::Ipv4 => Header::without_stations(IPV4, packet),
            Self::Ipv6 => Header::without_stations(IPV6, packet),
            Self::Loopback => {
                let (family, payload) = packet.split_first_chunk()?;
                Header::without_stations(family_ethertype(*family), payload)
            }
            Self::LinuxCooked => {
                let (header, payload) = packet.split_first_chunk::<16>()?;
                let ethertype = cooked_ethertype([header[14], header[15]], payload);
                Header::without_stations(ethertype, payload)
                    .sent_by(cooked_source([header[4], header[5]], &header[6..14]))
            }
            Self::LinuxCooked2 => {
                let (header, payload) = packet.split_first_chunk::<20>()?;
                let ethertype = cooked_ethertype([header[0], header[1]], payload);
                Header::without_stations(ethertype, payload)
                    .sent_by(cooked_source([0, header[11]], &header[12..20]))
            }
            Self::Ppp => ppp::header(packet)?,
            // The dissector knows the rest.
            Self::PppoeSession => Header::without_stations(PPPOE_SESSION, packet),
            Self::CiscoHdlc => ppp::cisco(packet)?,
            Self::Nflog => nflog::header(packet)?,
            Self::Wireless => wireless::data(packet, false)?,
            Self::Radiotap => wireless::radiotap(packet)?,
            Self::Arcnet => arcnet::header(packet, 2)?,
            Self::LinuxArcnet => arcnet::header(packet, 4)?,
        })
    }
}

/// AF_INET is 2 everywhere, AF_INET6 differs (Linux; NetBSD, OpenBSD; FreeBSD; Darwin).
fn family_ethertype(octets: [u8; 4]) -> u16 {
    let family = u32::from_le_bytes(octets).min(u32::from_be_bytes(octets));
    match family {
        2 => IPV4,
        10 | 24 | 28 | 30 => IPV6,
        _ => NO_ETHERTYPE,
    }
}

/// The protocol field: an ethertype, or 1 and 4 for IEEE 802.3 frames, which have a length instead.
fn cooked_ethertype(protocol: [u8; 2], payload: &[u8]) -> u16 {
    match u16::from_be_bytes(protocol) {
        1 | 4 => payload.len().min(1500) as u16,
        ethertype if ethertype < 0x0600 => NO_ETHERTYPE,
        ethertype => ethertype,
    }
}

fn cooked_source(length: [u8; 2], address: &[u8]) -> [u8; 6] {
    match (length, address.first_chunk()) {
        ([0, 6], Some(address)) => *address,
        _ => [0; 6],
    }
}
