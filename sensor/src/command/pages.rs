//! `wardline completions` and `wardline man`: what packages install beside the agent, made from the
//! same words that the command line is read by.

use std::path::Path;

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::{Arguments, Failure, arguments::Shell, say};

const NAME: &str = "wardline";

pub fn completions(shell: Shell) -> Result<(), Failure> {
    let shell = match shell {
        Shell::Bash => clap_complete::Shell::Bash,
        Shell::Fish => clap_complete::Shell::Fish,
        Shell::Zsh => clap_complete::Shell::Zsh,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), NAME, &mut script);
    say(&String::from_utf8_lossy(&script))
}

/// The page of the whole command on standard output, or a page for each command in `directory`.
pub fn manual(directory: Option<&Path>) -> Result<(), Failure> {
    if let Some(directory) = directory {
        return clap_mangen::generate_to(Arguments::command(), directory)
            .map_err(|error| Failure::failed(&error));
    }
    let mut page = Vec::new();
    Man::new(Arguments::command()).render(&mut page).map_err(|error| Failure::failed(&error))?;
    say(&String::from_utf8_lossy(&page))
}
