//! File Transfer Protocol (RFC 959 section 4.1.2, RFC 2428): where the data connection will be.
//!
//! Commands and replies are told by their words, whichever end sends them: each end speaks of its
//! own port, so a command in the wrong mouth announces nothing of the other end. Left out: the long
//! address forms (LPRT, LPSV), which RFC 5797 calls historic.

use std::net::{IpAddr, Ipv4Addr};

use sensor_common::{application::Application, wire::transport::protocol};

use super::{
    announcement::{Announcement, Ends, LIMIT},
    text::{after, host, lines, number},
};

/// The data connections that a sample of the control connection announces.
pub fn read(octets: &[u8], ends: &Ends) -> Vec<Announcement> {
    lines(octets).filter_map(|line| read_line(line, ends)).take(LIMIT).collect()
}

fn read_line(line: &str, ends: &Ends) -> Option<Announcement> {
    let (address, port) = if let Some(argument) = after(line, "PORT ") {
        host_port(argument.trim())?
    } else if let Some(argument) = after(line, "EPRT ") {
        extended(argument.trim())?
    } else if let Some(text) = line.strip_prefix("227 ") {
        // RFC 959 names no brackets, RFC 1123 section 4.1.2.6 says to look for the digits.
        let start = text.find(|character: char| character.is_ascii_digit())?;
        let numbers = &text[start..];
        let is_other = |character: char| !character.is_ascii_digit() && character != ',';
        host_port(&numbers[..numbers.find(is_other).unwrap_or(numbers.len())])?
    } else if let Some(text) = line.strip_prefix("229 ") {
        let argument = text.split_once('(')?.1.split_once(')')?.0;
        (ends.speaker.ip(), extended_passive(argument)?)
    } else {
        return None;
    };
    let application = Application::FtpData;
    let own = Announcement::of_speaker(ends, protocol::TCP, port, application);
    Some(own.at(address).between(ends))
}

/// `h1,h2,h3,h4,p1,p2`.
fn host_port(argument: &str) -> Option<(IpAddr, u16)> {
    let mut octets = [0; 6];
    let mut numbers = argument.split(',');
    for octet in &mut octets {
        *octet = number(numbers.next()?)?;
    }
    let [a, b, c, d, high, low] = octets;
    let address = Ipv4Addr::new(a, b, c, d).into();
    (numbers.next().is_none()).then_some((address, u16::from_be_bytes([high, low])))
}

/// `|protocol|address|port|`, the mark being any printable character (RFC 2428 section 2).
fn extended(argument: &str) -> Option<(IpAddr, u16)> {
    let mut parts = fields(argument)?;
    let family = parts.next()?;
    let address = host(parts.next()?)?;
    let port = number(parts.next()?)?;
    // The address families of IANA: 1 is IPv4, 2 is IPv6.
    let is_family = family == if address.is_ipv4() { "1" } else { "2" };
    (is_family && parts.next() == Some("") && parts.next().is_none()).then_some((address, port))
}

/// `|||port|` (RFC 2428 section 3).
fn extended_passive(argument: &str) -> Option<u16> {
    let mut parts = fields(argument)?;
    let is_empty = parts.next() == Some("") && parts.next() == Some("");
    let port = number(parts.next()?)?;
    (is_empty && parts.next() == Some("") && parts.next().is_none()).then_some(port)
}

fn fields(argument: &str) -> Option<std::str::Split<'_, char>> {
    let mark = argument.chars().next().filter(char::is_ascii_punctuation)?;
    Some(argument[1..].split(mark))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    fn announced(octets: &[u8], ends: &Ends) -> Vec<(IpAddr, u16)> {
        let announcements = read(octets, ends);
        for announcement in &announcements {
            assert_eq!(announcement.application, Application::FtpData);
            assert!(announcement.is_tcp());
            assert_eq!(announcement.peer, Some(ends.listener.ip()));
            assert_eq!(announcement.speaker, ends.speaker.ip());
        }
        announcements.iter().map(|found| (found.address, found.port)).collect()
    }

    #[test]
    fn each_of_the_four_forms_announces_a_data_connection() {
        let client = [(CLIENT, 1025)];
        assert_eq!(announced(b"PORT 10,77,40,21,4,1\r\n", &from_client(21)), client);
        assert_eq!(announced(b"eprt |1|10.77.40.21|1025|\r\n", &from_client(2121)), client);
        let server = [(SERVER, 33689)];
        let replies: [&[u8]; 4] = [
            b"227 Entering Passive Mode (10,77,40,5,131,153).\r\n",
            b"227 =10,77,40,5,131,153\r\n",
            b"229 Entering extended passive mode (|||33689|).\r\n",
            b"229 Extended Passive Mode OK (!!!33689!)\r\n",
        ];
        for reply in replies {
            assert_eq!(announced(reply, &from_server(21)), server, "{reply:?}");
        }
        let six: IpAddr = "2001:db8::5".parse().unwrap();
        assert_eq!(announced(b"EPRT |2|2001:db8::5|5282|\r\n", &from_client(21)), [(six, 5282)]);
    }

    #[test]
    fn a_line_that_is_cut_announces_nothing() {
        for sample in [
            &b"PORT 10,77,40,21,4,1\r\n"[..],
            b"229 Entering extended passive mode (|||33689|).\r\n",
            b"227 Entering Passive Mode (10,77,40,5,131,153).\r\n",
        ] {
            for length in 0..sample.len() {
                assert_eq!(announced(&sample[..length], &from_server(21)), [], "{length}");
            }
            assert_eq!(announced(sample, &from_server(21)).len(), 1);
        }
    }

    #[test]
    fn lines_around_it_are_passed_over() {
        let sample = b"TYPE I\r\nPORT 10,77,40,21,4,1\r\nRETR PORT 1,2,3,4,5,6\r\n";
        assert_eq!(announced(sample, &from_client(21)), [(CLIENT, 1025)]);
    }

    #[test]
    fn near_misses_announce_nothing() {
        for sample in [
            "PORT 10,77,40,21,4\r\n",
            "PORT 10,77,40,21,4,1,1\r\n",
            "PORT 10,77,40,256,4,1\r\n",
            "PORT 10,77,40,+1,4,1\r\n",
            "PORTS 10,77,40,21,4,1\r\n",
            "EPRT |2|10.77.40.21|1025|\r\n",
            "EPRT |1|10.77.40.21|65536|\r\n",
            "EPRT |1|10.77.40.21|1025\r\n",
            "EPRT 1110.77.40.211102511\r\n",
            "EPRT ä1ä10.77.40.21ä1025ä\r\n",
            "EPRT\r\n",
            "227 Entering Passive Mode\r\n",
            "227-10,77,40,5,131,153\r\n",
            "229 Entering extended passive mode (||10.77.40.9|33689|)\r\n",
            "229 Entering extended passive mode |||33689|\r\n",
            "229 ()\r\n",
        ] {
            assert_eq!(announced(sample.as_bytes(), &from_client(21)), [], "{sample}");
        }
    }

    #[test]
    fn a_third_party_is_named_as_such() {
        let bounce = &read(b"PORT 10,77,40,99,0,22\r\n", &from_client(21))[0];
        assert!(!bounce.is_of_speaker());
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        let samples: [&[u8]; 3] = [
            b"PORT 10,77,40,21,4,1\r\nEPRT |2|2001:db8::5|5282|\r\n",
            b"227 Entering Passive Mode (10,77,40,5,131,153).\r\n",
            b"229 Entering extended passive mode (|||33689|).\r\n",
        ];
        mutate(&samples, |octets| assert!(read(octets, &from_client(21)).len() <= LIMIT));
    }
}
