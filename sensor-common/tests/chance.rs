//! How often chance makes a verdict: payloads of random octets, and true messages with octets
//! changed. Chance may make a verdict likely, by the weakest markers; it must not confirm one.

mod messages;

use std::{collections::BTreeMap, fmt::Write};

use sensor_common::{
    application::{Application, Context, Evidence, identify},
    payload::Payload,
    wire::transport::protocol::{TCP, UDP},
};

use messages::{DATAGRAMS, STREAMS};

/// Payloads for each of four tests, two for each transport.
const PAYLOADS: u64 = if cfg!(miri) { 100 } else { 600_000 };
/// Changes of each message.
const CHANGES: usize = if cfg!(miri) { 20 } else { 20_000 };
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

/// Changes one to four octets of a message, and its length now and then.
fn confusions(protocol: u8, samples: &[(Application, &[u8])]) -> BTreeMap<String, u64> {
    let mut chance = Chance(0x5eed_0005);
    let mut found = BTreeMap::new();
    for (truth, sample) in samples {
        for _ in 0..CHANGES {
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
