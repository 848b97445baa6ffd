//! Building the fuzz targets: one program with counters of coverage, which any compiler that builds
//! the agent can build, stable or not.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::user_cargo;
use crate::process::{output_of, run_openly};
use crate::workspace::Workspace;

/// Says which target the program is.
pub const NAMED_BY: &str = "WARDLINE_FUZZ_TARGET";

/// What `cargo fuzz build --sanitizer none` sets: counters on edges and operands of comparisons,
/// from LLVM. `sensor-common` forbids unsafe code, so that a sanitizer of memory would find nothing
/// there; checks of overflow and assertions are on.
const FLAGS: [&str; 8] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cforce-frame-pointers",
    "--cfg=fuzzing",
];

pub fn build(workspace: &Workspace) -> Result<PathBuf> {
    let target_directory = workspace.fuzz_output().join("build");
    // With a target named, build scripts and macros are not compiled with the flags.
    let target = format!("{}-unknown-linux-gnu", env::consts::ARCH);
    let mut command = user_cargo(workspace);
    command
        .args(["build", "--locked", "--release", "--bin", "laws", "--target", &target])
        .arg("--manifest-path")
        .arg(workspace.fuzz_crate().join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target_directory)
        .env("CARGO_ENCODED_RUSTFLAGS", FLAGS.join("\x1f"));
    run_openly(command).context("the fuzz targets do not build")?;
    Ok(target_directory.join(target).join("release/laws"))
}

/// Whether the targets still fit the crates that they ask, without the counters.
pub fn check(workspace: &Workspace) -> Result<()> {
    let mut command = user_cargo(workspace);
    command
        .args(["check", "--locked", "--manifest-path"])
        .arg(workspace.fuzz_crate().join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", workspace.fuzz_output().join("build"));
    run_openly(command).context("the fuzz targets do not compile")
}

/// The names of the targets, as the program knows them.
pub fn targets(program: &Path) -> Result<Vec<String>> {
    let names = output_of(Command::new(program).env(NAMED_BY, "list"))
        .with_context(|| format!("{} does not list its targets", program.display()))?;
    Ok(names.lines().map(str::to_owned).collect())
}
