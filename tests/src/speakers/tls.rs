//! TLS 1.2 (RFC 5246) and 1.3 (RFC 8446) hellos: the handshake as it looks on
//! the wire, with synthetic randoms, keys and ciphertext. Nothing is encrypted.

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken};
use super::certificate::certificate;
use crate::frames::SeededRandom;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TlsVersion {
    V1_2,
    V1_3,
}

const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

fn record(kind: u8, content: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 3, 3];
    record.extend((content.len() as u16).to_be_bytes());
    record.extend_from_slice(content);
    record
}

fn handshake(kind: u8, content: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = (content.len() as u32).to_be_bytes();
    [&[kind, high, middle, low], content].concat()
}

/// Content behind a 16-bit length.
fn with_length(content: &[u8]) -> Vec<u8> {
    [&(content.len() as u16).to_be_bytes(), content].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [kind.to_be_bytes().to_vec(), with_length(content)].concat()
}

fn words(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Octets that look random and are the same in every run.
fn noise(seed: u64, count: usize) -> Vec<u8> {
    SeededRandom::new(seed).octets(count)
}

fn hello_head(seed: u64) -> Vec<u8> {
    let mut head = vec![3, 3];
    head.extend(noise(seed, 32));
    head.push(32);
    head.extend(noise(seed + 1, 32));
    head
}

pub fn tls_client_hello(server_name: &str, version: TlsVersion) -> Vec<u8> {
    let suites: &[u16] = match version {
        TlsVersion::V1_2 => &[0xc02b, 0xc02f, 0xc02c, 0xc030, 0x009c, 0x00ff],
        TlsVersion::V1_3 => &[0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f],
    };
    let host = [&[0], with_length(server_name.as_bytes()).as_slice()].concat();
    let alpn = [b"\x02h2".as_slice(), b"\x08http/1.1"].concat();
    let mut extensions = [
        extension(0, &with_length(&host)),
        extension(10, &with_length(&words(&[0x001d, 0x0017, 0x0018]))),
        extension(11, &[1, 0]),
        extension(13, &with_length(&words(&[0x0403, 0x0804, 0x0401, 0x0503]))),
        extension(16, &with_length(&alpn)),
    ]
    .concat();
    if version == TlsVersion::V1_3 {
        let share = [words(&[0x001d]), with_length(&noise(3, 32))].concat();
        extensions.extend(extension(43, &[4, 3, 4, 3, 3]));
        extensions.extend(extension(45, &[1, 1]));
        extensions.extend(extension(51, &with_length(&share)));
    }
    let body =
        [hello_head(1), with_length(&words(suites)), vec![1, 0], with_length(&extensions)].concat();
    let mut hello = record(HANDSHAKE, &handshake(1, &body));
    // RFC 8446 section 5.1: the first record may say 3.1.
    hello[2] = 1;
    hello
}

fn server_hello(suite: u16, extensions: &[u8]) -> Vec<u8> {
    let body = [hello_head(5), words(&[suite]), vec![0], with_length(extensions)].concat();
    record(HANDSHAKE, &handshake(2, &body))
}

/// The server's first flight: for 1.2 hello, certificate, key exchange, done;
/// for 1.3 hello, change cipher spec and "encrypted" records.
pub fn tls_server_flight(version: TlsVersion) -> Vec<u8> {
    match version {
        TlsVersion::V1_2 => {
            let certificate = certificate("Example Hospital", "epr.hospital.example");
            let [_, high, middle, low] = (certificate.len() as u32).to_be_bytes();
            let entry = [&[high, middle, low], certificate.as_slice()].concat();
            let [_, high, middle, low] = (entry.len() as u32).to_be_bytes();
            let chain = [&[high, middle, low], entry.as_slice()].concat();
            let exchange =
                [vec![3, 0, 0x1d, 32], noise(7, 32), words(&[0x0804]), with_length(&noise(8, 256))]
                    .concat();
            [
                server_hello(0xc02f, &extension(0xff01, &[0])),
                record(HANDSHAKE, &handshake(11, &chain)),
                record(HANDSHAKE, &handshake(12, &exchange)),
                record(HANDSHAKE, &handshake(14, &[])),
            ]
            .concat()
        }
        TlsVersion::V1_3 => {
            let share = [words(&[0x001d]), with_length(&noise(9, 32))].concat();
            let extensions = [extension(43, &[3, 4]), extension(51, &share)].concat();
            [
                server_hello(0x1301, &extensions),
                record(CHANGE_CIPHER_SPEC, &[1]),
                tls_application_data(1, 900),
            ]
            .concat()
        }
    }
}

/// What the client sends after the server's flight.
pub fn tls_client_finish(version: TlsVersion) -> Vec<u8> {
    let last = match version {
        TlsVersion::V1_2 => record(HANDSHAKE, &noise(11, 40)),
        TlsVersion::V1_3 => tls_application_data(2, 53),
    };
    let exchange = match version {
        TlsVersion::V1_2 => {
            record(HANDSHAKE, &handshake(16, &[&[32], noise(10, 32).as_slice()].concat()))
        }
        TlsVersion::V1_3 => Vec::new(),
    };
    [exchange, record(CHANGE_CIPHER_SPEC, &[1]), last].concat()
}

/// A record of `octets` octets of synthetic ciphertext.
pub fn tls_application_data(seed: u64, octets: usize) -> Vec<u8> {
    record(APPLICATION_DATA, &noise(seed + 20, octets))
}

/// Framing: one record.
pub fn record_length(heard: &[u8]) -> Option<usize> {
    Some(5 + usize::from(u16::from_be_bytes([*heard.get(3)?, *heard.get(4)?])))
}

/// A client hello that lists versions proposes 1.3.
fn proposed_version(hello: &[u8]) -> TlsVersion {
    let listed = [0, 43, 0, 5, 4, 3, 4];
    if hello.windows(listed.len()).any(|part| part == listed) {
        TlsVersion::V1_3
    } else {
        TlsVersion::V1_2
    }
}

/// The server's side: its flight, then ciphertext for ciphertext.
pub fn answer(call: &mut Call) -> io::Result<()> {
    let Some(hello) = call.hear(record_length)? else {
        return Ok(());
    };
    let version = proposed_version(&hello);
    call.say(&tls_server_flight(version))?;
    let mut is_protected = false;
    while let Some(record) = call.hear(record_length)? {
        match record.first() {
            Some(&CHANGE_CIPHER_SPEC) if version == TlsVersion::V1_2 => {
                let finished = self::record(HANDSHAKE, &noise(12, 40));
                call.say(&[self::record(CHANGE_CIPHER_SPEC, &[1]), finished].concat())?;
                is_protected = true;
            }
            Some(&APPLICATION_DATA) if is_protected => call.say(&tls_application_data(3, 1800))?,
            // The first protected record of 1.3 is the client's Finished.
            Some(&APPLICATION_DATA) => is_protected = true,
            _ => {}
        }
    }
    Ok(())
}

/// Opens a connection and exchanges ciphertext `times` times.
pub fn exchange(
    server: SocketAddr,
    server_name: &str,
    version: TlsVersion,
    times: u64,
) -> io::Result<Spoken> {
    exchange_on(Call::to(server)?, server_name, version, times)
}

/// As [`exchange`], on a call that other protocols have opened.
pub fn exchange_on(
    mut call: Call,
    server_name: &str,
    version: TlsVersion,
    times: u64,
) -> io::Result<Spoken> {
    call.say(&tls_client_hello(server_name, version))?;
    let flight = match version {
        TlsVersion::V1_2 => 4,
        TlsVersion::V1_3 => 3,
    };
    for _ in 0..flight {
        call.expect_answer(record_length)?;
    }
    call.say(&tls_client_finish(version))?;
    if version == TlsVersion::V1_2 {
        call.expect_answer(record_length)?;
        call.expect_answer(record_length)?;
    }
    for time in 0..times {
        call.say(&tls_application_data(time, 320))?;
        call.expect_answer(record_length)?;
    }
    call.hang_up()
}
