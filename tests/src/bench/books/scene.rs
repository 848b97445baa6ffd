//! What is sent.

use crate::bench::error::BenchError;
use crate::bench::first_payload::{LONGEST, classes};
use crate::bench::headers;
use crate::bench::loads::{Popularity, TABLE, flows};
use crate::bench::programs::{Mutator, Programs, Turn};
use crate::frames::{SeededRandom, ethertype, tcp_flags};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scene {
    /// A million flows, some much more often than others.
    Known,
    /// 1,024 hosts open connections to each other, each packet another one.
    New,
    /// Every packet to another address where nobody is.
    Scan,
    /// Every packet from another address.
    Forged,
    /// 65,536 flows that open, speak and acknowledge in random order, in twenty protocols.
    Speaking,
}

impl Scene {
    pub const ALL: [Self; 5] = [Self::Known, Self::New, Self::Scan, Self::Forged, Self::Speaking];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Known => "known flows",
            Self::New => "new flows",
            Self::Scan => "scan",
            Self::Forged => "forged sources",
            Self::Speaking => "protocols",
        }
    }

    pub const fn mutator(self) -> Mutator {
        match self {
            Self::Speaking => Mutator::Packet,
            _ => Mutator::Ipv4,
        }
    }

    /// The frame and the first turn, after writing into the tables what they need there.
    pub fn prepare(self, programs: &mut Programs) -> Result<(Vec<u8>, Turn), BenchError> {
        let flags = match self {
            Self::Known => tcp_flags::PSH | tcp_flags::ACK,
            _ => tcp_flags::SYN,
        };
        let (frame, turn) = headers::frame(Mutator::Ipv4, flags);
        let new = Turn { is_sequential: 1, ..turn };
        Ok(match self {
            Self::Known => {
                programs.set_flows(&flows(Popularity::Zipf, TABLE as u32, 17))?;
                (frame, turn)
            }
            Self::New => (frame, new),
            Self::Scan => {
                let destination = 0x0b00_0000;
                (frame, Turn { destination, source_bits: 0, destination_bits: 24, ..new })
            }
            Self::Forged => (frame, Turn { source_bits: 24, destination_bits: 0, ..new }),
            Self::Speaking => {
                let frame = headers::link().unpadded_frame(ethertype::IPV4, &[0; LONGEST]);
                let flows = spoken(programs)?;
                programs.set_flows(&flows)?;
                let turn = headers::turn_of_ipv4(&frame, 14);
                (frame, turn)
            }
        })
    }
}

/// Writes the packets of every protocol into the table of packets; a table of flows of them.
fn spoken(programs: &mut Programs) -> Result<Vec<u64>, BenchError> {
    let classes = classes();
    for (index, class) in (0..).zip(&classes) {
        for (kind, packet) in [&class.opening, &class.speaking, &class.bare].iter().enumerate() {
            programs.set_packet(index * 3 + kind as u32, packet)?;
        }
    }
    let mut random = SeededRandom::new(23);
    let entry = |_| {
        let flow = random.below(1 << 16);
        let packet = flow % classes.len() * 3 + random.below(3);
        flow as u64 | (packet as u64) << 32
    };
    Ok((0..TABLE).map(entry).collect())
}
