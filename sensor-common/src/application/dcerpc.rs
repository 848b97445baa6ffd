//! DCE/RPC (The Open Group C706): connection-oriented PDUs over TCP (section 12.6.3.1) and
//! connectionless ones over UDP (section 12.5), the latter the carrier of PROFINET's set-up.

use super::{Application, Identification};
use crate::{frame::Frame, payload::Payload};

const STREAM_HEADER: usize = 16;
const DATAGRAM_HEADER: usize = 80;
/// The integer half of the first octet of the data representation: little-endian if set.
const LITTLE_ENDIAN: u8 = 0x10;

/// Version 5.0 or 5.1, PDU type, flags, data representation of 4 octets, fragment length,
/// authentication length.
#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    // PDU types end at 19 (orphaned); floating-point formats at 3, then two reserved zeros.
    if payload.be_u16(0) & 0xfffe != 0x0500
        || payload.octet(2) > 19
        || payload.octet(4) & 0xee != 0
        || payload.be_u24(5) & 0xfc_ffff != 0
    {
        return None;
    }
    let is_little = payload.octet(4) & LITTLE_ENDIAN != 0;
    let lengths = if is_little {
        (payload.le_u16(8), payload.le_u16(10))
    } else {
        (payload.be_u16(8), payload.be_u16(10))
    };
    let (fragment, authentication) = (lengths.0 as usize, lengths.1 as usize);
    (fragment >= STREAM_HEADER + authentication)
        .then_some(Identification::marked(Application::Dcerpc, fragment == payload.length()))
}

/// Version 4, PDU type, two octets of flags, data representation of 3 octets; at 60 the
/// interface's version, at 74 the length of the body.
#[inline(always)]
pub(super) fn recognise<F: Frame + ?Sized>(frame: &F, payload: &Payload) -> Option<Identification> {
    // PDU types end at 10 (cancel_ack); the second octet of flags has one bit in use.
    if payload.octet(0) != 4
        || payload.octet(1) > 10
        || payload.octet(3) & 0xfd != 0
        || payload.octet(4) & 0xee != 0
        || payload.be_u16(5) & 0xfcff != 0
        || payload.length() < DATAGRAM_HEADER
    {
        return None;
    }
    let lengths = frame.be_u32(payload.offset() + 72)? as u16;
    let is_little = payload.octet(4) & LITTLE_ENDIAN != 0;
    let body = if is_little { lengths.swap_bytes() } else { lengths } as usize;
    (body + DATAGRAM_HEADER <= payload.length()).then_some(Identification::marked(
        Application::Dcerpc,
        body + DATAGRAM_HEADER == payload.length(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// A bind to the endpoint mapper, cut down to its header and a body of 8 octets.
    const BIND: [u8; 24] =
        [5, 0, 11, 3, 0x10, 0, 0, 0, 24, 0, 0, 0, 1, 0, 0, 0, 0xb8, 0x10, 0xb8, 0x10, 0, 0, 0, 0];

    #[test]
    fn a_bind_is_confirmed_in_either_byte_order() {
        assert_eq!(stream(&BIND), confirmed(Application::Dcerpc));
        let mut big_endian = BIND;
        (big_endian[4], big_endian[8], big_endian[9]) = (0, 0, 24);
        assert_eq!(stream(&big_endian), confirmed(Application::Dcerpc));
        no_prefix_is_confirmed(&BIND, stream);
    }

    #[test]
    fn an_unknown_type_or_a_short_fragment_is_refused() {
        for (at, octet) in [(1, 2), (2, 20), (5, 4), (6, 1), (8, 15), (10, 9)] {
            let mut near_miss = BIND;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Dcerpc, "{at}");
        }
    }

    #[test]
    fn a_connectionless_request_is_confirmed_by_the_length_of_its_body() {
        let mut request = [0; 84];
        (request[0], request[2], request[4], request[74]) = (4, 0x20, 0x10, 4);
        assert_eq!(datagram(&request), confirmed(Application::Dcerpc));
        no_prefix_is_confirmed(&request, datagram);
        request[74] = 5;
        assert_ne!(datagram(&request).application, Application::Dcerpc);
    }
}
