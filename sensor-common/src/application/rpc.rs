//! ONC remote procedure calls (RFC 5531 section 9) and the Network File System among them
//! (RFC 1813, RFC 7530).

use super::{Application, Identification};
use crate::payload::Payload;

const CALL: u32 = 0;
const REPLY: u32 = 1;
const RPC_VERSION: u32 = 2;
const NFS: u32 = 100_003;
const LAST_FRAGMENT: u32 = 1 << 31;

/// Over TCP a record mark comes first (section 11).
#[inline(always)]
pub(super) fn recognise_stream(payload: &Payload) -> Option<Identification> {
    let mark = payload.be_u32(0);
    if mark & LAST_FRAGMENT == 0 || ((mark & !LAST_FRAGMENT) as usize) + 4 < payload.length() {
        return None;
    }
    message::<4>(payload)
}

#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    message::<0>(payload)
}

/// Transaction, CALL or REPLY, version of RPC or status, program, its version.
#[inline(always)]
fn message<const AT: usize>(payload: &Payload) -> Option<Identification> {
    let kind = payload.be_u32(AT + 4);
    let third = payload.be_u32(AT + 8);
    let program = payload.be_u32(AT + 12);
    if kind == CALL {
        // Programs assigned to the system (0 to 0x1fffffff) begin at 100000.
        let is_call = third == RPC_VERSION
            && program.wrapping_sub(100_000) < 0x1000_0000
            && payload.be_u32(AT + 16) < 0x100
            && payload.length() >= AT + 40;
        let application = if program == NFS { Application::Nfs } else { Application::Rpc };
        // Version and procedure as programs have them; a credential (section 8.2) of a flavour in
        // use, of at most 400 octets in whole words.
        let version = payload.be_u32(AT + 16);
        let credential = payload.be_u32(AT + 28);
        let second_condition = version != 0
            && payload.be_u32(AT + 20) < 0x100
            && payload.be_u32(AT + 24) < 7
            && credential <= 400
            && credential.is_multiple_of(4);
        return is_call.then_some(Identification::marked(application, second_condition));
    }
    // Accepted, a verifier of flavour 0 and no length, success: all zeros.
    (kind == REPLY
        && third == 0
        && program == 0
        && payload.be_u64_at(AT + 16) == 0
        && payload.length() >= AT + 24
        && payload.length().is_multiple_of(4))
    .then_some(Identification::likely(Application::Rpc))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// NULL of NFS version 3.
    fn call() -> [u8; 40] {
        let mut octets = [0; 40];
        octets[..4].copy_from_slice(b"\x12\x34\x56\x78");
        octets[11] = 2;
        octets[12..16].copy_from_slice(&NFS.to_be_bytes());
        octets[19] = 3;
        octets
    }

    #[test]
    fn calls_are_confirmed() {
        assert_eq!(datagram(&call()), confirmed(Application::Nfs));
        no_prefix_is_confirmed(&call(), datagram);
        let mut octets = [0; 44];
        octets[..4].copy_from_slice(&(LAST_FRAGMENT | 40).to_be_bytes());
        octets[4..].copy_from_slice(&call());
        assert_eq!(stream(&octets), confirmed(Application::Nfs));
        octets[19] = 0xa0;
        assert_eq!(stream(&octets), confirmed(Application::Rpc));
    }

    #[test]
    fn a_transaction_may_look_like_text() {
        let mut printable = call();
        printable[..4].copy_from_slice(b"8CvY");
        assert_eq!(datagram(&printable), confirmed(Application::Nfs));
    }

    #[test]
    fn other_versions_and_programs_are_refused() {
        for (at, octet) in [(7, 2), (11, 3), (12, 0x80), (13, 0), (16, 1)] {
            let mut near_miss = call();
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Nfs, "{at}");
        }
    }

    #[test]
    fn a_call_without_version_or_with_an_odd_credential_is_likely() {
        for (at, octet) in [(19, 0), (21, 1), (27, 7), (30, 2), (31, 3)] {
            let mut near_miss = call();
            near_miss[at] = octet;
            assert_eq!(datagram(&near_miss), likely(Application::Nfs), "{at}");
        }
    }
}
