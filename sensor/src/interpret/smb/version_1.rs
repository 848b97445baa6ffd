//! The header of a message of version 1, and of transactions the words (MS-CIFS section 2.2.3).

use super::{SESSION_HEADER, SMB1_HEADER, SMB1_REPLY};
use crate::interpret::octets::{array, le_u16, le_u32};

pub const TRANSACTION: u8 = 0x25;
pub const TRANSACTION_SECONDARY: u8 = 0x26;
pub const SESSION_SETUP: u8 = 0x73;
pub const TRANSACTION2: u8 = 0x32;
pub const TRANSACTION2_SECONDARY: u8 = 0x33;
pub const NT_TRANSACT: u8 = 0xa0;
pub const NT_TRANSACT_SECONDARY: u8 = 0xa1;

/// Words of requests and answers before their set-up, and of the parts that follow a request.
const REQUEST_WORDS: u8 = 14;
const ANSWER_WORDS: u8 = 10;
const NT_REQUEST_WORDS: u8 = 19;
const NT_ANSWER_WORDS: u8 = 18;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smb1Message {
    /// The command's code (MS-CIFS section 2.2.2.1).
    pub command: u8,
    pub is_reply: bool,
    /// An NTSTATUS, or with bit 14 of `flags2` clear a class and a code; 0 in requests.
    pub status: u32,
    pub flags2: u16,
    /// Identifiers of the tree, the client's process, the session and the request: TID, PID, UID, MID.
    pub tree: u16,
    pub process: u32,
    pub user: u16,
    pub multiplex: u16,
    /// The count of words; 0 in refusals and interim answers.
    pub words: u8,
    /// Of a TRANSACTION2 request or a TRANSACTION request to a pipe or mailslot the first word of the
    /// set-up, of an NT_TRANSACT request the function. Other messages have none.
    pub subcommand: Option<u16>,
    /// Of transactions and of the parts that follow them.
    pub counts: Option<TransactionCounts>,
    /// Of an answer to a login that succeeded: whether as a guest (MS-CIFS section 2.2.4.53.2).
    pub is_guest: Option<bool>,
}

/// How much a transaction brings in all, and how much of it in this message, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionCounts {
    pub total_parameters: u32,
    pub total_data: u32,
    pub parameters: u32,
    pub data: u32,
    /// Where the data of this message belongs in the whole; a request begins it.
    pub data_displacement: u32,
}

/// The message that a sample begins with, if its header is whole.
pub fn read(octets: &[u8]) -> Option<Smb1Message> {
    let message = octets.get(SESSION_HEADER..).filter(|_| octets[0] == 0)?;
    if &array(message, 0)? != b"\xffSMB" {
        return None;
    }
    let word = |at| le_u16(message, at);
    let command = *message.get(4)?;
    let is_reply = message.get(9)? & SMB1_REPLY != 0;
    let words = *message.get(SMB1_HEADER)?;
    let body = &message[SMB1_HEADER + 1..];
    let status = le_u32(message, 5)?;
    let is_login = is_reply && command == SESSION_SETUP && status == 0;
    Some(Smb1Message {
        command,
        is_reply,
        status,
        flags2: word(10)?,
        tree: word(24)?,
        process: u32::from(word(12)?) << 16 | u32::from(word(26)?),
        user: word(28)?,
        multiplex: word(30)?,
        words,
        subcommand: subcommand(command, is_reply, words, body),
        counts: counts(command, is_reply, words, body),
        // 3 words, or 4 with extended security; the third is the action.
        is_guest: le_u16(body, 4)
            .filter(|_| is_login && matches!(words, 3 | 4))
            .map(|action| action & 1 != 0),
    })
}

fn subcommand(command: u8, is_reply: bool, words: u8, body: &[u8]) -> Option<u16> {
    match command {
        TRANSACTION | TRANSACTION2 if !is_reply && words > REQUEST_WORDS => le_u16(body, 28),
        NT_TRANSACT if !is_reply && words >= NT_REQUEST_WORDS => le_u16(body, 36),
        _ => None,
    }
}

