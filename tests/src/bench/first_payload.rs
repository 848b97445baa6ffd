//! What it costs to recognise an application: the packet that brings a flow's first payload, beside
//! a packet of the same flow once its application is settled.

mod classes;

use super::error::BenchError;
use super::field::{Field, Frames, Variant};
use super::figures::{Noise, median};
use super::headers;
use super::loads::TABLE;
use super::programs::{Mutator, PACKET_OCTETS, Programs, Stock, Turn};
use super::report::{ClassResult, FirstPayloads};
use super::shipped::Shipped;
use super::{Bench, Effort};
use crate::frames::{SeededRandom, ethertype, tcp_flags};
use classes::classes;

/// Flows of a turn, each of which sends one frame in it.
const FLOWS: u32 = 1 << 14;
const SLOTS: u32 = FLOWS * 8;
/// Payload packets after the first until every flow has its verdict for good.
const SETTLING: usize = 6;
/// Places of the table of packets between opening, speaking and bare packets.
const CLASSES: u64 = 40;

/// Which packet of a class a turn consists of.
#[derive(Clone, Copy)]
enum Part {
    Opening,
    Speaking,
    Bare,
}

/// The times of one round.
#[derive(Default)]
struct Times {
    first: Vec<f64>,
    settled: Vec<f64>,
    settled_bare: Vec<f64>,
    nulls: Vec<f64>,
    /// First payloads that were not looked at: each would make the rest look cheaper.
    uninspected: u64,
}

/// Measures every class and the mix of them.
pub fn measure(
    bench: &Bench,
    effort: &Effort,
    wanted: impl Fn(&str) -> bool,
) -> Result<Option<FirstPayloads>, BenchError> {
    let classes = classes();
    assert!(classes.len() <= CLASSES as usize, "the table of packets has room for {CLASSES}");
    let wanted: Vec<usize> = (0..classes.len())
        .filter(|index| wanted(&format!("first payload {}", classes[*index].name)))
        .collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let mut field = Field { programs: Programs::load(&bench.programs, 1)?, shipped: Vec::new() };
    for (name, object) in bench.builds() {
        field.shipped.push(Shipped::load(name, object, SLOTS)?);
    }
    for (index, class) in (0..).zip(&classes) {
        for (part, packet) in [&class.opening, &class.speaking, &class.bare].into_iter().enumerate()
        {
            field.programs.set_packet(index + part as u32 * CLASSES as u32, packet)?;
        }
    }
    let mut round = Round::new(&field);
    field.programs.set_flows(&vec![0; TABLE])?;
    let mut times: Vec<Vec<Times>> = Vec::new();
    times.resize_with(wanted.len(), || field.shipped.iter().map(|_| Times::default()).collect());
    for _ in 0..effort.rounds {
        for (index, times) in wanted.iter().zip(&mut times) {
            round.run(&mut field, *index as u64, times)?;
        }
    }
    let mut results: Vec<ClassResult> = Vec::new();
    for (index, times) in wanted.iter().zip(&times) {
        let class = &classes[*index];
        results.extend(field.shipped.iter().zip(times).map(|(shipped, times)| ClassResult {
            verdict: class.verdict(),
            ..times.result(class.name, shipped.name)
        }));
    }
    let mut random = SeededRandom::new(3);
    let spoken: Vec<u64> = (0..)
        .zip(&classes)
        .filter(|(_, class)| class.is_protocol)
        .map(|(index, _)| index)
        .collect();
    let mix: Vec<u64> = (0..TABLE).map(|_| *random.pick(&spoken) << 32).collect();
    field.programs.set_flows(&mix)?;
    let mut times: Vec<Times> = field.shipped.iter().map(|_| Times::default()).collect();
    for _ in 0..effort.rounds {
        round.run(&mut field, 0, &mut times)?;
    }
    let mix = field.shipped.iter().zip(&times).map(|(shipped, times)| ClassResult {
        verdict: format!("{} protocols, each as often as the others", spoken.len()),
        ..times.result("mix", shipped.name)
    });
    let mix = mix.collect();
    let books = field.shipped[0].books();
    Ok(Some(FirstPayloads { flows: FLOWS, rounds: effort.rounds, classes: results, mix, books }))
}

/// Makes new flows for each turn.
struct Round {
    frame: Vec<u8>,
    turn: Turn,
    next_flow: u64,
    shipped: usize,
}

impl Round {
    fn new(field: &Field) -> Self {
        let (_, turn) = headers::frame(Mutator::Ipv4, tcp_flags::ACK);
        let frame = headers::link().unpadded_frame(ethertype::IPV4, &vec![0; PACKET_OCTETS]);
        Self { frame, turn, next_flow: 0, shipped: field.shipped.len() }
    }

    fn frames(&self, class: u64, part: Part) -> Frames<'_> {
        let mut turn = self.turn;
        turn.is_sequential = 1;
        turn.first_flow = self.next_flow;
        turn.first_packet = class + part as u64 * CLASSES;
        Frames { mutator: Mutator::Packet, frame: &self.frame, turn, count: FLOWS }
    }

    /// One round of one class: each instance of the program sees the same new flows.
    fn run(
        &mut self,
        field: &mut Field,
        class: u64,
        times: &mut [Times],
    ) -> Result<(), BenchError> {
        let [opening, speaking, bare] =
            [Part::Opening, Part::Speaking, Part::Bare].map(|part| self.frames(class, part));
        let null = Variant::Stock(Stock::Null);
        let null_speaking = field.run(null, &speaking)?;
        let null_bare = field.run(null, &bare)?;
        for (index, times) in (0..self.shipped).zip(times) {
            let shipped = Variant::Shipped(index);
            field.run(shipped, &opening)?;
            let inspected = field.shipped[index].inspected();
            times.first.push(field.run(shipped, &speaking)? - null_speaking);
            let inspected = field.shipped[index].inspected() - inspected;
            times.uninspected += u64::from(FLOWS).abs_diff(inspected);
            for _ in 0..SETTLING {
                field.run(shipped, &speaking)?;
            }
            times.settled.push(field.run(shipped, &speaking)? - null_speaking);
            times.settled_bare.push(field.run(shipped, &bare)? - null_bare);
            times.nulls.push(null_speaking);
        }
        self.next_flow += u64::from(FLOWS);
        Ok(())
    }
}

impl Times {
    fn result(&self, name: &str, program: &str) -> ClassResult {
        let difference =
            |a: &[f64], b: &[f64]| median(a.iter().zip(b).map(|(a, b)| a - b).collect());
        ClassResult {
            name: name.to_owned(),
            program: program.to_owned(),
            verdict: String::new(),
            uninspected: self.uninspected,
            first: median(self.first.clone()),
            settled: median(self.settled.clone()),
            added_by_classifying: difference(&self.first, &self.settled),
            added_by_payload_once_settled: difference(&self.settled, &self.settled_bare),
            null: Noise::of(&self.nulls),
        }
    }
}
