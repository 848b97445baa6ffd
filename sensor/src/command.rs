//! The commands that an operator types, one a file.

mod account;
mod alerts;
mod arguments;
mod attach;
mod config;
mod detach;
mod detections;
mod doctor;
mod events;
mod ifaces;
mod intelligence;
mod keeper;
mod list;
mod log;
mod pages;
mod place;
mod privilege;
mod profiles;
mod reference;
mod reload;
mod replay;
mod status;
mod verify;
mod version;
mod worker;

use std::{error::Error, fmt, io::Write as _, process::ExitCode};

pub use arguments::Arguments;
use arguments::Command;

/// How a command ends; the numbers are part of the interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Failed = 1,
    /// The words, the configuration or the capture are wrong.
    BadInput = 2,
    /// It did what was asked, and what it found is not as it should be.
    Degraded = 3,
    NotPermitted = 4,
}

/// Why a command ended.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    fn new(exit: Exit, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            // Many errors repeat their cause in their own message.
            if !message.contains(&text) {
                message = format!("{message}: {text}");
            }
            cause = error.source();
        }
        Self { exit, message }
    }

    fn failed(error: &dyn Error) -> Self {
        Self::new(Exit::Failed, error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

/// Prints text for whoever reads standard output. A reader that has left, such as `head`, has read
/// enough.
fn say(text: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(&error))
        }
        _ => Ok(()),
    }
}

/// Runs one command.
pub fn run(arguments: Arguments) -> ExitCode {
    let result = match arguments.command {
        Command::Run(words) => keeper::run(words),
        Command::Worker(words) => worker::run(words),
        Command::Replay(words) => replay::run(words),
        Command::Config(words) => config::run(words),
        Command::Events(words) => events::run(&words),
        Command::Devices(words) => list::run(crate::question::Subject::Devices, words),
        Command::Flows(words) => list::run(crate::question::Subject::Flows, words),
        Command::Alerts(words) => alerts::run(words),
        Command::Unknown(words) => list::run(crate::question::Subject::Unknown, words),
        Command::Profiles(words) => profiles::run(words),
        Command::Detections(words) => detections::run(words),
        Command::Status(words) => status::run(words),
        Command::Ifaces(words) => ifaces::run(words),
        Command::Attach(words) => attach::run(words),
        Command::Detach(words) => detach::run(words),
        Command::Doctor(words) => doctor::run(words),
        Command::Reload(words) => reload::run(&words),
        Command::Completions { shell } => pages::completions(shell),
        Command::Man { directory } => pages::manual(directory.as_deref()),
        Command::Version { json } => version::run(json),
        Command::Reference => reference::run(),
        Command::Verify(words) => verify::run(&words),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Empty where another process has said it.
            if !failure.message.is_empty() {
                eprintln!("wardline: {failure}");
            }
            ExitCode::from(failure.exit as u8)
        }
    }
}
