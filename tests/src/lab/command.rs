//! Runs the programs of the system and turns their failure into an error that
//! says what was run and what it answered.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use super::error::LabError;

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

fn answer(command: &Command, output: Output) -> Result<String, LabError> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(LabError::Command {
        command: shown(command),
        status: output.status,
        message: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}

fn cannot_start(command: &Command) -> impl FnOnce(std::io::Error) -> LabError {
    let program = command.get_program().to_string_lossy().into_owned();
    move |source| LabError::Start { program, source }
}

/// Runs a command to its end and returns what it printed.
pub(super) fn run(command: &mut Command) -> Result<String, LabError> {
    let output = command.stdin(Stdio::null()).output().map_err(cannot_start(command))?;
    answer(command, output)
}

/// As [`run`], with `input` on its standard input.
pub(super) fn run_with_input(command: &mut Command, input: &str) -> Result<String, LabError> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(cannot_start(command))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A command that stops reading says why on its standard error.
        drop(pipe.write_all(input.as_bytes()));
    }
    let output = child.wait_with_output().map_err(cannot_start(command))?;
    answer(command, output)
}
