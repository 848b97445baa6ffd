//! Holding the programs to an instruction budget. The kernel counts; the agent asks it; this
//! judges.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::privileges::require_kernel_access;
use crate::process::shell_line;
use crate::workspace::Workspace;

/// The verifier gives up at a million. A tenth of that leaves room for kernels that walk more paths
/// than those that are tried.
const BUDGET: u64 = 100_000;

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
    for Verified { name, instructions, used } in &programs {
        let share = *instructions as f64 * 100.0 / BUDGET as f64;
        println!(
            "verify: {name:24} {instructions:>8} instructions, {share:5.1} % of {BUDGET} ({used})"
        );
    }
    let over = over_budget(&programs);
    ensure!(
        over.is_empty(),
        "over the budget of {BUDGET} verified instructions: {}",
        over.join(", ")
    );
    Ok(())
}

/// A program as the agent lists it.
#[derive(Debug, PartialEq, Eq)]
pub struct Verified {
    pub name: String,
    pub instructions: u64,
    /// Here, or for which kernels.
    pub used: String,
}

/// `name<TAB>count<TAB>used` lines; at least one, since a check of nothing would always pass.
pub fn parse(text: &str) -> Result<Vec<Verified>> {
    let programs: Vec<_> =
        text.lines().filter(|line| !line.is_empty()).map(parse_line).collect::<Result<_>>()?;
    ensure!(!programs.is_empty(), "the agent named no program that it loaded");
    Ok(programs)
}

fn parse_line(line: &str) -> Result<Verified> {
    let mut columns = line.splitn(3, '\t');
    let (Some(name), Some(count), Some(used)) = (columns.next(), columns.next(), columns.next())
    else {
        bail!("not three columns: {line:?}");
    };
    let instructions: u64 =
        count.trim().parse().with_context(|| format!("no instruction count in {line:?}"))?;
    ensure!(
        instructions > 0,
        "this kernel does not tell how many instructions of {name} it verified"
    );
    Ok(Verified { name: name.to_owned(), instructions, used: used.trim().to_owned() })
}

/// Programs for which some kernel verifies more instructions than it should.
pub fn over_budget(programs: &[Verified]) -> Vec<&str> {
    let over = programs.iter().filter(|program| program.instructions > BUDGET);
    over.map(|program| program.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_itself_is_allowed() {
        let programs = parse("wardline\t100000\tused here\nwardline_linear\t100001\tx\n").unwrap();
        assert_eq!(over_budget(&programs), ["wardline_linear"]);
    }

    #[test]
    fn silence_is_no_proof() {
        assert!(parse("").is_err());
    }

    #[test]
    fn a_count_that_is_missing_or_zero_is_an_error() {
        assert!(parse("wardline\n").is_err());
        assert!(parse("wardline\tmany\tused here\n").is_err());
        assert!(parse("wardline\t0\tused here\n").is_err());
    }
}
