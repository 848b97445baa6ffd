//! Messages of SMB 2 (MS-SMB2 section 2.2) and SMB 1 (MS-CIFS section 2.2.4) beyond negotiation.

use crate::speakers::smb1;
use crate::speakers::smb2::{header, session_message};

const SESSION_SETUP: u16 = 1;
const TREE_CONNECT: u16 = 3;
const CREATE: u16 = 5;
const CLOSE: u16 = 6;
const READ: u16 = 8;
const WRITE: u16 = 9;
const SET_INFO: u16 = 17;

pub const MORE_PROCESSING_REQUIRED: u32 = 0xc000_0016;
pub const LOGON_FAILURE: u32 = 0xc000_006d;
const SUCCESS: u32 = 0;

/// A request and its answer.
pub type Exchange = (Vec<u8>, Vec<u8>);

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// One client's session on one server: numbers the messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session {
    message: u64,
    file: u64,
}

impl Session {
    fn message(&self, command: u16, status: Option<u32>, body: &[u8]) -> Vec<u8> {
        let mut message = header(status.is_some());
        message[8..12].copy_from_slice(&status.unwrap_or(0).to_le_bytes());
        message[12..14].copy_from_slice(&command.to_le_bytes());
        message[24..32].copy_from_slice(&self.message.to_le_bytes());
        message[36..40].copy_from_slice(&1_u32.to_le_bytes());
        message[40..48].copy_from_slice(&0x4000_0001_u64.to_le_bytes());
        message.extend_from_slice(body);
        session_message(&message)
    }

    fn exchange(&mut self, command: u16, request: &[u8], status: u32, answer: &[u8]) -> Exchange {
        self.message += 1;
        let said = self.message(command, None, request);
        (said, self.message(command, Some(status), answer))
    }

    fn file(&self) -> [u8; 16] {
        let mut file = [0; 16];
        file[..8].copy_from_slice(&self.file.to_le_bytes());
        file[8..].copy_from_slice(&(self.file | 1 << 32).to_le_bytes());
        file
    }

    /// One step of a login with NTLM: its message of this kind (1 or 3).
    pub fn log_in(&mut self, kind: u8, status: u32) -> Exchange {
        let mut token = b"NTLMSSP\0".to_vec();
        token.extend([kind, 0, 0, 0]);
        token.resize(96, 0);
        let mut request = vec![25, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 88, 0];
        request.extend((token.len() as u16).to_le_bytes());
        request.extend([0; 8]);
        request.extend(&token);
        token[8] = 2;
        let mut answer = vec![9, 0, 0, 0, 72, 0];
        if status == MORE_PROCESSING_REQUIRED {
            answer.extend((token.len() as u16).to_le_bytes());
            answer.extend(token);
        } else {
            answer.extend([0, 0]);
        }
        self.exchange(SESSION_SETUP, &request, status, &answer)
    }

    pub fn connect_tree(&mut self, share: &str) -> Exchange {
        let path = utf_16(share);
        let mut request = vec![9, 0, 0, 0, 72, 0];
        request.extend((path.len() as u16).to_le_bytes());
        request.extend(path);
        let answer = [16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0x01, 0x1f, 0];
        self.exchange(TREE_CONNECT, &request, SUCCESS, &answer)
    }

    /// Opens a file, or makes it.
    pub fn create(&mut self, name: &str) -> Exchange {
        self.file += 1;
        let name = utf_16(name);
        let mut request = vec![57, 0, 0, 0xff, 2, 0, 0, 0];
        request.extend([0; 16]);
        request.extend(0x0012_019f_u32.to_le_bytes());
        request.extend(0x80_u32.to_le_bytes());
        request.extend(7_u32.to_le_bytes());
        request.extend(3_u32.to_le_bytes());
        request.extend(0x40_u32.to_le_bytes());
        request.extend(120_u16.to_le_bytes());
        request.extend((name.len() as u16).to_le_bytes());
        request.extend([0; 8]);
        request.extend(name);
        let mut answer = vec![89, 0, 0, 0, 1, 0, 0, 0];
        answer.resize(64, 0);
        answer.extend(self.file());
        answer.extend([0; 8]);
        self.exchange(CREATE, &request, SUCCESS, &answer)
    }

    pub fn read(&mut self, octets: usize) -> Exchange {
        let mut request = vec![49, 0, 0x50, 0];
        request.extend((octets as u32).to_le_bytes());
        request.extend([0; 8]);
        request.extend(self.file());
        request.resize(49, 0);
        let mut answer = vec![17, 0, 80, 0];
        answer.extend((octets as u32).to_le_bytes());
        answer.extend([0; 8]);
        answer.resize(16 + octets, 0x5a);
        self.exchange(READ, &request, SUCCESS, &answer)
    }

