//! What a reader notices and the compiler does not.

mod applications;
mod failures;
mod metrics;
mod references;
mod sources;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;

pub fn run(workspace: &Workspace, mend: bool) -> Result<()> {
    let root = workspace.root();
    let references = match mend {
        true => references::mend(root, &workspace.agent())?,
        false => Findings::default(),
    };
    let findings = [
        sources::check(root)?,
        metrics::check(root)?,
        applications::check(root, mend)?,
        failures::check(root)?,
        references,
    ];
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
