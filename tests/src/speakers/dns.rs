//! DNS (RFC 1035) and multicast DNS with service announcements (RFC 6762,
//! RFC 6763).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use super::call::Spoken;
use super::datagrams;

pub const MULTICAST_GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
pub const MULTICAST_PORT: u16 = 5353;

const A: u16 = 1;
const PTR: u16 = 12;
const TXT: u16 = 16;
const SRV: u16 = 33;
const INTERNET: u16 = 1;

fn name(dotted: &str) -> Vec<u8> {
    let mut name = Vec::with_capacity(dotted.len() + 2);
    for label in dotted.split('.') {
        name.push(label.len() as u8);
        name.extend_from_slice(label.as_bytes());
    }
    name.push(0);
    name
}

fn header(id: u16, flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    [id, flags, questions, answers, 0, 0].iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn question(dotted: &str, kind: u16) -> Vec<u8> {
    let mut question = name(dotted);
    question.extend(kind.to_be_bytes());
    question.extend(INTERNET.to_be_bytes());
    question
}

fn record(owner: &str, kind: u16, lifetime: u32, content: &[u8]) -> Vec<u8> {
    let mut record = question(owner, kind);
    record.extend(lifetime.to_be_bytes());
    record.extend((content.len() as u16).to_be_bytes());
    record.extend_from_slice(content);
    record
}

pub fn dns_query(id: u16, dotted: &str) -> Vec<u8> {
    [header(id, 0x0100, 1, 0), question(dotted, A)].concat()
}

pub fn dns_response(id: u16, dotted: &str, address: Ipv4Addr) -> Vec<u8> {
    [header(id, 0x8580, 1, 1), question(dotted, A), record(dotted, A, 300, &address.octets())]
        .concat()
}

/// Who offers this service on the link?
pub fn mdns_query(service: &str) -> Vec<u8> {
    [header(0, 0, 1, 0), question(service, PTR)].concat()
}

/// A device announces one service: pointer, server, text and address records.
pub fn mdns_announcement(
    instance: &str,
    service: &str,
    host: &str,
    port: u16,
    text: &str,
    address: Ipv4Addr,
) -> Vec<u8> {
    let full = format!("{instance}.{service}");
    let mut server =
        [0, 0, port].iter().flat_map(|word: &u16| word.to_be_bytes()).collect::<Vec<u8>>();
    server.extend(name(host));
    let text = [&[text.len() as u8], text.as_bytes()].concat();
    [
        header(0, 0x8400, 0, 4),
        record(service, PTR, 4500, &name(&full)),
        record(&full, SRV, 120, &server),
        record(&full, TXT, 4500, &text),
        record(host, A, 120, &address.octets()),
    ]
    .concat()
}

/// The name server's side: every name has the same synthetic address.
pub fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let id = u16::from_be_bytes([*query.first()?, *query.get(1)?]);
    let mut labels = Vec::new();
    let mut rest = query.get(12..)?;
    while let Some((&length, after)) = rest.split_first().filter(|(length, _)| **length != 0) {
        labels.push(String::from_utf8_lossy(after.get(..usize::from(length))?).into_owned());
        rest = &after[usize::from(length)..];
    }
    Some(dns_response(id, &labels.join("."), Ipv4Addr::new(10, 30, 0, 30)))
}

pub fn resolve(server: SocketAddr, dotted: &str) -> io::Result<Spoken> {
    // The id need not be unguessable inside a laboratory, only not constant.
    let id = dotted.bytes().fold(0x5744_u16, |id, octet| id.rotate_left(3) ^ u16::from(octet));
    datagrams::ask(server, &dns_query(id, dotted)).map(|(_, spoken)| spoken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_repeats_the_question_and_adds_one_record() {
        let query = dns_query(7, "epr.hospital.example");
        let response = answer(&query).unwrap();
        assert_eq!(response[..2], [0, 7]);
        assert_eq!(response[12..query.len()], query[12..]);
        assert_eq!(response[response.len() - 4..], [10, 30, 0, 30]);
    }
}
