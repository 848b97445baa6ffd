//! The program on other kernels than this one, each in a virtual machine: `cargo xtask test vm`.
//!
//! The machines are emulated, so neither root nor a processor's help is needed, and nothing on this
//! machine is touched.

mod findings;
mod guest;
mod kernels;
mod machine;
mod mirror;
mod table;

use std::env::consts::ARCH;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::bpf;
use crate::cargo::user_cargo;
use crate::process::run_openly;
use crate::setup;
use crate::test::Part;
use crate::workspace::Workspace;
use findings::Findings;
use guest::Guest;
use kernels::{KERNELS, Kernel};
use table::{Row, Table, Verdict};

/// What qemu, the kernels' packages and the binaries for the guest are of.
const ARCHITECTURE: &str = "x86_64";
pub const TARGET: &str = "x86_64-unknown-linux-gnu";
/// An emulated kernel boots in some seconds and is done in some more; on a machine with much other
/// work, in some minutes.
const PATIENCE: Duration = Duration::from_secs(600);

pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    if ARCH != ARCHITECTURE {
        println!(
            "NOT RUN: the kernels and the emulator are those of {ARCHITECTURE}, not of {ARCH}"
        );
        return Ok(ExitCode::SUCCESS);
    }
    setup::run(workspace, Part::Vm.needs(), false)?;
    bpf::build(workspace)?;
    build_for_guest(workspace)?;
    let kernels = kernels::fetch(workspace, &KERNELS)?;
    let guest = Guest::make(workspace)?;
    let mut table = Table::default();
    for kernel in &kernels {
        table.add(try_on(workspace, &guest, kernel));
    }
    print!("\n{table}");
    Ok(if table.any_failed() || table.none_ran() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn try_on(workspace: &Workspace, guest: &Guest, kernel: &Kernel) -> Row {
    let version = kernel.version.to_owned();
    let files = match &kernel.files {
        Ok(files) => files,
        Err(reason) => {
            return Row { version, verdict: Verdict::NotRun(reason.clone()), seconds: 0 };
        }
    };
    println!("vm: Linux {version}");
    let start = Instant::now();
    let said = guest.with_modules(files).and_then(|initramfs| {
        let switched_on =
            |initramfs: &Path| machine::run(workspace, &files.image, initramfs, PATIENCE);
        let first = switched_on(&initramfs)?;
        let again = guest.again(&initramfs, &first.left).and_then(|files| switched_on(&files));
        Ok((first.said, again.map(|again| again.said)))
    });
    let seconds = start.elapsed().as_secs();
    let verdict = match said {
        Ok((first, again)) => Verdict::Ran(Box::new(Findings::of(&first, again))),
        Err(error) => Verdict::Broke(format!("{error:#}")),
    };
    for failure in verdict.failures() {
        println!("vm: Linux {version}: {failure}");
    }
    Row { version, verdict, seconds }
}

/// The agent, and what tries it, linked statically: the guest has no library. Without debugging
/// information, which is most of the agent and would have to be unpacked in the guest.
fn build_for_guest(workspace: &Workspace) -> Result<()> {
    let mut command: Command = user_cargo(workspace);
    command.args(["build", "--locked", "--release", "--target", TARGET]);
    command.args(["--package", "sensor", "--bin", "wardline", "--package", "tests"]);
    command.args(["--bin", "guest", "--target-dir"]).arg(workspace.vm().join("build"));
    command
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    run_openly(command).context("the agent does not build for the virtual machine")
}
