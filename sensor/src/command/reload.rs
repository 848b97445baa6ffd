//! `wardline reload`: has the running agent read its configuration anew.

use super::{Exit, Failure, arguments::Reload, say};
use crate::control::{self, ControlError};

pub fn run(words: &Reload) -> Result<(), Failure> {
    let answer = control::reload(&words.socket).map_err(|error| {
        let exit = match error {
            ControlError::NotPermitted { .. } => Exit::NotPermitted,
            ControlError::Refused { .. } => Exit::BadInput,
            _ => Exit::Failed,
        };
        Failure::new(exit, &error)
    })?;
    say(&format!("{answer}\n"))
}
