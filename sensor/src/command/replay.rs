//! `wardline replay`: captures in, events and a summary out.

mod summary;

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal as _, Write},
    path::Path,
    time::{Duration, Instant},
};

use super::{Exit, Failure, arguments::Replay, config, intelligence, privilege, say};
use crate::{
    capture::xdp::{KernelReplayError, LoadError},
    config::Config,
    pipeline::replay::{Engine, ReplayError, replay},
    time::WallClock,
};

/// A replay that takes longer shows its progress.
const PATIENCE: Duration = Duration::from_millis(700);

pub fn run(words: Replay) -> Result<(), Failure> {
    let mut config = match &words.config {
        Some(file) => config::load(file)?,
        None => Config::default(),
    };
    for account in intelligence::load(&mut config, WallClock::since_1970())? {
        eprintln!("{account}");
    }
    if words.engine == Engine::Kernel {
        privilege::require()?;
    }
    let mut events = sink(words.events.as_deref())?;
    let is_quiet = words.events.as_deref() == Some(Path::new("-"));
    let mut failure = None;
    for capture in &words.captures {
        let mut progress = Progress::new(capture);
        let mut show = |offset, total| progress.show(offset, total);
        let sink = events.as_mut().map(|events| &mut **events as &mut dyn Write);
        match replay(capture, words.engine, &config, sink, &mut show) {
            Ok(replayed) => {
                progress.clear();
                if !is_quiet {
                    say(&summary::text(capture, &replayed))?;
                }
                match &replayed.error {
                    Some(ReplayError::Events(error)) if has_left(error) => return Ok(()),
                    error => failure = failure.or(error.as_ref().map(explain)),
                }
            }
            Err(error) => {
                progress.clear();
                failure = failure.or(Some(explain(&error)));
            }
        }
    }
    match events.map_or(Ok(()), |mut events| events.flush()) {
        Err(error) if !has_left(&error) => return Err(Failure::failed(&error)),
        _ => {}
    }
    failure.map_or(Ok(()), Err)
}

/// Whether whoever read the events, such as `head`, has read enough.
fn has_left(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

fn explain(error: &ReplayError) -> Failure {
    let exit = match error {
        ReplayError::Capture(_) => Exit::BadInput,
        ReplayError::Kernel(KernelReplayError::Load(LoadError::NotPermitted)) => Exit::NotPermitted,
        ReplayError::Kernel(_) | ReplayError::Events(_) => Exit::Failed,
    };
    Failure::new(exit, error)
}

fn sink(path: Option<&Path>) -> Result<Option<Box<dyn Write>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    if path == Path::new("-") {
        return Ok(Some(Box::new(BufWriter::new(io::stdout()))));
    }
    let file = File::create(path).map_err(|error| Failure {
        exit: Exit::Failed,
        message: format!("cannot write events to {}: {error}", path.display()),
    })?;
    Ok(Some(Box::new(BufWriter::with_capacity(1 << 18, file))))
}

/// One line on a terminal that says how far a long replay is.
struct Progress<'a> {
    capture: &'a Path,
    started: Instant,
    is_shown: bool,
}

impl<'a> Progress<'a> {
    fn new(capture: &'a Path) -> Self {
        Self { capture, started: Instant::now(), is_shown: false }
    }

    fn show(&mut self, offset: u64, total: Option<u64>) {
        if self.started.elapsed() < PATIENCE || !io::stderr().is_terminal() {
            return;
        }
        self.is_shown = true;
        let megabytes = offset as f64 / 1e6;
        let seconds = self.started.elapsed().as_secs_f64();
        let share = total.map_or_else(String::new, |total| {
            format!("{:.0} % of ", 100.0 * offset as f64 / total.max(1) as f64)
        });
        eprint!(
            "\r{}: {share}{megabytes:.1} MB, {:.1} MB/s   ",
            self.capture.display(),
            megabytes / seconds
        );
    }

    fn clear(&self) {
        if self.is_shown {
            eprint!("\r\u{1b}[2K");
        }
    }
}
