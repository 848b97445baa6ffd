//! The tests of `sensor-common` in Miri, an interpreter that sees undefined behaviour and overflow.

use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::cargo::forget_host_build;
use crate::process::{output_of, run_openly, shell_line};
use crate::workspace::Workspace;

/// Miri is a component of rustup's nightly compilers, and of no others; it interprets the standard
/// library too, and so needs its source.
const COMPONENTS: [&str; 2] = ["miri", "rust-src"];

/// What is missing to run Miri, and how it is had; `None` where all is there.
pub fn missing() -> Option<String> {
    let mut list = Command::new("rustup");
    list.args(["component", "list", "--toolchain", "nightly", "--installed"]);
    let by_hand = "rustup toolchain install nightly --profile minimal --component miri,rust-src";
    let Some(installed) = output_of(&mut list) else {
        return Some(format!("no rustup with a nightly compiler: {by_hand}"));
    };
    let lacks = |component: &&str| !installed.lines().any(|line| line.starts_with(*component));
    let lacking: Vec<_> = COMPONENTS.into_iter().filter(lacks).collect();
    (!lacking.is_empty()).then(|| {
        format!("nightly lacks {}: rustup component add {0} --toolchain nightly", lacking.join(" "))
    })
}

pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    if let Some(missing) = missing() {
        eprintln!("miri: not run: {missing}");
        return Ok(ExitCode::FAILURE);
    }
    test(workspace)?;
    Ok(ExitCode::SUCCESS)
}

/// Runs the tests; loops in them are shorter there.
pub fn test(workspace: &Workspace) -> Result<()> {
    let mut command = Command::new("rustup");
    forget_host_build(&mut command);
    command.current_dir(workspace.root());
    command.args(["run", "nightly", "cargo", "miri", "test", "--locked"]);
    command.args(["--package", "sensor-common", "--lib", "--tests"]);
    command.env("CARGO_TARGET_DIR", workspace.miri_target());
    let line = shell_line(&command);
    run_openly(command).with_context(|| format!("Miri objects: {line}"))
}
