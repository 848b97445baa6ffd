//! What the libraries are held to: `deny.toml`, by cargo-deny.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::user_cargo;
use crate::process::{run_openly, run_quietly};
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";
/// What cargo-deny says where it cannot ask for advisories.
const OUT_OF_REACH: &str = "failed to fetch advisory database";

/// Installs cargo-deny below `target/tools` where it is not, some minutes of compiling.
pub fn run(workspace: &Workspace) -> Result<()> {
    let program = workspace.tools().join("bin/cargo-deny");
    if !program.is_file() {
        let mut install = user_cargo(workspace);
        install.args(["install", "cargo-deny", "--locked", "--version", VERSION, "--root"]);
        install.arg(workspace.tools());
        run_quietly("cargo-deny", install)?;
    }
    let check = |what: &[&str]| {
        let mut check = Command::new(&program);
        check.current_dir(workspace.root()).args(["--locked", "check"]).args(what);
        check
    };
    run_openly(check(&["licenses", "bans", "sources"])).context("cargo-deny objects")?;
    let output = check(&["advisories"]).output().context("cannot start cargo-deny")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains(OUT_OF_REACH) {
        println!("NOT RUN: advisories: their database is out of reach from here");
        return Ok(());
    }
    ensure!(output.status.success(), "cargo-deny knows advisories:\n{said}");
    println!("audit: no advisory");
    Ok(())
}
