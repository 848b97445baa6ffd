//! Steps of the wall clock change nothing but the dates that are shown.

use std::time::Duration;

use super::*;
use crate::{
    capture::{
        host::{HostDatapath, TableSizes},
        reader::Reader,
        ticks::TickClock,
    },
    time::{Jump, Timestamp},
};

const SIZES: TableSizes = TableSizes { sets: 64, endpoints: 1024, verdicts: 64 };
const TEN_YEARS: i64 = 10 * 365 * 86_400 * 1_000_000;
/// 2026-11-24T00:00:00Z, and the end of what 32 bits of seconds hold.
const TODAY: i64 = 1_795_478_400_000_000;
const YEAR_2038: i64 = (1 << 31) * 1_000_000;
/// Ticks (milliseconds) of the whole play, and between two steps.
const LENGTH: u64 = 120_000;
const STEP: u64 = 250;

/// A TCP SYN of a ward computer to port 445 of `host`: a sweep, when there are many.
fn probe(host: u8) -> Vec<u8> {
    let mut frame = vec![0; 60];
    (frame[5], frame[6], frame[11]) = (9, 2, 7);
    (frame[12], frame[14], frame[17], frame[22], frame[23]) = (0x08, 0x45, 40, 64, 6);
    (frame[26], frame[29], frame[30], frame[33]) = (10, 7, 10, host);
    (frame[34], frame[35], frame[36], frame[37]) = (0x9c, host, 1, 0xbd);
    (frame[46], frame[47]) = (0x50, 2);
    frame
}

/// What came out: flows and alerts without their dates, and how many devices.
#[derive(Debug, PartialEq)]
struct Heard {
    flows: Vec<(Moment, u64)>,
    alerts: Vec<(String, AlertState, Moment)>,
    devices: usize,
}

/// By how many seconds the clock was found to have jumped, each time.
type Jumps = Vec<f64>;

/// Plays the same traffic while the wall clock is as `wall` says at each step.
fn play(wall: impl Fn(u64) -> i64) -> (Heard, Jumps) {
    let mut datapath = HostDatapath::new(&SIZES);
    let clock = TickClock::of_replay();
    let mut reader = Reader::new(&datapath, clock);
    let mut core = Core::new(&Config::default(), Vec::new(), None);
    let (mut events, mut jumps) = (Vec::new(), Vec::new());
    for tick in (0..LENGTH).step_by(STEP as usize) {
        // A sweep after a quarter of the time, and one host that is always talked to.
        let host = if (30_000..60_000).contains(&tick) { (tick / STEP) as u8 } else { 1 };
        let frame = probe(host);
        datapath.receive(&frame, frame.len() as u64, 1, tick);
        let mut observation = Observation::default();
        reader.sweep(&mut datapath, &mut observation);
        let now = clock.moment(tick);
        core.set_wall_clock(WallClock::new(now, Timestamp::from_micros(wall(tick))));
        let jump = core.clock_jumps.look(now, Timestamp::from_micros(wall(tick)), now);
        jumps.extend(jump.map(Jump::seconds));
        core.tell_time(Timestamp::from_micros(wall(tick)));
        core.step(&observation, now, &mut events);
    }
    core.finish(clock.moment(LENGTH) + Duration::from_secs(1), &mut events);
    let mut heard = Heard { flows: Vec::new(), alerts: Vec::new(), devices: 0 };
    for event in events {
        match event {
            Event::Flow(record) => {
                let packets = record.forward.packets + record.reverse.packets;
                heard.flows.push((record.start, packets));
            }
            Event::Alert(alert, _) => {
                heard.alerts.push((alert.rule, alert.state, alert.fired_at));
            }
            Event::Device(..) | Event::Desk(_) => {}
        }
    }
    heard.devices = core.inventory.devices().len();
    assert_eq!(core.clock_jumps.count(), jumps.len() as u64);
    (heard, jumps)
}

#[test]
fn a_step_of_the_wall_clock_by_ten_years_changes_no_window_no_flow_and_no_alert() {
    let micros = |tick: u64| tick.cast_signed() * 1000;
    let (steady, none) = play(|tick| TODAY + micros(tick));
    assert_eq!(none, [0.0; 0]);
    assert!(!steady.alerts.is_empty() && steady.flows.len() > 50, "{steady:?}");
    let half = LENGTH / 2;
    let forth = play(|tick| TODAY + micros(tick) + if tick > half { TEN_YEARS } else { 0 });
    let back = play(|tick| TODAY + micros(tick) - if tick > half { TEN_YEARS } else { 0 });
    let wild =
        play(|tick| TODAY + micros(tick) + TEN_YEARS * ((tick / STEP % 3).cast_signed() - 1));
    // A leap second, stepped back, and the end of 32 bits.
    let leap = play(|tick| TODAY + micros(tick) - if tick > half { 1_000_000 } else { 0 });
    let end = play(|tick| YEAR_2038 - micros(half) + micros(tick));
    let zero = play(|_| 0);
    let ten_years = TEN_YEARS as f64 / 1e6;
    for (name, (heard, jumps), first, count) in [
        ("forth", forth, ten_years, 1),
        ("back", back, -ten_years, 1),
        ("wild", wild, ten_years, LENGTH / STEP - 1),
        ("leap", leap, -1.0, 1),
        ("2038", end, 0.0, 0),
        // It stands still.
        ("zero", zero, 0.0, 0),
    ] {
        assert_eq!(heard, steady, "{name}");
        assert_eq!(jumps.first().copied().unwrap_or(0.0), first, "{name}");
        assert_eq!(jumps.len() as u64, count, "{name}");
    }
}
