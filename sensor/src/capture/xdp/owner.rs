//! Who holds an interface's XDP hook, for the message that says why we cannot have it.

use std::{
    fmt, fs, io, mem,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

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
    let program_id = program_on(interface).ok()??;
    let info = aya::programs::loaded_programs().flatten().find(|info| info.id() == program_id);
    let program_name = info.and_then(|info| info.name_as_str().map(str::to_owned));
    Some(Owner { program_id, program_name, processes: holders(program_id) })
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

// Attribute types of the kernel's if_link.h.
const IFLA_XDP: u16 = 43;
const IFLA_XDP_PROG_ID: u16 = 4;
const NLA_TYPE_MASK: u16 = 0x3fff;
const HEADER: usize = 16;
const LINK_MESSAGE: usize = 16;

/// Asks the kernel by rtnetlink (RTM_GETLINK) for the identifier in `IFLA_XDP`.
fn program_on(interface: u32) -> io::Result<Option<u32>> {
    // SAFETY: no preconditions; the result is checked.
    let socket = unsafe {
        libc::socket(libc::AF_NETLINK, libc::SOCK_RAW | libc::SOCK_CLOEXEC, libc::NETLINK_ROUTE)
    };
    if socket < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nothing else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let mut request = [0_u8; HEADER + LINK_MESSAGE];
    request[..4].copy_from_slice(&((HEADER + LINK_MESSAGE) as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&libc::RTM_GETLINK.to_ne_bytes());
    request[6..8].copy_from_slice(&(libc::NLM_F_REQUEST as u16).to_ne_bytes());
    request[HEADER + 4..HEADER + 8].copy_from_slice(&interface.to_ne_bytes());
    let mut answer = [0_u8; 16384];
    // SAFETY: both buffers are as long as said.
    let length = unsafe {
        let sent = libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0);
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        libc::recv(socket.as_raw_fd(), answer.as_mut_ptr().cast(), answer.len(), 0)
    };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    let answer = &answer[..length.min(answer.len())];
    if answer.len() < HEADER + LINK_MESSAGE || u16_at(answer, 4) != libc::RTM_NEWLINK {
        return Ok(None);
    }
    let link = attribute(&answer[HEADER + LINK_MESSAGE..], IFLA_XDP);
    let program = link.and_then(|nested| attribute(nested, IFLA_XDP_PROG_ID));
    Ok(program.and_then(|value| value.first_chunk().copied()).map(u32::from_ne_bytes))
}

fn u16_at(octets: &[u8], at: usize) -> u16 {
    octets.get(at..at + mem::size_of::<u16>()).map_or(0, |two| u16::from_ne_bytes([two[0], two[1]]))
}

/// The value of the first attribute of `kind` among netlink attributes.
fn attribute(mut octets: &[u8], kind: u16) -> Option<&[u8]> {
    while octets.len() >= 4 {
        let length = usize::from(u16_at(octets, 0));
        if length < 4 || length > octets.len() {
            return None;
        }
        if u16_at(octets, 2) & NLA_TYPE_MASK == kind {
            return Some(&octets[4..length]);
        }
        octets = octets.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_found_among_padded_ones_and_bad_lengths_end_the_search() {
        let octets = [5, 0, 1, 0, 9, 0, 0, 0, 8, 0, 43, 0x80, 7, 0, 0, 0];
        assert_eq!(attribute(&octets, 43), Some(&[7, 0, 0, 0][..]));
        assert_eq!(attribute(&octets, 44), None);
        assert_eq!(attribute(&[3, 0, 1, 0, 0], 1), None);
        assert_eq!(attribute(&[9, 0, 1, 0, 0], 1), None);
    }

    #[test]
    fn the_loopback_interface_has_no_program() {
        assert_eq!(program_on(1).expect("netlink answers"), None);
    }
}
