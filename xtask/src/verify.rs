//! Holding the programs to an instruction budget. The kernel counts; the agent asks it; this
//! judges.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::privileges::require_kernel_access;
use crate::process::shell_line;
use crate::workspace::Workspace;

/// The verifier gives up at a million. A tenth of that leaves room for kernels that walk more paths
/// than this one.
pub const BUDGET: u64 = 100_000;

pub fn run(workspace: &Workspace) -> Result<()> {
    require_kernel_access("loading BPF programs")?;
    let mut command = Command::new(workspace.agent());
    command.arg("verify");
    let output =
        command.output().with_context(|| format!("cannot start {}", shell_line(&command)))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{} ({}): {}", shell_line(&command), output.status, errors.trim());
    }
    let programs = parse(&String::from_utf8_lossy(&output.stdout))?;
    for (name, instructions) in &programs {
        let share = *instructions as f64 * 100.0 / BUDGET as f64;
        println!("verify: {name:24} {instructions:>8} instructions, {share:5.1} % of {BUDGET}");
    }
    let over = over_budget(&programs);
    ensure!(
        over.is_empty(),
        "over the budget of {BUDGET} verified instructions: {}",
        over.join(", ")
    );
    Ok(())
}

/// `name<TAB>count` lines; at least one, since a check of nothing would always pass.
fn parse(text: &str) -> Result<Vec<(String, u64)>> {
    let programs: Vec<_> =
        text.lines().filter(|line| !line.is_empty()).map(parse_line).collect::<Result<_>>()?;
    ensure!(!programs.is_empty(), "the agent named no program that it loaded");
    Ok(programs)
}

fn parse_line(line: &str) -> Result<(String, u64)> {
    let (name, count) = line.split_once('\t').with_context(|| format!("no tab in {line:?}"))?;
    let count: u64 =
        count.trim().parse().with_context(|| format!("no instruction count in {line:?}"))?;
    // Kernels before 5.16 do not report it; aya then says 0.
    ensure!(count > 0, "this kernel does not report how many instructions of {name} it verified");
    Ok((name.to_owned(), count))
}

fn over_budget(programs: &[(String, u64)]) -> Vec<&str> {
    programs.iter().filter(|(_, count)| *count > BUDGET).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_itself_is_allowed() {
        let programs = parse("wardline\t100000\nwardline_frags\t100001\n").unwrap();
        assert_eq!(over_budget(&programs), ["wardline_frags"]);
    }

    #[test]
    fn silence_is_no_proof() {
        assert!(parse("").is_err());
    }

    #[test]
    fn a_count_that_is_missing_or_zero_is_an_error() {
        assert!(parse("wardline\n").is_err());
        assert!(parse("wardline\tmany\n").is_err());
        assert!(parse("wardline\t0\n").is_err());
    }
}
