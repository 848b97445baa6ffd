//! Every frame a new flow, and the tables full: a scan, or an attack on the counter itself.

use super::error::BenchError;
use super::field::{Field, Frames, Variant};
use super::headers::frame;
use super::programs::{Mutator, Programs, Stock, Turn};
use super::report::LoadResult;
use super::shipped::Shipped;
use super::{Bench, Effort};
use crate::frames::tcp_flags;

/// Flows that each table has room for.
const ROOM: u32 = 1 << 16;
/// Frames of a turn; the ring holds the records of twice as many.
const FRAMES: u32 = 200_000;

pub struct Flood {
    pub name: &'static str,
    pub description: &'static str,
    /// The first destination, and how many bits of the flow's number choose source and destination.
    destination: u64,
    source_bits: u64,
    destination_bits: u64,
}

pub const FLOODS: [Flood; 3] = [
    Flood {
        name: "new flows",
        description: "1,024 hosts open connections to each other, each frame another one",
        destination: 0x0a14_0000,
        source_bits: 10,
        destination_bits: 10,
    },
    Flood {
        name: "scan",
        description: "one host sends to ever new addresses where nobody is",
        destination: 0x0b00_0000,
        source_bits: 0,
        destination_bits: 24,
    },
    Flood {
        name: "forged sources",
        description: "each frame from an address that was never seen, to one host",
        destination: 0x0a14_0000,
        source_bits: 24,
        destination_bits: 0,
    },
];

impl Flood {
    pub fn measure(&self, bench: &Bench, effort: &Effort) -> Result<LoadResult, BenchError> {
        let stock = [Stock::Parse, Stock::Hash, Stock::Lru];
        let mut field = Field::new(Programs::load(&bench.programs, ROOM)?, Vec::new());
        for (name, object) in bench.builds() {
            field.shipped.push(Shipped::load(name, object, ROOM)?);
        }
        let idle = Shipped::load("Wardline, ring not read", None, ROOM)?.without_reader();
        field.shipped.push(idle);
        let (frame, turn) = frame(Mutator::Ipv4, tcp_flags::SYN);
        let variants = field.variants(&stock);
        self.make_hosts_known(&mut field, &variants, &frame, turn)?;
        let flood = |round: u32| {
            let mut turn = turn;
            turn.is_sequential = 1;
            turn.first_flow = u64::from(round) * u64::from(FRAMES);
            turn.destination = self.destination;
            turn.source_bits = self.source_bits;
            turn.destination_bits = self.destination_bits;
            Frames { mutator: Mutator::Ipv4, frame: &frame, turn, count: FRAMES }
        };
        // The first rounds fill tables and, where nobody reads it, the ring.
        const FILLING: u32 = 4;
        field.interleave(&variants, FILLING, flood)?;
        let times = field.interleave(&variants, effort.rounds, |round| flood(round + FILLING))?;
        Ok(field.result(self.name, self.description, &variants, &times))
    }

    /// One frame of each of the 1,024 hosts.
    fn make_hosts_known(
        &self,
        field: &mut Field,
        variants: &[Variant],
        frame: &[u8],
        mut turn: Turn,
    ) -> Result<(), BenchError> {
        turn.is_sequential = 1;
        for variant in variants {
            let frames = Frames { mutator: Mutator::Ipv4, frame, turn, count: 1 << 10 };
            field.run(*variant, &frames)?;
        }
        Ok(())
    }
}
