//! Trivial File Transfer Protocol (RFC 1350 section 4): a server answers a request from a port that
//! it chooses then, so the transfer is known by the client's port. Names of files are not kept.

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends},
    octets::be_u16,
};

const READ: u16 = 1;
const WRITE: u16 = 2;
/// The longest request: RFC 2347 section 3.
const LONGEST: usize = 512;

/// The transfer that a request asks for: whatever its server sends to the port that asked.
pub fn read(octets: &[u8], ends: &Ends) -> Option<Announcement> {
    let operation = be_u16(octets, 0)?;
    if !matches!(operation, READ | WRITE) || octets.len() > LONGEST {
        return None;
    }
    // File name and mode, each ended by a zero, then options of the same form.
    let mut fields = octets[2..].strip_suffix(b"\0")?.split(|&octet| octet == 0);
    let has_name = fields.next().is_some_and(|name| !name.is_empty());
    let mode = fields.next()?;
    let is_mode =
        [&b"octet"[..], b"netascii", b"mail"].iter().any(|known| mode.eq_ignore_ascii_case(known));
    let port = ends.speaker.port();
    (has_name && is_mode).then(|| {
        Announcement::of_speaker(ends, protocol::UDP, port, Application::Tftp).between(ends)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const REQUEST: &[u8] = b"\0\x01px.raw\0octet\0";

    #[test]
    fn a_request_announces_the_port_it_came_from() {
        for sample in [REQUEST, b"\0\x02a\0NETASCII\0blksize\x001468\0"] {
            let announcement = read(sample, &from_client(69)).unwrap();
            assert_eq!((announcement.address, announcement.port), (CLIENT, 46056));
            assert_eq!(announcement.peer, Some(SERVER));
            assert_eq!(announcement.application, Application::Tftp);
            assert_eq!(announcement.protocol, protocol::UDP);
        }
    }

    #[test]
    fn a_request_that_is_cut_announces_nothing() {
        for length in 0..REQUEST.len() {
            assert_eq!(read(&REQUEST[..length], &from_client(69)), None, "{length}");
        }
    }

    #[test]
    fn near_misses_announce_nothing() {
        let mut long = REQUEST.to_vec();
        long.splice(2..2, [b'x'; LONGEST]);
        for sample in [
            &b"\0\x03px.raw\0octet\0"[..],
            b"\0\x01\0octet\0",
            b"\0\x01px.raw\0octets\0",
            b"\0\x01px.raw\0",
            &long,
        ] {
            assert_eq!(read(sample, &from_client(69)), None, "{sample:?}");
        }
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[REQUEST], |octets| {
            let announced = read(octets, &from_client(69));
            assert!(announced.is_none_or(|found| found.is_of_speaker() && found.port == 46056));
        });
    }
}
