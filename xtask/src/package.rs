//! Packages: `cargo xtask package` builds a .deb and an .rpm of one tree of files, `--try` installs,
//! upgrades and removes both in a fresh Debian.
//!
//! The recipes are the distributions' own tools, dpkg-deb and rpmbuild, over `deploy/package/`: what
//! they are told stands there in their own words.

mod agent;
mod contents;
mod deb;
mod foreign;
mod library;
mod notices;
mod rpm;
mod sbom;
mod tree;
mod trial;

use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::process::run_openly;
use crate::setup::{self, Need};
use crate::workspace::Workspace;
use crate::{bpf, privileges};

pub const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Args)]
pub struct Options {
    /// Install each package in a fresh Debian 12 (debootstrap) as a new user would, upgrade it while
    /// it counts, and remove it; needs root and a mirror
    #[arg(long = "try")]
    trial: bool,
    /// Build the agent for this architecture too, and try it under qemu's user emulation
    #[arg(long, value_enum)]
    also: Option<foreign::Foreign>,
}

pub fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.trial {
        privileges::require_kernel_access("trying the package")?;
    }
    setup::run(workspace, &[Need::Build, Need::Package], false)?;
    crate::build(workspace)?;
    let output = workspace.packages();
    fs::create_dir_all(&output).with_context(|| format!("cannot make {}", output.display()))?;
    let agent = agent::stripped(workspace, &workspace.agent(), &output)?;
    agent::ensure_old_libraries_do(&agent, "objdump")?;
    let libraries = library::of_agent(workspace)?;
    let parts = contents::Parts {
        agent: &agent,
        bill: sbom::written(&libraries),
        notices: notices::gathered(&libraries)?,
    };
    let deb = deb::build(workspace, &parts, "1")?;
    run_openly(lintian(&deb)).context("lintian objects")?;
    let rpm = rpm::build(workspace, &parts, "1")?;
    for package in [&deb, &rpm] {
        let size = fs::metadata(package).map_or(0, |file| file.len());
        println!("package: {} ({:.1} MB)", workspace.shown(package), size as f64 / 1e6);
    }
    fs::write(output.join("wardline.cdx.json"), &parts.bill).context("cannot write the bill")?;
    println!("package: bill of materials with {} libraries", libraries.len());
    if options.trial {
        // The same again under a higher number: what an upgrade meets.
        let next = (deb::build(workspace, &parts, "2")?, rpm::build(workspace, &parts, "2")?);
        trial::run(workspace, [(&deb, &next.0), (&rpm, &next.1)])?;
    }
    if let Some(foreign) = options.also {
        bpf::build(workspace)?;
        foreign::run(workspace, foreign)?;
    }
    Ok(())
}

/// Everything that it calls an error or a warning fails.
fn lintian(package: &std::path::Path) -> Command {
    let mut command = Command::new("lintian");
    command.args(["--allow-root", "--fail-on", "error,warning", "--tag-display-limit", "0"]);
    command.arg(package);
    command
}

/// Seconds since 1970 that files in packages bear: of the last commit, so that a package can be
/// built again.
fn epoch(workspace: &Workspace) -> Result<u64> {
    let mut git = Command::new("git");
    git.current_dir(workspace.root()).args(["log", "-1", "--format=%ct"]);
    let said = crate::process::output_of(&mut git);
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().or(said);
    let seconds = given.context("neither SOURCE_DATE_EPOCH nor git says when this is from")?;
    seconds.trim().parse().with_context(|| format!("{seconds} is no time"))
}

/// The output of a command that must succeed.
fn output(command: &mut Command) -> Result<Vec<u8>> {
    let shown = crate::process::shell_line(command);
    let output = command.output().with_context(|| format!("cannot start {shown}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{shown} ({}): {said}", output.status);
    Ok(output.stdout)
}
