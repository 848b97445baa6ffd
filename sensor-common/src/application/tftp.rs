//! Trivial File Transfer Protocol (RFC 1350 section 5, RFC 2347): requests on the registered port,
//! transfers between ports of the parties' own choice.

use super::{Application, Identification, text};
use crate::{frame::Frame, payload::Payload};

const READ: u16 = 1;
const WRITE: u16 = 2;
const DATA: u16 = 3;
const ACKNOWLEDGEMENT: u16 = 4;
const ERROR: u16 = 5;
const OPTIONS: u16 = 6;
/// Opcode, block number, 512 octets.
const FULL_BLOCK: usize = 516;

#[inline(always)]
pub(super) fn recognise<F: Frame + ?Sized>(frame: &F, payload: &Payload) -> Option<Identification> {
    let operation = payload.be_u16(0);
    let number = payload.be_u16(2);
    let length = payload.length();
    if operation.wrapping_sub(1) > 5 {
        return None;
    }
    let is_transfer = match operation {
        READ | WRITE => return request(frame, payload),
        // The first blocks only, by which a transfer is seen to begin.
        DATA => number.wrapping_sub(1) < 4 && (length == FULL_BLOCK || is_negotiated(length)),
        ACKNOWLEDGEMENT => number < 5 && length == 4,
        // Codes 0 to 8, then a text.
        ERROR => number <= 8 && length < 200 && payload.octet(4) >= 0x20 && payload.octet(4) < 0x7f,
        OPTIONS => return options(payload),
        _ => false,
    };
    is_transfer.then_some(Identification::likely(Application::Tftp))
}

/// Block sizes that are negotiated (RFC 2348) to fill a frame, and a short last block.
#[inline(always)]
fn is_negotiated(length: usize) -> bool {
    (5..FULL_BLOCK).contains(&length) || matches!(length, 1028 | 1412 | 1432 | 1460 | 1468 | 1472)
}

/// File name, mode, options, each ended by a zero: `octet` or `netascii` stands behind one.
#[inline(always)]
fn request<F: Frame + ?Sized>(frame: &F, payload: &Payload) -> Option<Identification> {
    let length = payload.length();
    let has_mode = text::has_anywhere(payload, *b"oct", Some(0))
        || text::has_anywhere(payload, *b"net", Some(0));
    if !has_mode || !(9..=516).contains(&length) {
        return None;
    }
    let ends = frame.octet(payload.offset() + length - 1) == Some(0);
    Some(Identification::marked(Application::Tftp, ends))
}

/// The options that the server agrees to (RFC 2348, RFC 2349, RFC 7440).
#[inline(always)]
fn options(payload: &Payload) -> Option<Identification> {
    let small = payload.be_u64_at(2) | text::SMALL;
    const BLKSIZE: u64 = u64::from_be_bytes(*b"blksize ");
    const TIMEOUT: u64 = u64::from_be_bytes(*b"timeout ");
    const WINDOWSIZE: u64 = u64::from_be_bytes(*b"windowsi");
    const TSIZE: u64 = u64::from_be_bytes(*b"tsize   ") >> 16;
    (small == BLKSIZE || small == TIMEOUT || small == WINDOWSIZE || small >> 16 == TSIZE)
        .then_some(Identification::confirmed(Application::Tftp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    const REQUEST: &[u8] = b"\0\x01pump.cfg\0octet\0";

    #[test]
    fn a_request_is_confirmed_by_its_mode() {
        assert_eq!(datagram(REQUEST), confirmed(Application::Tftp));
        no_prefix_is_confirmed(REQUEST, datagram);
        assert_eq!(datagram(b"\0\x02a\0NETASCII\0blksize\x001468\0"), confirmed(Application::Tftp));
        assert_eq!(datagram(b"\0\x06blksize\x001468\0"), confirmed(Application::Tftp));
        assert_eq!(datagram(b"\0\x06tsize\x0012\0"), confirmed(Application::Tftp));
    }

    #[test]
    fn the_beginning_of_a_transfer_is_likely() {
        let mut block = [b'x'; 516];
        block[..4].copy_from_slice(&[0, 3, 0, 1]);
        assert_eq!(datagram(&block), likely(Application::Tftp));
        assert_eq!(datagram(&[0, 4, 0, 1]), likely(Application::Tftp));
        assert_eq!(datagram(b"\0\x05\0\x01File not found\0"), likely(Application::Tftp));
    }

    #[test]
    fn other_operations_and_blocks_are_refused() {
        assert_eq!(datagram(&[0, 4, 0, 9]), unknown());
        assert_eq!(datagram(&[0, 4, 0, 1, 0]), unknown());
        assert_eq!(datagram(b"\0\x01pump.cfg\0mailx\0"), unknown());
        assert_eq!(datagram(b"\0\x07pump.cfg\0octet\0"), unknown());
        assert_eq!(datagram(b"\0\x05\0\x09File not found\0"), unknown());
    }
}
