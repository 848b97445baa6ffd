//! A flood with a million forged sources through the agent's own replay: what it may cost, and that
//! it hides nothing of what real devices do meanwhile.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

#[path = "forged_sources/replayed.rs"]
mod replayed;
#[path = "forged_sources/scene.rs"]
mod scene;

use replayed::{Replayed, replay};
use scene::{FLOOD_BEGINS, FLOODER, GOOD, LATE_WORM, Masks, ROUTERS, SPOOFER, Scene, TARGET, WORM};
use tests::agent::Scratch;
use tests::soak::extent;

/// Resident memory that the agent may take for all of it, in octets. Some 60 MiB are there before
/// the first frame; the tables that the flood fills take the rest.
const MEMORY: u64 = 256 << 20;
/// `[alerts] per_minute`, as it is unless it is set.
const PER_MINUTE: usize = 60;
/// `[inventory] maximum_devices`, likewise.
const DEVICES: u64 = 16_384;

/// Replays it with the defaults, and `more` settings.
fn run(purpose: &str, scene: &Scene, more: &str) -> Replayed {
    let scratch = Scratch::make(purpose).unwrap();
    let capture = scratch.join("flood.pcap");
    let frames = scene.record(&capture).unwrap();
    let settings = scratch.write("settings.toml", format!("{ROUTERS}{more}")).unwrap();
    let replayed = replay(&settings, &capture).unwrap();
    println!("{purpose}: {replayed}");
    assert_eq!(replayed.received, frames, "{purpose}");
    replayed
}

fn real_devices_are_seen_as_without_it(replayed: &Replayed) {
    let found = replayed.first(WORM, "smb_fan_out").expect("the sweep is alerted");
    assert!(found > FLOOD_BEGINS, "the sweep is within the flood: {found:?}");
    assert!(replayed.names(SPOOFER, "arp_spoof"), "{replayed:#?}");
    assert_eq!(replayed.grave(GOOD), Vec::<String>::new());
    assert!(replayed.names(TARGET, "syn_flood_target"), "{replayed:#?}");
}

fn nothing_grows_without_bound(replayed: &Replayed) {
    assert!(replayed.books_balance(), "{replayed:#?}");
    assert!((1..=MEMORY).contains(&replayed.peak_octets), "{} octets", replayed.peak_octets);
    assert!(replayed.devices <= DEVICES, "{}", replayed.devices);
    // What found no room is told.
    assert!(replayed.no_room["endpoints"] > 0, "{:?}", replayed.no_room);
    for (severity, most) in replayed.busiest_minutes() {
        assert!(most <= PER_MINUTE, "{most} {severity}");
    }
}

#[test]
fn a_million_forged_sources_cost_bounded_memory_and_hide_no_device() {
    let sources = extent(1_000_000, 10_000_000);
    let scene = Scene { sources, masks: Masks::Addresses };
    let replayed = run("addresses", &scene, "");
    real_devices_are_seen_as_without_it(&replayed);
    nothing_grows_without_bound(&replayed);
    assert!(replayed.names(FLOODER, "forged_sources"), "{replayed:#?}");
    // Whoever comes when the table of endpoints is full already, too.
    assert!(replayed.names(LATE_WORM, "smb_fan_out"), "{replayed:#?}");
    let most = u64::from(sources) / 10 * 9;
    assert!(replayed.no_room["endpoints"] > most, "{:?}", replayed.no_room);
}

#[test]
fn forged_stations_cost_bounded_memory_and_hide_no_device() {
    let scene = Scene { sources: 200_000, masks: Masks::Stations };
    let replayed = run("stations", &scene, "");
    real_devices_are_seen_as_without_it(&replayed);
    nothing_grows_without_bound(&replayed);
}

#[test]
fn alerts_about_forged_stations_are_capped_and_leave_room_for_those_about_real_devices() {
    let scene = Scene { sources: 200_000, masks: Masks::Stations };
    // Every station that the flood makes up is a new device, and an alert.
    let replayed = run("storm", &scene, "\n[detection.new_device]\nlearning = \"0s\"\n");
    real_devices_are_seen_as_without_it(&replayed);
    nothing_grows_without_bound(&replayed);
    // Alerts that are worse take room from them.
    assert!(replayed.busiest_minutes()["info"] > PER_MINUTE / 2, "{replayed:#?}");
    // All that were not handed out are in the digest.
    let told = replayed.told.iter().filter(|told| told.name == "new_device").count();
    let digest = replayed.told.iter().rfind(|told| told.name == "alert_digest").unwrap();
    assert_eq!(digest.state, "resolved");
    let held = digest.value as u64;
    assert!(held > 3000, "{digest:?}");
    assert!(held + told as u64 <= replayed.devices, "{held} held, {told} told");
}
