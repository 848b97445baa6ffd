//! The capture that is replayed: made anew from a seed, the same each time.
//!
//! Conversations of ten packets between the devices of a hospital. What is said first in both
//! directions is a protocol's own (see [`dialogues`]), so that there is something to classify; what
//! follows is of no protocol, in frames of 64, 200, 576 and 1514 octets.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, BufWriter, Write};
use std::time::Duration;

use crate::frames::pcap::PcapWriter;
use crate::frames::{
    Conversation, MacAddress, Party, SeededRandom,
    Side::{self, Client, Server},
    tcp_flags::{ACK, FIN, PSH, SYN},
};
use crate::speakers::Transport;
use crate::speakers::dialogues::{Dialogue, dialogues};

/// What the capture holds.
#[derive(Clone, Copy, Debug)]
pub struct Traffic {
    pub name: &'static str,
    pub description: &'static str,
    pub conversations: u32,
    /// From the first frame to about the last.
    pub length: Duration,
    /// From a conversation's first frame to its last at most.
    pub lifetime: Duration,
}

/// Frames of one conversation.
pub const FRAMES_EACH: u32 = 10;

/// A million frames of a hundred thousand conversations in ten seconds.
pub const TRAFFIC: [Traffic; 2] = [
    Traffic {
        name: "conversations",
        description: "each lasts about a second, 10,000 at a time",
        conversations: 100_000,
        length: Duration::from_secs(10),
        lifetime: Duration::from_secs(1),
    },
    Traffic {
        name: "shuffled",
        description: "all last from beginning to end, 100,000 at a time",
        conversations: 100_000,
        length: Duration::from_secs(10),
        lifetime: Duration::from_secs(20),
    },
];

const START: Duration = Duration::from_secs(1_700_000_000);
const CLIENTS: usize = 1024;
const SERVERS: usize = 64;
/// Ethernet, IPv4 and TCP or UDP headers.
const TCP_HEADERS: usize = 54;
const UDP_HEADERS: usize = 42;
/// As much as one packet carries.
const LARGEST_PAYLOAD: usize = 1400;
/// Protocols that one client speaks; each with one server.
const HABITS: usize = 4;
/// Frame lengths of what is of no protocol; large ones are most of a transfer.
const LENGTHS: [usize; 6] = [60, 200, 576, 1514, 1514, 1514];

struct Spoken {
    conversation: Conversation,
    transport: Transport,
    dialogue: usize,
    random: SeededRandom,
    step: u32,
    sequences: [u32; 2],
}

impl Traffic {
    pub fn frames(&self) -> u32 {
        self.conversations * FRAMES_EACH
    }

    /// Writes the capture; returns its octets.
    ///
    /// # Errors
    ///
    /// Those of `output`.
    pub fn write(&self, output: impl Write) -> io::Result<u64> {
        let dialogues = dialogues();
        let noise = SeededRandom::new(11).octets(1 << 16);
        let mut random = SeededRandom::new(4);
        let mut due = BinaryHeap::new();
        let mut spoken: Vec<Spoken> = (0..self.conversations)
            .map(|number| Spoken::new(number, &dialogues, random.next_u64()))
            .collect();
        let span = self.length.as_micros() as usize;
        for number in 0..self.conversations {
            let latest = span.saturating_sub(self.lifetime.as_micros() as usize).max(1);
            due.push(Reverse((random.below(latest) as u64, number)));
        }
        let pause =
            (self.lifetime.min(self.length).as_micros() as usize * 2 / FRAMES_EACH as usize).max(1);
        let mut writer = PcapWriter::new(BufWriter::with_capacity(1 << 20, output))?;
        let mut octets = 24;
        while let Some(Reverse((micros, number))) = due.pop() {
            let each = &mut spoken[number as usize];
            let frame = each.next(&dialogues, &noise);
            octets += 16 + frame.len() as u64;
            writer.write(START + Duration::from_micros(micros), &frame)?;
            if each.step < FRAMES_EACH {
                due.push(Reverse((micros + random.below(pause) as u64 + 1, number)));
            }
        }
        writer.finish()?.flush()?;
        Ok(octets)
    }
}

