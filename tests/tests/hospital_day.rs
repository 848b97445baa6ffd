//! Two hours of a hospital's day with a power cut, through the agent's own replay.

use std::io;
use std::time::Duration;

use sensor::detect::Severity;
use sensor::pipeline::replay::{Engine, replay};
use tests::agent::Scratch;
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
    let config = settings::settings(&day.world().site).expect("the day's own settings are valid");
    outcome::run(&mut day, &config, &mut io::sink())
        .expect("the day's frames have no end too early")
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

#[test]
fn the_capture_of_a_day_gives_the_same_alerts_and_devices() {
    let begins = plan::clock(13, 0);
    let ends = begins + Duration::from_secs(600);
    let attacks = vec![Name::SmbSweep];
    let plan = Plan { begins, ends, attacks, ..Plan::quiet(DEVICES, SEED) };
    let scratch = Scratch::make("day").unwrap();
    let path = scratch.join("day.pcap");
    let mut day = Day::new(&plan);
    let config = settings::settings(&day.world().site).unwrap();
    day.record(&path).unwrap();
    let mut events = Vec::new();
    let made = outcome::run(&mut day, &config, &mut events).unwrap();
    day.finish_recording(&path).unwrap();
    assert!(made.found(Name::SmbSweep), "{:#?}", made.attacks);
    let mut again = Vec::new();
    let replayed = replay(&path, Engine::Host, &config, Some(&mut again), &mut |_, _| ()).unwrap();
    assert!(replayed.error.is_none());
    assert_eq!(replayed.summary.frames, made.frames);
    assert_eq!(replayed.summary.octets, made.octets);
    assert!(events == again, "the events differ");
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
