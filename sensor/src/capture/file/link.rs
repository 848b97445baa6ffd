//! Link types, by their LINKTYPE_ values (<https://www.tcpdump.org/linktypes.html>), and how their
//! packets become Ethernet frames.

/// Octets of an Ethernet header.
const ETHERNET_HEADER: usize = 14;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
/// Reserved (RFC 1701): a type that no dissector takes for its own.
const NO_ETHERTYPE: u16 = 0xffff;

/// What an error message says.
pub(super) const SUPPORTED: &str = "Ethernet (1), raw IP (12, 14, 101, 228, 229), \
    Linux cooked (113, 276) and BSD loopback (0, 108)";

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
}

/// What a link header says.
struct Header<'a> {
    ethertype: u16,
    /// Link address of the sender.
    source: [u8; 6],
    payload: &'a [u8],
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
        frame.extend_from_slice(&[0; 6]);
        frame.extend_from_slice(&header.source);
        frame.extend_from_slice(&header.ethertype.to_be_bytes());
        frame.extend_from_slice(header.payload);
        let removed = packet.len() - header.payload.len();
        wire_length.saturating_sub(removed as u64) + ETHERNET_HEADER as u64
    }

    fn header(self, packet: &[u8]) -> Option<Header<'_>> {
        let without_source = |ethertype, payload| Header { ethertype, source: [0; 6], payload };
        Some(match self {
            Self::Ethernet => return None,
            Self::Ip => match packet.first()? >> 4 {
                4 => without_source(IPV4, packet),
                6 => without_source(IPV6, packet),
                _ => without_source(NO_ETHERTYPE, packet),
            },
            Self::Ipv4 => without_source(IPV4, packet),
            Self::Ipv6 => without_source(IPV6, packet),
            Self::Loopback => {
                let (family, payload) = packet.split_first_chunk()?;
                without_source(family_ethertype(*family), payload)
            }
            Self::LinuxCooked => {
                let (header, payload) = packet.split_first_chunk::<16>()?;
                Header {
                    ethertype: cooked_ethertype([header[14], header[15]], payload),
                    source: cooked_source([header[4], header[5]], &header[6..14]),
                    payload,
                }
            }
            Self::LinuxCooked2 => {
                let (header, payload) = packet.split_first_chunk::<20>()?;
                Header {
                    ethertype: cooked_ethertype([header[0], header[1]], payload),
                    source: cooked_source([0, header[11]], &header[12..20]),
                    payload,
                }
            }
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
