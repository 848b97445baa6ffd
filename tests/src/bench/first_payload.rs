//! What it costs to recognise an application.
//!
//! A turn opens new flows and lets each speak some frames later. Less a turn that only opens, that
//! is the time of first payload packets; less the time of the same packets when their flows are
//! settled, it is what classifying adds.

mod classes;

use super::error::BenchError;
use super::field::{Field, Frames, Variant};
use super::figures::{Noise, median};
use super::headers;
use super::loads::TABLE;
use super::programs::{Mutator, Programs, Stock, Turn};
use super::report::{ClassResult, FirstPayloads};
use super::shipped::Shipped;
use super::{Bench, Effort};
use crate::frames::{SeededRandom, ethertype};
use classes::Class;
pub use classes::classes;

/// New flows of a turn.
const FLOWS: u64 = 1 << 14;
/// So many flows are opened before one speaks.
const LAG: u64 = 16;
/// Flows that speak again when they are settled, and how often in a turn.
const SETTLED: u64 = 1 << 10;
const REPEATS: u64 = FLOWS / SETTLED;
/// Slots of the flow table: few enough for the caches, and more than they hold. Single classes are
/// measured with the few.
const SLOTS: [u32; 2] = [1 << 12, 1 << 18];
/// Places of the table of packets between opening, speaking and bare packets.
const CLASSES: u64 = 40;
/// Octets of the longest packet.
pub const LONGEST: usize = 1460;

/// What flows do in one turn; each has a part of the table of flows.
#[derive(Clone, Copy)]
enum Scene {
    /// Open and speak.
    Meeting,
    /// Open.
    Opening,
    /// Speak again, after all is known.
    Speaking,
    /// The same without payload.
    Silence,
}

impl Scene {
    /// Flow and kind of packet of each frame.
    fn frames(self) -> Vec<(u64, u64)> {
        const OPENING: u64 = 0;
        const SPEAKING: u64 = CLASSES;
        const BARE: u64 = 2 * CLASSES;
        let late = |kind| {
            (0..REPEATS).flat_map(move |_| (FLOWS - SETTLED..FLOWS).map(move |flow| (flow, kind)))
        };
        match self {
            Self::Opening => (0..FLOWS).map(|flow| (flow, OPENING)).collect(),
            Self::Meeting => (0..FLOWS + LAG)
                .flat_map(|step| {
                    let opens = (step < FLOWS).then_some((step, OPENING));
                    let speaks = step.checked_sub(LAG).map(|flow| (flow, SPEAKING));
                    [opens, speaks].into_iter().flatten()
                })
                .collect(),
            Self::Speaking => late(SPEAKING).collect(),
            Self::Silence => late(BARE).collect(),
        }
    }

    /// Where its frames stand in the table of flows.
    const fn position(self) -> u64 {
        self as u64 * (TABLE as u64 / 8)
    }
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
    /// Flows that were taken for something else than on the host: they would be measured as what
    /// they are not.
    misjudged: u64,
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
    let rounds = effort.rounds;
    let mut found = FirstPayloads { rounds, mix: Vec::new(), classes: Vec::new() };
    for slots in SLOTS {
        let mut stage = Stage::new(bench, &classes, slots)?;
        if slots == SLOTS[0] {
            found.classes = stage.each(&classes, &wanted, rounds)?;
        }
        found.mix.extend(stage.mix(&classes, rounds)?);
    }
    Ok(Some(found))
}

/// Makes new flows for each round.
struct Stage {
    field: Field,
    slots: u32,
    frame: Vec<u8>,
    turn: Turn,
}

impl Stage {
    fn new(bench: &Bench, classes: &[Class], slots: u32) -> Result<Self, BenchError> {
        assert!(classes.len() <= CLASSES as usize, "the table of packets has room for {CLASSES}");
        let mut programs = Programs::load(&bench.programs, 1)?;
        for (index, class) in (0..).zip(classes) {
            let packets = [&class.opening, &class.speaking, &class.bare];
            for (kind, packet) in packets.into_iter().enumerate() {
                programs.set_packet(index + kind as u32 * CLASSES as u32, packet)?;
            }
        }
        let mut shipped = Vec::new();
        for (name, object) in bench.builds() {
            shipped.push(Shipped::load(name, object, slots)?);
        }
        let frame = headers::link().unpadded_frame(ethertype::IPV4, &[0; LONGEST]);
        let turn = Turn { is_trimmed: 1, ..headers::turn_of_ipv4(&frame, 14) };
        Ok(Self { field: Field::new(programs, shipped), slots, frame, turn })
    }

