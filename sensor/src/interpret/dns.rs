//! Queries and responses of the Domain Name System (RFC 1035 section 4.1): what is asked, and whether
//! there is an answer. The answers themselves are not sampled.

use super::octets::be_u16;

const HEADER: usize = 12;
/// RFC 1035 section 3.1: octets of a name, with lengths and root.
const LONGEST_NAME: usize = 255;
const LONGEST_LABEL: u8 = 63;

/// One message, as far as its header and its first question say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsMessage {
    pub is_response: bool,
    /// Kind of query (section 4.1.1): 0 for all but notifications, updates and the like.
    pub operation: u8,
    /// 0 in queries; 3 says that the name does not exist.
    pub response_code: u8,
    /// Octets of the whole message.
    pub length: u16,
    /// Answers that the header announces.
    pub answers: u16,
    /// `None` if there is none, or the sample does not hold it whole.
    pub question: Option<DnsQuestion>,
}

/// A name that is asked for, and the type of the record (section 3.2.2): 1 an address, 16 text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuestion {
    /// In small letters, without the root's dot; empty for the root. One character an octet, at most
    /// 253: what is not printable ASCII stands as the letter of Latin-1, or as `_` where that has
    /// none; so does a dot, a quote or a backslash within a label.
    pub name: String,
    pub record_type: u16,
}

/// The message in a sample; `payload_length` is that of the packet, and over TCP (`is_stream`) two
/// octets of length precede the message.
pub fn read(octets: &[u8], payload_length: u16, is_stream: bool) -> Option<DnsMessage> {
    let (message, length) =
        if is_stream { (octets.get(2..)?, be_u16(octets, 0)?) } else { (octets, payload_length) };
    let flags = be_u16(message, 2)?;
    let is_response = flags & 0x8000 != 0;
    let questions = be_u16(message, 4)?;
    let answers = be_u16(message, 6)?;
    let rest = message.get(HEADER..)?;
    Some(DnsMessage {
        is_response,
        operation: (flags >> 11 & 0xf) as u8,
        response_code: if is_response { (flags & 0xf) as u8 } else { 0 },
        length,
        answers,
        question: if questions > 0 { question(rest) } else { None },
    })
}

fn question(octets: &[u8]) -> Option<DnsQuestion> {
    let mut name = String::new();
    let mut at = 0;
    loop {
        let length = *octets.get(at)?;
        at += 1;
        if length == 0 {
            break;
        }
        // A pointer, or another kind of label: none is in a first question.
        if length > LONGEST_LABEL || at + usize::from(length) >= LONGEST_NAME {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        let label = octets.get(at..at + usize::from(length))?;
        name.extend(label.iter().map(|&octet| character(octet)));
        at += usize::from(length);
    }
    Some(DnsQuestion { name, record_type: be_u16(octets, at)? })
}

fn character(octet: u8) -> char {
    match octet {
        b'.' | b'"' | b'\'' | b'`' | b'\\' => '_',
        b'!'..=b'~' => octet.to_ascii_lowercase().into(),
        // But the soft hyphen, which is not seen.
        0xa1..=0xac | 0xae..=0xff => octet.into(),
        _ => '_',
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::mutate;
    use super::*;

    const QUESTION: &[u8; 28] = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04Ward\x05local\0\0\x10\0\x01";

    fn named(name: &[u8]) -> Vec<u8> {
        [&QUESTION[..12], name, &[0, 1, 0, 1]].concat()
    }

    fn name_of(octets: &[u8]) -> Option<String> {
        Some(read(octets, 0, false)?.question?.name)
    }

    #[test]
    fn a_query_tells_what_it_asks() {
        let query = read(QUESTION, 28, false).unwrap();
        assert_eq!((query.is_response, query.operation, query.response_code), (false, 0, 0));
        assert_eq!((query.length, query.answers), (28, 0));
        let question = query.question.unwrap();
        assert_eq!((question.name.as_str(), question.record_type), ("ward.local", 16));
    }

    #[test]
    fn a_response_tells_its_outcome() {
        let mut response = *QUESTION;
        (response[2], response[3], response[7]) = (0x81, 0x83, 2);
        let response = read(&response, 400, false).unwrap();
        assert_eq!((response.is_response, response.response_code), (true, 3));
        assert_eq!((response.answers, response.length), (2, 400));
        let mut no_question = *QUESTION;
        no_question[5] = 0;
        assert_eq!(read(&no_question[..12], 12, false).unwrap().question, None);
    }

    #[test]
    fn over_tcp_a_length_precedes() {
        let stream = [&[1, 44][..], QUESTION].concat();
        let query = read(&stream, 30, true).unwrap();
        assert_eq!(query.length, 300);
        assert_eq!(query.question.unwrap().name, "ward.local");
    }

    #[test]
    fn names_are_printable_and_have_a_character_for_each_octet() {
        assert_eq!(name_of(&named(b"\x05a\".\\b\0")).unwrap(), "a___b");
        assert_eq!(name_of(&named(b"\x04\xe4\xbc\xad\x7f\0")).unwrap(), "ä¼__");
        assert_eq!(name_of(&named(b"\0")).unwrap(), "");
        // A zero is found by its place, not its value.
        assert_eq!(name_of(&named(b"\x03a\0b\0")).unwrap(), "a_b");
    }

    #[test]
    fn the_longest_name_is_read_and_a_longer_one_is_none() {
        let mut longest = Vec::new();
        for length in [63, 63, 63, 61] {
            longest.push(length);
            longest.extend(std::iter::repeat_n(b'a', usize::from(length)));
        }
        longest.push(0);
        assert_eq!(longest.len(), LONGEST_NAME);
        assert_eq!(name_of(&named(&longest)).unwrap().len(), 253);
        longest[192] = 62;
        longest.insert(254, b'a');
        assert_eq!(name_of(&named(&longest)), None);
        assert_eq!(name_of(&named(&[64; 80])), None);
        assert_eq!(name_of(&named(b"\xc0\x0c\0")), None, "a pointer");
    }

    #[test]
    fn a_message_that_is_cut_says_what_stands_before_the_cut() {
        for length in 0..QUESTION.len() {
            let cut = read(&QUESTION[..length], 28, false);
            assert_eq!(cut.is_some(), length >= 12, "{length}");
            let has_question = cut.is_some_and(|cut| cut.question.is_some());
            assert_eq!(has_question, length >= 26, "{length}");
        }
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        let stream = [&[0, 28][..], QUESTION].concat();
        mutate(&[QUESTION, &stream], |octets| {
            for is_stream in [false, true] {
                let question = read(octets, 28, is_stream).and_then(|message| message.question);
                assert!(question.is_none_or(|question| question.name.chars().count() <= 253));
            }
        });
    }
}
