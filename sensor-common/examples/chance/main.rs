//! How often chance confirms a verdict that is wrong: flows of random octets, and flows that carry
//! pieces of another protocol's messages.
//!
//! chance [--flows N] [--crossings N] [--dialogues DIRECTORY] [--seed N] [--threads N] [--show N]
//!
//! Ends with 1 where flows of random octets, or of another protocol's, are confirmed more often than
//! one in a million. Counts every flow of which any payload is confirmed, also where the packet path would have
//! settled on a weaker verdict before.

mod crossing;
mod draw;
mod labels;
mod random;
mod tally;

use std::{env, path::PathBuf, process::ExitCode, thread, time::Instant};

use crossing::Crossings;
use draw::Draw;
use random::{Kind, flow_of, random_flow};
use tally::Tally;

/// More wrong verdicts than one in so many flows are too many.
const BAR: u64 = 1_000_000;

struct Options {
    flows: u64,
    crossings: u64,
    dialogues: Option<PathBuf>,
    seed: u64,
    threads: u64,
    /// Payloads printed of each confusion.
    shown: usize,
}

fn options() -> Result<Options, String> {
    let mut options =
        Options { flows: 1_000_000, crossings: 0, dialogues: None, seed: 1, threads: 1, shown: 0 };
    let mut arguments = env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.parse::<u64>().map_err(|error| format!("{name} {value}: {error}"));
        match name.as_str() {
            "--flows" => options.flows = number()?,
            "--crossings" => options.crossings = number()?,
            "--dialogues" => options.dialogues = Some(value.into()),
            "--seed" => options.seed = number()?,
            "--threads" => options.threads = number()?.max(1),
            "--show" => options.shown = number()? as usize,
            _ => return Err(format!("there is no {name}")),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chance: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    let options = options()?;
    let random = in_threads(&options, options.flows, &|draw, tally| random_flow(draw, tally));
    println!("{}", random.report("flows of random octets", Some(BAR)));
    // Neither chance nor a protocol: not held to the bar, but it shows which conditions are weak.
    let sparse = in_threads(&options, options.flows / 10, &|draw, tally| {
        flow_of(Kind::MostlyZeros, draw, tally);
    });
    println!("{}", sparse.report("flows of zeros and small numbers", None));
    if options.crossings == 0 {
        return Ok(random.is_below(BAR));
    }
    let directory = options.dialogues.as_ref().ok_or("--crossings needs --dialogues")?;
    let crossings = Crossings::read(directory)?;
    println!("{crossings}");
    let cross = in_threads(&options, options.crossings, &|draw, tally| crossings.flow(draw, tally));
    println!("{}", cross.report("flows of another protocol's octets", Some(BAR)));
    Ok(random.is_below(BAR) && cross.is_below(BAR))
}

fn in_threads(
    options: &Options,
    flows: u64,
    make: &(impl Fn(&mut Draw, &mut Tally) + Sync),
) -> Tally {
    let start = Instant::now();
    let work = |thread: u64| {
        let mut draw = Draw::new(options.seed.wrapping_mul(1000).wrapping_add(thread));
        let mut tally = Tally::new(options.shown);
        let share = flows / options.threads + u64::from(thread < flows % options.threads);
        for _ in 0..share {
            make(&mut draw, &mut tally);
        }
        tally
    };
    let work = &work;
    let mut whole = thread::scope(|scope| {
        let threads: Vec<_> =
            (0..options.threads).map(|thread| scope.spawn(move || work(thread))).collect();
        let tallies = threads.into_iter().filter_map(|thread| thread.join().ok());
        tallies.fold(Tally::new(options.shown), Tally::with)
    });
    whole.took = start.elapsed();
    whole
}
