//! The agent as packages ship it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::output;
use crate::process::run_openly;
use crate::workspace::Workspace;

/// The oldest library that packages promise to run with: that of RHEL 9. Debian 12 has 2.36.
const OLDEST_LIBRARY: [u32; 2] = [2, 34];

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

/// Fails if the agent asks for more of the C library than old distributions have; `objdump` is the one
/// of its architecture.
pub fn ensure_old_libraries_do(agent: &Path, objdump: &str) -> Result<()> {
    let symbols = output(Command::new(objdump).arg("-T").arg(agent))?;
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
