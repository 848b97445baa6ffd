//! What happens to a gateway: pins are removed, programs taken off, interfaces moved, disks filled,
//! the agent held up. Nothing of it may cost a frame in the books.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::fs;
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use tests::agent::{Agent, Settings, wait_until, wardline};
use tests::frames::FrameGenerator;
use tests::lab::{Lab, Port, SmallDisk, Wire};
use tests::soak::extent;

#[path = "native_xdp/mod.rs"]
mod native_xdp;

const PATIENCE: Duration = Duration::from_secs(15);

fn send(wire: &Wire, seed: u64, count: u64) -> u64 {
    let frames = FrameGenerator::new(seed).take(count as usize).map(|specimen| specimen.octets);
    let report = wire.sender.inject(frames).unwrap().unwrap();
    assert_eq!(report.sent, count, "{:?}", report.refused);
    count
}

fn until(what: &str, look: impl Fn() -> bool) -> Duration {
    wait_until(PATIENCE, || look().then_some(())).unwrap_or_else(|| panic!("not: {what}")).1
}

/// Waits until so many frames were received and each has its fate.
fn assert_books(agent: &Agent, frames: u64) {
    let is_closed = || {
        let metrics = agent.metrics().unwrap();
        let fates: u64 = metrics.fates().iter().sum();
        metrics.received() == frames && fates == frames + metrics.encapsulated()
    };
    if wait_until(PATIENCE, || is_closed().then_some(())).is_none() {
        let metrics = agent.metrics().unwrap();
        let inner = metrics.encapsulated();
        panic!(
            "{frames} sent, {} received, {inner} inner, {:?}",
            metrics.received(),
            metrics.fates()
        );
    }
}

