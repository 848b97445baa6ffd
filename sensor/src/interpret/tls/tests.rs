use super::{
    dtls::{datagram_client_hello, datagram_server_hello},
    *,
};
use crate::interpret::{
    chance::Chance,
    sample::{self, DTLS_CLIENT_HELLO, SERVER_HELLO_1_2, SERVER_HELLO_1_3, octets},
};

fn expected() -> ClientHello {
    ClientHello {
        legacy_version: 0x0303,
        highest_version: 0x0304,
        server_name: Some("corpus1.hosp.example".to_owned()),
        is_server_name_refused: false,
        alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
        // Of another implementation, over the fields that another dissector found.
        ja4: "t13d3112h2_e8f1e7e78f70_b26ce05bbdd6".to_owned(),
    }
}

/// A ClientHello in a record, with these cipher suites and extensions.
fn made_hello(version: u16, extensions: Option<&[u8]>) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend_from_slice(&[7; 32]);
    body.extend_from_slice(&[0, 0, 4, 0, 0x2f, 0, 0x35, 1, 0]);
    if let Some(extensions) = extensions {
        body.extend_from_slice(&u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend_from_slice(extensions);
    }
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    in_records(&[&[CLIENT_HELLO, 0, length[0], length[1]], &body[..]].concat(), 1 << 14)
}

/// The message in records of so many octets.
fn in_records(message: &[u8], octets: usize) -> Vec<u8> {
    let mut records = Vec::new();
    for fragment in message.chunks(octets) {
        records.extend_from_slice(&[22, 3, 1]);
        records.extend_from_slice(&u16::try_from(fragment.len()).unwrap().to_be_bytes());
        records.extend_from_slice(fragment);
    }
    records
}

fn extension(extension_type: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&extension_type.to_be_bytes(), &length.to_be_bytes(), content].concat()
}

#[test]
fn a_recorded_hello_says_what_the_client_looks_for() {
    assert_eq!(client_hello(&sample::client_hello()), Reading::Complete(expected()));
    let mut longer = sample::client_hello();
    longer.extend_from_slice(b"what follows does not matter");
    assert_eq!(client_hello(&longer), Reading::Complete(expected()));
}

#[test]
fn every_truncation_is_incomplete() {
    let (hello, datagram) = (sample::client_hello(), octets(DTLS_CLIENT_HELLO));
    for length in 0..hello.len() {
        assert_eq!(client_hello(&hello[..length]), Reading::Incomplete, "{length}");
    }
    for length in 0..datagram.len() {
        assert_eq!(datagram_client_hello(&datagram[..length]), Reading::Incomplete, "{length}");
    }
    for sample in [SERVER_HELLO_1_2, SERVER_HELLO_1_3].map(octets) {
        for length in 0..sample.len() {
            let reading = server_hello(&sample[..length]);
            // The certificate may follow in the same record, and is not waited for.
            assert_eq!(reading, Reading::Incomplete, "{length}");
        }
    }
}

#[test]
fn a_hello_may_be_spread_over_records() {
    let hello = sample::client_hello();
    for size in [1, 2, 3, 4, 5, 100, 511, 512] {
        let records = in_records(&hello[5..], size);
        assert_eq!(client_hello(&records), Reading::Complete(expected()), "{size}");
        let shorter = &records[..records.len() - 1];
        assert_eq!(client_hello(shorter), Reading::Incomplete, "{size}");
    }
}

#[test]
fn near_misses_are_foreign() {
    // Content type, major version, record of no octets and of too many, handshake type, length.
    for (at, octet) in [(0, 23), (0, 21), (1, 2), (3, 0x7f), (5, 2), (5, 16), (6, 1)] {
        let mut hello = sample::client_hello();
        hello[at] = octet;
        assert_eq!(client_hello(&hello), Reading::Foreign, "octet {at} is {octet}");
        assert_eq!(client_hello(&hello[..=at + 2]), Reading::Foreign, "octet {at} is {octet}");
    }
    let mut empty_record = sample::client_hello();
    empty_record[3..5].fill(0);
    assert_eq!(client_hello(&empty_record), Reading::Foreign);

    // Legacy version, session ID, cipher suites, the extensions' length, one extension's length.
    for (at, octet) in [(9, 2), (43, 33), (77, 0x3d), (142, 0xff), (146, 0xff)] {
        let mut hello = sample::client_hello();
        hello[at] = octet;
        assert_eq!(client_hello(&hello), Reading::Foreign, "octet {at} is {octet}");
    }
    for other in [&b"GET / HTTP/1.1\r\n"[..], b"\x80\x2e\x01\x03\x01", b"SSH-2.0-x\r\n"] {
        assert_eq!(client_hello(other), Reading::Foreign);
        assert_eq!(datagram_client_hello(other), Reading::Foreign);
    }
    assert_eq!(client_hello(&octets(SERVER_HELLO_1_2)), Reading::Foreign);
    assert_eq!(server_hello(&sample::client_hello()), Reading::Foreign);
}

