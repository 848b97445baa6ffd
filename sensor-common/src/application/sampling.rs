//! Which payloads user space gets to read, and how many octets of each.
//!
//! A verdict needs no sample; what a device says of itself, or of a flow to come, does. Payloads
//! that carry patients, orders or results are never sampled: HL7, ASTM, POCT1-A, IntelliVue,
//! CARESCAPE, FHIR, DICOM data sets, and whatever has no verdict, or one by its port only. The cut is
//! made here, before anything is copied: at the end of the message that is read, of the line, of the
//! command set.
//!
//! Some messages hold, beside what is read, what people are called, and cannot be cut at such a
//! place. It reaches the agent's memory for as long as the parser runs, and no parser looks at it:
//!
//! - SIP: header fields (`From`, `To`) stand before the description of the media.
//! - RTSP: the URL of a SETUP stands before its transport.
//! - WS-Discovery: scopes stand between the types of a device and its addresses.
//! - DICOM: the user identity (item 58H, PS3.7 annex D.3.3.7) is one of the sub-items at the end of
//!   an A-ASSOCIATE-RQ, in no set order; to find it the program would have to walk all presentation
//!   contexts, up to 128 items of any length. The comment on an error (0000,0902) is an element of a
//!   command set like any other.
//! - DNS: the name that is asked for is what is read. It is kept in memory, to be compared with
//!   others.
//!
//! `tests/tests/canary.rs` has this list, and holds the rest against it.

use super::{Application, Verdict, text};
use crate::{payload::Payload, record::SAMPLE_OCTETS};

/// Which payload packets of one direction of a flow are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    Never,
    /// The first ones only.
    First(u8),
    /// Whenever one says something: leases, flows to come, what is done with files.
    Each,
}

/// The most of [`Sampling::First`].
pub const MOST_SAMPLED_PACKETS: u8 = 8;

impl Application {
    pub const fn sampling(self) -> Sampling {
        match self {
            Self::Dhcp | Self::Ftp | Self::Sip | Self::Rtsp | Self::Wsd => Sampling::Each,
            Self::Smb1 | Self::Smb2 | Self::Dns | Self::Smtp => Sampling::Each,
            Self::Modbus | Self::Bacnet | Self::S7comm | Self::Knx => Sampling::Each,
            Self::Tls | Self::Quic | Self::Dicom | Self::Vnc => Sampling::First(4),
            Self::Dcerpc => Sampling::First(MOST_SAMPLED_PACKETS),
            Self::Tftp | Self::Snmp => Sampling::First(1),
            _ => Sampling::Never,
        }
    }

    /// Whether what is sampled are mostly headers, and so many that they have an allowance of their
    /// own: see [`crate::budget::SampleBudget`].
    pub const fn is_sampled_by_header(self) -> bool {
        matches!(
            self,
            Self::Smb1
                | Self::Smb2
                | Self::Dns
                | Self::Snmp
                | Self::Modbus
                | Self::Bacnet
                | Self::S7comm
                | Self::Knx
        )
    }
}

/// A set of applications, a bit each.
type Set = [u64; 2];

const EACH: Set = set_of(u8::MAX);
const FIRST_EIGHT: Set = set_of(8);
const FIRST_FOUR: Set = set_of(4);
const FIRST: Set = set_of(1);
const BY_HEADER: Set = {
    let mut bits = [0; 2];
    let mut index = 0;
    while index < Application::ALL.len() {
        if Application::ALL[index].is_sampled_by_header() {
            insert(&mut bits, Application::ALL[index]);
        }
        index += 1;
    }
    bits
};

/// The applications of which so many packets are sampled, [`u8::MAX`] for [`Sampling::Each`].
const fn set_of(packets: u8) -> Set {
    let mut bits = [0; 2];
    let mut index = 0;
    while index < Application::ALL.len() {
        let application = Application::ALL[index];
        let is_in = match application.sampling() {
            Sampling::Never => false,
            Sampling::First(first) => first == packets,
            Sampling::Each => packets == u8::MAX,
        };
        if is_in {
            insert(&mut bits, application);
        }
        index += 1;
    }
    bits
}

const fn insert(set: &mut Set, application: Application) {
    set[application as usize / 64] |= 1 << (application as u32 % 64);
}

#[inline(always)]
const fn contains(set: Set, number: u8) -> bool {
    let word = if number < 64 { set[0] } else { set[1] };
    word >> (number & 63) & 1 != 0
}

impl Verdict {
    /// Whether user space learns something from later packets of such a flow too.
    #[inline(always)]
    pub const fn is_sampled_throughout(self) -> bool {
        contains(EACH, self.number())
    }

    /// [`Application::is_sampled_by_header`].
    #[inline(always)]
    pub const fn is_sampled_by_header(self) -> bool {
        contains(BY_HEADER, self.number())
    }

    /// Whether a payload of such a flow that begins with these eight octets (zeros or others after
    /// its end) may be worth a sample: `false` only if [`sample_length`] would be 0.
    #[inline(always)]
    pub const fn may_sample(self, beginning: u64) -> bool {
        let number = self.number();
        let is_smb = number == Application::Smb1 as u8 || number == Application::Smb2 as u8;
        if is_smb {
            super::smb::begins_like_one(beginning)
        } else if number == Application::Smtp as u8 {
            // No letter, but a reply about a login.
            beginning >> 40 == FAILED_LOGIN || beginning >> 40 == LOGIN
        } else {
            true
        }
    }