fn persistent(more: Settings) -> Settings {
    Settings { persist: true, ..more }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn pins_that_are_removed_are_made_again_and_nothing_is_lost() {
    let lab = Lab::new("pins").unwrap();
    let wire = lab.wire().unwrap();
    // Without a mark that goes of itself after a while.
    let capture = "link_patience = \"0s\"".to_owned();
    let settings = persistent(Settings { capture, ..Settings::on(&["rx0"]) });
    let mut agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let mut sent = send(&wire, 1, 10_000);
    let pins = || {
        let entries = fs::read_dir(agent.pin_directory()).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
        names.sort();
        names
    };
    let before = pins();
    assert!(before.len() > 10, "{before:?}");
    for name in &before {
        fs::remove_file(agent.pin_directory().join(name)).unwrap();
    }
    fs::remove_dir(agent.pin_directory()).unwrap();
    sent += send(&wire, 2, 10_000);
    let took = until("the pins are there again", || pins() == before);
    println!("{} pins made again within {took:.2?}", before.len());
    assert_books(&agent, sent);
    let restored = agent.metrics().unwrap().count("wardline_pins_restored_total", &[]);
    assert_eq!(restored, before.len() as u64);
    assert!(agent.log().contains("pins had been removed"), "it is said");
    // They are good: the next agent finds everything.
    agent.kill().unwrap();
    sent += send(&wire, 3, 10_000);
    agent.start_again().unwrap();
    assert_books(&agent, sent);
    assert_eq!(agent.metrics().unwrap().count("wardline_epoch_resumed", &[]), 1);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_program_that_is_taken_off_by_force_is_attached_again_and_counts_go_on() {
    let lab = Lab::new("takenoff").unwrap();
    let wire = lab.wire().unwrap();
    let settings = persistent(Settings::on(&["rx0"]));
    let agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    // In another namespace, on an interface of the same name and index.
    let other_lab = Lab::new("bystander").unwrap();
    let other = other_lab.wire().unwrap();
    let bystander = Agent::start(&other.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    let sent = send(&wire, 1, 5_000);
    assert_books(&agent, sent);
    let mut detach = wire.receiver.namespace.command(tests::agent::executable().unwrap());
    detach.args(["detach", "rx0", "--force", "--pin-directory"]).arg(agent.pin_directory());
    let output = detach.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    until("it is said", || agent.log().contains("the program was taken off"));
    assert!(!bystander.log().contains("taken off"), "{}", bystander.log());
    let seen = send(&other, 3, 1_000);
    assert_books(&bystander, seen);
    until("ready again", || agent.fetch("/readyz").is_ok_and(|(status, _)| status == 200));
    let sent = sent + send(&wire, 2, 5_000);
    assert_books(&agent, sent);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_strangers_program_is_named_and_gives_way_to_force_only() {
    let lab = Lab::new("stranger").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let stranger: OwnedFd =
        namespace.in_namespace(|| native_xdp::pass_everything("rx0")).unwrap().unwrap();
    let mut agent = Agent::launch(namespace, Settings::on(&["rx0"])).unwrap();
    let status = agent.ended_within(PATIENCE).unwrap().expect("it gives up");
    let said = agent.log();
    assert_eq!(status.code(), Some(1), "{said}");
    let owner = format!("(pid {})", std::process::id());
    for part in ["rx0", "EBUSY", &owner] {
        assert!(said.contains(part), "{part} is not in: {said}");
    }
    let run = |words: &[&str]| {
        let mut command = namespace.command(tests::agent::executable().unwrap());
        command.args(words).arg("--pin-directory").arg(agent.pin_directory());
        let output = command.output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };
    let (code, said) = run(&["detach", "rx0"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains(&owner) && said.contains("--force"), "{said}");
    let (code, said) = run(&["detach", "--force", "rx0"]);
    assert!(code == Some(0) && said.contains(&owner), "{said}");
    agent.start_again().unwrap();
    let sent = send(&wire, 1, 1_000);
    assert_books(&agent, sent);
    drop(stranger);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn an_interface_that_moves_away_and_comes_back_is_followed() {
    let lab = Lab::new("moves").unwrap();
    let wire = lab.wire().unwrap();
    let elsewhere = lab.namespace("elsewhere").unwrap();
    elsewhere.silence_ipv6().unwrap();
    let (here, there) = (&wire.receiver.namespace, &elsewhere);
    let settings = persistent(Settings::on(&["rx0"]));
    let agent = Agent::start(here, settings).unwrap();
    let is_ready = || agent.fetch("/readyz").is_ok_and(|(status, _)| status == 200);
    let mut sent = send(&wire, 1, 5_000);
    assert_books(&agent, sent);
    here.ip(&["link", "set", "rx0", "netns", there.name()]).unwrap();
    let noticed = until("it is missed", || !is_ready());
    there.ip(&["link", "set", "rx0", "up"]).unwrap();
    let moved = Port::new(there, "rx0", wire.receiver.hardware);
    let has_program = || moved.namespace.ip(&["link", "show", "rx0"]).unwrap().contains("xdp");
    until("the program does not go with it", || !has_program());
    there.ip(&["link", "set", "rx0", "netns", here.name()]).unwrap();
    here.ip(&["link", "set", "rx0", "up"]).unwrap();
    let back = until("it is back", is_ready);
    println!("missed after {noticed:.2?}, attached {back:.2?} after it came back");
    sent += send(&wire, 2, 5_000);
    assert_books(&agent, sent);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn an_interface_that_flaps_leaves_no_descriptor_and_no_pin_behind() {
    let lab = Lab::new("flaps").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let settings = persistent(Settings::on(&["rx*"]));
    let agent = Agent::start(namespace, settings).unwrap();
    let descriptors = || agent.metrics().unwrap().count("process_open_fds", &[]);
    let attached = |name: &str| {
        let labels = [("interface", name), ("mode", "native")];
        agent.metrics().unwrap().get("wardline_interface_info", &labels) == Some(1.0)
    };
    let links = || {
        let entries = fs::read_dir(agent.pin_directory()).unwrap().flatten();
        entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("link-")).count()
    };
    until("attached", || attached("rx0"));
    let before = descriptors();
    let (mut sent, mut name) = (0, "rx0".to_owned());
    let flaps = extent(60, 1_000);
    let mut longest = Duration::ZERO;
    for flap in 0..flaps {
        let next = format!("rx{}", flap % 7);
        match flap % 3 {
            0 => {
                namespace.ip(&["link", "set", &name, "down"]).unwrap();
                namespace.ip(&["link", "set", &name, "up"]).unwrap();
            }
            1 if next != name => {
                namespace.ip(&["link", "set", &name, "down"]).unwrap();
                namespace.ip(&["link", "set", &name, "name", &next]).unwrap();
                namespace.ip(&["link", "set", &next, "up"]).unwrap();
                name = next;
            }
            _ => {
                // The peer goes with it.
                namespace.ip(&["link", "delete", &name]).unwrap();
                name = next;
                let port = Port::new(namespace, &name, wire.receiver.hardware);
                lab.veth(&wire.sender, &port).unwrap();
            }
        }
        longest = longest.max(until("attached under its name", || attached(&name)));
        if flap % 100 == 99 {
            println!("{} flaps; at the longest {longest:.2?} until attached", flap + 1);
        }
        if flap % 5 == 0 {
            sent += send(&wire, flap as u64, 100);
        }
    }
    assert_books(&agent, sent);
    assert_eq!(links(), 1);
    // The scrape itself has some open.
    until("as many descriptors as before", || descriptors() <= before);
    println!("{flaps} flaps, {sent} frames; at the longest {longest:.2?} until attached");
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn what_comes_while_the_agent_is_held_up_is_read_or_counted_as_lost() {
    let lab = Lab::new("stopped").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { flows: 512, ring: "64KiB", ..Settings::on(&["rx0"]) };
    let agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let signal = |name: &str| {
        let status = Command::new("kill").args(["-s", name, &agent.id().to_string()]).status();
        assert!(status.unwrap().success());
    };
    signal("STOP");
    // No reader: records and notices fill their rings, and what finds them full is counted.
    let sent = send(&wire, 4, 300_000);
    std::thread::sleep(Duration::from_secs(3));
    signal("CONT");
    assert_books(&agent, sent);
    let metrics = agent.metrics().unwrap();
    let [counted, _, lost] = metrics.fates();
    let count = |name: &str| metrics.count(name, &[]);
    let (opened, evicted) =
        (count("wardline_flows_opened_total"), count("wardline_flows_evicted_total"));
    let (records, live) =
        (count("wardline_flow_records_lost_total"), count("wardline_flow_table_flows"));
    println!(
        "{opened} flows: {evicted} read, {records} lost with {lost} frames, {live} in the table"
    );
    assert!(lost > 100_000 && counted > 0, "{lost} lost, {counted} counted");
    assert!(opened >= evicted + records && records > 0);
    assert!(count("wardline_notices_lost_total") > 0);
    for ring in ["records_ring", "notices_ring"] {
        let fill = metrics.get("wardline_fill_ratio", &[("table", ring)]);
        assert!(fill.is_some_and(|fill| (0.8..=1.0).contains(&fill)), "{ring}: {fill:?}");
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_full_disk_stops_neither_counting_nor_metrics_and_writing_goes_on_when_there_is_room() {
    // Each agent has a disk of its own, and devices that it does not know yet.
    let longest = (0..extent(1, 20)).map(|_| fill_and_make_room()).max();
    println!("at the longest {:.2?} until written again", longest.unwrap_or_default());
}

/// Rounds of a full disk under one agent.
const FILLINGS: u64 = 5;

/// How long it took at most until something was written again.
fn fill_and_make_room() -> Duration {
    let lab = Lab::new("diskfull").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = Agent::start(&wire.receiver.namespace, Settings::on(&["rx0"])).unwrap();
    agent.stop().unwrap();
    let disk = SmallDisk::mount(&agent.state_directory()).unwrap();
    let events = agent.state_directory().join("events.jsonl");
    let redirected = fs::read_to_string(agent.directory().join("wardline.toml")).unwrap();
    assert!(redirected.contains("events.jsonl"));
    agent.settings_mut().events = Some(events.clone());
    agent.start_again().unwrap();
    let base = agent.metrics().unwrap().received();
    let count = |name: &str, sink: &str| agent.metrics().unwrap().count(name, &[("sink", sink)]);
    let mut sent = base;
    let mut longest = Duration::ZERO;
    for round in 0..FILLINGS {
        disk.fill().unwrap();
        let failures = count("wardline_events_failed_total", "store");
        sent += send(&wire, 10 + round, 3_000);
        until("the store complains", || count("wardline_events_failed_total", "store") > failures);
        until("the events file complains", || count("wardline_events_failed_total", "events") > 0);
        assert_books(&agent, sent);
        disk.make_room().unwrap();
        fs::write(&events, "").unwrap();
        let written = count("wardline_events_written_total", "store");
        sent += send(&wire, 100 + round, 500);
        let took = until("the store takes devices again", || {
            count("wardline_events_written_total", "store") > written
        });
        until("lines are written again", || fs::metadata(&events).unwrap().len() > 0);
        println!("round {round}: written again after {took:.2?}");
        longest = longest.max(took);
    }
    assert_books(&agent, sent);
    let lines = fs::read_to_string(&events).unwrap();
    let whole =
        lines.lines().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok());
    assert!(whole.count() > 0, "{lines}");
    assert!(agent.stop().unwrap().success());
    drop(disk);
    longest
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn an_interface_on_which_nothing_is_is_said_to_have_nothing() {
    let lab = Lab::new("nothing").unwrap();
    let wire = lab.wire().unwrap();
    let mut command = wire.receiver.namespace.command(tests::agent::executable().unwrap());
    command.args(["detach", "rx0", "--pin-directory", "/sys/fs/bpf/wl-test-none"]);
    let output = command.output().unwrap();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing is attached to rx0"));
    let output = wardline(&["detach", "--pin-directory", "/sys/fs/bpf/wl-test-none"]).unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).contains("nothing is attached"));
}
