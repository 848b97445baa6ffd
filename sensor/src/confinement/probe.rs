//! Tries, from inside the worker, what a worker must not be able to do, and tells what happened.
//! Tests read it; so may whoever does not believe the documents.

use std::{
    ffi::CStr,
    fs::{self, File},
    io,
    net::ToSocketAddrs as _,
    os::fd::{AsRawFd as _, OwnedFd},
    os::unix::process::parent_id,
    ptr,
};

use serde_json::{Value, json};

use crate::{capture::xdp::TableFiles, config::Config};

/// Lines of `/proc/self/status` that tell of confinement.
const STATUS: [&str; 8] =
    ["Uid", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp"];
const PAGE: usize = 4096;

/// Tries everything once; `files` are the tables, if the keeper gave any.
pub fn attempt(config: &Config, files: Option<&TableFiles>) -> String {
    let mut attempts = serde_json::Map::new();
    let mut note = |name: &str, result: io::Result<()>| {
        attempts.insert(name.to_owned(), outcome(&result));
    };
    let own = config.agent.state_directory.join("probe");
    note("write_own_state", File::create(&own).and_then(|_| fs::remove_file(&own)));
    note("resolve_name", ("localhost", 80).to_socket_addrs().map(drop));
    note("read_shadow", File::open("/etc/shadow").map(drop));
    note("read_home", fs::read_dir("/root").map(drop));
    note("write_etc", File::create("/etc/wardline-probe").map(drop));
    note("write_tmp", File::create("/var/tmp/wardline-probe").map(drop));
    note("execute", call(libc::SYS_execve, &[address(c"/bin/true"), 0, 0]));
    note("fork", fork());
    note("mount", call(libc::SYS_mount, &[address(c"x"), address(c"/mnt"), address(c"tmpfs")]));
    note("user_namespace", call(libc::SYS_unshare, &[libc::CLONE_NEWUSER as usize]));
    note("become_root", call(libc::SYS_setuid, &[0]));
    note("raw_socket", socket(libc::AF_INET, libc::SOCK_RAW, libc::IPPROTO_ICMP));
    note("packet_socket", socket(libc::AF_PACKET, libc::SOCK_RAW, 0));
    note("performance_events", call(libc::SYS_perf_event_open, &[0, 0, 0, 0, 0]));
    note("io_uring", call(libc::SYS_io_uring_setup, &[1, 0]));
    note("load_module", call(libc::SYS_init_module, &[0, 0, address(c"")]));
    note("bpf_load_program", call(libc::SYS_bpf, &[5, 0, 0]));
    note("bpf_make_map", call(libc::SYS_bpf, &[0, 0, 0]));
    note("memory_to_execute", executable_memory());
    let keeper = parent_id() as usize;
    note("signal_keeper", call(libc::SYS_kill, &[keeper, 0]));
    note("trace_keeper", call(libc::SYS_ptrace, &[libc::PTRACE_ATTACH as usize, keeper, 0, 0]));
    note("read_keeper", call(libc::SYS_process_vm_readv, &[keeper, 0, 0, 0, 0, 0]));
    note("open_keeper", File::open(format!("/proc/{keeper}/mem")).map(drop));
    if let Some(files) = files {
        note("read_table", map(&files.flows, libc::PROT_READ).map(drop));
        note("write_table", map(&files.flows, libc::PROT_READ).and_then(make_writable));
        note("write_ring_records", map_second_page(&files.records));
        note("bpf_update_table", update(&files.flows));
    }
    format!("{}\n", json!({"status": status(), "attempts": attempts}))
}

/// `permitted`, or the number of the error.
fn outcome(result: &io::Result<()>) -> Value {
    match result {
        Ok(()) => json!("permitted"),
        Err(error) => json!(error.raw_os_error()),
    }
}

fn status() -> Value {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let told = lines.filter(|(name, _)| STATUS.contains(name));
    told.map(|(name, value)| (name.to_owned(), json!(value.trim()))).collect()
}

fn address(text: &CStr) -> usize {
    text.as_ptr().addr()
}

/// A system call that fails if the process is confined as it should be.
fn call(number: libc::c_long, arguments: &[usize]) -> io::Result<()> {
    let mut six = [0; 6];
    six[..arguments.len()].copy_from_slice(arguments);
    let [a, b, c, d, e, f] = six;
    // SAFETY: pointers among the arguments are null or to texts that never change; what the calls
    // would do if they succeeded ends or alters this process, which does nothing else.
    done(unsafe { libc::syscall(number, a, b, c, d, e, f) })
}

fn done(result: libc::c_long) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn fork() -> io::Result<()> {
    // SAFETY: a child, if there is one, ends at once.
    unsafe {
        match libc::fork() {
            0 => libc::_exit(0),
            child => done(child.into()),
        }
    }
}

fn socket(family: libc::c_int, kind: libc::c_int, protocol: libc::c_int) -> io::Result<()> {
    call(libc::SYS_socket, &[family as usize, kind as usize, protocol as usize])
}

fn executable_memory() -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    mapped(protection, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0).map(drop)
}

fn map(file: &OwnedFd, protection: libc::c_int) -> io::Result<*mut libc::c_void> {
    mapped(protection, libc::MAP_SHARED, file.as_raw_fd(), 0)
}

/// What was mapped for reading, as the tables are.
fn make_writable(start: *mut libc::c_void) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the mapping is ours and nothing refers to it.
    done(unsafe { libc::mprotect(start, PAGE, protection) }.into())
}

/// Where the kernel writes; the first page has the reader's position.
fn map_second_page(file: &OwnedFd) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    mapped(protection, libc::MAP_SHARED, file.as_raw_fd(), PAGE as libc::off_t).map(drop)
}

fn mapped(
    protection: libc::c_int,
    flags: libc::c_int,
    file: libc::c_int,
    offset: libc::off_t,
) -> io::Result<*mut libc::c_void> {
    // SAFETY: a new mapping at an address of the kernel's choice touches no other memory.
    let start = unsafe { libc::mmap(ptr::null_mut(), PAGE, protection, flags, file, offset) };
    if start == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(start) }
}

/// Writes zeros over the first element.
fn update(file: &OwnedFd) -> io::Result<()> {
    const BPF_MAP_UPDATE_ELEM: usize = 2;
    let (key, value) = (0_u32, vec![0_u8; PAGE]);
    let attributes: [u64; 4] =
        [file.as_raw_fd() as u64, (&raw const key).addr() as u64, value.as_ptr().addr() as u64, 0];
    call(
        libc::SYS_bpf,
        &[BPF_MAP_UPDATE_ELEM, attributes.as_ptr().addr(), size_of_val(&attributes)],
    )
}