    /// Writes the frames of all scenes; `class` tells what each flow speaks.
    fn set_scenes(&mut self, class: impl Fn(u64) -> u64) -> Result<(), BenchError> {
        let mut table = vec![0; TABLE];
        for scene in [Scene::Meeting, Scene::Opening, Scene::Speaking, Scene::Silence] {
            let entries = &mut table[scene.position() as usize..];
            for (entry, (flow, kind)) in entries.iter_mut().zip(scene.frames()) {
                *entry = flow | (class(flow) + kind) << 32;
            }
        }
        self.field.programs.set_flows(&table)
    }

    /// Each class alone, round by round.
    fn each(
        &mut self,
        classes: &[Class],
        wanted: &[usize],
        rounds: u32,
    ) -> Result<Vec<ClassResult>, BenchError> {
        self.set_scenes(|_| 0)?;
        let mut times: Vec<_> = wanted.iter().map(|_| self.no_times()).collect();
        for _ in 0..rounds {
            for (index, times) in wanted.iter().zip(&mut times) {
                self.round(*index as u64, times)?;
                for (shipped, times) in self.field.shipped.iter().zip(times) {
                    times.misjudged += shipped.taken_for_others(classes[*index].identification);
                }
            }
        }
        let mut results = Vec::new();
        for (index, times) in wanted.iter().zip(&times) {
            let class = &classes[*index];
            results.extend(self.results(class.name, &class.verdict(), times));
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
        let mix: Vec<u64> = (0..FLOWS).map(|_| *random.pick(&spoken)).collect();
        self.set_scenes(|flow| mix[flow as usize])?;
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
            program: shipped.name.clone(),
            verdict: verdict.to_owned(),
            slots: self.slots,
            ..times.result()
        };
        self.field.shipped.iter().zip(times).map(of_program).collect()
    }

    /// One round of one class, or of the mix: each instance of the program sees the same new flows.
    fn round(&mut self, class: u64, times: &mut [Times]) -> Result<(), BenchError> {
        const SCENES: [Scene; 4] =
            [Scene::Opening, Scene::Meeting, Scene::Speaking, Scene::Silence];
        let null = Variant::Stock(Stock::Null);
        let mut nulls = [0.0; SCENES.len()];
        for (null_time, scene) in nulls.iter_mut().zip(SCENES) {
            *null_time = self.play(null, scene, class)?;
        }
        let first_flow = self.turn.first_flow;
        for (index, times) in times.iter_mut().enumerate() {
            let shipped = Variant::Shipped(index);
            self.turn.first_flow = first_flow;
            let opening = self.play(shipped, Scene::Opening, class)? - nulls[0];
            self.turn.first_flow += FLOWS;
            let inspected = self.field.shipped[index].inspected();
            let meeting = self.play(shipped, Scene::Meeting, class)? - nulls[1];
            let inspected = self.field.shipped[index].inspected() - inspected;
            times.uninspected += FLOWS.abs_diff(inspected);
            // Of two frames of the meeting one opens.
            times.first.push(2.0 * meeting - opening);
            self.play(shipped, Scene::Speaking, class)?;
            times.settled.push(self.play(shipped, Scene::Speaking, class)? - nulls[2]);
            times.settled_bare.push(self.play(shipped, Scene::Silence, class)? - nulls[3]);
            times.nulls.push(nulls[1]);
        }
        self.turn.first_flow += FLOWS;
        Ok(())
    }

    /// Nanoseconds a frame.
    fn play(&mut self, variant: Variant, scene: Scene, class: u64) -> Result<f64, BenchError> {
        let turn = Turn { position: scene.position(), first_packet: class, ..self.turn };
        let (mutator, count) = (Mutator::Packet, scene.frames().len() as u32);
        self.field.run(variant, &Frames { mutator, frame: &self.frame, turn, count })
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
            slots: 0,
            uninspected: self.uninspected,
            misjudged: self.misjudged,
            first: median(self.first.clone()),
            settled: median(self.settled.clone()),
            added_by_classifying: difference(&self.first, &self.settled),
            added_by_payload_once_settled: difference(&self.settled, &self.settled_bare),
            null: Noise::of(&self.nulls),
        }
    }
}
