//! Trivial File Transfer Protocol (RFC 1350 section 4): a server answers a request from a port that
//! it chooses then, so the transfer is known by the client's port.
//!
//! Whether it is a request was seen where it was sampled; names of files do not come here.

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends},
    octets::be_u16,
};

const READ: u16 = 1;
const WRITE: u16 = 2;

/// The transfer that a request asks for: whatever its server sends to the port that asked.
pub fn read(octets: &[u8], ends: &Ends) -> Option<Announcement> {
    let is_request = matches!(be_u16(octets, 0)?, READ | WRITE);
    let port = ends.speaker.port();
    is_request.then(|| {
        Announcement::of_speaker(ends, protocol::UDP, port, Application::Tftp).between(ends)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_request_announces_the_port_it_came_from() {
        for sample in [b"\0\x01", b"\0\x02"] {
            let announcement = read(sample, &from_client(69)).unwrap();
            assert_eq!((announcement.address, announcement.port), (CLIENT, 46056));
            assert_eq!(announcement.peer, Some(SERVER));
            assert_eq!(announcement.application, Application::Tftp);
            assert_eq!(announcement.protocol, protocol::UDP);
        }
    }

    #[test]
    fn other_operations_and_half_of_one_announce_nothing() {
        for sample in [&b""[..], b"\0", b"\0\0", b"\0\x03\0\x01", b"\x01\0"] {
            assert_eq!(read(sample, &from_client(69)), None, "{sample:?}");
        }
    }
}
