//! Running the agent over captures, two at a time, each within a time limit.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

const AT_A_TIME: usize = 2;
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// Most captures are replayed in a few milliseconds.
const POLL: Duration = Duration::from_millis(2);
/// The agent's way of saying that a capture has another link type or ends early. What it read is
/// scored all the same.
const PARTLY_READ: i32 = 2;

pub struct Replay {
    /// The capture as the corpus calls it.
    pub name: String,
    pub capture: PathBuf,
    pub events: PathBuf,
}

#[derive(Debug, PartialEq, Eq)]
enum Ending {
    Complete,
    PartlyRead,
    Failed(String),
}

/// How the replays that did not simply succeed ended.
#[derive(Default)]
pub struct Report {
    partly_read: Vec<String>,
    failed: BTreeMap<String, String>,
}

impl Report {
    pub fn has_failures(&self) -> bool {
        !self.failed.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "score: {} only partly read, {} failed",
            self.partly_read.len(),
            self.failed.len()
        )?;
        self.partly_read.iter().try_for_each(|capture| writeln!(f, "  partly read: {capture}"))?;
        self.failed
            .iter()
            .try_for_each(|(capture, reason)| writeln!(f, "  FAILED: {capture}: {reason}"))
    }
}

pub fn replay_all(agent: &Path, replays: &[Replay]) -> Result<Report> {
    let next = AtomicUsize::new(0);
    let report = Mutex::new(Report::default());
    let work = || -> Result<()> {
        while let Some(replay) = replays.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ending = run_one(agent, replay)?;
            let capture = replay.name.clone();
            let mut report = report.lock().map_err(|_| anyhow!("another replay panicked"))?;
            match ending {
                Ending::Complete => {}
                Ending::PartlyRead => report.partly_read.push(capture),
                Ending::Failed(reason) => drop(report.failed.insert(capture, reason)),
            }
            show_progress(next.load(Ordering::Relaxed).min(replays.len()), replays.len());
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_A_TIME).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a replay panicked"))?)
    })?;
    let mut report = report.into_inner().map_err(|_| anyhow!("a replay panicked"))?;
    report.partly_read.sort();
    Ok(report)
}

fn run_one(agent: &Path, replay: &Replay) -> Result<Ending> {
    // An agent that dies early must not be scored by what an earlier one left here.
    match fs::remove_file(&replay.events) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error)
                .with_context(|| format!("cannot remove {}", replay.events.display()));
        }
        _ => {}
    }
    let errors = replay.events.with_added_extension("stderr");
    let log =
        File::create(&errors).with_context(|| format!("cannot write {}", errors.display()))?;
    let mut command = Command::new(agent);
    command.arg("replay").arg("--events").arg(&replay.events).arg(&replay.capture);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().with_context(|| format!("cannot start {}", agent.display()))?;
    let ending = match wait(&mut child, TIME_LIMIT).context("cannot wait for a replay")? {
        Some(status) => ending_of(status, &fs::read_to_string(&errors).unwrap_or_default()),
        None => Ending::Failed(format!("not done after {} s", TIME_LIMIT.as_secs())),
    };
    Ok(ending)
}

/// The exit status, or `None` when the child had to be killed at the limit.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    while start.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        thread::sleep(POLL);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn ending_of(status: ExitStatus, errors: &str) -> Ending {
    match status.code() {
        Some(0) => Ending::Complete,
        Some(PARTLY_READ) => Ending::PartlyRead,
        _ => Ending::Failed(format!("{status}: {}", telling_line(errors))),
    }
}

/// Where a panic says what happened, else the last line.
fn telling_line(errors: &str) -> String {
    let lines: Vec<_> = errors.lines().filter(|line| !line.trim().is_empty()).collect();
    match lines.iter().position(|line| line.contains("panicked at")) {
        Some(place) => lines[place..].iter().take(2).copied().collect::<Vec<_>>().join(" "),
        None => lines.last().map_or_else(|| "no message".to_owned(), |line| (*line).to_owned()),
    }
}

fn show_progress(done: usize, all: usize) {
    if io::stdout().is_terminal() {
        print!("\rscore: {done} of {all} ");
        // A progress line that cannot be written is no reason to stop the work.
        let _ = io::stdout().flush();
    } else if done.is_multiple_of(100) {
        println!("score: {done} of {all}");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    #[test]
    fn a_capture_read_in_part_is_no_failure_and_a_crash_is() {
        assert_eq!(ending_of(ExitStatus::from_raw(0), ""), Ending::Complete);
        assert_eq!(ending_of(ExitStatus::from_raw(2 << 8), "link type 113"), Ending::PartlyRead);
        let panic =
            "starting\nthread 'main' panicked at src/main.rs:1:\nindex 9 of 8\nnote: backtrace\n";
        assert_eq!(telling_line(panic), "thread 'main' panicked at src/main.rs:1: index 9 of 8");
        let Ending::Failed(reason) = ending_of(ExitStatus::from_raw(6), "first\nlast words\n")
        else {
            panic!("an abort is a failure");
        };
        assert!(reason.contains("signal: 6") && reason.ends_with("last words"), "{reason}");
    }

    #[test]
    fn a_replay_that_does_not_end_is_killed() {
        let mut child = Command::new("sleep").arg("30").spawn().unwrap();
        let start = Instant::now();
        assert!(wait(&mut child, Duration::from_millis(50)).unwrap().is_none());
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
