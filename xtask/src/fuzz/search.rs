//! One search: libFuzzer on one target for so many seconds.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{build::NAMED_BY, repetition};
use crate::process::run_streaming;

/// Octets of an input at most: a payload and what surrounds it, or several frames.
const LONGEST: [(&str, usize); 3] = [("account", 3000), ("capture", 3000), ("dissect", 600)];
const LONGEST_PAYLOAD: usize = 800;
/// Seconds and megabytes that one input may take.
const SLOWEST: u32 = 10;
const LARGEST: u32 = 2048;
pub struct Places {
    pub program: PathBuf,
    pub seeds: PathBuf,
    pub output: PathBuf,
}

/// What came of one search.
#[derive(Default)]
pub struct Search {
    pub target: String,
    pub executions: u64,
    pub per_second: u64,
    /// Edges of the program that some input reached.
    pub coverage: u64,
    /// Inputs that reach what no other does.
    pub inputs: u64,
    /// How each crash is repeated.
    pub crashes: Vec<String>,
    /// Why the last one was one.
    pub reasons: Vec<String>,
    is_message: bool,
}

impl Search {
    pub fn run(places: &Places, target: &str, seconds: u64) -> Result<Self> {
        let made = |directory: PathBuf| {
            fs::create_dir_all(&directory)
                .with_context(|| format!("cannot make {}", directory.display()))
                .map(|()| directory)
        };
        let corpus = made(places.output.join("corpus").join(target))?;
        let seeds = made(places.seeds.join(target))?;
        let crashes = made(places.output.join("crashes").join(target))?;
        let longest = LONGEST.iter().find(|(name, _)| *name == target);
        let longest = longest.map_or(LONGEST_PAYLOAD, |(_, longest)| *longest);
        let mut command = Command::new(&places.program);
        command
            .env(NAMED_BY, target)
            .arg(&corpus)
            .arg(&seeds)
            .arg(format!("-artifact_prefix={}/", crashes.display()))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-max_len={longest}"))
            .arg(format!("-timeout={SLOWEST}"))
            .arg(format!("-rss_limit_mb={LARGEST}"))
            .arg("-print_final_stats=1");
        let mut search = Self { target: target.to_owned(), ..Self::default() };
        let status = run_streaming(command, |line| {
            search.read(line);
            false
        })?;
        search.crashes = kept(&crashes)?
            .iter()
            .map(|input| repetition(&places.program, target, input))
            .collect();
        if !status.success() && search.crashes.is_empty() {
            search.crashes.push(format!("{status}"));
        }
        Ok(search)
    }

    /// A line such as `#4096 pulse cov: 10 ft: 12 corp: 4/16b lim: 53 exec/s: 512 rss: 27Mb`.
    fn read(&mut self, line: &str) {
        let words: Vec<_> = line.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.split('/').next()?.parse().ok()
        };
        if line.starts_with('#') {
            self.coverage = after("cov:").unwrap_or(self.coverage);
            self.inputs = after("corp:").unwrap_or(self.inputs);
        }
        self.executions = after("stat::number_of_executed_units:").unwrap_or(self.executions);
        self.per_second = after("stat::average_exec_per_sec:").unwrap_or(self.per_second);
        // Where a panic was, the message after it, and libFuzzer's own word. The input is shown in
        // other lines, which are left out: it may be somebody's payload.
        let is_place = line.contains("panicked at");
        if is_place || self.is_message || line.starts_with("SUMMARY") {
            self.reasons.push(line.to_owned());
        }
        self.is_message = is_place;
    }
}

/// The inputs in `directory`, of this search or an earlier one: a crash stays until it is mended and
/// its input removed.
fn kept(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut inputs: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    inputs.sort();
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_from_what_the_fuzzer_prints() {
        let mut search = Search::default();
        for line in [
            "INFO: Seed: 1",
            "#2\tINITED cov: 7 ft: 7 corp: 1/1b exec/s: 0 rss: 27Mb",
            "#4096\tpulse  cov: 10 ft: 12 corp: 4/16b lim: 53 exec/s: 512 rss: 27Mb",
            "#5000\tDONE   cov: 11 ft: 13 corp: 5/20b lim: 53 exec/s: 500 rss: 27Mb",
            "stat::number_of_executed_units: 5000",
            "thread '<unnamed>' panicked at src/laws.rs:1:",
            "the first octet",
            "0x1,0x88,0x94",
            "stat::average_exec_per_sec:     500",
        ] {
            search.read(line);
        }
        assert_eq!((search.coverage, search.inputs), (11, 5));
        assert_eq!((search.executions, search.per_second), (5000, 500));
        let reasons = ["thread '<unnamed>' panicked at src/laws.rs:1:", "the first octet"];
        assert_eq!(search.reasons, reasons);
    }
}
