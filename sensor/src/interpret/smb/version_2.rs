//! The header of a message of version 2 or 3 (MS-SMB2 section 2.2.1), and what stands at fixed places
//! behind it. Of a compound only the first message is read.

use super::{SESSION_HEADER, SMB2_HEADER, SMB2_REPLY};
use crate::interpret::octets::{array, le_u16, le_u32};

pub const NEGOTIATE: u16 = 0;
pub const SESSION_SETUP: u16 = 1;
pub const TREE_CONNECT: u16 = 3;
pub const CREATE: u16 = 5;
pub const WRITE: u16 = 9;
pub const CONTROL: u16 = 11;
pub const SET_INFO: u16 = 17;

/// An answer that comes later: what stands in the tree's place is another identifier.
const ASYNCHRONOUS: u32 = 2;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smb2Message {
    /// The command's code (MS-SMB2 section 2.2.1.2).
    pub command: u16,
    pub is_reply: bool,
    /// An NTSTATUS (MS-ERREF section 2.3); 0 in requests, where other things stand in its place.
    pub status: u32,
    pub message_id: u64,
    /// `None` of an asynchronous answer.
    pub tree: Option<u32>,
    pub session: u64,
    /// Whether other messages follow in the same compound.
    pub is_compound: bool,
    pub request: Option<Smb2Request>,
    /// Of an answer to a login that succeeded: whether as a guest or as nobody (section 2.2.6).
    pub is_guest: Option<bool>,
}

/// What the fixed part of a request says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Smb2Request {
    /// Section 2.2.13: what is to be done with a file, with or without success.
    Create { desired_access: u32, disposition: u32, options: u32 },
    /// Section 2.2.39: the kind of what is set (1 a file's) and its class (MS-FSCC section 2.4).
    SetInfo { information_type: u8, information_class: u8 },
    /// Section 2.2.21: octets that are written.
    Write { octets: u32 },
}

impl Smb2Message {
    /// The class of a SET_INFO request on a file: 10 and 65 rename it, 13 and 64 delete it.
    pub const fn file_information_class(&self) -> Option<u8> {
        const FILE: u8 = 1;
        match self.request {
            Some(Smb2Request::SetInfo { information_type: FILE, information_class }) => {
                Some(information_class)
            }
            _ => None,
        }
    }
}

/// The message that a sample begins with, if its header is whole.
pub fn read(octets: &[u8]) -> Option<Smb2Message> {
    let message = octets.get(SESSION_HEADER..).filter(|_| octets[0] == 0)?;
    if &array(message, 0)? != b"\xfeSMB" || le_u16(message, 4)? != SMB2_HEADER as u16 {
        return None;
    }
    let body = message.get(SMB2_HEADER..)?;
    let flags = le_u32(message, 16)?;
    let command = le_u16(message, 12)?;
    let is_reply = flags & SMB2_REPLY != 0;
    let is_asynchronous = flags & ASYNCHRONOUS != 0;
    let status = if is_reply { le_u32(message, 8)? } else { 0 };
    Some(Smb2Message {
        command,
        is_reply,
        status,
        message_id: array(message, 24).map(u64::from_le_bytes)?,
        tree: le_u32(message, 36).filter(|_| !is_asynchronous),
        session: array(message, 40).map(u64::from_le_bytes)?,
        is_compound: le_u32(message, 20)? != 0,
        request: if is_reply { None } else { request(command, body) },
        is_guest: is_guest(command, is_reply, body).filter(|_| status == 0),
    })
}

/// What a WRITE or IOCTL request (section 2.2.31) brings to a pipe, as far as it is sampled: only a bind
/// of DCE/RPC is.
pub fn piped(octets: &[u8]) -> Option<&[u8]> {
    let message = read(octets)?;
    let buffer = match message.command {
        WRITE => SESSION_HEADER + SMB2_HEADER + 48,
        CONTROL => SESSION_HEADER + SMB2_HEADER + 56,
        _ => return None,
    };
    octets.get(buffer..).filter(|piped| !message.is_reply && !piped.is_empty())
}

fn is_guest(command: u16, is_reply: bool, body: &[u8]) -> Option<bool> {
    const GUEST_OR_NOBODY: u16 = 0b11;
    let is_answer = is_reply && command == SESSION_SETUP && le_u16(body, 0)? == 9;
    is_answer.then_some(le_u16(body, 2)? & GUEST_OR_NOBODY != 0)
}

