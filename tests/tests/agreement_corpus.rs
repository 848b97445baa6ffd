//! Both engines tell the same story of every capture, and no capture, however hostile, makes
//! either of them panic, hang or lose count.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use sensor::config::Config;
use sensor::pipeline::replay::{Engine, ReplayError, Replayed, replay};
use sensor_common::books::Entry;
use tests::agent::executable;
use tests::lab::ChildGuard;

fn hospital() -> PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/hospital.pcap").into()
}

/// The corpus, or nothing where this checkout has none.
fn corpus() -> Option<PathBuf> {
    let named = std::env::var_os("WARDLINE_CORPUS").map(PathBuf::from);
    let beside = || concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/dev").into();
    Some(named.unwrap_or_else(beside)).filter(|path| path.is_dir())
}

fn captures_below(directory: &Path) -> Vec<PathBuf> {
    let mut captures = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            captures.extend(captures_below(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "pcap" || extension == "pcapng")
        {
            captures.push(path);
        }
    }
    captures.sort();
    captures
}

/// Events, and the state at the end; no state when the capture could not be opened at all.
fn replayed(capture: &Path, engine: Engine) -> (Vec<u8>, Result<Replayed, ReplayError>) {
    let mut events = Vec::new();
    let result = replay(capture, engine, &Config::default(), Some(&mut events), &mut |_, _| ());
    (events, result)
}

fn message(result: &Result<Replayed, ReplayError>) -> Option<String> {
    match result {
        Ok(replayed) => replayed.error.as_ref().map(ToString::to_string),
        Err(error) => Some(error.to_string()),
    }
}

/// Received, and found in tunnels, is counted, undissected and lost; and frames read are frames
/// received.
fn assert_balanced(capture: &Path, replayed: &Replayed) {
    let received: u64 = replayed.rows.iter().map(|row| row.received_frames).sum();
    let undissected: u64 = replayed.rows.iter().flat_map(|row| row.undissected_frames).sum();
    let fates = (replayed.books.counted_packets, undissected, replayed.books.lost_packets);
    let name = capture.display();
    assert_eq!(received, replayed.summary.frames, "{name}");
    let inner = replayed.ledger.line(Entry::Encapsulated);
    assert_eq!(received + inner, fates.0 + fates.1 + fates.2, "{name}: {fates:?}");
    let sent: u64 = replayed.totals.by_application().values().map(|totals| totals.packets).sum();
    assert_eq!(sent, received + inner - undissected, "{name}: totals by application");
}

/// Frames received and undissected by interface, however many rows an interface has.
fn by_interface(replayed: &Replayed) -> BTreeMap<u64, (u64, u64)> {
    let mut frames = BTreeMap::<_, (u64, u64)>::new();
    for row in replayed.rows.iter().filter(|row| row.received_frames > 0) {
        let sum = frames.entry(row.interface).or_default();
        sum.0 += row.received_frames;
        sum.1 += row.undissected_frames.iter().sum::<u64>();
    }
    frames
}

/// Compares the engines on one capture and returns its frames.
fn assert_engines_agree(capture: &Path) -> u64 {
    let (host_events, host) = replayed(capture, Engine::Host);
    let (kernel_events, kernel) = replayed(capture, Engine::Kernel);
    let name = capture.display();
    assert_eq!(message(&host), message(&kernel), "{name}");
    let lines = host_events.split(|octet| *octet == b'\n');
    for (host, kernel) in lines.zip(kernel_events.split(|octet| *octet == b'\n')) {
        let text = String::from_utf8_lossy;
        assert_eq!(text(host), text(kernel), "{name}");
    }
    assert_eq!(host_events.len(), kernel_events.len(), "{name}: one engine tells more");
    let (Ok(host), Ok(kernel)) = (host, kernel) else { return 0 };
    assert_balanced(capture, &host);
    assert_balanced(capture, &kernel);
    assert_eq!(by_interface(&host), by_interface(&kernel), "{name}");
    assert_eq!((host.ledger, host.books), (kernel.ledger, kernel.books), "{name}");
    host.summary.frames
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn engines_agree_on_the_hospital() {
    assert!(assert_engines_agree(&hospital()) > 1000);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn engines_agree_on_every_capture_of_the_corpus() {
    let Some(corpus) = corpus() else {
        println!("NOT RUN: engines_agree_on_every_capture_of_the_corpus: there is no corpus");
        return;
    };
    let captures = captures_below(&corpus);
    assert!(!captures.is_empty());
    let next = AtomicUsize::new(0);
    let frames = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(capture) = captures.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let agreed = std::panic::catch_unwind(|| assert_engines_agree(capture));
                    match agreed {
                        Ok(count) => frames.fetch_add(count as usize, Ordering::Relaxed),
                        Err(_) => {
                            failures.lock().unwrap().push(capture);
                            0
                        }
                    };
                }
            });
        }
    });
    println!("{} captures, {} frames", captures.len(), frames.into_inner());
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} captures: {failures:#?}", failures.len());
}

const PATIENCE: Duration = Duration::from_secs(30);

/// The command itself, as an operator runs it, on every hostile capture.
fn assert_hostile_captures_end_well(engine: &str, test: &str) {
    let Some(corpus) = corpus() else {
        println!("NOT RUN: {test}: there is no corpus");
        return;
    };
    let captures = captures_below(&corpus.join("hostile"));
    assert!(captures.len() > 10, "{captures:?}");
    let (mut refused, mut longest) = (0, Duration::ZERO);
    for capture in &captures {
        let began = Instant::now();
        let mut command = Command::new(executable().unwrap());
        command.args(["replay", "--engine", engine]).arg(capture);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = ChildGuard::start(&mut command).unwrap();
        let status = process.wait_for(PATIENCE).unwrap();
        let status = status.unwrap_or_else(|| panic!("{} hangs", capture.display()));
        assert!(matches!(status.code(), Some(0 | 2)), "{}: {status}", capture.display());
        refused += usize::from(status.code() == Some(2));
        longest = longest.max(began.elapsed());
    }
    println!("{} captures, {refused} of them refused; longest {longest:.1?}", captures.len());
}

#[test]
fn host_engine_survives_every_hostile_capture() {
    let test = "host_engine_survives_every_hostile_capture";
    assert_hostile_captures_end_well("host", test);
    for capture in
        corpus().map(|corpus| captures_below(&corpus.join("hostile"))).unwrap_or_default()
    {
        if let (_, Ok(replayed)) = replayed(&capture, Engine::Host) {
            assert_balanced(&capture, &replayed);
        }
    }
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn kernel_engine_survives_every_hostile_capture() {
    let test = "kernel_engine_survives_every_hostile_capture";
    assert_hostile_captures_end_well("kernel", test);
}
