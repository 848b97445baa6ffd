//! The agent of another architecture: built here, and run under qemu's emulation of a user program.
//! The program for the kernel is the same: BPF is an architecture of its own.

mod library;

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::{agent, output};
use crate::cargo::{forget_host_build, user_cargo};
use crate::process::run_openly;
use crate::workspace::Workspace;
use library::Library;

pub const TARGET: &str = "aarch64-unknown-linux-gnu";
/// Where the cross compiler's packages have the C library.
const C_LIBRARY: &str = "/usr/aarch64-linux-gnu";

/// Architectures that the agent can be built for besides this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Foreign {
    Aarch64,
}

/// Builds the agent, and lets it list its detections and replay a capture: it must say the same as
/// the one of this machine.
pub fn run(workspace: &Workspace, foreign: Foreign) -> Result<()> {
    let Foreign::Aarch64 = foreign;
    let start = Instant::now();
    build(workspace)?;
    println!("package: built for {TARGET} in {} s", start.elapsed().as_secs());
    let built = workspace.foreign().join(TARGET).join("release/wardline");
    agent::ensure_old_libraries_do(&built, "aarch64-linux-gnu-objdump")?;
    let size = fs::metadata(&built).map_or(0, |file| file.len());
    println!("package: {} ({:.1} MB with symbols)", workspace.shown(&built), size as f64 / 1e6);
    let emulated = |words: &[&str]| {
        let mut command = Command::new("qemu-aarch64-static");
        command.args(["-L", C_LIBRARY]).arg(&built).args(words);
        output(&mut command)
    };
    let capture = workspace.recordings().join("hospital.pcap");
    let capture = capture.to_string_lossy();
    let own = |words: &[&str]| output(Command::new(workspace.agent()).args(words));
    for words in [&["detections"][..], &["replay", &capture][..]] {
        let said = without_time(&emulated(words)?);
        ensure!(
            !said.is_empty() && said == without_time(&own(words)?),
            "`wardline {}` says something else on {TARGET}:\n{said}",
            words.join(" ")
        );
        let lines = said.lines().count();
        println!("package: on {TARGET} `wardline {}` says the same {lines} lines", words[0]);
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<()> {
    let mut build = match library::find(workspace, TARGET)? {
        Library::OfCompiler => user_cargo(workspace),
        // Debian's compiler knows the target, and its library for it can lie anywhere.
        Library::Unpacked(sysroot) => {
            let mut build = Command::new("/usr/bin/cargo");
            build.current_dir(workspace.root());
            forget_host_build(&mut build);
            let flags = format!("--sysroot={}", sysroot.display());
            build.env("RUSTC", "/usr/bin/rustc");
            build.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS", flags);
            build
        }
    };
    build.args(["build", "--locked", "--release", "--package", "sensor", "--bin", "wardline"]);
    build.arg("--target-dir").arg(workspace.foreign());
    build.args(["--target", TARGET]);
    build.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    build.env("CC_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-gcc");
    run_openly(build).with_context(|| format!("the agent does not build for {TARGET}"))
}

/// A summary without the line that says how long it took.
fn without_time(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    text.lines().filter(|line| !line.contains(" frames")).collect::<Vec<_>>().join("\n")
}
