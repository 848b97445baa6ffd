//! `wardline detach`: removes what an agent left in the kernel; with `--force` also what another one
//! put on an interface.

use std::{
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use clap::Args;

use super::{Exit, Failure, place::Place, say};
use crate::{
    capture::xdp::{Owner, detach_all, detach_one, force_off},
    host::links::{Link, link as link_of, links},
};

/// For a program to leave its hook, and between two looks whether it has.
const LEAVING: Duration = Duration::from_secs(2);
const GLANCE: Duration = Duration::from_millis(10);

#[derive(Debug, Args)]
pub struct Detach {
    /// Interfaces to take the program off; all, and the counts with them, if none is named.
    #[arg(value_name = "IFACE")]
    pub interfaces: Vec<String>,
    /// Also while an agent runs, and also a program that is not Wardline's: whatever is on the hook
    /// of the interfaces named.
    #[arg(long)]
    pub force: bool,
    #[command(flatten)]
    pub place: Place,
}

pub fn run(words: Detach) -> Result<(), Failure> {
    let config = words.place.settings()?;
    let directory = &config.capture.pin_directory;
    if !words.force && words.place.is_in_use(&config) {
        let message = format!(
            "an agent answers at {} and would attach again: stop it first, or use --force",
            config.agent.socket.display()
        );
        return Err(Failure { exit: Exit::Failed, message });
    }
    if words.interfaces.is_empty() {
        return everything(directory);
    }
    let present = links().map_err(|error| Failure::failed(&error))?;
    for name in &words.interfaces {
        let Some(link) = present.iter().find(|link| link.name == *name) else {
            let message = format!("no interface {name} in this network namespace");
            return Err(Failure { exit: Exit::Failed, message });
        };
        one(directory, link, words.force)?;
    }
    Ok(())
}

/// What is on a hook. A program whose pin was just removed leaves it when the kernel comes to it.
fn patiently<T>(was_removed: bool, hook: impl Fn() -> Vec<T>) -> Vec<T> {
    let began = Instant::now();
    loop {
        let left = hook();
        if left.is_empty() || !was_removed || began.elapsed() >= LEAVING {
            return left;
        }
        thread::sleep(GLANCE);
    }
}

fn everything(directory: &Path) -> Result<(), Failure> {
    let shown = directory.display();
    match detach_all(directory) {
        Ok(links) => {
            say(&format!("detached from {links} interfaces; the counts below {shown} are gone\n"))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            say(&format!("nothing is attached: {shown} does not exist\n"))
        }
        Err(error) => Err(refused(&error, &format!("remove the pins below {shown}"))),
    }
}

fn one(directory: &Path, link: &Link, is_forced: bool) -> Result<(), Failure> {
    let name = &link.name;
    let removed = detach_one(directory, link.index)
        .map_err(|error| refused(&error, &format!("remove the pins of {name}")))?;
    let left = patiently(removed, || link_of(link.index).map(|link| link.hook).unwrap_or_default());
    let Some(on) = left.first() else {
        let said = if removed { "detached from" } else { "nothing is attached to" };
        return say(&format!("{said} {name}\n"));
    };
    let owner = Owner::of_program(on.program);
    if !is_forced {
        let message = format!(
            "{name} still has {owner}, which is not pinned below {}; `wardline detach --force {name}` \
             takes it off, whoever it is",
            directory.display()
        );
        return Err(Failure { exit: Exit::Failed, message });
    }
    force_off(link.index).map_err(|error| refused(&error, &format!("take {owner} off {name}")))?;
    say(&format!("took {owner} off {name} by force\n"))
}

fn refused(error: &io::Error, what: &str) -> Failure {
    let exit = match error.kind() {
        io::ErrorKind::PermissionDenied => Exit::NotPermitted,
        _ => Exit::Failed,
    };
    Failure { exit, message: format!("cannot {what}: {error}") }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_program_that_leaves_late_is_waited_for_and_one_that_stays_is_told() {
        let looks = Cell::new(0);
        let leaves_late = || {
            looks.set(looks.get() + 1);
            if looks.get() < 3 { vec!["ours"] } else { vec![] }
        };
        assert!(patiently(true, leaves_late).is_empty());
        assert_eq!((patiently(false, || vec!["another"]), looks.get()), (vec!["another"], 3));
    }
}
