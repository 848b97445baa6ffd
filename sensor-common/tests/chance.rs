//! How often chance makes a verdict: payloads of random octets, and true messages with octets
//! changed. Chance may make a verdict likely, by the weakest markers; it must not confirm one.

use std::{collections::BTreeMap, fmt::Write};

use sensor_common::{
    application::{Application, Context, Evidence, identify},
    payload::Payload,
    wire::transport::protocol::{TCP, UDP},
};

/// Payloads for each of four tests, two for each transport.
const PAYLOADS: u64 = 600_000;
const LONGEST: usize = 1460;
/// Octets that no recogniser looks behind, apart from the last.
const LOOKED_AT: usize = 320;

/// Marsaglia's xorshift64*, so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((self.word() >> 32) as usize * bound) >> 32
    }

    fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            let word = self.word().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
    }
}

/// Ports at which a recogniser asks for less.
const PORTS: [u16; 20] = [
    21, 25, 53, 123, 137, 138, 161, 546, 547, 587, 1812, 1813, 3702, 3799, 4789, 5353, 5355, 5683,
    7000, 7001,
];

/// Verdicts by label; returns how many were confirmed and what to say about it.
fn tally(protocol: u8, seed: u64, registered: bool) -> (u64, String) {
    let mut chance = Chance(seed);
    let mut octets = [0; LONGEST];
    let mut verdicts = BTreeMap::new();
    chance.fill(&mut octets);
    for _ in 0..PAYLOADS {
        // Short messages are as many as long ones: length relations hold more often there.
        let longest = [64, 256, LONGEST][chance.below(3)];
        let length = 1 + chance.below(longest);
        chance.fill(&mut octets[..length.min(LOOKED_AT)]);
        let ports = chance.word();
        let port = if registered { PORTS[chance.below(PORTS.len())] } else { (ports >> 16) as u16 };
        let context = Context {
            protocol,
            source_port: ports as u16,
            destination_port: port,
            source_address: (ports >> 32) as u32,
        };
        let payload = Payload::from_octets(&octets[..length]);
        if let Some(found) = identify(&octets[..length], &payload, &context) {
            *verdicts.entry((found.evidence, found.application)).or_insert(0_u64) += 1;
        }
    }
    let mut said = String::new();
    let mut confirmed = 0;
    for ((evidence, application), count) in verdicts {
        if evidence == Evidence::Confirmed {
            confirmed += count;
        }
        let (evidence, application) = (evidence.name(), application.name());
        writeln!(said, "{application} {evidence}: {count}").expect("a string takes everything");
    }
    (confirmed, said)
}

fn confirms_nothing(protocol: u8, seed: u64, registered: bool) {
    let (confirmed, said) = tally(protocol, seed, registered);
    println!("{PAYLOADS} payloads:\n{said}");
    assert_eq!(confirmed, 0, "of {PAYLOADS}:\n{said}");
}

#[test]
fn random_streams_are_not_confirmed() {
    confirms_nothing(TCP, 0x5eed_0001, false);
}

#[test]
fn random_streams_on_registered_ports_are_not_confirmed() {
    confirms_nothing(TCP, 0x5eed_0002, true);
}

#[test]
fn random_datagrams_are_not_confirmed() {
    confirms_nothing(UDP, 0x5eed_0003, false);
}

#[test]
fn random_datagrams_on_registered_ports_are_not_confirmed() {
    confirms_nothing(UDP, 0x5eed_0004, true);
}

