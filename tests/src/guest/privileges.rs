//! The program loads for a user who has three capabilities and nothing else, as the service has.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::{Guest, Reason, succeeded};

/// Numbers from the kernel's `linux/capability.h`.
const NET_ADMIN: u32 = 12;
const PERFMON: u32 = 38;
const BPF: u32 = 39;
const SERVICE: [u32; 3] = [BPF, NET_ADMIN, PERFMON];

const NOBODY: u32 = 65_534;
/// `_LINUX_CAPABILITY_VERSION_3`, whose sets have two words.
const VERSION: u32 = 0x2008_0522;

/// The argument of capset(2).
#[repr(C)]
#[derive(Clone, Copy)]
struct Header {
    version: u32,
    process: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Sets {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

pub fn suffice(guest: &Guest) -> Result<(), Reason> {
    succeeded(as_nobody(guest.command(&["verify"]), &SERVICE))?;
    let refused = succeeded(as_nobody(guest.command(&["verify"]), &[]));
    if refused.is_ok() {
        return Err("the program loads without any capability".to_owned());
    }
    println!("unprivileged\tloads");
    Ok(())
}

/// The command as a user without a name, with these capabilities, which it can never extend. Locked
/// memory is not limited, as in the service's unit: before Linux 5.11 maps count as such.
fn as_nobody(mut command: Command, capabilities: &'static [u32]) -> Command {
    // SAFETY: only system calls are made, which allocate nothing and take no lock.
    unsafe { command.pre_exec(move || become_nobody(capabilities)) };
    command
}

fn become_nobody(capabilities: &[u32]) -> io::Result<()> {
    let unlimited = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    let mut sets = [Sets::default(); 2];
    for capability in capabilities {
        let set = &mut sets[*capability as usize / 32];
        let bit = 1 << (capability % 32);
        *set = Sets {
            effective: set.effective | bit,
            permitted: set.permitted | bit,
            inheritable: set.inheritable | bit,
        };
    }
    let header = Header { version: VERSION, process: 0 };
    // SAFETY: every argument is a number or the address of a value that is alive.
    unsafe {
        done(libc::setrlimit(libc::RLIMIT_MEMLOCK, &raw const unlimited).into())?;
        done(libc::prctl(libc::PR_SET_KEEPCAPS, 1, 0, 0, 0).into())?;
        done(libc::setgroups(0, std::ptr::null()).into())?;
        done(libc::setgid(NOBODY).into())?;
        done(libc::setuid(NOBODY).into())?;
        done(libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr()))?;
        for capability in capabilities {
            let raise = libc::PR_CAP_AMBIENT_RAISE;
            done(libc::prctl(libc::PR_CAP_AMBIENT, raise, *capability, 0, 0).into())?;
        }
        done(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())
    }
}

fn done(result: i64) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
