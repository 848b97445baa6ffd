//! A flood with a million forged sources through the agent's own replay: what it may cost, and that
//! it hides nothing of what real devices do meanwhile.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

#[path = "forged_sources/replayed.rs"]
mod replayed;
#[path = "forged_sources/scene.rs"]
mod scene;

use replayed::{Replayed, replay};
use scene::{FLOOD_BEGINS, FLOODER, GOOD, Masks, SPOOFER, Scene, TARGET, WORM};
use tests::agent::Scratch;

/// Resident memory that the agent may take for all of it, in octets.
const MEMORY: u64 = 384 << 20;
/// New alerts handed out one by one within a minute (`[alerts] per_minute`).
const PER_MINUTE: usize = 60;

fn run(purpose: &str, scene: &Scene) -> Replayed {
    let scratch = Scratch::make(purpose).unwrap();
    let capture = scratch.join("flood.pcap");
    let frames = scene.record(&capture).unwrap();
    let settings = scratch.write("settings.toml", scene::SETTINGS).unwrap();
    let replayed = replay(&settings, &capture).unwrap();
    println!("{purpose}: {replayed}");
    assert_eq!(replayed.received, frames, "{purpose}");
    replayed
}

/// What is so of every flood, whatever it forges.
fn real_devices_are_seen_as_without_it(replayed: &Replayed) {
    assert!(replayed.names(WORM, "smb_fan_out"), "{replayed:#?}");
    assert!(replayed.names(SPOOFER, "arp_spoof"), "{replayed:#?}");
    assert_eq!(replayed.grave(GOOD), Vec::<String>::new());
    let found = replayed.first(WORM, "smb_fan_out").unwrap();
    assert!(found > FLOOD_BEGINS, "the sweep is found within the flood: {found:?}");
    assert!(replayed.names(TARGET, "syn_flood_target"), "{replayed:#?}");
}

fn nothing_grows_without_bound(replayed: &Replayed) {
    assert!(replayed.books_balance(), "{replayed:#?}");
    assert!(replayed.peak_octets <= MEMORY, "{} octets", replayed.peak_octets);
    assert!(replayed.busiest_minute() <= PER_MINUTE + 2, "{replayed:#?}");
}

#[test]
fn a_million_forged_sources_cost_bounded_memory_and_hide_no_device() {
    let scene = Scene { sources: 1_000_000, masks: Masks::Addresses };
    let replayed = run("addresses", &scene);
    real_devices_are_seen_as_without_it(&replayed);
    nothing_grows_without_bound(&replayed);
    assert!(replayed.names(FLOODER, "forged_sources"), "{replayed:#?}");
}

#[test]
fn forged_stations_cost_bounded_memory_and_hide_no_device() {
    let scene = Scene { sources: 200_000, masks: Masks::Stations };
    let replayed = run("stations", &scene);
    real_devices_are_seen_as_without_it(&replayed);
    nothing_grows_without_bound(&replayed);
}