    /// Whether the payload packet that is the `inspected`-th of its direction may be sampled.
    #[inline(always)]
    pub const fn is_sampled(self, inspected: u8) -> bool {
        let number = self.number();
        contains(EACH, number)
            || inspected <= 8 && contains(FIRST_EIGHT, number)
            || inspected <= 4 && contains(FIRST_FOUR, number)
            || inspected <= 1 && contains(FIRST, number)
    }
}

/// Octets of a payload of `verdict`'s application that may be copied to user space, 0 for none.
///
/// `awaited` are the octets of a hello that are still to come, see [`awaited_octets`].
#[inline(never)]
pub fn sample_length(verdict: u8, payload: &Payload, awaited: u16) -> usize {
    let most = match Verdict::from_bits(verdict).application() {
        // A request or a reply of an Ethernet.
        Application::Dhcp if payload.be_u24(0) & 0xfc_ffff == 0x00_0106 => SAMPLE_OCTETS,
        Application::Wsd if super::wsd::begins_like_one(payload) => SAMPLE_OCTETS,
        Application::Tls if awaited > 0 => awaited as usize,
        Application::Tls => tls(payload),
        // Only long headers carry what can be read (RFC 9000 section 17.2).
        Application::Quic if payload.octet(0) & 0xc0 == 0xc0 => SAMPLE_OCTETS,
        Application::Dicom => super::dicom::sample_length(payload),
        Application::Smb1 | Application::Smb2 => super::smb::sample_length(payload),
        Application::Dns => super::dns::sample_length(payload),
        Application::Dcerpc => super::dcerpc::sample_length(payload),
        Application::Ftp => ftp(payload),
        Application::Smtp if is_reply(payload, LOGIN) => DIGITS,
        Application::Smtp if is_reply(payload, FAILED_LOGIN) => DIGITS,
        Application::Snmp => super::snmp::sample_length(payload),
        Application::Vnc => super::vnc::sample_length(payload),
        Application::Modbus => super::modbus::sample_length(payload),
        Application::Bacnet => super::bacnet::sample_length(payload),
        Application::S7comm => super::s7comm::sample_length(payload),
        Application::Knx => super::knx::sample_length(payload),
        // The operation of a request says enough; names of files stay.
        Application::Tftp if payload.be_u16(0).wrapping_sub(1) < 2 => 2,
        Application::Sip if payload.has(0, b"INVITE") || payload.has(0, b"SIP/") => SAMPLE_OCTETS,
        // That somebody registers or looks around says enough.
        Application::Sip if payload.has(0, b"REGISTER") => 8,
        Application::Sip if payload.has(0, b"OPTIONS ") => 8,
        Application::Rtsp if payload.has(0, b"SETUP") || payload.has(0, b"RTSP/") => 512,
        _ => 0,
    };
    let most = if most < SAMPLE_OCTETS { most } else { SAMPLE_OCTETS };
    let length = payload.length();
    if length < most { length } else { most }
}

/// Type and length of a TLS record (RFC 8446 section 5.1), and of a handshake message (section 4).
const HELLO_HEADERS: usize = 5 + 4;

/// Octets of a ClientHello that go on after this payload: only for so many octets is a later segment
/// read that does not say itself what it is. So nothing is read of a stream that only the other side
/// speaks TLS on, as when a clear message goes to a port for TLS and is answered by an alert.
#[inline(never)]
pub fn awaited_octets(verdict: u8, payload: &Payload, awaited: u16) -> u16 {
    if verdict & 0x7f != Application::Tls as u8 {
        return 0;
    }
    let length = payload.length();
    let expected = if awaited > 0 {
        awaited as usize
    } else if payload.be_u16(0) == 0x1603 && payload.octet(5) == CLIENT_HELLO {
        payload.be_u24(6) as usize + HELLO_HEADERS
    } else {
        0
    };
    let left = expected.saturating_sub(length);
    if left < 1 << 14 { left as u16 } else { 0 }
}

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;

/// Hellos; of a server's flight only the beginning, before certificates.
#[inline(always)]
fn tls(payload: &Payload) -> usize {
    match (payload.be_u16(0), payload.octet(5)) {
        (0x1603, CLIENT_HELLO) => SAMPLE_OCTETS,
        (0x1603, SERVER_HELLO) => 128,
        _ => 0,
    }
}

/// Octets of a reply's code.
const DIGITS: usize = 3;
/// RFC 4954 sections 4 and 6.
const LOGIN: u64 = three(b"235");
const FAILED_LOGIN: u64 = three(b"535");

const fn three(digits: &[u8; 3]) -> u64 {
    (digits[0] as u64) << 16 | (digits[1] as u64) << 8 | digits[2] as u64
}

/// Whether the payload is a reply of this code: a space or a hyphen follows it.
#[inline(always)]
fn is_reply(payload: &Payload, code: u64) -> bool {
    let separator = payload.octet(DIGITS);
    payload.be_u24(0) as u64 == code && (separator == b' ' || separator == b'-')
}

/// The line that names a data connection (RFC 959 section 4.1.2, RFC 2428), to its end; of replies
/// that grant or refuse a login (section 4.2.1) the code. No other leaves, least of all a password or
/// the name of a file.
#[inline(always)]
fn ftp(payload: &Payload) -> usize {
    let names_connection = payload.has(0, b"PORT ")
        || payload.has(0, b"EPRT ")
        || payload.has(0, b"227")
        || payload.has(0, b"229");
    let is_of_login = is_reply(payload, three(b"530"))
        || is_reply(payload, three(b"430"))
        || is_reply(payload, three(b"230"));
    if names_connection {
        text::line_length(payload)
    } else if is_of_login {
        DIGITS
    } else {
        0
    }
}

#[cfg(test)]
mod tests;
