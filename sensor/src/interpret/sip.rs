//! Session Initiation Protocol (RFC 3261): the media that offers and answers (RFC 3264) announce, and
//! what is asked for with what outcome.
//!
//! Of the header fields only `CSeq` is read, and of the URI in a request the digits that a number
//! begins with. Who calls whom is not looked at.

use super::{
    announcement::{Announcement, Ends},
    sdp,
    text::{after, lines, number},
};

/// Requests that may carry an offer or an answer: RFC 3261, RFC 3262, RFC 3311.
const METHODS: [&str; 4] = ["INVITE", "ACK", "PRACK", "UPDATE"];

/// The streams that a message announces.
///
/// Their address may be another host's: a proxy passes on what a telephone offered.
pub fn read(octets: &[u8], ends: &Ends) -> Vec<Announcement> {
    let mut lines = lines(octets);
    if !lines.next().is_some_and(may_describe) {
        return Vec::new();
    }
    sdp::read(lines.skip_while(|line| !line.is_empty()), ends)
}

fn may_describe(start_line: &str) -> bool {
    if let Some(status) = start_line.strip_prefix("SIP/2.0 ") {
        // Provisional and final answers: 183 Session Progress, 200 OK.
        return matches!(status.as_bytes(), [b'1' | b'2', b'0'..=b'9', b'0'..=b'9', b' ', ..]);
    }
    let method = start_line.strip_suffix(" SIP/2.0").and_then(|line| line.split(' ').next());
    method.is_some_and(|method| METHODS.contains(&method))
}

/// A request or a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipMessage {
    /// What is asked for, or was; `None` in a response that does not say.
    pub method: Option<&'static str>,
    /// The status code of a response (section 21): 401, 403 and 407 refuse.
    pub status: Option<u16>,
    /// Of an invitation of a number long enough to be outside: its first digits, by which countries
    /// and premium services are told.
    pub prefix: Option<String>,
}

/// The request or response that a sample begins with. Of REGISTER and OPTIONS only the method is
/// sampled.
pub fn read_message(octets: &[u8]) -> Option<SipMessage> {
    if let Some(rest) = octets.strip_prefix(b"SIP/2.0 ") {
        let digits = str::from_utf8(rest.first_chunk::<3>()?).ok()?;
        let status = number(digits)?;
        let sequence = lines(octets).find_map(|line| after(line, "CSeq:"));
        let method = sequence.and_then(|sequence| method(sequence.split_whitespace().nth(1)?));
        return Some(SipMessage { method, status: Some(status), prefix: None });
    }
    let word = octets.split(|octet| *octet == b' ').next()?;
    let method = method(str::from_utf8(word).ok()?)?;
    let uri = octets.get(word.len() + 1..).unwrap_or_default();
    let prefix = if method == "INVITE" { prefix(uri) } else { None };
    Some(SipMessage { method: Some(method), status: None, prefix })
}

fn method(word: &str) -> Option<&'static str> {
    ["INVITE", "REGISTER", "OPTIONS"].into_iter().find(|method| *method == word)
}