fn request(command: u16, body: &[u8]) -> Option<Smb2Request> {
    match (command, le_u16(body, 0)?) {
        (CREATE, 57) => Some(Smb2Request::Create {
            desired_access: le_u32(body, 24)?,
            disposition: le_u32(body, 36)?,
            options: le_u32(body, 40)?,
        }),
        (SET_INFO, 33) => Some(Smb2Request::SetInfo {
            information_type: *body.get(2)?,
            information_class: *body.get(3)?,
        }),
        (WRITE, 49) => Some(Smb2Request::Write { octets: le_u32(body, 4)? }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::testing::mutate;

    /// Status or channel sequence, command, flags; message 7, tree 5, session 9.
    fn message(status: u32, command: u16, flags: u32, body: &[u8]) -> Vec<u8> {
        let mut octets = b"\0\0\0\0\xfeSMB\x40\0\x01\0".to_vec();
        octets.extend(status.to_le_bytes());
        octets.extend(command.to_le_bytes());
        octets.extend([1, 0]);
        octets.extend(flags.to_le_bytes());
        octets.extend([0; 4]);
        octets.extend(7_u64.to_le_bytes());
        octets.extend([0xff, 0xfe, 0, 0, 5, 0, 0, 0]);
        octets.extend(9_u64.to_le_bytes());
        octets.extend([0; 16]);
        octets.extend(body);
        octets[3] = (octets.len() - 4) as u8;
        octets
    }

    fn create() -> Vec<u8> {
        let mut body = vec![0; 44];
        body[0] = 57;
        body[24..28].copy_from_slice(&0x0011_0080_u32.to_le_bytes());
        (body[36], body[40]) = (2, 0x40);
        message(0, CREATE, 0, &body)
    }

    #[test]
    fn an_answer_tells_its_outcome() {
        let refused = read(&message(0xc000_006d, SESSION_SETUP, 1, &[])).unwrap();
        assert_eq!((refused.command, refused.is_reply), (SESSION_SETUP, true));
        assert_eq!((refused.status, refused.message_id), (0xc000_006d, 7));
        assert_eq!((refused.tree, refused.session, refused.request), (Some(5), 9, None));
        assert!(!refused.is_compound);
        assert_eq!(refused.is_guest, None);
        let later = read(&message(0xc000_0120, 14, 3, &[])).unwrap();
        assert_eq!(later.tree, None);
    }

    #[test]
    fn a_login_that_succeeds_tells_a_guest() {
        for (flags, is_guest) in [(0, false), (1, true), (2, true), (4, false)] {
            let answer = read(&message(0, SESSION_SETUP, 1, &[9, 0, flags, 0])).unwrap();
            assert_eq!(answer.is_guest, Some(is_guest), "{flags}");
        }
        let goes_on = read(&message(0xc000_0016, SESSION_SETUP, 1, &[9, 0, 1, 0])).unwrap();
        assert_eq!(goes_on.is_guest, None);
        let request = read(&message(0, SESSION_SETUP, 0, &[9, 0, 1, 0])).unwrap();
        assert_eq!(request.is_guest, None);
    }

    #[test]
    fn a_request_tells_what_it_does_and_has_no_status() {
        let opened = read(&create()).unwrap();
        let wanted =
            Smb2Request::Create { desired_access: 0x0011_0080, disposition: 2, options: 0x40 };
        assert_eq!((opened.request, opened.is_reply), (Some(wanted), false));
        let rename = read(&message(0x0001, SET_INFO, 0, &[33, 0, 1, 10])).unwrap();
        assert_eq!((rename.status, rename.file_information_class()), (0, Some(10)));
        let security = read(&message(0, SET_INFO, 0, &[33, 0, 3, 10])).unwrap();
        assert_eq!(security.file_information_class(), None);
        let write = read(&message(0, WRITE, 0, &[49, 0, 112, 0, 0, 0, 1, 0])).unwrap();
        assert_eq!(write.request, Some(Smb2Request::Write { octets: 65_536 }));
    }

    #[test]
    fn a_message_that_is_cut_says_what_stands_before_the_cut() {
        let whole = create();
        for length in 0..=whole.len() {
            let cut = read(&whole[..length]);
            assert_eq!(cut.is_some(), length >= 68, "{length}");
            let has_request = cut.is_some_and(|cut| cut.request.is_some());
            assert_eq!(has_request, length == whole.len(), "{length}");
        }
    }

    #[test]
    fn what_is_brought_to_a_pipe_stands_behind_the_fixed_part() {
        for (command, fixed) in [(WRITE, 48), (CONTROL, 56)] {
            let mut body = vec![0; fixed];
            assert_eq!(piped(&message(0, command, 0, &body)), None);
            body.extend([5, 0, 11]);
            assert_eq!(piped(&message(0, command, 0, &body)), Some(&[5, 0, 11][..]));
            assert_eq!(piped(&message(0, command, 1, &body)), None, "an answer");
            assert_eq!(piped(&message(0, CREATE, 0, &body)), None);
        }
    }

    #[test]
    fn near_misses_are_refused() {
        for (at, octet) in [(0, 0x85), (4, 0xfd), (8, 65)] {
            let mut near_miss = create();
            near_miss[at] = octet;
            assert_eq!(read(&near_miss), None, "{at}");
        }
        let other = read(&message(0, SET_INFO, 0, &[57, 0, 1, 10])).unwrap();
        assert_eq!(other.request, None, "the size of another structure");
        let reply = read(&message(0, CREATE, 1, &create()[68..])).unwrap();
        assert_eq!(reply.request, None);
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[&create()], |octets| assert!(read(octets).is_none() || octets.len() >= 68));
    }
}
