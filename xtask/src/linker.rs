//! bpf-linker: joins the bitcode of all crates into one object that the kernel accepts, with its
//! type information.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::output_of;
use crate::toolchain::Toolchain;
use crate::workspace::Workspace;

/// The version that the program was verified with. Another one may emit code that the kernel judges
/// differently.
pub const VERSION: &str = "0.13.0";

/// WARDLINE_BPF_LINKER, else the one that set-up built, else one on the PATH; always of
/// [`VERSION`].
pub fn find(workspace: &Workspace) -> Result<Option<PathBuf>> {
    if let Some(path) = env::var_os("WARDLINE_BPF_LINKER").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        return match version_of(&path) {
            Some(version) if version == VERSION => Ok(Some(path)),
            Some(version) => {
                bail!("WARDLINE_BPF_LINKER: {} is version {version}, not {VERSION}", path.display())
            }
            None => bail!("WARDLINE_BPF_LINKER: {} does not run", path.display()),
        };
    }
    let on_path = env::var_os("PATH")
        .map(|path| env::split_paths(&path).collect::<Vec<_>>())
        .unwrap_or_default();
    let places = std::iter::once(workspace.tools().join("bin")).chain(on_path);
    Ok(places
        .map(|directory| directory.join("bpf-linker"))
        .find(|path| path.is_file() && version_of(path).as_deref() == Some(VERSION)))
}

/// `cargo install` of [`VERSION`] into the workspace's tools, against the LLVM that the compiler
/// was built with.
pub fn install(workspace: &Workspace, toolchain: &Toolchain) -> Command {
    let major = toolchain.llvm_major();
    let prefix = llvm_prefix(major);
    let mut command = toolchain.host_cargo();
    command
        .args(["install", "bpf-linker", "--version", VERSION, "--locked", "--force", "--root"])
        .arg(workspace.tools())
        .args(["--no-default-features", "--features", &format!("llvm-{major}")])
        .env("LLVM_PREFIX", &prefix)
        .env("PATH", path_starting_with(&prefix.join("bin")))
        // Nobody debugs the linker here, and its debug information takes a third of the build.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "0");
    command
}

/// Where Debian and apt.llvm.org put LLVM.
pub fn llvm_prefix(major: u32) -> PathBuf {
    PathBuf::from(format!("/usr/lib/llvm-{major}"))
}

fn path_starting_with(directory: &Path) -> std::ffi::OsString {
    let mut path = directory.as_os_str().to_owned();
    if let Some(rest) = env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

fn version_of(linker: &Path) -> Option<String> {
    parse_version(&output_of(Command::new(linker).arg("--version"))?)
}

fn parse_version(text: &str) -> Option<String> {
    text.lines().next()?.strip_prefix("bpf-linker ")?.split_whitespace().next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_second_word() {
        assert_eq!(parse_version("bpf-linker 0.13.0\n").as_deref(), Some("0.13.0"));
        assert_eq!(parse_version("bpf-linker 0.13.0 (LLVM 22)").as_deref(), Some("0.13.0"));
    }

    #[test]
    fn another_program_of_that_name_has_no_version() {
        assert_eq!(parse_version("usage: bpf-linker"), None);
        assert_eq!(parse_version(""), None);
    }
}
