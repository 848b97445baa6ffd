//! Session Initiation Protocol (RFC 3261): the media that offers and answers (RFC 3264) announce.
//!
//! Only the description in the body is read. Who calls whom is not looked at.

use super::{
    announcement::{Announcement, Ends},
    sdp,
    text::lines,
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
    fn a_proxy_speaks_for_another() {
        let found = read(INVITE.as_bytes(), &from_server(5060));
        assert!(found.iter().all(|announcement| !announcement.is_of_speaker()));
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[INVITE.as_bytes()], |octets| {
            assert!(read(octets, &from_client(5060)).len() <= LIMIT);
        });
    }
}