/// The first digits of a number that is called, with its `+`; none of one short enough to be a
/// telephone of the house.
fn prefix(uri: &[u8]) -> Option<String> {
    const DIGITS: usize = 5;
    const SHORTEST: usize = 8;
    let uri = &uri[..uri.len().min(64)];
    let colon = uri.iter().position(|octet| *octet == b':')?;
    let number = &uri[colon + 1..];
    let digits = number.strip_prefix(b"+").unwrap_or(number);
    let count = digits.iter().take_while(|octet| octet.is_ascii_digit()).count();
    if count < SHORTEST || !matches!(digits.get(count)?, b'@' | b' ' | b';') {
        return None;
    }
    let end = number.len() - digits.len() + DIGITS;
    str::from_utf8(&number[..end]).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use sensor_common::application::Application;

    use super::super::{announcement::LIMIT, testing::*};
    use super::*;

    const INVITE: &str = "INVITE sip:nurse@10.77.40.5 SIP/2.0\r\n\
        Via: SIP/2.0/UDP 10.77.40.21:5060;branch=z9hG4bK776asdhds\r\n\
        From: Bed 12 <sip:bed12@10.77.40.21>;tag=1928301774\r\n\
        Content-Type: application/sdp\r\nContent-Length: 104\r\n\r\n\
        v=0\r\no=- 1 1 IN IP4 10.77.40.21\r\ns=-\r\nc=IN IP4 10.77.40.21\r\nt=0 0\r\n\
        m=audio 16384 RTP/AVP 8\r\n";

    fn announced(octets: &[u8]) -> Vec<(IpAddr, u16, Application)> {
        let found = read(octets, &from_client(5060));
        found.iter().map(|it| (it.address, it.port, it.application)).collect()
    }

    fn wanted() -> [(IpAddr, u16, Application); 2] {
        [(CLIENT, 16384, Application::Rtp), (CLIENT, 16385, Application::Rtcp)]
    }

    #[test]
    fn an_offer_announces_where_it_wants_to_hear() {
        assert_eq!(announced(INVITE.as_bytes()), wanted());
    }

    #[test]
    fn answers_do_too_and_refusals_do_not() {
        let with = |line: &str| INVITE.replacen("INVITE sip:nurse@10.77.40.5 SIP/2.0", line, 1);
        for line in ["SIP/2.0 200 OK", "SIP/2.0 183 Session Progress", "ACK sip:a@b SIP/2.0"] {
            assert_eq!(announced(with(line).as_bytes()), wanted(), "{line}");
        }
        for line in [
            "SIP/2.0 488 Not Acceptable Here",
            "SIP/2.0 2000 OK",
            "SIP/1.0 200 OK",
            "MESSAGE sip:a@b SIP/2.0",
            "INVITE sip:a@b HTTP/1.1",
        ] {
            assert_eq!(announced(with(line).as_bytes()), [], "{line}");
        }
    }

    #[test]
    fn a_message_that_is_cut_announces_nothing_or_the_whole() {
        for length in 0..INVITE.len() {
            assert_eq!(announced(&INVITE.as_bytes()[..length]), [], "{length}");
        }
    }

    #[test]
    fn a_description_in_the_header_is_none() {
        let sample = INVITE.replacen("\r\n\r\nv=0", "\r\nv=0", 1);
        assert_eq!(announced(sample.as_bytes()), []);
    }

    #[test]
    fn a_message_tells_what_is_asked_and_with_what_outcome() {
        let read = |octets: &[u8]| {
            let message = read_message(octets)?;
            Some((message.method, message.status))
        };
        assert_eq!(read(INVITE.as_bytes()), Some((Some("INVITE"), None)));
        assert_eq!(read(b"REGISTER"), Some((Some("REGISTER"), None)));
        assert_eq!(read(b"OPTIONS "), Some((Some("OPTIONS"), None)));
        let refusal = b"SIP/2.0 401 Unauthorized\r\nVia: x\r\nCSeq: 2 REGISTER\r\n\r\n";
        assert_eq!(read(refusal), Some((Some("REGISTER"), Some(401))));
        assert_eq!(read(&refusal[..40]), Some((None, Some(401))));
        for other in
            [&b"ACK sip:a@b SIP/2.0\r\n"[..], b"INVITES sip:a", b"SIP/2.0 4x1 ", b"SIP/2.0 40"]
        {
            assert_eq!(read(other), None, "{other:?}");
        }
    }

    #[test]
    fn of_a_number_outside_the_first_digits_are_told_and_of_others_none() {
        let prefix = |line: &[u8]| read_message(line).unwrap().prefix;
        assert_eq!(prefix(b"INVITE sip:0090012345678@10.0.0.1 SIP/2.0\r\n").unwrap(), "00900");
        assert_eq!(prefix(b"INVITE tel:+19005551234 SIP/2.0\r\n").unwrap(), "+19005");
        for line in [
            &b"INVITE sip:4711@10.0.0.1 SIP/2.0\r\n"[..],
            b"INVITE sip:nurse@10.0.0.1 SIP/2.0\r\n",
            b"INVITE sip:1234567890x@10.0.0.1 SIP/2.0\r\n",
            b"INVITE sip:12345678",
            b"INVITE",
        ] {
            assert_eq!(prefix(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_proxy_speaks_for_another() {
        let found = read(INVITE.as_bytes(), &from_server(5060));
        assert!(found.iter().all(|announcement| !announcement.is_of_speaker()));
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[INVITE.as_bytes()], |octets| {
            assert!(read(octets, &from_client(5060)).len() <= LIMIT);
            let prefix = read_message(octets).and_then(|message| message.prefix);
            assert!(prefix.is_none_or(|prefix| prefix.len() <= 6));
        });
    }
}
