//! Session descriptions (RFC 8866): where audio and video will be received by RTP.
//!
//! Of a description are read: `c=`, `m=` and the attributes that move RTCP. Names of sessions and
//! persons are not looked at.

use std::net::IpAddr;

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends, LIMIT},
    text::{host, number},
};

/// One `m=` line with what applies to it.
struct Media {
    port: u16,
    /// Pairs of ports (RFC 8866 section 5.14).
    count: u16,
    address: Option<IpAddr>,
    /// `a=rtcp` (RFC 3605), `a=rtcp-mux` (RFC 5761) or the next port (RFC 3550 section 11).
    rtcp: Rtcp,
}

#[derive(Clone, Copy)]
enum Rtcp {
    Next,
    At(u16, Option<IpAddr>),
    Multiplexed,
}

/// The ports of a description whose lines are given.
///
/// A description begins with its version; what stands before (parts of a multipart body) is passed
/// over.
pub fn read<'line>(lines: impl Iterator<Item = &'line str>, ends: &Ends) -> Vec<Announcement> {
    let mut session_address = None;
    let mut media: Vec<Media> = Vec::new();
    // Whether the lines belong to a media description that will be announced.
    let mut is_within = false;
    let mut has_media = false;
    for line in lines.skip_while(|line| *line != "v=0") {
        if let Some(description) = line.strip_prefix("m=") {
            has_media = true;
            is_within = media.len() < LIMIT;
            match read_media(description) {
                Some(found) if is_within => media.push(found),
                _ => is_within = false,
            }
        } else if let Some(connection) = line.strip_prefix("c=") {
            let address = read_connection(connection);
            match media.last_mut() {
                Some(last) if is_within => last.address = address,
                _ if !has_media => session_address = address,
                _ => (),
            }
        } else if let Some(last) = media.last_mut().filter(|_| is_within) {
            if line == "a=rtcp-mux" {
                last.rtcp = Rtcp::Multiplexed;
            } else if let Some(rtcp) = line.strip_prefix("a=rtcp:").and_then(read_rtcp) {
                last.rtcp = rtcp;
            }
        }
    }
    let announced = media.iter().flat_map(|media| announce(media, session_address, ends));
    announced.take(LIMIT).collect()
}

/// `audio 49170/2 RTP/AVP 0 8`; port 0 declines a stream.
fn read_media(description: &str) -> Option<Media> {
    let mut words = description.split(' ');
    let is_played = matches!(words.next()?, "audio" | "video");
    let ports = words.next()?;
    // `RTP/AVP`, `RTP/SAVPF`, `UDP/TLS/RTP/SAVP`; over TCP the stream is in the `m=` port's own
    // connection.
    let transport = words.next()?;
    let is_rtp = transport.split('/').any(|part| part == "RTP") && !transport.starts_with("TCP");
    let (port, count) = match ports.split_once('/') {
        Some((port, count)) => (number(port)?, number(count)?),
        None => (number(ports)?, 1),
    };
    let media = Media { port, count, address: None, rtcp: Rtcp::Next };
    (is_played && is_rtp && port != 0 && count != 0).then_some(media)
}

/// `IN IP4 10.0.0.1`; one of a group has a lifetime after it and is no host's.
fn read_connection(connection: &str) -> Option<IpAddr> {
    let mut words = connection.split(' ');
    let is_internet = words.next() == Some("IN");
    let family = words.next()?;
    let address = host(words.next()?)?;
    let is_family = family == if address.is_ipv4() { "IP4" } else { "IP6" };
    (is_internet && is_family).then_some(address)
}

/// `53020`, or `53020 IN IP4 10.0.0.1`.
fn read_rtcp(attribute: &str) -> Option<Rtcp> {
    match attribute.split_once(' ') {
        None => Some(Rtcp::At(number(attribute)?, None)),
        Some((port, connection)) => {
            Some(Rtcp::At(number(port)?, Some(read_connection(connection)?)))
        }
    }
}

