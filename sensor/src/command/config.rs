//! `wardline config`: is a file valid, what does it plan, what is in effect.

use std::path::Path;

use super::{
    Exit, Failure,
    arguments::{Config as Words, ConfigAction},
    intelligence, say,
};
use crate::{
    config::{Config, reference},
    plan::Plan,
    time::WallClock,
    web::Access,
};

pub fn run(words: Words) -> Result<(), Failure> {
    match words.action {
        ConfigAction::Check { file } => {
            let mut config = load(&file)?;
            Access::load(&config.web).map_err(|error| Failure::new(Exit::BadInput, &error))?;
            let accounts = intelligence::load(&mut config, WallClock::since_1970())?;
            let accounts: String = accounts.iter().map(|account| format!("{account}\n")).collect();
            say(&format!("{} is valid\n{}{accounts}", file.display(), Plan::of(&config)))
        }
        ConfigAction::Show { file } => {
            let config = load(&file)?;
            say(&config.to_toml())
        }
        ConfigAction::Reference => say(&reference::document()),
        ConfigAction::Schema => say(&format!("{:#}\n", reference::schema())),
    }
}

/// Loads a file; what is wrong with it is bad input.
pub fn load(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| Failure::new(Exit::BadInput, &error))
}
