//! Flows of random octets.

use sensor_common::{
    account::INSPECTED_PACKETS,
    application::Context,
    wire::transport::protocol::{TCP, UDP},
};

use crate::{draw::Draw, tally::Tally};

const LONGEST: usize = 1460;
/// Octets that no recogniser looks behind, apart from the last.
const LOOKED_AT: usize = 320;

/// Ports at which a recogniser asks for less.
pub const PORTS: [u16; 20] = [
    21, 25, 53, 123, 137, 138, 161, 546, 547, 587, 1812, 1813, 3702, 3799, 4789, 5353, 5355, 5683,
    7000, 7001,
];

/// What the octets are like.
#[derive(Clone, Copy)]
pub enum Kind {
    Uniform,
    Printable,
    /// More like data than chance is: zeros, and small numbers between them.
    MostlyZeros,
}

pub fn ports(draw: &mut Draw) -> [u16; 2] {
    let drawn = draw.word();
    let port = if drawn & 3 == 0 { *draw.one_of(&PORTS) } else { (drawn >> 16) as u16 };
    [(drawn >> 32) as u16, port]
}

/// A flow of random octets, of which every eighth has printable ones only.
pub fn random_flow(draw: &mut Draw, tally: &mut Tally) {
    let kind = if draw.below(8) == 0 { Kind::Printable } else { Kind::Uniform };
    flow_of(kind, draw, tally);
}

/// Up to four payload packets of each direction.
pub fn flow_of(kind: Kind, draw: &mut Draw, tally: &mut Tally) {
    let protocol = if draw.word() & 1 == 0 { TCP } else { UDP };
    let [source_port, destination_port] = ports(draw);
    let addresses = draw.word();
    let directions = 1 + draw.below(2) as u64;
    let mut octets = [0; LONGEST];
    tally.begin(if protocol == TCP { "stream" } else { "datagrams" }, kind.name());
    for direction in 0..directions {
        let swapped = direction == 1;
        let context = Context {
            protocol,
            source_port: if swapped { destination_port } else { source_port },
            destination_port: if swapped { source_port } else { destination_port },
            source_address: (addresses >> (32 * direction)) as u32,
        };
        for _ in 0..1 + draw.below(INSPECTED_PACKETS as usize) {
            // Short messages are as many as long ones: length relations hold more often there.
            let longest = [64, 256, LONGEST][draw.below(3)];
            let length = 1 + draw.below(longest);
            let looked_at = length.min(LOOKED_AT);
            fill(draw, kind, &mut octets[..looked_at]);
            octets[length - 1] = draw.word() as u8;
            tally.ask(&octets[..length], &context, &[]);
        }
    }
    tally.end();
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform",
            Self::Printable => "printable",
            Self::MostlyZeros => "mostly zeros",
        }
    }
}

fn fill(draw: &mut Draw, kind: Kind, octets: &mut [u8]) {
    draw.fill(octets);
    match kind {
        Kind::MostlyZeros => {
            for octet in octets {
                *octet = match *octet {
                    0..0x90 => 0,
                    small @ 0x90..0xe0 => small & 0x0f,
                    other => other.wrapping_mul(29),
                };
            }
        }
        Kind::Printable => octets.iter_mut().for_each(|octet| *octet = 0x20 + *octet % 0x5f),
        Kind::Uniform => {}
    }
}
