//! Fuzzing, target by target: what is built, what it starts from, what it found.

mod build;
mod search;
mod table;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, ensure};
use clap::Args;

use crate::payloads;
use crate::setup::{self, Need};
use crate::workspace::Workspace;
pub use build::check;
use search::{Places, Search};
use table::Table;

#[derive(Args)]
pub struct Options {
    /// How long each target is searched
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Only targets of this name, or of names that begin with it
    #[arg(long)]
    only: Option<String>,
    /// Targets at a time (default: as many as there are processors)
    #[arg(long)]
    jobs: Option<usize>,
    /// Print the targets and end
    #[arg(long)]
    list: bool,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<ExitCode> {
    setup::run(workspace, &[Need::Fuzz], false)?;
    let program = build::build(workspace)?;
    let only = options.only.as_deref().unwrap_or_default();
    let mut targets = build::targets(&program)?;
    if let Some(exact) = targets.iter().find(|target| *target == only).cloned() {
        targets = vec![exact];
    }
    targets.retain(|target| target.starts_with(only));
    ensure!(!targets.is_empty(), "there is no target {only}");
    if options.list {
        targets.iter().for_each(|target| println!("{target}"));
        return Ok(ExitCode::SUCCESS);
    }
    payloads::take_apart(workspace)?;
    let places = Places {
        program,
        seeds: workspace.payloads().join("seeds"),
        output: workspace.fuzz_output(),
    };
    let jobs =
        options.jobs.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from));
    let jobs = jobs.clamp(1, targets.len());
    let minutes = (options.seconds * targets.len().div_ceil(jobs) as u64).div_ceil(60);
    println!(
        "fuzz: {} targets, {} s each, {jobs} at a time: about {minutes} min",
        targets.len(),
        options.seconds
    );
    let table = search_all(&places, &targets, options.seconds, jobs)?;
    println!("\n{table}");
    Ok(if table.has_crashes() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn search_all(places: &Places, targets: &[String], seconds: u64, jobs: usize) -> Result<Table> {
    let start = Instant::now();
    let next = AtomicUsize::new(0);
    let table = Mutex::new(Table::default());
    let work = || -> Result<()> {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let search = Search::run(places, target, seconds)?;
            let mut table = table.lock().map_err(|_| anyhow!("another search panicked"))?;
            let done = table.add(search);
            println!(
                "fuzz: {done} of {} after {} s: {}",
                targets.len(),
                start.elapsed().as_secs(),
                table.last().context("a search was added")?
            );
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().map_err(|_| anyhow!("a search panicked"))?)
    })?;
    table.into_inner().map_err(|_| anyhow!("a search panicked"))
}

/// Where a crash of `target` was kept, and how it is repeated.
fn repetition(program: &Path, target: &str, input: &Path) -> String {
    format!("{}={target} {} {}", build::NAMED_BY, program.display(), input.display())
}
