//! Microsoft SQL Server's Tabular Data Stream (MS-TDS section 2.2.3.1).

use super::{Application, Identification};
use crate::payload::Payload;

const SQL_BATCH: u8 = 1;
const RPC: u8 = 3;
const TABULAR_RESULT: u8 = 4;
const TRANSACTION_MANAGER: u8 = 14;
const LOGIN7: u8 = 16;
const PRELOGIN: u8 = 18;
const HEADER: usize = 8;

/// Type, status, length, process, packet number, window 0; then what the type must begin with.
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.be_u16(2) as usize;
    if payload.octet(7) != 0 || payload.octet(1) > 0x1f || length != payload.length() {
        return None;
    }
    let body = payload.be_u64_at(HEADER);
    let is_body = match payload.octet(0) {
        PRELOGIN => is_prelogin(body) || is_tls(body),
        // Tokens of section 2.2.7 that a result may begin with, or an answer to a prelogin.
        TABULAR_RESULT => is_prelogin(body) || is_tls(body) || is_token((body >> 56) as u8),
        // Section 2.2.6.4: the length of the whole, then a version 7.x of the protocol.
        LOGIN7 => {
            payload.le_u32(HEADER) as usize + HEADER == length && payload.octet(15) & 0xf0 == 0x70
        }
        // Before 7.2 a batch is nothing but its text.
        SQL_BATCH if is_wide_text(body) => true,
        // Section 2.2.5.3: all headers 22 octets, the transaction descriptor 18.
        SQL_BATCH | RPC | TRANSACTION_MANAGER => body == 0x1600_0000_1200_0000,
        _ => false,
    };
    is_body.then_some(Identification::confirmed(Application::Mssql))
}

/// Section 2.2.6.5: VERSION is the first option; its data, 6 octets, begin after all options.
#[inline(always)]
fn is_prelogin(body: u64) -> bool {
    // Token 0, offset (2 octets), length (2 octets).
    body >> 48 == 0 && (body >> 40 & 0xff) >= 6 && body >> 24 & 0xffff == 6
}

/// Two letters of UTF-16, as a statement begins with.
#[inline(always)]
fn is_wide_text(body: u64) -> bool {
    const LETTERS: u64 = 0x5f00_5f00_0000_0000;
    let capitals = body & LETTERS;
    let is_letter = |letter: u64| letter.wrapping_sub(0x41) < 26;
    body & 0x80ff_80ff_0000_0000 == 0
        && is_letter(capitals >> 56)
        && is_letter(capitals >> 40 & 0xff)
}

/// The handshake that follows the prelogin is carried inside the same headers.
#[inline(always)]
fn is_tls(body: u64) -> bool {
    body >> 48 == 0x1603
}

/// ERROR, INFO, LOGINACK, ENVCHANGE, COLMETADATA.
#[inline(always)]
fn is_token(token: u8) -> bool {
    matches!(token, 0x81 | 0xaa | 0xab | 0xad | 0xe3)
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// VERSION and ENCRYPTION, then their data.
    const QUESTION: [u8; 26] =
        [0x12, 1, 0, 26, 0, 0, 1, 0, 0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xff, 11, 0, 0, 0, 0, 0, 0];

    #[test]
    fn a_prelogin_and_its_answer_are_confirmed() {
        assert_eq!(stream(&QUESTION), confirmed(Application::Mssql));
        no_prefix_is_confirmed(&QUESTION, stream);
        let mut answer = QUESTION;
        answer[0] = 4;
        assert_eq!(stream(&answer), confirmed(Application::Mssql));
    }

    #[test]
    fn a_login_is_confirmed_by_its_inner_length() {
        let mut login = [0; 102];
        login[..8].copy_from_slice(&[0x10, 1, 0, 102, 0, 0, 1, 0]);
        (login[8], login[12], login[15]) = (94, 4, 0x74);
        assert_eq!(stream(&login), confirmed(Application::Mssql));
        login[8] = 93;
        assert_ne!(stream(&login).application, Application::Mssql);
    }

    #[test]
    fn a_batch_of_an_old_version_is_its_text() {
        let batch = b"\x01\x01\0\x14\0\0\x01\0s\0e\0l\0e\0c\0t\0";
        assert_eq!(stream(batch), confirmed(Application::Mssql));
        no_prefix_is_confirmed(batch, stream);
        for (at, octet) in [(8, b'['), (8, 0xf3), (9, 1), (10, b'1')] {
            let mut near_miss = *batch;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Mssql, "{at}");
        }
    }

    #[test]
    fn another_body_or_window_is_refused() {
        for (at, octet) in [(0, 0x13), (1, 0x20), (3, 25), (7, 1), (8, 1), (12, 7)] {
            let mut near_miss = QUESTION;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Mssql, "{at}");
        }
    }
}
