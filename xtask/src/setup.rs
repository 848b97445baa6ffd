//! Installing what is missing, and only that. What is there is asked of the machine each time,
//! never remembered.

mod apt;
mod dpkg;
mod found;
mod packages;
mod plan;

use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::linker;
use crate::privileges::is_root;
use crate::process::{run_quietly, shell_line};
use crate::toolchain;
use crate::workspace::Workspace;
use found::Found;
use plan::Plan;

/// What something is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Need {
    /// Compiling the XDP program and the agent
    Build,
    /// rustfmt and clippy
    Lint,
    /// The privileged tests with real peers
    Test,
    /// The hospital laboratory alone
    Demo,
    /// Other kernels in virtual machines
    Vm,
    /// Fuzzing
    Fuzz,
    /// Packages, and trying them
    Package,
}

impl Need {
    /// All that the tests and the demonstration need.
    pub const ALL: [Self; 5] = [Self::Build, Self::Lint, Self::Fuzz, Self::Test, Self::Demo];
}

/// Brings the machine to where `needs` are met, or says what somebody else has to type.
pub fn run(workspace: &Workspace, needs: &[Need], dry_run: bool) -> Result<()> {
    let start = Instant::now();
    let found = Found::on_this_machine(workspace)?;
    let plan = Plan::make(needs, &found);
    if plan.is_empty() {
        println!(
            "setup: nothing to install ({}; {:.1} s)",
            found.describe(),
            start.elapsed().as_secs_f32()
        );
        return Ok(());
    }
    print!("{plan}");
    if dry_run {
        println!("setup: dry run, nothing was installed");
        return Ok(());
    }
    plan.ensure_possible()?;
    install(workspace, &plan)?;
    let left = Plan::make(needs, &Found::on_this_machine(workspace)?);
    ensure!(left.is_empty(), "set-up ran, but this is still missing:\n{left}");
    println!("setup: done in {} s", start.elapsed().as_secs());
    Ok(())
}

fn install(workspace: &Workspace, plan: &Plan) -> Result<()> {
    if !plan.packages.is_empty() {
        ensure!(
            is_root(),
            "installing packages needs root. Run\n{}\nthen this command again",
            plan.apt_by_hand()
        );
        apt::install(&plan.packages)
            .with_context(|| format!("by hand, that is\n{}\n", plan.apt_by_hand()))?;
    }
    if let Some(mut command) = plan.rustup_components() {
        command.env_remove("RUSTUP_TOOLCHAIN");
        run_quietly("Rust components", command)?;
    }
    if plan.linker {
        let toolchain = match toolchain::find()? {
            Ok(toolchain) => toolchain,
            Err(missing) => bail!("still no compiler for BPF: {}", missing.looked_at.join("; ")),
        };
        let command = linker::install(workspace, &toolchain);
        let by_hand = shell_line(&command);
        run_quietly("bpf-linker", command).with_context(|| {
            format!(
                "it is built from the Rust registry with `LLVM_PREFIX={} {by_hand}`",
                linker::llvm_prefix(toolchain.llvm_major()).display()
            )
        })?;
    }
    Ok(())
}
