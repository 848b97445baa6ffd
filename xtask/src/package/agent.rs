//! The agent as packages ship it, and the agent of another architecture.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use super::output;
use crate::cargo::{forget_host_build, user_cargo};
use crate::process::run_openly;
use crate::workspace::Workspace;

/// The oldest library that packages promise to run with: that of RHEL 9. Debian 12 has 2.36.
const OLDEST_LIBRARY: [u32; 2] = [2, 34];

/// Where the standard library of the other architecture is, if the compiler has none.
const SYSROOT: &str = "WARDLINE_FOREIGN_SYSROOT";

/// Architectures that the agent can be built for besides this machine's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Foreign {
    Aarch64,
}

/// A copy of `agent` without debugging information.
pub fn stripped(workspace: &Workspace, agent: &Path, output: &Path) -> Result<PathBuf> {
    let copy = output.join("wardline");
    fs::copy(agent, &copy).with_context(|| format!("no {}", workspace.shown(agent)))?;
    run_openly({
        let mut strip = Command::new("strip");
        strip.args(["--strip-unneeded", "--remove-section=.comment"]).arg(&copy);
        strip
    })?;
    Ok(copy)
}

/// Fails if the agent asks for more of the C library than old distributions have.
pub fn ensure_old_libraries_do(agent: &Path) -> Result<()> {
    let symbols = output(Command::new("objdump").arg("-T").arg(agent))?;
    let newest = newest_library(&String::from_utf8_lossy(&symbols));
    let newest = newest.context("the agent asks for no version of the C library")?;
    let [major, minor] = newest;
    println!("package: needs the C library from {major}.{minor} on");
    ensure!(newest <= OLDEST_LIBRARY, "that is newer than {OLDEST_LIBRARY:?}, which RHEL 9 has");
    Ok(())
}

/// The highest version of glibc in a table of symbols.
fn newest_library(symbols: &str) -> Option<[u32; 2]> {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let mut parts = rest[..end].split('.').map(str::parse);
        Some([parts.next()?.ok()?, parts.next()?.ok()?])
    });
    versions.max()
}

/// Builds the agent for another architecture, and lets it replay a capture and list its detections
/// there, under qemu's emulation of a user program. The program for the kernel is the same: BPF is
/// an architecture of its own.
pub fn try_foreign(workspace: &Workspace, foreign: Foreign) -> Result<()> {
    let Foreign::Aarch64 = foreign;
    let target = "aarch64-unknown-linux-gnu";
    let mut build = match std::env::var_os(SYSROOT) {
        // Debian's compiler knows the target, and its library for it can be unpacked anywhere.
        Some(sysroot) => {
            let mut build = Command::new("/usr/bin/cargo");
            build.current_dir(workspace.root());
            forget_host_build(&mut build);
            let flags = format!("--sysroot={}", sysroot.display());
            build.env("RUSTC", "/usr/bin/rustc");
            build.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUSTFLAGS", flags);
            build
        }
        None => user_cargo(workspace),
    };
    build.args(["build", "--locked", "--release", "--package", "sensor", "--bin", "wardline"]);
    build.arg("--target-dir").arg(workspace.foreign());
    build.args(["--target", target]);
    build.env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", "aarch64-linux-gnu-gcc");
    build.env("CC_aarch64_unknown_linux_gnu", "aarch64-linux-gnu-gcc");
    run_openly(build).with_context(|| {
        format!(
            "the agent does not build for {target}; `rustup target add {target}` brings what it \
             takes, or {SYSROOT} names the `usr` of Debian's arm64 libstd-rust-web-dev, unpacked"
        )
    })?;
    let agent = workspace.foreign().join(target).join("release/wardline");
    let emulated = |words: &[&str]| {
        let mut command = Command::new("qemu-aarch64-static");
        command.args(["-L", "/usr/aarch64-linux-gnu"]).arg(&agent).args(words);
        output(&mut command)
    };
    let capture = workspace.recordings().join("hospital.pcap");
    let capture = capture.to_string_lossy();
    let own = |words: &[&str]| output(Command::new(workspace.agent()).args(words));
    for words in [&["detections"][..], &["replay", &capture][..]] {
        ensure!(
            without_time(&emulated(words)?) == without_time(&own(words)?),
            "`wardline {}` says something else on {target}",
            words.join(" ")
        );
        println!("package: on {target} `wardline {}` says the same as here", words[0]);
    }
    Ok(())
}

/// A summary without the line that says how long it took.
fn without_time(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    text.lines().filter(|line| !line.contains(" frames")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_library_is_the_highest_number() {
        let symbols = "0 DF *UND* (GLIBC_2.9) a\n0 DF *UND* (GLIBC_2.34) b\n(GLIBC_2.2.5) c\n";
        assert_eq!(newest_library(symbols), Some([2, 34]));
        assert_eq!(newest_library("nothing"), None);
    }
}