/// True messages of which the beginning says what they are.
const STREAMS: &[(Application, &[u8])] = &[
    (Application::Dicom, b"\x07\0\0\0\0\x04\0\0\0\0"),
    (Application::Hl7, b"\x0bMSH|^~\\&|LAB|WARD|HIS|HOSP|20240101||ADT^A01|1|P|2.5\r\x1c\r"),
    (Application::Ldap, b"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"),
    (Application::Modbus, b"\0\x01\0\0\0\x06\x01\x03\0\0\0\x0a"),
    (Application::Mqtt, b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x02b1"),
    (
        Application::Mssql,
        b"\x12\x01\0\x1a\0\0\x01\0\0\0\x0b\0\x06\x01\0\x11\0\x01\xff\x0b\0\0\0\0\0\0",
    ),
    (Application::Postgresql, b"\0\0\0\x08\x04\xd2\x16\x2f"),
    (Application::Dnp3, b"\x05\x64\x0b\xc4\x01\0\x02\0\x69\x9e\xc0\xc1\x01\x3c\x02\x06\x52\xc3"),
    (Application::Iec104, b"\x68\x0e\0\0\0\0\x64\x01\x06\0\x01\0\0\0\0\x14"),
    (Application::Rdp, b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x03\0\0\0"),
    (
        Application::S7comm,
        b"\x03\0\0\x19\x02\xf0\x80\x32\x01\0\0\0\x01\0\x08\0\0\xf0\0\0\x01\0\x01\x01\xe0",
    ),
    (Application::Dcerpc, b"\x05\0\x0b\x03\x10\0\0\0\x18\0\0\0\x01\0\0\0\xb8\x10\xb8\x10\0\0\0\0"),
    (Application::Enip, b"\x65\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0"),
    (Application::Dns, b"\0\x1c\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04ward\x05local\0\0\x01\0\x01"),
    (Application::Amqp, b"\x01\0\x01\0\0\0\x0d\0\x3c\0\x50\0\0\0\0\0\0\0\x01\0\xce"),
];

const DATAGRAMS: &[(Application, &[u8])] = &[
    (Application::Dns, b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x04ward\x05local\0\0\x01\0\x01"),
    (Application::Snmp, b"\x30\x0d\x02\x01\x01\x04\x06public\xa0\0"),
    (Application::Bacnet, b"\x81\x0b\0\x0c\x01\x20\xff\xff\0\xff\x10\x08"),
    (Application::Knx, b"\x06\x10\x02\x01\0\x0e\x08\x01\xc0\0\x02\x01\x0e\x57"),
    (Application::Stun, b"\0\x01\0\0\x21\x12\xa4\x42\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"),
    (Application::Tftp, b"\0\x01pump.cfg\0octet\0"),
    (Application::Dhcpv6, b"\x01\x07\x07\x07\0\x01\0\x0a\0\x03\0\x01\0\x09\xfb\x01\x02\x03"),
    (Application::Radius, b"\x01\x09\0\x1a0123456789abcdef\x04\x06\x0a\x01\x02\x03"),
    (Application::Coap, b"\x42\x01\x8a\x3f\x11\x0a\xb6vitals\x04bed1"),
    (Application::Intellivue, b"\xe1\0\0\x02\0\x01\0\x04\0\x01\0\x07"),
    (Application::Ntp, b"\x1b\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
];

/// Changes one to four octets of a message, and its length now and then.
fn confusions(protocol: u8, samples: &[(Application, &[u8])]) -> BTreeMap<String, u64> {
    let mut chance = Chance(0x5eed_0005);
    let mut found = BTreeMap::new();
    for (truth, sample) in samples {
        for _ in 0..20_000 {
            let mut octets = sample.to_vec();
            for _ in 0..1 + chance.below(4) {
                let at = chance.below(octets.len());
                octets[at] = chance.word() as u8;
            }
            if chance.below(8) == 0 {
                octets.truncate(chance.below(octets.len()));
            }
            let context = Context {
                protocol,
                source_port: 50_001,
                destination_port: 50_002,
                source_address: 0,
            };
            let payload = Payload::from_octets(&octets);
            let verdict = identify(&octets[..], &payload, &context).unwrap_or_default();
            if verdict.evidence == Evidence::Confirmed && verdict.application != *truth {
                let said = format!("{} as {}", truth.name(), verdict.application.name());
                *found.entry(said).or_insert(0) += 1;
            }
        }
    }
    found
}

#[test]
fn changed_messages_are_not_confirmed_as_another_protocol() {
    let streams = confusions(TCP, STREAMS);
    let datagrams = confusions(UDP, DATAGRAMS);
    assert!(streams.is_empty() && datagrams.is_empty(), "{streams:?} {datagrams:?}");
}
