//! `wardline detach`: removes what an agent left in the kernel.

use std::io::ErrorKind;

use super::{Exit, Failure, arguments::Detach};
use crate::capture::xdp::detach_all;

pub fn run(words: Detach) -> Result<(), Failure> {
    let directory = words.pin_directory.display();
    match detach_all(&words.pin_directory) {
        Ok(links) => {
            println!("detached from {links} interfaces; the counts below {directory} are gone");
            Ok(())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("nothing is attached: {directory} does not exist");
            Ok(())
        }
        Err(error) => {
            let exit = match error.kind() {
                ErrorKind::PermissionDenied => Exit::NotPermitted,
                _ => Exit::Failed,
            };
            let message = format!("cannot remove the pins below {directory}: {error}");
            Err(Failure { exit, message })
        }
    }
}