#[test]
fn a_hello_of_an_old_client_has_no_extensions() {
    for (version, name) in [(0x0300, "s3"), (0x0301, "10"), (0x0302, "11")] {
        for extensions in [None, Some(&[][..])] {
            let hello = client_hello(&made_hello(version, extensions)).complete().unwrap();
            assert_eq!((hello.legacy_version, hello.highest_version), (version, version));
            assert_eq!((hello.server_name, hello.is_server_name_refused), (None, false));
            assert_eq!(hello.ja4, format!("t{name}i020000_f54dd463d39b_000000000000"));
        }
    }
}

#[test]
fn the_newest_version_offered_is_not_grease() {
    let versions = extension(43, &[8, 0x3a, 0x3a, 3, 3, 3, 4, 3, 2]);
    let hello = client_hello(&made_hello(0x0303, Some(&versions))).complete().unwrap();
    assert_eq!(hello.highest_version, 0x0304);
    let only_grease = extension(43, &[2, 0xfa, 0xfa]);
    let hello = client_hello(&made_hello(0x0303, Some(&only_grease))).complete().unwrap();
    assert_eq!(hello.highest_version, 0x0303);
}

#[test]
fn a_hostile_name_is_refused_and_still_makes_the_fingerprint() {
    let mut content = vec![0, 11, 0, 0, 8];
    content.extend_from_slice(b"a\r\n\"}{\x1b[");
    let hello = made_hello(0x0303, Some(&extension(0, &content)));
    let hello = client_hello(&hello).complete().unwrap();
    assert_eq!((hello.server_name, hello.is_server_name_refused), (None, true));
    assert!(hello.ja4.starts_with("t12d020100_"));
}

#[test]
fn malformed_content_of_an_extension_costs_that_extension_only() {
    let extensions = [
        extension(16, &[0, 9, 2, b'h', b'2']),
        extension(13, &[0xff]),
        extension(43, &[7, 3]),
        extension(0, &[]),
    ];
    let hello = client_hello(&made_hello(0x0303, Some(&extensions.concat()))).complete().unwrap();
    assert_eq!((hello.highest_version, hello.alpn.len()), (0x0303, 0));
    assert!(hello.is_server_name_refused && hello.ja4.starts_with("t12d020400_"));
}

#[test]
fn a_server_says_what_was_agreed() {
    let old = ServerHello { version: 0x0303, cipher_suite: 0xc030 };
    assert_eq!(server_hello(&octets(SERVER_HELLO_1_2)), Reading::Complete(old));
    let new = ServerHello { version: 0x0304, cipher_suite: 0x1302 };
    assert_eq!(server_hello(&octets(SERVER_HELLO_1_3)), Reading::Complete(new));

    let mut deprecated = octets(SERVER_HELLO_1_2);
    deprecated[2] = 1;
    deprecated[10] = 1;
    let agreed = ServerHello { version: 0x0301, cipher_suite: 0xc030 };
    assert_eq!(server_hello(&deprecated), Reading::Complete(agreed));

    for (at, octet) in [(9, 4), (43, 33), (79, 0xff)] {
        let mut near_miss = octets(SERVER_HELLO_1_2);
        near_miss[at] = octet;
        assert_eq!(server_hello(&near_miss), Reading::Foreign, "octet {at} is {octet}");
    }
}

#[test]
fn a_server_hello_in_one_record_with_the_certificate_is_not_kept_waiting() {
    let mut hello = octets(SERVER_HELLO_1_2);
    hello[3] = 4;
    assert!(server_hello(&hello).complete().is_some());
}