fn counts(command: u8, is_reply: bool, words: u8, body: &[u8]) -> Option<TransactionCounts> {
    let short = |parameters, data, displacement: Option<usize>| {
        let word = |at| le_u16(body, at).map(u32::from);
        Some(TransactionCounts {
            total_parameters: word(0)?,
            total_data: word(2)?,
            parameters: word(parameters)?,
            data: word(data)?,
            data_displacement: displacement.map_or(Some(0), word)?,
        })
    };
    let long = |parameters, data, displacement: Option<usize>| {
        let word = |at| le_u32(body, at);
        Some(TransactionCounts {
            total_parameters: word(3)?,
            total_data: word(7)?,
            parameters: word(parameters)?,
            data: word(data)?,
            data_displacement: displacement.map_or(Some(0), word)?,
        })
    };
    match (command, is_reply) {
        (TRANSACTION | TRANSACTION2, false) if words >= REQUEST_WORDS => short(18, 22, None),
        (TRANSACTION | TRANSACTION2, true) if words >= ANSWER_WORDS => short(6, 12, Some(16)),
        (TRANSACTION_SECONDARY, false) if words == 8 => short(4, 10, Some(14)),
        // With a word more: the file's identifier.
        (TRANSACTION2_SECONDARY, false) if words == 9 => short(4, 10, Some(14)),
        (NT_TRANSACT, false) if words >= NT_REQUEST_WORDS => long(19, 27, None),
        (NT_TRANSACT, true) if words >= NT_ANSWER_WORDS => long(11, 23, Some(31)),
        (NT_TRANSACT_SECONDARY, false) if words == 18 => long(11, 23, Some(31)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::testing::mutate;

    /// Tree 2048, process 65279, user 2048, multiplex 65.
    fn message(command: u8, is_reply: bool, words: &[u8]) -> Vec<u8> {
        let mut octets = b"\0\0\0\0\xffSMB".to_vec();
        octets.extend([command, 2, 0, 0, 0xc0, if is_reply { 0x98 } else { 0x18 }, 0x07, 0xc0]);
        octets.extend([0; 12]);
        octets.extend([0, 8, 0xff, 0xfe, 0, 8, 65, 0, (words.len() / 2) as u8]);
        octets.extend(words);
        octets[3] = (octets.len() - 4) as u8;
        octets
    }

    /// SESSION_SETUP, a reserved subcommand that only an implant answers, 12 octets of parameters.
    fn session_setup() -> Vec<u8> {
        let mut words = vec![12, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xa6, 0xd9, 0xa4, 0, 0, 0];
        words.extend([12, 0, 66, 0, 0, 0, 78, 0, 1, 0, 14, 0]);
        message(TRANSACTION2, false, &words)
    }

    #[test]
    fn the_header_names_who_asks_and_what_became_of_it() {
        let read = read(&message(0x73, true, &[])).unwrap();
        assert_eq!((read.command, read.is_reply, read.status), (0x73, true, 0xc000_0002));
        assert_eq!((read.flags2, read.tree, read.process), (0xc007, 2048, 65279));
        assert_eq!((read.user, read.multiplex, read.words), (2048, 65, 0));
        assert_eq!((read.subcommand, read.counts), (None, None));
    }

    #[test]
    fn a_login_that_succeeds_tells_a_guest() {
        let login = |action, status| {
            let mut octets = message(SESSION_SETUP, true, &[0xff, 0, 0, 0, action, 0]);
            octets[9..13].copy_from_slice(&[status, 0, 0, 0]);
            read(&octets).unwrap().is_guest
        };
        assert_eq!((login(1, 0), login(0, 0), login(1, 22)), (Some(true), Some(false), None));
    }

    #[test]
    fn a_transaction_names_its_subcommand_and_how_much_it_brings() {
        let read = read(&session_setup()).unwrap();
        assert_eq!((read.words, read.subcommand), (15, Some(14)));
        let counts = read.counts.unwrap();
        assert_eq!((counts.total_parameters, counts.total_data), (12, 0));
        assert_eq!((counts.parameters, counts.data, counts.data_displacement), (12, 0, 0));
    }

    #[test]
    fn parts_that_follow_say_where_they_belong() {
        let words = [0, 0, 0xd0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x10, 57, 0, 0xd0, 3, 0, 0];
        let second = read(&message(TRANSACTION2_SECONDARY, false, &words)).unwrap();
        let counts = second.counts.unwrap();
        assert_eq!((counts.total_data, counts.data, counts.data_displacement), (4304, 4096, 976));
        assert_eq!(second.subcommand, None);
        assert_eq!(read(&message(TRANSACTION_SECONDARY, false, &words)).unwrap().counts, None);
        let first = read(&message(TRANSACTION_SECONDARY, false, &words[..16])).unwrap();
        assert_eq!(first.counts, Some(counts));
    }

    #[test]
    fn nt_transactions_have_long_counts_and_a_function() {
        let mut words = vec![1, 0, 0, 30, 0, 0, 0, 0xd0, 0x03, 1, 0, 30, 0, 0, 0, 0, 0, 0, 0];
        words.extend([30, 0, 0, 0, 75, 0, 0, 0, 0xd0, 3, 0, 0, 104, 0, 0, 0, 1, 5, 0]);
        words.extend([0, 0, 0]);
        words.truncate(40);
        let rename = read(&message(NT_TRANSACT, false, &words)).unwrap();
        assert_eq!(rename.subcommand, Some(5));
        let counts = rename.counts.unwrap();
        assert_eq!((counts.total_parameters, counts.total_data), (30, 66_512));
        assert_eq!((counts.parameters, counts.data), (30, 976));
    }

    #[test]
    fn answers_have_counts_and_no_subcommand() {
        let words = [10, 0, 20, 0, 0, 0, 10, 0, 56, 0, 0, 0, 20, 0, 68, 0, 3, 0, 1, 0, 14, 0];
        let answer = read(&message(TRANSACTION2, true, &words)).unwrap();
        let counts = answer.counts.unwrap();
        assert_eq!((counts.total_parameters, counts.total_data, counts.data), (10, 20, 20));
        assert_eq!((counts.data_displacement, answer.subcommand), (3, None));
    }

    #[test]
    fn a_message_that_is_cut_says_what_stands_before_the_cut() {
        let whole = session_setup();
        for length in 0..whole.len() {
            let cut = read(&whole[..length]);
            assert_eq!(cut.is_some(), length >= 37, "{length}");
            let Some(cut) = cut else { continue };
            assert_eq!(cut.subcommand.is_some(), length >= 37 + 30, "{length}");
            assert_eq!(cut.counts.is_some(), length >= 37 + 24, "{length}");
        }
    }

    #[test]
    fn other_versions_and_session_messages_are_refused() {
        for (at, octet) in [(0, 0x85), (4, 0xfe), (5, b's')] {
            let mut near_miss = session_setup();
            near_miss[at] = octet;
            assert_eq!(read(&near_miss), None, "{at}");
        }
        // Too few words for a set-up, and for counts.
        let few = read(&message(TRANSACTION2, false, &[0; 28])).unwrap();
        assert!(few.subcommand.is_none() && few.counts.is_some());
        assert!(read(&message(TRANSACTION2, false, &[0; 26])).unwrap().counts.is_none());
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[&session_setup()], |octets| {
            assert!(read(octets).is_none() || octets.len() >= 37);
        });
    }
}
