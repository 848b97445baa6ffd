//! A program is tried before it is put on an interface, or in another's place: what is wrong stays
//! out, and what counted so far counts on.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use tests::agent::{Agent, Scratch, Settings, executable, wait_until};
use tests::frames::FrameGenerator;
use tests::lab::{Lab, Wire};
use tests::soak::{
    Behind, OnHook, SoakError,
    variant::{dropping_build, miscounting_build, other_build},
};

const PATIENCE: Duration = Duration::from_secs(30);
const PASSED: &str = "the self-test was passed";
/// No card receives a shorter frame, and the stack drops some that end within a tag, which is not our
/// doing.
const LENGTHS: [usize; 2] = [60, 1514];

fn send(wire: &Wire, seed: u64, count: u64) -> u64 {
    let [shortest, longest] = LENGTHS;
    let generator = FrameGenerator::new(seed).with_lengths(shortest, longest);
    let frames = generator.take(count as usize).map(|specimen| specimen.octets);
    let report = wire.sender.inject(frames).unwrap().unwrap();
    assert_eq!(report.sent, count, "{:?}", report.refused);
    count
}

/// Waits until so many frames were received and each has its fate.
fn assert_books(agent: &Agent, frames: u64) {
    let books = || {
        let metrics = agent.metrics().unwrap();
        (metrics.received(), metrics.fates().iter().sum::<u64>(), metrics.encapsulated())
    };
    let is_closed = || {
        let (received, fates, inner) = books();
        (received == frames && fates == frames + inner).then_some(())
    };
    assert!(wait_until(PATIENCE, is_closed).is_some(), "{frames} sent, {:?}", books());
}

fn settings() -> Settings {
    Settings { persist: true, log: "debug", ..Settings::on(&["rx0"]) }
}

/// How often the agent tried its program, through all its lives.
fn tried(agent: &Agent) -> usize {
    agent.log().matches(PASSED).count()
}

type Build = fn(&Path, &Scratch) -> Result<PathBuf, SoakError>;

/// Builds whose program is wrong, and what is said of each.
const WRONG: [(Build, &str); 2] = [
    (dropping_build, "it would not let a question of ARP pass, but returned XDP_DROP (1)"),
    (miscounting_build, "after a frame in VXLAN this kernel's counts are not those of the host"),
];

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn an_upgrade_to_a_program_that_is_wrong_is_refused_and_the_one_before_counts_every_frame() {
    for (build, reason) in WRONG {
        let scratch = Scratch::make("wrong").unwrap();
        let wrong = build(&executable().unwrap(), &scratch).unwrap();
        let lab = Lab::new("wrongupgrade").unwrap();
        let wire = lab.wire().unwrap();
        let mut behind = Behind::of(&wire.receiver).unwrap();
        let mut agent = Agent::start(&wire.receiver.namespace, settings()).unwrap();
        let mut sent = send(&wire, 1, 2000);
        let before = OnHook::of(&wire.receiver).unwrap();
        assert!(agent.stop().unwrap().success());
        agent.settings_mut().executable = Some(wrong.clone());
        agent.launch_again().unwrap();
        // While it tries, and after it has given up.
        let mut status = None;
        while status.is_none() {
            sent += send(&wire, 2, 200);
            status = agent.ended_within(Duration::from_millis(50)).unwrap();
        }
        let said = agent.log();
        assert_eq!(status.and_then(|status| status.code()), Some(1), "{said}");
        for part in ["failed its self-test", reason, "goes on counting"] {
            assert!(said.contains(part), "{part} is not in: {said}");
        }
        assert_eq!(OnHook::of(&wire.receiver).unwrap(), before, "nothing was replaced");
        sent += send(&wire, 3, 2000);
        // The doctor of the build that is wrong knows it too.
        let mut command = wire.receiver.namespace.command(&wrong);
        command.args(["doctor", "--pin-directory"]).arg(agent.pin_directory());
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = told.lines().find(|line| line.contains("self_test")).unwrap_or_default();
        assert!(line.starts_with("fail") && line.contains(reason), "{told}");
        assert_eq!(output.status.code(), Some(3), "{told}");
        // The version before takes its counts over, with no frame missed.
        agent.settings_mut().executable = None;
        agent.start_again().unwrap();
        assert_books(&agent, sent);
        assert_eq!(agent.metrics().unwrap().count("wardline_epoch_resumed", &[]), 1);
        assert_eq!(behind.frames().unwrap(), sent, "every frame passed");
        println!("{sent} frames counted and passed: {reason}");
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_program_that_is_wrong_is_not_attached_for_the_first_time() {
    let scratch = Scratch::make("wrongfirst").unwrap();
    let lab = Lab::new("wrongfirst").unwrap();
    let wire = lab.wire().unwrap();
    for (build, reason) in WRONG {
        let wrong = build(&executable().unwrap(), &scratch).unwrap();
        let settings = Settings { executable: Some(wrong), ..settings() };
        let mut agent = Agent::launch(&wire.receiver.namespace, settings).unwrap();
        let status = agent.ended_within(PATIENCE).unwrap().expect("it gives up");
        assert_eq!(status.code(), Some(1), "{}", agent.log());
        assert!(agent.log().contains(reason), "{}", agent.log());
        assert!(OnHook::of(&wire.receiver).is_err(), "nothing was attached");
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_program_is_tried_when_it_is_new_and_not_at_every_start() {
    let scratch = Scratch::make("tried").unwrap();
    let other = other_build(&executable().unwrap(), &scratch).unwrap();
    let lab = Lab::new("tried").unwrap();
    let wire = lab.wire().unwrap();
    let mut agent = Agent::start(&wire.receiver.namespace, settings()).unwrap();
    assert_eq!(tried(&agent), 1, "{}", agent.log());
    agent.kill().unwrap();
    agent.start_again().unwrap();
    assert!(agent.stop().unwrap().success());
    agent.start_again().unwrap();
    assert_eq!(tried(&agent), 1, "it is in the link already: {}", agent.log());
    assert!(agent.stop().unwrap().success());
    agent.settings_mut().executable = Some(other);
    agent.start_again().unwrap();
    assert_eq!(tried(&agent), 2, "another one is in the link: {}", agent.log());
    assert!(agent.stop().unwrap().success());
    // Other sizes begin a new epoch, whose maps would take the place of those that are pinned.
    agent.settings_mut().flows = 4096;
    agent.start_again().unwrap();
    assert_eq!(tried(&agent), 3, "{}", agent.log());
    let log = agent.log();
    for line in log.lines().filter(|line| line.contains(PASSED)) {
        println!("{line}");
    }
}
