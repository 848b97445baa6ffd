//! Taking captures apart: those of the repository, and the labelled corpus where there is one.

use std::ffi::OsStr;
use std::fs;

use anyhow::{Context, Result};

use crate::cargo::user_cargo;
use crate::process::run_openly;
use crate::workspace::Workspace;

const TRUTH: &str = "truth_flows.csv";

/// Dialogues below `dialogues/`, by label; seeds below `seeds/`, by fuzz target. Made anew each time:
/// what a recogniser knows decides which seeds it gets.
pub fn take_apart(workspace: &Workspace) -> Result<()> {
    let out = workspace.payloads();
    if out.exists() {
        fs::remove_dir_all(&out).with_context(|| format!("cannot remove {}", out.display()))?;
    }
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--quiet", "--package", "tests", "--example", "payloads"]);
    command.arg("--").arg(&out);
    let recordings = workspace.recordings();
    let entries = fs::read_dir(&recordings)
        .with_context(|| format!("cannot read {}", recordings.display()))?;
    command.args(
        entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension() == Some(OsStr::new("pcap"))),
    );
    match workspace.corpus() {
        Some(corpus) => {
            command.arg("--truth").arg(corpus.join(TRUTH)).arg(corpus);
        }
        None => println!("There is no corpus ({}).", workspace.corpus_places()),
    }
    run_openly(command).context("captures cannot be taken apart")
}