#[test]
fn a_datagram_says_the_same() {
    let hello = datagram_client_hello(&octets(DTLS_CLIENT_HELLO)).complete().unwrap();
    assert_eq!((hello.legacy_version, hello.highest_version), (0xfefd, 0xfefd));
    assert_eq!(hello.server_name.as_deref(), Some("pump-7.ward.example"));
    assert_eq!(hello.alpn, ["coap"]);
    // Of another implementation, over the fields that another dissector found.
    assert_eq!(hello.ja4, "dd2d2808cp_d943125447b4_e7e480e5a997");
}

/// The datagram's message in fragments of so many octets, in records of one datagram.
fn fragmented(octets: usize) -> Vec<Vec<u8>> {
    let datagram = sample::octets(DTLS_CLIENT_HELLO);
    let (record, message) = datagram.split_at(13);
    let (header, body) = message.split_at(12);
    let number = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
    body.chunks(octets)
        .enumerate()
        .map(|(place, chunk)| {
            let mut fragment = record[..11].to_vec();
            fragment.extend_from_slice(&u16::try_from(chunk.len() + 12).unwrap().to_be_bytes());
            fragment.extend_from_slice(&header[..6]);
            fragment.extend_from_slice(&number(place * octets));
            fragment.extend_from_slice(&number(chunk.len()));
            fragment.extend_from_slice(chunk);
            fragment
        })
        .collect()
}

#[test]
fn fragments_in_one_datagram_are_joined() {
    let whole = datagram_client_hello(&octets(DTLS_CLIENT_HELLO));
    let mut fragments = fragmented(50);
    assert_eq!(datagram_client_hello(&fragments.concat()), whole);
    fragments.reverse();
    assert_eq!(datagram_client_hello(&fragments.concat()), whole);
    fragments.remove(2);
    assert_eq!(datagram_client_hello(&fragments.concat()), Reading::Incomplete);
}

#[test]
fn near_misses_of_datagrams_are_foreign() {
    // Content type, version, epoch, handshake type, lengths of message and fragment.
    for (at, octet) in
        [(0, 23), (1, 3), (2, 0xfe), (4, 1), (13, 2), (14, 1), (20, 1), (22, 1), (25, 3)]
    {
        let mut near_miss = octets(DTLS_CLIENT_HELLO);
        near_miss[at] = octet;
        assert_eq!(datagram_client_hello(&near_miss), Reading::Foreign, "octet {at} is {octet}");
    }
    assert_eq!(datagram_server_hello(&octets(DTLS_CLIENT_HELLO)), Reading::Foreign);
}

#[test]
fn a_server_answers_in_a_datagram() {
    let body = &octets(SERVER_HELLO_1_2)[9..];
    let length = u8::try_from(body.len()).unwrap();
    let mut datagram = octets(DTLS_CLIENT_HELLO)[..25].to_vec();
    (datagram[12], datagram[13], datagram[16], datagram[24]) =
        (length + 12, SERVER_HELLO, length, length);
    datagram.extend_from_slice(body);
    datagram[25..27].copy_from_slice(&[0xfe, 0xff]);
    let agreed = ServerHello { version: 0xfeff, cipher_suite: 0xc030 };
    assert_eq!(datagram_server_hello(&datagram), Reading::Complete(agreed));
}

fn is_plain(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_graphic() && !b"\"'\\<>{},;`$".contains(&octet))
}

#[test]
fn mutated_hellos_neither_panic_nor_let_odd_characters_out() {
    let mut chance = Chance::new(0x7154_e110);
    let samples = [
        sample::client_hello(),
        in_records(&sample::client_hello()[5..], 40),
        octets(DTLS_CLIENT_HELLO),
        octets(SERVER_HELLO_1_2),
        octets(SERVER_HELLO_1_3),
    ];
    let mut read = 0;
    for round in 0..10_000 {
        let mut hello = samples[round % samples.len()].clone();
        chance.mutate(&mut hello);
        let readings = [client_hello(&hello), datagram_client_hello(&hello)];
        for hello in readings.into_iter().filter_map(Reading::complete) {
            read += 1;
            assert!(is_plain(&hello.ja4) && hello.alpn.iter().all(|name| is_plain(name)));
            assert!(hello.server_name.as_deref().is_none_or(is_plain));
        }
        let _ = (server_hello(&hello), datagram_server_hello(&hello));
    }
    assert!(read > 1000, "mutations that leave a hello: {read}");
}
