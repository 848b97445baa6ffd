//! Whether this process may do what `run` needs, asked before anything is opened.

use std::fs;

use super::{Exit, Failure};

/// Bits of capabilities(7).
const NET_ADMIN: u32 = 12;
const SYS_ADMIN: u32 = 21;
const PERFMON: u32 = 38;
const BPF: u32 = 39;

/// Ends the command if the process cannot load and attach programs.
pub fn require() -> Result<(), Failure> {
    let Some(effective) = effective() else { return Ok(()) };
    let has = |bit: u32| effective >> bit & 1 == 1;
    // Without CAP_PERFMON the verifier refuses to add to packet pointers what a header says.
    if (has(BPF) && has(PERFMON) || has(SYS_ADMIN)) && has(NET_ADMIN) {
        return Ok(());
    }
    let message = "not permitted to attach to interfaces: run it as root, or with the \
                   capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (as deploy/wardline.service \
                   does). \
                   Without privilege, `wardline replay` reads capture files";
    Err(Failure { exit: Exit::NotPermitted, message: message.to_owned() })
}

/// The effective set; `None` where `/proc` does not tell, and the kernel will.
fn effective() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let set = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(set.trim(), 16).ok()
}
