//! Building the XDP program. It has a compiler, a linker and a target directory of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::linker;
use crate::process::run_openly;
use crate::toolchain::{self, TARGET, Toolchain};
use crate::workspace::Workspace;

const PACKAGE: &str = "sensor-ebpf";
const PROGRAM: &str = "wardline-xdp";
/// What the program is measured against.
const BENCH_PROGRAMS: &str = "wardline-bench";
/// The program with frames dropped at its end.
const DROPPING_PROGRAM: &str = "wardline-drop";

/// Both tools that the program needs.
pub struct Tools {
    pub toolchain: Toolchain,
    pub linker: PathBuf,
}

impl Tools {
    pub fn find(workspace: &Workspace) -> Result<Self> {
        let toolchain = match toolchain::find()? {
            Ok(toolchain) => toolchain,
            Err(missing) => bail!(
                "no compiler for BPF; run `cargo xtask setup` ({})",
                missing.looked_at.join("; ")
            ),
        };
        let linker = linker::find(workspace)?.with_context(|| {
            format!("no bpf-linker {}; run `cargo xtask setup`", linker::VERSION)
        })?;
        Ok(Self { toolchain, linker })
    }
}

/// Builds the program and puts it where the agent's build script looks for it.
pub fn build(workspace: &Workspace) -> Result<()> {
    build_object(workspace, PROGRAM, &workspace.bpf_object())
}

/// Builds the programs that the shipped one is measured against.
pub fn build_bench(workspace: &Workspace) -> Result<()> {
    build_object(workspace, BENCH_PROGRAMS, &workspace.bench_object())?;
    build_object(workspace, DROPPING_PROGRAM, &workspace.dropping_object())
}

fn build_object(workspace: &Workspace, program: &str, object: &Path) -> Result<()> {
    let tools = Tools::find(workspace)?;
    println!("build: {program} for {TARGET} with {}", tools.toolchain.describe());
    let start = Instant::now();
    let mut command = tools.toolchain.cargo("build", &tools.linker, &workspace.bpf_target());
    command.current_dir(workspace.root()).args(["--package", PACKAGE, "--bin", program]);
    run_openly(command).with_context(|| format!("{program} does not build"))?;
    let built = workspace.bpf_target().join(TARGET).join("release").join(program);
    let octets = publish(&built, object)?;
    println!(
        "build: {} ({octets} octets, {:.1} s)",
        workspace.shown(object),
        start.elapsed().as_secs_f32()
    );
    Ok(())
}

/// Lints the program; `false` where the compiler in use comes without clippy.
pub fn lint(workspace: &Workspace) -> Result<bool> {
    let tools = Tools::find(workspace)?;
    let Some(mut command) = tools.toolchain.clippy(&tools.linker, &workspace.bpf_target()) else {
        return Ok(false);
    };
    command.current_dir(workspace.root()).args(["--package", PACKAGE, "--", "--deny", "warnings"]);
    run_openly(command).context("clippy objects to the XDP program")?;
    Ok(true)
}

/// Copies only what changed: a new time stamp alone would rebuild the agent.
fn publish(built: &Path, object: &Path) -> Result<usize> {
    let new = fs::read(built).with_context(|| format!("cannot read {}", built.display()))?;
    if fs::read(object).ok().as_deref() != Some(new.as_slice()) {
        fs::write(object, &new).with_context(|| format!("cannot write {}", object.display()))?;
    }
    Ok(new.len())
}
