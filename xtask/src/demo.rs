//! The hospital laboratory, for somebody who wants to see the agent at work.

use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::cargo::user_cargo;
use crate::process::shell_line;
use crate::workspace::Workspace;

/// Becomes the laboratory, so that an interrupt, the terminal and the exit status are all its own.
/// Returns only on failure. Without root the laboratory itself turns to a recording.
pub fn run(workspace: &Workspace, keep: bool) -> Result<()> {
    let mut command = user_cargo(workspace);
    command.args(["run", "--locked", "--release", "--package", "tests", "--bin", "hospital", "--"]);
    command.arg("demo").arg("--agent").arg(workspace.agent());
    if keep {
        command.arg("--keep");
    }
    let line = shell_line(&command);
    Err(command.exec()).with_context(|| format!("cannot start {line}"))
}
