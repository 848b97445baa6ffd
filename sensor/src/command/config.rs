//! `wardline config`: is a file valid, what does it plan, what is in effect.

use std::path::Path;

use super::{
    Exit, Failure,
    arguments::{Config as Words, ConfigAction},
};
use crate::{config::Config, plan::Plan};

pub fn run(words: Words) -> Result<(), Failure> {
    match words.action {
        ConfigAction::Check { file } => {
            let config = load(&file)?;
            println!("{} is valid", file.display());
            print!("{}", Plan::of(&config));
        }
        ConfigAction::Show { file } => {
            let config = load(&file)?;
            print!("{}", config.to_toml());
        }
    }
    Ok(())
}

/// Loads a file; what is wrong with it is bad input.
pub fn load(file: &Path) -> Result<Config, Failure> {
    Config::load(file).map_err(|error| Failure::new(Exit::BadInput, &error))
}
