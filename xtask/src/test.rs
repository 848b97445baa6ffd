//! Everything that a change has to pass, in stages.

mod outcome;
mod stages;
mod transcript;

use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;

use crate::cargo::user_cargo;
use crate::privileges::require_kernel_access;
use crate::process::{run_openly, run_streaming};
use crate::setup::{self, Need};
use crate::workspace::Workspace;
use crate::{bpf, build, fuzz, miri, tidy, verify, vm};
use outcome::Outcome;
use stages::{Stages, Verdict};
use transcript::Transcript;

/// The program compiles for BPF only; its sources are tested through `sensor-common`.
const ON_THIS_MACHINE: [&str; 3] = ["--workspace", "--exclude", "sensor-ebpf"];
/// The crates whose ignored tests load programs or make network namespaces. Their examples in the
/// documentation are left out: one that is ignored there was never meant to run.
const PRIVILEGED: [&str; 7] =
    ["--package", "tests", "--package", "sensor", "--lib", "--bins", "--tests"];

/// What takes longer than a change can wait for.
const LONG: [(&str, &str); 2] =
    [("fuzzing", "cargo xtask fuzz"), ("chance at length", "cargo xtask chance")];

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    Host,
    Kernel,
    All,
    Vm,
}

impl Part {
    fn host(self) -> bool {
        matches!(self, Self::Host | Self::All)
    }

    fn kernel(self) -> bool {
        matches!(self, Self::Kernel | Self::All)
    }

    pub fn needs(self) -> &'static [Need] {
        match self {
            Self::Host => &[Need::Build, Need::Lint, Need::Fuzz],
            Self::Kernel => &[Need::Build, Need::Test],
            Self::All => &[Need::Build, Need::Lint, Need::Fuzz, Need::Test, Need::Demo],
            Self::Vm => &[Need::Build, Need::Vm],
        }
    }
}

pub fn run(workspace: &Workspace, part: Part) -> Result<ExitCode> {
    if part == Part::Vm {
        return vm::run(workspace);
    }
    if part.kernel() {
        // Said now rather than after minutes of building.
        require_kernel_access("this part of the tests")?;
    }
    let mut stages = Stages::new();
    stages.run_or_stop("set-up", || setup::run(workspace, part.needs(), false));
    stages.run_or_stop("build", || build(workspace));
    let mut host = Outcome::default();
    let mut kernel = Outcome::default();
    if part.host() {
        stages.run("tidy", || passed(tidy::run(workspace, false)));
        stages.run("format", || {
            passed(
                run_openly(format(workspace)).context("not formatted; `cargo fmt --all` mends it"),
            )
        });
        stages.run("clippy, this machine", || {
            passed(run_openly(clippy(workspace)).context("clippy objects"))
        });
        stages.run("fuzz targets compile", || passed(fuzz::check(workspace)));
        stages.run("clippy, BPF", || {
            Ok(if bpf::lint(workspace)? {
                Verdict::Passed
            } else {
                Verdict::NotRun("its compiler comes without clippy".into())
            })
        });
        stages.run_tests("tests on this machine", &mut host, |outcome| {
            run_tests(tests(workspace, &ON_THIS_MACHINE, &[]), outcome)
        });
        stages.run("Miri", || match miri::missing() {
            Some(missing) => Ok(Verdict::NotRun(missing)),
            None => passed(miri::test(workspace)),
        });
        for (stage, command) in LONG {
            let reason = format!("`{command}`, of which chance.rs and laws.rs are a short part");
            stages.run(stage, || Ok(Verdict::NotRun(reason)));
        }
    }
    if part.kernel() {
        stages.run("verifier budget", || passed(verify::run(workspace)));
        let privileged = || tests(workspace, &PRIVILEGED, &["--ignored", "--test-threads=1"]);
        stages.run_tests("tests in the kernel", &mut kernel, |outcome| {
            run_tests(privileged(), outcome)
        });
    }
    stages.run("other kernels", || {
        Ok(Verdict::NotRun("`cargo xtask test vm` boots them, in some minutes".into()))
    });
    let summary = outcome::Summary::of(host, kernel);
    print!("\n{stages}{summary}");
    if workspace.corpus().is_none() {
        println!("There is no corpus ({}).", workspace.corpus_places());
    }
    let failed = summary.failed + stages.failed_without_a_test();
    println!("{} passed, {failed} failed, {} skipped", summary.passed, summary.skipped);
    Ok(if failed == 0 && !stages.any_failed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn passed(result: Result<()>) -> Result<Verdict> {
    result.map(|()| Verdict::Passed)
}

fn format(workspace: &Workspace) -> Command {
    let mut command = user_cargo(workspace);
    // Names of files only: the differences can run to thousands of lines, and fmt makes them itself.
    command.args(["fmt", "--all", "--check", "--", "-l"]);
    command
}

fn clippy(workspace: &Workspace) -> Command {
    let mut command = user_cargo(workspace);
    command.args(["clippy", "--locked"]).args(ON_THIS_MACHINE).args([
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]);
    command
}

/// `cargo test`, which tells the tests where the agent and the corpus are.
fn tests(workspace: &Workspace, packages: &[&str], arguments: &[&str]) -> Command {
    let mut command = user_cargo(workspace);
    command.args(["test", "--locked", "--no-fail-fast"]).args(packages);
    // Tests print what they could not run; without this a passing test's output is thrown away.
    command.args(["--", "--show-output"]).args(arguments);
    command.env("WARDLINE_BIN", workspace.agent());
    if let Some(corpus) = workspace.corpus() {
        command.env("WARDLINE_CORPUS", corpus);
    }
    command
}

fn run_tests(command: Command, outcome: &mut Outcome) -> Result<()> {
    let mut transcript = Transcript::default();
    let status = run_streaming(command, |line| {
        outcome.read_line(line);
        transcript.shows(line)
    })
    .context("cannot run the tests")?;
    ensure!(status.success(), "cargo test ({status})");
    Ok(())
}
