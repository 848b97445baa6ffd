//! Asking every compiler on the machine whether it can build for BPF.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};

use super::{Core, NotFound, TARGET, Toolchain, Version};
use crate::cargo::forget_host_build;
use crate::process::output_of;

/// The oldest rustc that understands this workspace.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// In order: the pair named by WARDLINE_BPF_CARGO and WARDLINE_BPF_RUSTC; a pair with a built
/// `core`; a pair with the library's source; rustup's nightly with it. An explicit choice that does
/// not work is an error, not a hint.
pub fn find() -> Result<Result<Toolchain, NotFound>> {
    if let Some((cargo, rustc)) = explicit_pair()? {
        return match examine(&cargo, &rustc) {
            Ok(toolchain) => Ok(Ok(toolchain)),
            Err(reason) => bail!("WARDLINE_BPF_CARGO, WARDLINE_BPF_RUSTC: {reason}"),
        };
    }
    let mut looked_at = Vec::new();
    let mut from_source = None;
    for directory in pair_directories(env::var_os("PATH").as_deref()) {
        match examine(&directory.join("cargo"), &directory.join("rustc")) {
            Ok(toolchain) if toolchain.core == Core::Prebuilt => return Ok(Ok(toolchain)),
            Ok(toolchain) => from_source = from_source.or(Some(toolchain)),
            Err(reason) => looked_at.push(reason),
        }
    }
    let nightly = || rustup_nightly()?.map_err(|reason| looked_at.push(reason)).ok();
    Ok(from_source.or_else(nightly).ok_or(NotFound { looked_at }))
}

fn explicit_pair() -> Result<Option<(PathBuf, PathBuf)>> {
    let named =
        |variable| env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    Ok(match (named("WARDLINE_BPF_CARGO"), named("WARDLINE_BPF_RUSTC")) {
        (None, None) => None,
        (Some(cargo), Some(rustc)) => Some((cargo, rustc)),
        (Some(cargo), None) => {
            ensure!(
                cargo.is_absolute(),
                "WARDLINE_BPF_CARGO must be an absolute path when WARDLINE_BPF_RUSTC is not set"
            );
            let rustc = cargo.with_file_name("rustc");
            Some((cargo, rustc))
        }
        (None, Some(rustc)) => {
            ensure!(
                rustc.is_absolute(),
                "WARDLINE_BPF_RUSTC must be an absolute path when WARDLINE_BPF_CARGO is not set"
            );
            let cargo = rustc.with_file_name("cargo");
            Some((cargo, rustc))
        }
    })
}

/// The directories of `path`, and the distribution's, that hold both programs; each once, even
/// under two names.
fn pair_directories(path: Option<&OsStr>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    let usual = [PathBuf::from("/usr/bin"), PathBuf::from("/usr/local/bin")];
    let listed: Vec<PathBuf> =
        path.map(|path| env::split_paths(path).collect()).unwrap_or_default();
    listed
        .into_iter()
        .chain(usual)
        .filter(|directory| directory.join("cargo").is_file() && directory.join("rustc").is_file())
        .filter(|directory| {
            seen.insert(directory.canonicalize().unwrap_or_else(|_| directory.clone()))
        })
        .collect()
}

fn rustup_nightly() -> Option<Result<Toolchain, String>> {
    let mut command = Command::new("rustup");
    let sysroot = output_of(
        command
            .args(["run", "nightly", "rustc", "--print", "sysroot"])
            .env_remove("RUSTUP_TOOLCHAIN"),
    )?;
    let programs = Path::new(&sysroot).join("bin");
    Some(examine(&programs.join("cargo"), &programs.join("rustc")))
}

/// Whether the pair can build for BPF, and if not, why.
fn examine(cargo: &Path, rustc: &Path) -> Result<Toolchain, String> {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(rustc);
        forget_host_build(&mut command);
        output_of(command.args(arguments))
            .ok_or_else(|| format!("{} does not run", rustc.display()))
    };
    let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?);
    // rustup's `rustc` stands for another one, and for a different one in another directory; take
    // that one itself.
    let behind = sysroot.join("bin");
    let (cargo, rustc_path) = match (behind.join("cargo"), behind.join("rustc")) {
        (cargo, rustc) if cargo.is_file() && rustc.is_file() => (cargo, rustc),
        _ => (cargo.to_path_buf(), rustc.to_path_buf()),
    };
    let core = core_of(&sysroot).ok_or_else(|| {
        format!(
            "{} has neither a core library for {TARGET} nor the library's source",
            rustc_path.display()
        )
    })?;
    let version = ask(&["-vV"])?;
    let version = parse_version(&version)
        .ok_or_else(|| format!("{}: cannot read its version", rustc_path.display()))?;
    if version.release < oldest() {
        let (major, minor) = version.release;
        return Err(format!("{} is {major}.{minor}, older than {OLDEST}", rustc_path.display()));
    }
    Ok(Toolchain { cargo, rustc: rustc_path, core, version })
}

fn core_of(sysroot: &Path) -> Option<Core> {
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    let built = fs::read_dir(libraries).into_iter().flatten().flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libcore-") && name.ends_with(".rlib")
    });
    if built {
        return Some(Core::Prebuilt);
    }
    sysroot.join("lib/rustlib/src/rust/library/Cargo.lock").is_file().then_some(Core::FromSource)
}

fn parse_version(text: &str) -> Option<Version> {
    let value = |key: &str| text.lines().find_map(|line| line.strip_prefix(key));
    let release = release_number(value("release: ")?)?;
    let llvm_major = value("LLVM version: ")?.split('.').next()?.parse().ok()?;
    Some(Version { release, llvm_major })
}

fn oldest() -> (u32, u32) {
    release_number(OLDEST).expect("Cargo.toml names a rust-version")
}

fn release_number(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;
