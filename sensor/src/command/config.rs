//! `wardline config`: is a file valid, what does it plan, what is in effect.

use std::path::Path;

use super::{
    Exit, Failure,
    arguments::{Config as Words, ConfigAction},
    say,
};
use crate::{config::Config, plan::Plan};

pub fn run(words: Words) -> Result<(), Failure> {
    match words.action {
        ConfigAction::Check { file } => {
            let config = load(&file)?;
            say(&format!("{} is valid\n{}", file.display(), Plan::of(&config)))
        }
        ConfigAction::Show { file } => {
            let config = load(&file)?;
            say(&config.to_toml())
        }
    }
}

/// Loads a file; what is wrong with it is bad input.
pub fn load(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| Failure::new(Exit::BadInput, &error))
}
