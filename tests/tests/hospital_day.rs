//! Two hours of a hospital's day with a power cut, through the agent's own replay.

use std::io;
use std::time::Duration;

use sensor::detect::Severity;
use tests::day::attack::Name;
use tests::day::outcome::{self, Outcome};
use tests::day::{Day, Plan, plan, settings};

const DEVICES: usize = 100;
const SEED: u64 = 7;

fn hours_around_the_power_cut(attacks: &[Name]) -> Plan {
    Plan {
        begins: plan::clock(12, 40),
        ends: plan::clock(14, 40),
        attacks: attacks.to_vec(),
        ..Plan::quiet(DEVICES, SEED)
    }
}

fn run(plan: &Plan) -> Outcome {
    let mut day = Day::new(plan);
    let config = settings::settings(&day.world().site).unwrap();
    outcome::run(&mut day, &config, &mut io::sink()).unwrap()
}

#[test]
fn a_day_with_a_power_cut_is_quiet_but_for_the_attack_in_it() {
    let outcome = run(&hours_around_the_power_cut(&[Name::SmbSweep]));
    assert!(outcome.frames > 100_000, "{}", outcome.frames);
    assert!(outcome.books.balance(), "{:?}", outcome.books);
    assert_eq!((outcome.books.undissected, outcome.books.lost), (0, 0));
    assert_eq!(outcome.devices_found, outcome.devices_made);
    assert_eq!(outcome.strangers, Vec::<String>::new());
    let grave: Vec<_> =
        outcome.false_alarms().filter(|alarm| alarm.severity >= Severity::High).collect();
    assert!(grave.is_empty(), "{grave:#?}");
    assert!(outcome.found(Name::SmbSweep), "{:#?}", outcome.attacks);
}

/// Frames of a few minutes, as far as they are captured.
fn frames(seed: u64) -> Vec<(Duration, Vec<u8>)> {
    let ends = plan::POWER_CUT.ends + plan::SLOWEST_START;
    let plan = Plan { begins: plan::POWER_CUT.begins, ends, ..Plan::quiet(DEVICES, seed) };
    let mut day = Day::new(&plan);
    let mut frames = Vec::new();
    while let Some(arrival) = day.next_arrival() {
        frames.push((arrival.at, arrival.octets.clone()));
    }
    frames
}

#[test]
fn the_same_seed_makes_the_same_frames_in_order_of_time() {
    let (one, same, other) = (frames(1), frames(1), frames(2));
    assert!(one.len() > 1000, "{}", one.len());
    assert!(one == same);
    assert!(one != other);
    assert!(one.windows(2).all(|pair| pair[0].0 <= pair[1].0));
}
