//! Building the agent that embeds the XDP program.

use std::fs;

use anyhow::{Context, Result};

use crate::cargo::user_cargo;
use crate::process::run_openly;
use crate::workspace::Workspace;

pub fn build(workspace: &Workspace) -> Result<()> {
    let mut command = user_cargo(workspace);
    command.args(["build", "--locked", "--release", "--package", "sensor", "--bin", "wardline"]);
    run_openly(command).context("the agent does not build")?;
    let agent = workspace.agent();
    let size =
        fs::metadata(&agent).with_context(|| format!("cargo built no {}", agent.display()))?.len();
    println!("build: {} ({:.1} MB)", workspace.shown(&agent), size as f64 / 1e6);
    Ok(())
}