impl Spoken {
    fn new(number: u32, dialogues: &[Dialogue], seed: u64) -> Self {
        let mut random = SeededRandom::new(seed);
        let client = random.below(CLIENTS);
        let mut habits = SeededRandom::new((client * HABITS + random.below(HABITS)) as u64);
        let (dialogue, server) = (habits.below(dialogues.len()), habits.below(SERVERS) as u32);
        let client = client as u32;
        let Dialogue { transport, port, .. } = dialogues[dialogue];
        // Each conversation of a client has a port of its own.
        let client_port = 0x8000 | (number & 0x7fff) as u16;
        let party = |maker, kind: u8, host: u32, port| {
            let [_, _, high, low] = host.to_be_bytes();
            Party::new(MacAddress::vendor(maker, host), [10, kind, high, low], port)
        };
        Self {
            conversation: Conversation::between(
                party(0x0020_e791, 20, client, client_port),
                party(0x00d4_ae52, 30, server, port),
            ),
            transport,
            dialogue,
            random,
            step: 0,
            sequences: [1000, 9000],
        }
    }

    fn next(&mut self, dialogues: &[Dialogue], noise: &[u8]) -> Vec<u8> {
        let step = self.step;
        self.step += 1;
        let turns = &dialogues[self.dialogue].turns;
        let said = |side| {
            let turn = turns.iter().find(|(who, _)| *who == side);
            let payload = turn.map_or(&[][..], |(_, payload)| payload);
            &payload[..payload.len().min(LARGEST_PAYLOAD)]
        };
        let either = if self.random.in_percent(50) { Client } else { Server };
        let length = *self.random.pick(&LENGTHS);
        let (from, headers) = (
            self.random.below(noise.len() - 1514),
            match self.transport {
                Transport::Tcp => TCP_HEADERS,
                Transport::Udp => UDP_HEADERS,
            },
        );
        let chance = &noise[from..from + length - headers];
        match self.transport {
            Transport::Tcp => match step {
                0 => self.segment(Client, SYN, b""),
                1 => self.segment(Server, SYN | ACK, b""),
                2 => self.segment(Client, ACK, b""),
                3 => self.segment(Client, PSH | ACK, said(Client)),
                4 => self.segment(Server, PSH | ACK, said(Server)),
                8 => self.segment(Client, FIN | ACK, b""),
                9 => self.segment(Server, FIN | ACK, b""),
                _ => self.segment(either, ACK, chance),
            },
            Transport::Udp => match step {
                0 => self.conversation.udp_frame(Client, said(Client)),
                1 => self.conversation.udp_frame(Server, said(Server)),
                _ => self.conversation.udp_frame(either, chance),
            },
        }
    }

    fn segment(&mut self, side: Side, flags: u8, payload: &[u8]) -> Vec<u8> {
        let [mine, other] = match side {
            Client => [0, 1],
            Server => [1, 0],
        };
        let (sequence, acknowledged) = (self.sequences[mine], self.sequences[other]);
        let begins_or_ends = u32::from(flags & (SYN | FIN) != 0);
        self.sequences[mine] += payload.len() as u32 + begins_or_ends;
        self.conversation.tcp_frame(side, flags, sequence, acknowledged, payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_is_the_same_each_time_and_holds_what_it_says() {
        let small = Traffic { conversations: 300, ..TRAFFIC[0] };
        let (mut one, mut other) = (Vec::new(), Vec::new());
        let octets = small.write(&mut one).unwrap();
        small.write(&mut other).unwrap();
        assert!(one == other);
        assert_eq!(octets, one.len() as u64);
        let mut frames = 0;
        let mut rest = &one[24..];
        while let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = *rest {
            frames += 1;
            rest = &rest[16 + u32::from_le_bytes([a, b, c, d]) as usize..];
        }
        assert_eq!(frames, small.frames());
    }
}
