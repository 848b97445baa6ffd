//! What is tried on a kernel in a virtual machine, where nothing is installed but the agent: the
//! program loads, counts as the host does, is attached and closes its books.
//!
//! Each finding is a line of words with tabs between, for `cargo xtask test vm` to read.

mod clock;
mod cores;
mod privileges;
mod processors;
mod replays;
mod restart;
mod scene;
mod watched;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Where things are in the guest.
#[derive(Clone, Debug)]
pub struct Guest {
    pub agent: PathBuf,
    /// Captures to replay; what is generated is put there too.
    pub captures: PathBuf,
}

/// Why something could not be shown.
pub type Reason = String;

impl Guest {
    /// Tries everything, also after a failure, and prints what was found; `false` if any failed.
    pub fn try_everything(&self) -> bool {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        println!("kernel\t{}", release.trim());
        told(&[
            ("verify", self.verify()),
            ("replay", replays::agree(self)),
            ("attach", watched::books_balance(self)),
            ("large MTU", watched::large_frames(self)),
            ("unprivileged", privileges::suffice(self)),
            ("processors", processors::come_and_go(self)),
            ("clock", clock::jumps_are_told(self)),
            ("cores", cores::hold_no_secret(self)),
            ("restart", restart::prepare(self)),
        ])
    }

    /// As [`Self::try_everything`], of what is to be tried once the machine was switched off and on.
    pub fn go_on(&self) -> bool {
        told(&[("restart", restart::goes_on(self))])
    }

    fn verify(&self) -> Result<(), Reason> {
        let output = self.run(&["verify"])?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            println!("verified\t{line}");
        }
        Ok(())
    }

    /// Runs a command of the agent to a good end.
    fn run(&self, arguments: &[&str]) -> Result<Output, Reason> {
        succeeded(self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.agent);
        command.args(arguments);
        command
    }
}

/// Prints what failed, and that there is no more.
fn told(outcomes: &[(&str, Result<(), Reason>)]) -> bool {
    for (step, outcome) in outcomes {
        if let Err(reason) = outcome {
            println!("failed\t{step}\t{}", in_one_line(reason));
        }
    }
    println!("done");
    outcomes.iter().all(|(_, outcome)| outcome.is_ok())
}

fn succeeded(mut command: Command) -> Result<Output, Reason> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start {}: {error}", shown(&command)))?;
    if output.status.success() {
        return Ok(output);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} ({}): {errors}", shown(&command), output.status))
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn read(path: &Path) -> Result<Vec<u8>, Reason> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// The beginning and the end of a text: what a verifier objects to comes last.
fn in_one_line(text: &str) -> String {
    const KEPT: usize = 600;
    let characters: Vec<char> = text.trim().chars().collect();
    let kept: String = if characters.len() <= 2 * KEPT {
        characters.iter().collect()
    } else {
        let (first, last) = (&characters[..KEPT], &characters[characters.len() - KEPT..]);
        first.iter().chain(&[' ', '…', ' ']).chain(last).collect()
    };
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_keeps_its_beginning_and_its_end_and_no_line_break() {
        let text = format!("begin\n{}\nend", "middle\t".repeat(500));
        let line = in_one_line(&text);
        assert!(line.starts_with("begin middle") && line.ends_with("middle end"), "{line}");
        assert!(!line.contains(['\n', '\t']) && line.chars().count() < 1300);
    }
}
