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

const BIND: u8 = 11;
const ALTER_CONTEXT: u8 = 14;
/// Of a trailer before the credentials (C706 section 13.2.6.1).
const TRAILER_HEADER: usize = 8;

/// Octets of a bind that begins at `AT`, in a message of SMB to a pipe, without the credentials behind
/// it; 0 if none begins there. Only in little-endian order, in which every host with SMB writes.
#[inline(always)]
pub(super) fn bind_length<const AT: usize>(payload: &Payload) -> usize {
    let kind = payload.octet(AT + 2);
    let is_bind = payload.be_u16(AT) & 0xfffe == 0x0500 && (kind == BIND || kind == ALTER_CONTEXT);
    if !is_bind || payload.octet(AT + 4) != LITTLE_ENDIAN {
        return 0;
    }
    let credentials = payload.le_u16(AT + 10) as usize;
    let trailer = if credentials > 0 { credentials + TRAILER_HEADER } else { 0 };
    let fragment = payload.le_u16(AT + 8) as usize;
    if fragment < STREAM_HEADER + trailer { 0 } else { fragment - trailer }
}

/// Octets that may leave the kernel: the interfaces that a client binds to, without the credentials
/// behind them (C706 sections 12.6.4.3 and 12.6.4.1, MS-RPCE section 2.2.2.11); the answers of an
/// endpoint mapper; of datagrams the header. Arguments and results of calls are not among them.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const RESPONSE: u8 = 2;
    const MOST: usize = 1024;
    if payload.octet(0) == 4 {
        return DATAGRAM_HEADER;
    }
    let (fragment, credentials) = if payload.octet(4) & LITTLE_ENDIAN != 0 {
        (payload.le_u16(8) as usize, payload.le_u16(10) as usize)
    } else {
        (payload.be_u16(8) as usize, payload.be_u16(10) as usize)
    };
    let trailer = if credentials > 0 { credentials + TRAILER_HEADER } else { 0 };
    let is_sampled = match payload.octet(2) {
        BIND | ALTER_CONTEXT => true,
        RESPONSE => is_endpoint_map(payload),
        _ => false,
    };
    if payload.octet(0) != 5 || !is_sampled || fragment < STREAM_HEADER + trailer {
        return 0;
    }
    let whole = fragment - trailer;
    if whole < MOST { whole } else { MOST }
}

/// Whether a response has the form of the results of `ept_map` (C706 appendix O): an entry handle,
/// mostly zero, the number of towers, and their array, of as many elements from the first on. In the
/// 64-bit transfer syntax (MS-RPCE section 2.2.5) the array's bounds take twice the room.
#[inline(always)]
fn is_endpoint_map(payload: &Payload) -> bool {
    const HANDLE: usize = 24;
    let towers = payload.be_u32(HANDLE + 20);
    let is_count = (towers.swap_bytes().wrapping_sub(1) < 256) | (towers.wrapping_sub(1) < 256);
    let bounds = (payload.be_u32(HANDLE + 28), payload.be_u32(HANDLE + 32));
    payload.be_u32(HANDLE) == 0
        && is_count
        && bounds.0 == 0
        && (bounds.1 == towers || bounds.1 == 0)
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

    fn sample(octets: &[u8]) -> &[u8] {
        &octets[..sample_length(&Payload::from_octets(octets)).min(octets.len())]
    }

    /// A fragment in little-endian order with so many octets of credentials at its end.
    fn fragment<const N: usize>(kind: u8, credentials: u8) -> [u8; N] {
        let mut octets = [0x5a; N];
        octets[..16].copy_from_slice(&[
            5,
            0,
            kind,
            3,
            0x10,
            0,
            0,
            0,
            N as u8,
            0,
            credentials,
            0,
            1,
            0,
            0,
            0,
        ]);
        octets
    }

    #[test]
    fn binds_leave_without_credentials_and_calls_stay() {
        for kind in [11, 14] {
            assert_eq!(sample(&fragment::<120>(kind, 0)).len(), 120);
            assert_eq!(sample(&fragment::<120>(kind, 40)).len(), 120 - 40 - 8);
            assert_eq!(sample(&fragment::<120>(kind, 110)).len(), 0, "{kind}: more than there is");
        }
        for kind in [0, 1, 2, 3, 12, 13, 15, 16] {
            assert_eq!(sample(&fragment::<120>(kind, 0)).len(), 0, "{kind}");
        }
        let mut datagram = [0x5a; 120];
        datagram[0] = 4;
        assert_eq!(sample(&datagram).len(), DATAGRAM_HEADER);
        datagram[0] = 6;
        assert_eq!(sample(&datagram).len(), 0);
    }

    #[test]
    fn a_bind_in_another_message_ends_before_its_credentials() {
        let length = |bind: &[u8; 120]| {
            let mut octets = [0; 160];
            octets[16..136].copy_from_slice(bind);
            bind_length::<16>(&Payload::from_octets(&octets))
        };
        for kind in [11, 14] {
            assert_eq!(length(&fragment(kind, 0)), 120);
            assert_eq!(length(&fragment(kind, 40)), 120 - 40 - 8);
            assert_eq!(length(&fragment(kind, 110)), 0, "more than there is");
        }
        assert_eq!(length(&fragment(0, 0)), 0, "a call");
        for (at, octet) in [(0, 4), (1, 2), (4, 0)] {
            let mut near_miss = fragment(11, 0);
            near_miss[at] = octet;
            assert_eq!(length(&near_miss), 0, "{at}");
        }
    }

    #[test]
    fn of_results_only_those_of_an_endpoint_mapper_leave() {
        let mut short = fragment::<200>(2, 0);
        // Handle; number of towers; bounds: most, first, how many.
        short[24..60].fill(0);
        (short[44], short[48], short[56]) = (2, 4, 2);
        assert_eq!(sample(&short).len(), 200);
        let mut wide = short;
        wide[56] = 0;
        assert_eq!(sample(&wide).len(), 200, "64-bit transfer syntax");
        let mut big = short;
        big[44..60].copy_from_slice(&[0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 2]);
        assert_eq!(sample(&big).len(), 200);
        for (at, octet) in [(24, 1), (44, 0), (45, 2), (52, 1), (56, 3)] {
            let mut near_miss = short;
            near_miss[at] = octet;
            assert_eq!(sample(&near_miss).len(), 0, "{octet} at {at}");
        }
    }
}
