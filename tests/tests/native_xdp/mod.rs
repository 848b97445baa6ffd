//! The smallest XDP program: passes every frame. It shows that the counters of
//! a link hold with native XDP attached, independently of the agent's program.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use tests::frames::packet_socket::interface_index;

const BPF_PROG_LOAD: i64 = 5;
const BPF_LINK_CREATE: i64 = 28;
const PROGRAM_TYPE_XDP: u32 = 6;
const ATTACH_TYPE_XDP: u32 = 37;
const NATIVE_MODE: u32 = 1 << 2;

/// r0 = XDP_PASS; exit.
const PROGRAM: [u64; 2] = [0x0000_0002_0000_00b7, 0x0000_0000_0000_0095];

/// The leading fields of `union bpf_attr` for BPF_PROG_LOAD.
#[repr(C)]
struct Load {
    program_type: u32,
    instruction_count: u32,
    instructions: u64,
    licence: u64,
}

/// The leading fields of `union bpf_attr` for BPF_LINK_CREATE.
#[repr(C)]
struct LinkCreate {
    program: u32,
    interface: u32,
    attach_type: u32,
    flags: u32,
}

fn bpf<T>(command: i64, attributes: &T) -> io::Result<OwnedFd> {
    // SAFETY: the pointer and the length describe `attributes`, whose layout is
    // that of the kernel for `command`; what it points to is static.
    let descriptor =
        unsafe { libc::syscall(libc::SYS_bpf, command, attributes, std::mem::size_of::<T>()) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel just returned this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor as i32) })
}

/// Attaches in native mode; the program is there as long as the result.
pub fn pass_everything(device: &str) -> io::Result<OwnedFd> {
    let program = bpf(
        BPF_PROG_LOAD,
        &Load {
            program_type: PROGRAM_TYPE_XDP,
            instruction_count: PROGRAM.len() as u32,
            instructions: PROGRAM.as_ptr() as u64,
            licence: c"MIT".as_ptr() as u64,
        },
    )?;
    bpf(
        BPF_LINK_CREATE,
        &LinkCreate {
            program: program.as_raw_fd() as u32,
            interface: interface_index(device)? as u32,
            attach_type: ATTACH_TYPE_XDP,
            flags: NATIVE_MODE,
        },
    )
}
