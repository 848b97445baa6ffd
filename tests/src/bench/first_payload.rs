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
use classes::{Class, classes};

/// Flows of a turn, each of which sends one frame in it: few enough for the nearest caches, and more
/// than they hold. Single classes are measured with the few.
const IN_PLAY: [u32; 2] = [1 << 10, 1 << 14];
const SLOTS_PER_FLOW: u32 = 8;
/// Turns are short.
const ROUNDS: u32 = 3;
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
    let wanted: Vec<usize> = (0..classes.len())
        .filter(|index| wanted(&format!("first payload {}", classes[*index].name)))
        .collect();
    if wanted.is_empty() {
        return Ok(None);
    }
    let rounds = effort.rounds * ROUNDS;
    let mut found = FirstPayloads { rounds, mix: Vec::new(), classes: Vec::new() };
    for flows in IN_PLAY {
        let mut stage = Stage::new(bench, &classes, flows)?;
        if flows == IN_PLAY[0] {
            found.classes = stage.each(&classes, &wanted, rounds)?;
        }
        found.mix.extend(stage.mix(&classes, rounds)?);
    }
    Ok(Some(found))
}

/// Makes new flows for each round.
struct Stage {
    field: Field,
    frame: Vec<u8>,
    turn: Turn,
    flows: u32,
    /// Frames of the rounds before.
    position: u64,
}

impl Stage {
    fn new(bench: &Bench, classes: &[Class], flows: u32) -> Result<Self, BenchError> {
        assert!(classes.len() <= CLASSES as usize, "the table of packets has room for {CLASSES}");
        let mut programs = Programs::load(&bench.programs, 1)?;
        for (index, class) in (0..).zip(classes) {
            let packets = [&class.opening, &class.speaking, &class.bare];
            for (part, packet) in packets.into_iter().enumerate() {
                programs.set_packet(index + part as u32 * CLASSES as u32, packet)?;
            }
        }
        let mut shipped = Vec::new();
        for (name, object) in bench.builds() {
            shipped.push(Shipped::load(name, object, flows * SLOTS_PER_FLOW)?);
        }
        let (_, turn) = headers::frame(Mutator::Ipv4, tcp_flags::ACK);
        let frame = headers::link().unpadded_frame(ethertype::IPV4, &vec![0; PACKET_OCTETS]);
        Ok(Self { field: Field { programs, shipped }, frame, turn, flows, position: 0 })
    }

    /// Each class alone, round by round.
    fn each(
        &mut self,
        classes: &[Class],
        wanted: &[usize],
        rounds: u32,
    ) -> Result<Vec<ClassResult>, BenchError> {
        self.field.programs.set_flows(&vec![0; TABLE])?;
        let mut times: Vec<_> = wanted.iter().map(|_| self.no_times()).collect();
        for _ in 0..rounds {
            for (index, times) in wanted.iter().zip(&mut times) {
                self.round(*index as u64, times)?;
            }
        }
        let mut results = Vec::new();
        for (index, times) in wanted.iter().zip(&times) {
            let Class { name, .. } = classes[*index];
            results.extend(self.results(name, &classes[*index].verdict(), times));
        }
        Ok(results)
    }

    /// Another protocol with each flow.
    fn mix(&mut self, classes: &[Class], rounds: u32) -> Result<Vec<ClassResult>, BenchError> {
        let mut random = SeededRandom::new(3);
        let spoken: Vec<u64> = (0..)
            .zip(classes)
            .filter(|(_, class)| class.is_protocol)
            .map(|(index, _)| index)
            .collect();
        let mix: Vec<u64> = (0..TABLE).map(|_| *random.pick(&spoken) << 32).collect();
        self.field.programs.set_flows(&mix)?;
        let mut times = self.no_times();
        for _ in 0..rounds {
            self.round(0, &mut times)?;
        }
        let verdict = format!("{} protocols, each as often as the others", spoken.len());
        Ok(self.results("mix", &verdict, &times))
    }

    fn no_times(&self) -> Vec<Times> {
        self.field.shipped.iter().map(|_| Times::default()).collect()
    }

    fn results(&self, name: &str, verdict: &str, times: &[Times]) -> Vec<ClassResult> {
        let of_program = |(shipped, times): (&Shipped, &Times)| ClassResult {
            name: name.to_owned(),
            program: shipped.name.to_owned(),
            verdict: verdict.to_owned(),
            flows: self.flows,
            ..times.result()
        };
        self.field.shipped.iter().zip(times).map(of_program).collect()
    }

    /// One round of one class: each instance of the program sees the same new flows.
    fn round(&mut self, class: u64, times: &mut [Times]) -> Result<(), BenchError> {
        let [opening, speaking, bare] = [Part::Opening, Part::Speaking, Part::Bare].map(|part| {
            let mut turn = self.turn;
            turn.is_sequential = 1;
            turn.position = self.position;
            turn.first_packet = class + part as u64 * CLASSES;
            Frames { mutator: Mutator::Packet, frame: &self.frame, turn, count: self.flows }
        });
        let field = &mut self.field;
        let null = Variant::Stock(Stock::Null);
        let null_speaking = field.run(null, &speaking)?;
        let null_bare = field.run(null, &bare)?;
        for (index, times) in times.iter_mut().enumerate() {
            let shipped = Variant::Shipped(index);
            field.run(shipped, &opening)?;
            let inspected = field.shipped[index].inspected();
            times.first.push(field.run(shipped, &speaking)? - null_speaking);
            let inspected = field.shipped[index].inspected() - inspected;
            times.uninspected += u64::from(self.flows).abs_diff(inspected);
            for _ in 0..SETTLING {
                field.run(shipped, &speaking)?;
            }
            times.settled.push(field.run(shipped, &speaking)? - null_speaking);
            times.settled_bare.push(field.run(shipped, &bare)? - null_bare);
            times.nulls.push(null_speaking);
        }
        self.position += u64::from(self.flows);
        Ok(())
    }
}

impl Times {
    fn result(&self) -> ClassResult {
        let difference =
            |a: &[f64], b: &[f64]| median(a.iter().zip(b).map(|(a, b)| a - b).collect());
        ClassResult {
            name: String::new(),
            program: String::new(),
            verdict: String::new(),
            flows: 0,
            uninspected: self.uninspected,
            first: median(self.first.clone()),
            settled: median(self.settled.clone()),
            added_by_classifying: difference(&self.first, &self.settled),
            added_by_payload_once_settled: difference(&self.settled, &self.settled_bare),
            null: Noise::of(&self.nulls),
        }
    }
}