/// The pairs of ports of one stream.
fn announce(media: &Media, session: Option<IpAddr>, ends: &Ends) -> Vec<Announcement> {
    let mut announced = Vec::new();
    let mut add = |address: IpAddr, port: u16, application| {
        let own = Announcement::of_speaker(ends, protocol::UDP, port, application);
        announced.push(own.at(address));
    };
    let Some(address) = media.address.or(session) else { return announced };
    let ports = (media.port..=u16::MAX).step_by(2).take(usize::from(media.count).min(LIMIT));
    for (pair, port) in ports.enumerate() {
        add(address, port, Application::Rtp);
        match (media.rtcp, port.checked_add(1)) {
            (Rtcp::Next, Some(next)) => add(address, next, Application::Rtcp),
            (Rtcp::At(port, other), _) if pair == 0 => {
                add(other.unwrap_or(address), port, Application::Rtcp);
            }
            _ => (),
        }
    }
    announced
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn announced(description: &str) -> Vec<(IpAddr, u16, Application)> {
        let announcements = read(description.lines(), &from_client(5060));
        for announcement in &announcements {
            assert_eq!((announcement.protocol, announcement.peer), (protocol::UDP, None));
        }
        announcements.iter().map(|it| (it.address, it.port, it.application)).collect()
    }

    fn pair(address: IpAddr, port: u16) -> [(IpAddr, u16, Application); 2] {
        [(address, port, Application::Rtp), (address, port + 1, Application::Rtcp)]
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        // RFC 8866 section 5, with addresses of hosts.
        let description = "v=0\no=jdoe 3724394400 3724394405 IN IP4 198.51.100.1\n\
            s=Call to John Smith\nc=IN IP4 10.77.40.21\nt=0 0\nm=audio 49170 RTP/AVP 0\n\
            m=audio 49180 RTP/AVP 0\nm=video 51372 RTP/AVP 99\nc=IN IP6 2001:db8::2\n\
            a=rtpmap:99 h263-1998/90000";
        let six = "2001:db8::2".parse().unwrap();
        let wanted = [pair(CLIENT, 49170), pair(CLIENT, 49180), pair(six, 51372)].concat();
        assert_eq!(announced(description), wanted);
    }

    #[test]
    fn attributes_and_counts_move_rtcp() {
        let beginning = "v=0\nc=IN IP4 10.77.40.21\nm=audio 49170";
        let one = |rest: &str| announced(&format!("{beginning}{rest}"));
        assert_eq!(one(" RTP/AVP 0\na=rtcp-mux"), pair(CLIENT, 49170)[..1]);
        let other = [pair(CLIENT, 49170)[0], (SERVER, 53020, Application::Rtcp)];
        assert_eq!(one(" RTP/AVP 0\na=rtcp:53020 IN IP4 10.77.40.5"), other);
        let moved = [pair(CLIENT, 49170)[0], (CLIENT, 53020, Application::Rtcp)];
        assert_eq!(one(" UDP/TLS/RTP/SAVPF 0\na=rtcp:53020"), moved);
        assert_eq!(one("/2 RTP/AVP 0"), [pair(CLIENT, 49170), pair(CLIENT, 49172)].concat());
        assert_eq!(one("/65535 RTP/AVP 0").len(), LIMIT);
    }

    #[test]
    fn streams_that_are_no_rtp_or_nowhere_announce_nothing() {
        for description in [
            "c=IN IP4 10.77.40.21\nm=audio 49170 RTP/AVP 0",
            "v=0\nm=audio 49170 RTP/AVP 0",
            "v=0\nc=IN IP4 0.0.0.0\nm=audio 49170 RTP/AVP 0",
            "v=0\nc=IN IP4 224.2.1.1/127\nm=audio 49170 RTP/AVP 0",
            "v=0\nc=IN IP4 call.example.org\nm=audio 49170 RTP/AVP 0",
            "v=0\nc=IN IP6 10.77.40.21\nm=audio 49170 RTP/AVP 0",
            "v=0\nc=IN IP4 10.77.40.21\nm=audio 0 RTP/AVP 0",
            "v=0\nc=IN IP4 10.77.40.21\nm=audio 49170/0 RTP/AVP 0",
            "v=0\nc=IN IP4 10.77.40.21\nm=image 49170 udptl t38",
            "v=0\nc=IN IP4 10.77.40.21\nm=audio 49170 TCP/RTP/AVP 0",
            "v=0\nc=IN IP4 10.77.40.21\nm=audio 70000 RTP/AVP 0",
            "v=0\nm=audio x RTP/AVP 0\nc=IN IP4 10.77.40.21",
        ] {
            assert_eq!(announced(description), [], "{description}");
        }
    }

    #[test]
    fn a_stream_that_is_left_out_lends_its_address_to_no_other() {
        let description = "v=0\nm=audio 49170 RTP/AVP 0\nc=IN IP4 10.77.40.21\n\
            m=image 49172 udptl t38\nc=IN IP4 10.77.40.99\na=rtcp-mux";
        assert_eq!(announced(description), pair(CLIENT, 49170));
        let last = "v=0\nc=IN IP4 10.77.40.21\nm=audio 65535 RTP/AVP 0";
        assert_eq!(announced(last), [(CLIENT, 65535, Application::Rtp)]);
    }
}
