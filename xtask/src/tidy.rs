//! What a reader notices and the compiler does not.

mod metrics;
mod sources;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;

pub fn run(workspace: &Workspace) -> Result<()> {
    let findings = [sources::check(workspace.root())?, metrics::check(workspace.root())?];
    for warning in findings.iter().flat_map(|found| &found.warnings) {
        println!("tidy: warning: {warning}");
    }
    let errors: Vec<_> = findings.iter().flat_map(|found| found.errors.as_slice()).collect();
    for error in &errors {
        println!("tidy: {error}");
    }
    ensure!(errors.is_empty(), "{} to mend", errors.len());
    println!("tidy: nothing to mend");
    Ok(())
}

#[derive(Debug, Default)]
struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
}