    pub fn write(&mut self, content: &[u8]) -> Exchange {
        let mut request = vec![49, 0, 112, 0];
        request.extend((content.len() as u32).to_le_bytes());
        request.extend([0; 8]);
        request.extend(self.file());
        request.resize(48, 0);
        request.extend_from_slice(content);
        let mut answer = vec![17, 0, 0, 0];
        answer.extend((content.len() as u32).to_le_bytes());
        answer.resize(16, 0);
        self.exchange(WRITE, &request, SUCCESS, &answer)
    }

    /// FileRenameInformation (MS-FSCC section 2.4.42.2).
    pub fn rename(&mut self, name: &str) -> Exchange {
        let name = utf_16(name);
        let mut request = vec![33, 0, 1, 10];
        request.extend((20 + name.len() as u32).to_le_bytes());
        request.extend([96, 0, 0, 0, 0, 0, 0, 0]);
        request.extend(self.file());
        request.extend([0; 16]);
        request.extend((name.len() as u32).to_le_bytes());
        request.extend(name);
        self.exchange(SET_INFO, &request, SUCCESS, &[2, 0])
    }

    pub fn close(&mut self) -> Exchange {
        let mut request = vec![24, 0, 0, 0, 0, 0, 0, 0];
        request.extend(self.file());
        let mut answer = vec![60, 0];
        answer.resize(60, 0);
        self.exchange(CLOSE, &request, SUCCESS, &answer)
    }
}

/// A message of version 1: command, words, octets.
fn version_one(command: u8, is_reply: bool, words: &[u8], octets: &[u8]) -> Vec<u8> {
    let mut message = smb1::header(command, is_reply);
    // Strings are in octets, not in UTF-16: flags 2 without its highest bit.
    message[11] &= 0x7f;
    message.push((words.len() / 2) as u8);
    message.extend_from_slice(words);
    message.extend((octets.len() as u16).to_le_bytes());
    message.extend_from_slice(octets);
    session_message(&message)
}

/// An old client after its negotiation: login, tree, one file that is read and closed.
pub fn version_one_visit() -> Vec<Exchange> {
    const SESSION_SETUP_ANDX: u8 = 0x73;
    const TREE_CONNECT_ANDX: u8 = 0x75;
    const OPEN_ANDX: u8 = 0x2d;
    const READ_ANDX: u8 = 0x2e;
    const CLOSE: u8 = 0x04;
    /// No command follows.
    const NONE: [u8; 4] = [0xff, 0, 0, 0];
    let words = |count: usize, command: u8| {
        let mut words = if count == 3 && command == CLOSE { vec![0; 4] } else { NONE.to_vec() };
        words.resize(2 * count, 0);
        if command == TREE_CONNECT_ANDX && count == 4 {
            // The password is one octet of zero.
            words[6] = 1;
        }
        words
    };
    let exchange = |command, asked: usize, octets: &[u8], answered: usize, answer: &[u8]| {
        let question = version_one(command, false, &words(asked, command), octets);
        (question, version_one(command, true, &words(answered, command), answer))
    };
    vec![
        exchange(SESSION_SETUP_ANDX, 13, b"service\0HOSPITAL\0Windows 5.1\0", 3, b"Unix\0Samba\0"),
        exchange(TREE_CONNECT_ANDX, 4, b"\0\\\\NAS-OLD\\DATA\0?????\0", 3, b"A:\0NTFS\0"),
        exchange(OPEN_ANDX, 15, b"\\worklist.txt\0", 15, b""),
        exchange(READ_ANDX, 10, b"", 12, &[b' '; 1024]),
        exchange(CLOSE, 3, b"", 0, b""),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_have_the_size_that_they_say() {
        let mut session = Session::default();
        let exchanges = [
            session.log_in(1, MORE_PROCESSING_REQUIRED),
            session.connect_tree("\\\\fs01\\wards"),
            session.create("a.docx"),
            session.read(512),
            session.write(&[7; 512]),
            session.rename("a.docx.locked"),
            session.close(),
        ];
        for (number, (request, answer)) in exchanges.iter().enumerate() {
            for message in [request, answer] {
                let length = u32::from_be_bytes(message[..4].try_into().unwrap()) as usize;
                assert_eq!(length + 4, message.len());
                // Odd sizes count one octet of a variable part (MS-SMB2 section 2.2).
                let size = usize::from(u16::from_le_bytes([message[68], message[69]])) & !1;
                assert!(message.len() - 68 >= size, "exchange {number}: {}", message.len());
            }
            assert_eq!(request[4 + 24], number as u8 + 1);
        }
    }
}
