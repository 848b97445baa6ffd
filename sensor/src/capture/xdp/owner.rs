//! Who holds an interface's XDP hook, for the message that says why we cannot have it.

use std::{fmt, fs};

use crate::host::links::link;

/// A program found on an interface, and the processes that hold it open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    pub program_id: u32,
    pub program_name: Option<String>,
    /// Process id and command.
    pub processes: Vec<(u32, String)>,
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "program {}", self.program_id)?;
        if let Some(name) = &self.program_name {
            write!(formatter, " \"{name}\"")?;
        }
        match self.processes.as_slice() {
            [] => write!(formatter, ", pinned or attached without a process"),
            processes => {
                write!(formatter, " of")?;
                for (pid, command) in processes {
                    write!(formatter, " {command} (pid {pid})")?;
                }
                Ok(())
            }
        }
    }
}

/// The program attached to the interface with this index, if the kernel tells.
pub fn owner(interface: u32) -> Option<Owner> {
    let program_id = link(interface).ok()?.hook.first()?.program;
    Some(Owner::of_program(program_id))
}

/// The name of a program that the kernel holds; none where it has none, or does not tell us.
pub fn program_name(program_id: u32) -> Option<String> {
    let info = aya::programs::loaded_programs().flatten().find(|info| info.id() == program_id)?;
    info.name_as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

impl Owner {
    /// Who holds this program.
    pub fn of_program(program_id: u32) -> Self {
        let processes = holders(program_id);
        Self { program_id, program_name: program_name(program_id), processes }
    }
}

/// Processes with a file descriptor of the program, or of a link to it.
fn holders(program_id: u32) -> Vec<(u32, String)> {
    let wanted = format!("prog_id:\t{program_id}");
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let descriptors = fs::read_dir(process.path().join("fdinfo")).into_iter().flatten();
        let is_holder = descriptors.flatten().any(|descriptor| {
            fs::read_to_string(descriptor.path())
                .is_ok_and(|text| text.lines().any(|line| line == wanted))
        });
        if is_holder {
            let command = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            found.push((pid, command.trim().to_owned()));
        }
    }
    found
}
