//! Real-Time Streaming Protocol (RFC 2326 section 12.39, RFC 7826 section 18.54): the ports that a
//! client and a server agree on for RTP.
//!
//! Each end speaks of its own ports, the client in its request and the server in its reply. Streams
//! within the control connection, streams to groups and those that are no RTP give none.

use std::net::{IpAddr, SocketAddr};

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends, LIMIT},
    text::{after, host, lines, number},
};

/// The streams that a SETUP request, or the reply to one, announces.
pub fn read(octets: &[u8], ends: &Ends) -> Vec<Announcement> {
    let mut lines = lines(octets);
    let Some(speaker) = lines.next().and_then(Speaker::of) else { return Vec::new() };
    lines
        .take_while(|line| !line.is_empty())
        .filter_map(|line| after(line, "Transport:"))
        // Alternatives in the order of preference.
        .flat_map(|transports| transports.split(','))
        .flat_map(|transport| read_transport(transport, speaker, ends))
        .take(LIMIT)
        .collect()
}

#[derive(Clone, Copy)]
enum Speaker {
    Client,
    Server,
}

impl Speaker {
    fn of(start_line: &str) -> Option<Self> {
        if start_line.starts_with("RTSP/1.0 200 ") || start_line.starts_with("RTSP/2.0 200 ") {
            return Some(Self::Server);
        }
        let is_request = start_line.ends_with(" RTSP/1.0") || start_line.ends_with(" RTSP/2.0");
        (is_request && start_line.starts_with("SETUP ")).then_some(Self::Client)
    }

    /// How the parameters are called that hold this end's ports, its address, and both at once
    /// (RTSP 2.0).
    const fn parameters(self) -> [&'static str; 3] {
        match self {
            Self::Client => ["client_port", "destination", "dest_addr"],
            Self::Server => ["server_port", "source", "src_addr"],
        }
    }
}

/// `RTP/AVP;unicast;client_port=4588-4589`.
fn read_transport(transport: &str, speaker: Speaker, ends: &Ends) -> Vec<Announcement> {
    let mut parameters = transport.trim().split(';').map(str::trim);
    // `RTP/AVP`, `RTP/AVP/UDP`, `RTP/SAVPF`; the last part may be another lower transport.
    let specification = parameters.next().unwrap_or_default();
    let mut parts = specification.split('/');
    let is_rtp = parts.next() == Some("RTP") && parts.next().is_some();
    let is_udp = matches!(parts.next(), None | Some("UDP"));
    let mut found: [Option<(Option<IpAddr>, u16)>; 2] = [None; 2];
    let mut address = None;
    if !is_rtp || !is_udp {
        return Vec::new();
    }
    let [ports, host_name, both] = speaker.parameters();
    for parameter in parameters {
        match parameter.split_once('=') {
            None if parameter.eq_ignore_ascii_case("multicast") => return Vec::new(),
            Some(("interleaved", _)) => return Vec::new(),
            Some((name, value)) if name == ports => found = range(value),
            Some((name, value)) if name == host_name => match host(value) {
                Some(host) => address = Some(host),
                // A name that is not asked for, or a group.
                None => return Vec::new(),
            },
            Some((name, value)) if name == both => found = addresses(value),
            _ => (),
        }
    }
    let announce = |(end, application): (Option<(Option<IpAddr>, u16)>, Application)| {
        let (named, port) = end?;
        let own = Announcement::of_speaker(ends, protocol::UDP, port, application).between(ends);
        Some(named.or(address).map_or(own, |address| own.at(address)))
    };
    found.into_iter().zip([Application::Rtp, Application::Rtcp]).filter_map(announce).collect()
}

/// `4588-4589`, the second for RTCP, or the first alone.
fn range(value: &str) -> [Option<(Option<IpAddr>, u16)>; 2] {
    let end = |port: &str| Some((None, number(port)?));
    match value.split_once('-') {
        None => [end(value), None],
        Some((first, second)) => [end(first), end(second)],
    }
}

