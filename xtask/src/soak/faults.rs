//! Tests of faults at the plan's numbers. They are the tests that run with every change, told by a
//! variable to go on for longer.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;

use crate::build;
use crate::cargo::user_cargo;
use crate::privileges::require_kernel_access;
use crate::process::run_openly;
use crate::workspace::Workspace;

const AT_LENGTH: &str = "WARDLINE_FAULTS_AT_LENGTH";

/// Where a test is, in the words of cargo, and its name.
const TESTS: [(&[&str], &str); 4] = [
    (
        &["--package", "sensor", "--lib"],
        "export::store::tests::damage::every_one_of_many_damaged_copies_opens",
    ),
    (
        &["--package", "tests", "--test", "faults"],
        "an_interface_that_flaps_leaves_no_descriptor_and_no_pin_behind",
    ),
    (
        &["--package", "tests", "--test", "faults"],
        "a_full_disk_stops_neither_counting_nor_metrics_and_writing_goes_on_when_there_is_room",
    ),
    (
        &["--package", "tests", "--test", "forged_sources"],
        "a_million_forged_sources_cost_bounded_memory_and_hide_no_device",
    ),
];

/// Runs all of them, also after a failure.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    require_kernel_access("running the agent in network namespaces")?;
    build(workspace)?;
    let mut all_passed = true;
    for (place, test) in TESTS {
        println!("soak: {test}");
        let start = Instant::now();
        let mut command = user_cargo(workspace);
        command.args(["test", "--locked", "--quiet"]).args(place);
        command.args(["--", "--exact", test, "--include-ignored", "--nocapture"]);
        command.env(AT_LENGTH, "1");
        let passed = run_openly(command);
        let seconds = start.elapsed().as_secs();
        match passed {
            Ok(()) => println!("soak: passed in {seconds} s"),
            Err(error) => {
                all_passed = false;
                println!("soak: FAILED after {seconds} s: {error:#}");
            }
        }
    }
    Ok(if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
