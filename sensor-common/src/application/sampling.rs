//! Which payloads user space gets to read, and how many octets of each.
//!
//! A verdict needs no sample; what a device says of itself, or of a flow to come, does. Payloads
//! that carry patients, orders or results are never sampled: HL7, ASTM, POCT1-A, IntelliVue,
//! CARESCAPE, FHIR, DICOM data sets, and whatever has no verdict. The cut is made here, before
//! anything is copied.

use super::{Application, Verdict};
use crate::{payload::Payload, record::SAMPLE_OCTETS};

/// Which payload packets of one direction of a flow are sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sampling {
    Never,
    /// The first ones only.
    First(u8),
    /// Whenever one says something: leases, and flows to come.
    Each,
}

impl Application {
    pub const fn sampling(self) -> Sampling {
        match self {
            Self::Dhcp | Self::Ftp | Self::Sip | Self::Rtsp | Self::Wsd => Sampling::Each,
            Self::Tls | Self::Quic | Self::Dicom | Self::Smb1 | Self::Smb2 => Sampling::First(4),
            Self::Dcerpc => Sampling::First(8),
            Self::Tftp => Sampling::First(1),
            _ => Sampling::Never,
        }
    }
}

/// A set of applications, a bit each.
type Set = [u64; 2];

const EACH: Set = set_of(u8::MAX);
const FIRST_EIGHT: Set = set_of(8);
const FIRST_FOUR: Set = set_of(4);
const FIRST: Set = set_of(1);

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
            bits[application as usize / 64] |= 1 << (application as u32 % 64);
        }
        index += 1;
    }
    bits
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
#[inline(never)]
pub fn sample_length(verdict: u8, payload: &Payload) -> usize {
    let most = match Verdict::from_bits(verdict).application() {
        Application::Dhcp | Application::Wsd => SAMPLE_OCTETS,
        Application::Tls => tls(payload),
        // Only long headers carry what can be read (RFC 9000 section 17.2).
        Application::Quic if payload.octet(0) & 0xc0 == 0xc0 => SAMPLE_OCTETS,
        Application::Dicom => super::dicom::sample_length(payload),
        Application::Smb1 | Application::Smb2 => super::smb::sample_length(payload),
        Application::Dcerpc => 1024,
        Application::Ftp => ftp(payload),
        Application::Tftp => 512,
        Application::Sip if payload.has(0, b"INVITE") || payload.has(0, b"SIP/") => SAMPLE_OCTETS,
        Application::Rtsp if payload.has(0, b"SETUP") || payload.has(0, b"RTSP/") => 512,
        _ => 0,
    };
    let length = payload.length();
    if length < most { length } else { most }
}

/// Hellos, and what goes on with one: that does not begin with a record's header. Of a server's
/// flight only the beginning, before certificates.
#[inline(always)]
fn tls(payload: &Payload) -> usize {
    const CLIENT_HELLO: u8 = 1;
    const SERVER_HELLO: u8 = 2;
    let begins_record = payload.octet(0).wrapping_sub(20) < 4 && payload.octet(1) == 3;
    if !begins_record {
        return SAMPLE_OCTETS;
    }
    match (payload.octet(0), payload.octet(5)) {
        (22, CLIENT_HELLO) => SAMPLE_OCTETS,
        (22, SERVER_HELLO) => 128,
        _ => 0,
    }
}

/// The lines that name a data connection (RFC 959 section 4.1.2, RFC 2428); no other leaves, least
/// of all a password.
#[inline(always)]
fn ftp(payload: &Payload) -> usize {
    let names_connection = payload.has(0, b"PORT ")
        || payload.has(0, b"EPRT ")
        || payload.has(0, b"227")
        || payload.has(0, b"229");
    if names_connection { 128 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(application: Application, octets: &[u8]) -> usize {
        sample_length(Verdict::settled(application).bits(), &Payload::from_octets(octets))
    }

    #[test]
    fn clinical_content_and_unknown_payload_never_leave() {
        let octets = [0x55; 400];
        for application in [
            Application::Unknown,
            Application::Hl7,
            Application::Astm,
            Application::Poct1a,
            Application::GeUnity,
            Application::Intellivue,
            Application::PersonalHealthDevice,
            Application::Fhir,
            Application::Dicomweb,
            Application::Http,
            Application::Jetdirect,
        ] {
            assert_eq!(application.sampling(), Sampling::Never, "{}", application.name());
            assert_eq!(length(application, &octets), 0, "{}", application.name());
            assert!(!Verdict::settled(application).is_sampled(1));
        }
    }

    #[test]
    fn passwords_of_ftp_stay_and_data_connections_are_told() {
        assert_eq!(length(Application::Ftp, b"PASS secret\r\n"), 0);
        assert_eq!(length(Application::Ftp, b"PORT 10,0,0,1,4,1\r\n"), 19);
        assert_eq!(length(Application::Ftp, b"227 Entering Passive Mode (10,0,0,1,4,1)\r\n"), 42);
    }

    #[test]
    fn of_tls_hellos_leave_and_what_goes_on_with_them() {
        let mut hello = [7; 600];
        hello[..6].copy_from_slice(&[22, 3, 1, 2, 83, 1]);
        assert_eq!(length(Application::Tls, &hello), 600);
        hello[5] = 2;
        assert_eq!(length(Application::Tls, &hello), 128);
        hello[0] = 23;
        assert_eq!(length(Application::Tls, &hello), 0);
        assert_eq!(length(Application::Tls, &[7; 600]), 600);
    }

    #[test]
    fn only_some_flows_are_sampled_throughout() {
        for application in Application::ALL {
            let verdict = Verdict::settled(*application);
            let is_each = application.sampling() == Sampling::Each;
            assert_eq!(verdict.is_sampled_throughout(), is_each, "{}", application.name());
            let packets = (1..=u8::MAX).filter(|&packet| verdict.is_sampled(packet)).count();
            let wanted = match application.sampling() {
                Sampling::Never => 0,
                Sampling::First(packets) => packets as usize,
                Sampling::Each => u8::MAX as usize,
            };
            assert_eq!(packets, wanted, "{}", application.name());
        }
        let tls = Verdict::settled(Application::Tls);
        assert!(tls.is_sampled(4) && !tls.is_sampled(5));
    }
}