/// `":8000"/":8001"`, with or without an address before the port.
fn addresses(value: &str) -> [Option<(Option<IpAddr>, u16)>; 2] {
    let end = |text: &str| {
        let text = text.strip_prefix('"')?.strip_suffix('"')?;
        if let Some(port) = text.strip_prefix(':') {
            return Some((None, number(port)?));
        }
        let end: SocketAddr = text.parse().ok()?;
        Some((Some(end.ip()), end.port()))
    };
    let mut ends = value.split('/');
    [ends.next().and_then(end), ends.next().and_then(end)]
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn request(transport: &str) -> Vec<u8> {
        format!(
            "SETUP rtsp://10.77.40.5/cam/1 RTSP/1.0\r\nCSeq: 302\r\nTransport: {transport}\r\n\r\n"
        )
        .into_bytes()
    }

    fn reply(transport: &str) -> Vec<u8> {
        format!(
            "RTSP/1.0 200 OK\r\nCSeq: 302\r\nSession: 47112344\r\ntransport:{transport}\r\n\r\n"
        )
        .into_bytes()
    }

    fn announced(octets: &[u8], ends: &Ends) -> Vec<(IpAddr, u16, Application)> {
        let announcements = read(octets, ends);
        for announcement in &announcements {
            assert_eq!(announcement.protocol, protocol::UDP);
            assert_eq!(announcement.peer, Some(ends.listener.ip()));
        }
        announcements.iter().map(|it| (it.address, it.port, it.application)).collect()
    }

    fn pair(address: IpAddr, port: u16) -> [(IpAddr, u16, Application); 2] {
        [(address, port, Application::Rtp), (address, port + 1, Application::Rtcp)]
    }

    #[test]
    fn request_and_reply_announce_each_its_own_ports() {
        // RFC 2326 section 10.4.
        let asked = request("RTP/AVP;unicast;client_port=4588-4589");
        assert_eq!(announced(&asked, &from_client(554)), pair(CLIENT, 4588));
        let given = reply("RTP/AVP;unicast;client_port=4588-4589;server_port=6256-6257");
        assert_eq!(announced(&given, &from_server(554)), pair(SERVER, 6256));
        // RFC 7826 section 13.3.
        let asked = request("RTP/AVP/UDP;unicast;dest_addr=\":8000\"/\":8001\"");
        assert_eq!(announced(&asked, &from_client(554)), pair(CLIENT, 8000));
        let given = reply("RTP/AVP;unicast;src_addr=\"10.77.40.5:6256\"/\"10.77.40.5:6257\"");
        assert_eq!(announced(&given, &from_server(554)), pair(SERVER, 6256));
    }

    #[test]
    fn alternatives_are_all_announced() {
        let asked = request("RTP/AVP/TCP;interleaved=0-1, RTP/AVP;client_port=4588");
        assert_eq!(announced(&asked, &from_client(554)), pair(CLIENT, 4588)[..1]);
        let asked = request("RTP/SAVP;client_port=5000-5001,RTP/AVP;client_port=4588-4589");
        let wanted = [pair(CLIENT, 5000), pair(CLIENT, 4588)].concat();
        assert_eq!(announced(&asked, &from_client(554)), wanted);
    }

    #[test]
    fn another_destination_is_named_as_such() {
        let asked = request("RTP/AVP;unicast;destination=10.77.40.99;client_port=4588-4589");
        let found = read(&asked, &from_client(554));
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|announcement| !announcement.is_of_speaker()));
    }

    #[test]
    fn streams_elsewhere_announce_nothing() {
        for transport in [
            "RTP/AVP/TCP;unicast;interleaved=0-1",
            "RTP/AVP;unicast;interleaved=0-1;client_port=4588-4589",
            "RTP/AVP;multicast;client_port=4588-4589",
            "RTP/AVP;unicast;destination=224.2.0.1;client_port=4588-4589",
            "RTP/AVP;unicast;destination=here.example;client_port=4588-4589",
            "MP2T/H2221/UDP;unicast;client_port=4588-4589",
            "RTP;unicast;client_port=4588-4589",
            "RTP/AVP;unicast;client_port=x-y",
            "RTP/AVP;unicast;client_port=70000-70001",
            "RTP/AVP;unicast",
            "",
        ] {
            assert_eq!(announced(&request(transport), &from_client(554)), [], "{transport}");
        }
        let asked = request("RTP/AVP;client_port=4588-4589");
        let other = String::from_utf8(asked).unwrap();
        for (from, to) in [("SETUP", "PLAY"), ("RTSP/1.0", "HTTP/1.1")] {
            let other = other.replace(from, to);
            assert_eq!(announced(other.as_bytes(), &from_client(554)), [], "{to}");
        }
        let refused = String::from_utf8(reply("RTP/AVP;server_port=6256-6257")).unwrap();
        let refused = refused.replace("200 OK", "461 Unsupported Transport");
        assert_eq!(announced(refused.as_bytes(), &from_server(554)), []);
    }

    #[test]
    fn a_message_that_is_cut_announces_nothing() {
        let asked = request("RTP/AVP;unicast;client_port=4588-4589");
        // Without the empty line at its end the message has its header all the same.
        for length in 0..asked.len() - 2 {
            assert_eq!(announced(&asked[..length], &from_client(554)), [], "{length}");
        }
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        let asked = request("RTP/AVP;unicast;client_port=4588-4589");
        let given = reply("RTP/AVP;unicast;src_addr=\"10.77.40.5:6256\"/\"10.77.40.5:6257\"");
        mutate(&[&asked, &given], |octets| {
            assert!(read(octets, &from_client(554)).len() <= LIMIT);
        });
    }
}
