//! What the rooms' tests share: two ends, and samples that nobody meant well.

use std::net::IpAddr;

use super::announcement::Ends;

pub const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 40, 21));
pub const SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 40, 5));

/// A sample that the client sent from port 46056.
pub fn from_client(server_port: u16) -> Ends {
    Ends { speaker: (CLIENT, 46056).into(), listener: (SERVER, server_port).into() }
}

/// A sample that the server sent.
pub fn from_server(server_port: u16) -> Ends {
    Ends { speaker: (SERVER, server_port).into(), listener: (CLIENT, 46056).into() }
}

/// Octets of a sample written in hexadecimal digits.
pub fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<_> = digits.bytes().filter(|digit| !digit.is_ascii_whitespace()).collect();
    let octet = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(octet).collect()
}

/// Gives `read` the samples with octets changed, cut and repeated, the same at every run.
pub fn mutate(samples: &[&[u8]], mut read: impl FnMut(&[u8])) {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..20_000 {
        let mut octets = samples[round % samples.len()].to_vec();
        for _ in 0..1 + round % 7 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let place = (random >> 33) as usize % octets.len();
            octets[place] = match round % 3 {
                0 => (random >> 24) as u8,
                1 => [0, 0xff, 0x7f, 0x80][(random >> 24) as usize % 4],
                _ => octets[(random >> 44) as usize % octets.len()],
            };
        }
        match round % 5 {
            0 => octets.truncate((random >> 40) as usize % octets.len()),
            1 => octets.extend_from_within((random >> 40) as usize % octets.len()..),
            _ => (),
        }
        octets.truncate(1500);
        read(&octets);
    }
}
