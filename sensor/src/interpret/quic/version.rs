//! What the versions of QUIC differ in, as far as Initial packets go.

/// A version whose Initial packets can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(pub(super) u32);

/// RFC 9369 section 3.1.
const VERSION_2: u32 = 0x6b33_43cf;

/// `initial_salt` of RFC 9001 section 5.2.
const SALT_1: [u8; 20] = [
    0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad,
    0xcc, 0xbb, 0x7f, 0x0a,
];

/// `initial_salt` of RFC 9369 section 3.3.1.
const SALT_2: [u8; 20] = [
    0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb,
    0xf9, 0xbd, 0x2e, 0xd9,
];

/// `initial_salt` of draft-ietf-quic-tls-29 section 5.2, in force up to draft 32.
const SALT_DRAFT_29: [u8; 20] = [
    0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0,
    0x43, 0x90, 0xa8, 0x99,
];

/// `initial_salt` of draft-ietf-quic-tls-23 section 5.2, in force up to draft 28.
const SALT_DRAFT_23: [u8; 20] = [
    0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65,
    0xbe, 0xf9, 0xf5, 0x02,
];

/// Types of packets with long headers (RFC 9000 section 17.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PacketType {
    Initial,
    ZeroRtt,
    Handshake,
    Retry,
}

impl Version {
    pub(super) fn from_number(number: u32) -> Option<Self> {
        matches!(number, 1 | VERSION_2 | 0xff00_0017..=0xff00_0022).then_some(Self(number))
    }

    pub(super) fn initial_salt(self) -> &'static [u8; 20] {
        match self.0 {
            VERSION_2 => &SALT_2,
            0xff00_0017..=0xff00_001c => &SALT_DRAFT_23,
            0xff00_001d..=0xff00_0020 => &SALT_DRAFT_29,
            _ => &SALT_1,
        }
    }

    /// Labels of key, initialisation vector and header protection key (RFC 9001 section 5.1, RFC
    /// 9369 section 3.3.2).
    pub(super) fn labels(self) -> [&'static str; 3] {
        match self.0 {
            VERSION_2 => ["quicv2 key", "quicv2 iv", "quicv2 hp"],
            _ => ["quic key", "quic iv", "quic hp"],
        }
    }

    /// The type in a long header's first octet (RFC 9000 table 5, RFC 9369 section 3.2).
    pub(super) fn packet_type(self, first: u8) -> PacketType {
        use PacketType::{Handshake, Initial, Retry, ZeroRtt};
        let types = match self.0 {
            VERSION_2 => [Retry, Initial, ZeroRtt, Handshake],
            _ => [Initial, ZeroRtt, Handshake, Retry],
        };
        types[usize::from(first >> 4 & 3)]
    }
}
