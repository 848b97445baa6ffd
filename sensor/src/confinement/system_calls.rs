//! Which system calls a thread may make (seccomp(2)). Every other one fails with EPERM, so what was
//! forgotten here shows as an error of the part that needed it, not as the end of the agent.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, apply_filter,
};

/// By number: the ways in which it may be called; none means in any way.
type Calls = BTreeMap<i64, Vec<SeccompRule>>;
type Failed = String;

/// Memory, threads, time and signals of the process itself; what is open already.
const ORDINARY: &[i64] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_membarrier,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrandom,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getcwd,
    // Files; which ones is Landlock's affair, or that of the user's rights.
    libc::SYS_openat,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getdents64,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    // Sockets that are there.
    libc::SYS_bind,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_sendmsg,
    libc::SYS_recvmsg,
    libc::SYS_shutdown,
    // Of the kinds of sockets that may be made.
    libc::SYS_connect,
];

/// The store's and the sinks' files; listeners, connections, the resolver; threads.
const OF_WORKER: &[i64] = &[
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    // SQLite gives its files the owner of the database when it is root.
    libc::SYS_fchown,
    libc::SYS_fallocate,
    libc::SYS_ftruncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_fadvise64,
    libc::SYS_flock,
    libc::SYS_utimensat,
    libc::SYS_umask,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_getpeername,
    libc::SYS_sendmmsg,
    libc::SYS_recvmmsg,
    // Made a call that does not exist by a list of its own.
    libc::SYS_clone3,
];

/// Programs, maps and links; the worker's end.
const OF_KEEPER: &[i64] = &[libc::SYS_bpf, libc::SYS_wait4, libc::SYS_waitid, libc::SYS_capget];

/// Calls that newer architectures do without.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_chmod,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[i64] = &[];

/// Restricts this thread, and what it starts, to what the worker needs.
pub fn allow_worker() -> Result<(), Failed> {
    // glibc makes threads by clone3, whose flags no filter can see, and does without if it is told
    // that there is no such call.
    let enosys = SeccompAction::Errno(libc::ENOSYS as u32);
    install([(libc::SYS_clone3, Vec::new())].into(), SeccompAction::Allow, enosys)?;
    let mut calls = any([ORDINARY, OF_WORKER, OLDER]);
    calls.extend(common()?);
    calls.insert(
        libc::SYS_socket,
        vec![
            rule(&[is(0, libc::AF_UNIX as u64)?])?,
            rule(&[is(0, libc::AF_INET as u64)?, is_kind(libc::SOCK_STREAM)?])?,
            rule(&[is(0, libc::AF_INET as u64)?, is_kind(libc::SOCK_DGRAM)?])?,
            rule(&[is(0, libc::AF_INET6 as u64)?, is_kind(libc::SOCK_STREAM)?])?,
            rule(&[is(0, libc::AF_INET6 as u64)?, is_kind(libc::SOCK_DGRAM)?])?,
            // By which the resolver asks for the host's own addresses.
            rule(&[is(0, libc::AF_NETLINK as u64)?, is(2, libc::NETLINK_ROUTE as u64)?])?,
        ],
    );
    let threads = (libc::CLONE_THREAD | libc::CLONE_VM) as u64;
    calls.insert(libc::SYS_clone, vec![rule(&[masked(0, threads, threads)?])?]);
    install(calls, refused(), SeccompAction::Allow)
}

/// Restricts this thread to what the keeper needs once it has attached.
pub fn allow_keeper() -> Result<(), Failed> {
    let mut calls = any([ORDINARY, OF_KEEPER, OLDER]);
    calls.extend(common()?);
    calls.insert(
        libc::SYS_socket,
        vec![
            // To the service manager, and to ask for interfaces.
            rule(&[is(0, libc::AF_UNIX as u64)?])?,
            rule(&[is(0, libc::AF_NETLINK as u64)?, is(2, libc::NETLINK_ROUTE as u64)?])?,
        ],
    );
    let signals = [libc::SIGHUP, libc::SIGUSR1, libc::SIGTERM, libc::SIGKILL];
    let to_worker = signals.map(|signal| rule(&[is(1, signal as u64)?]));
    calls.insert(libc::SYS_kill, to_worker.into_iter().collect::<Result<_, _>>()?);
    calls.insert(libc::SYS_pidfd_send_signal, Vec::new());
    install(calls, refused(), SeccompAction::Allow)
}

/// Calls that both may make in certain ways only.
fn common() -> Result<Calls, Failed> {
    let write_and_execute = (libc::PROT_WRITE | libc::PROT_EXEC) as u64;
    let execute = libc::PROT_EXEC as u64;
    let this = u64::from(std::process::id());
    let one_of = |argument, values: &[u64]| -> Result<Vec<SeccompRule>, Failed> {
        values.iter().map(|value| rule(&[is(argument, *value)?])).collect()
    };
    Ok([
        // Memory is never written and executed; the C library maps modules of the resolver.
        (
            libc::SYS_mmap,
            vec![
                rule(&[masked(2, write_and_execute, 0)?])?,
                rule(&[masked(2, write_and_execute, libc::PROT_WRITE as u64)?])?,
                rule(&[masked(2, write_and_execute, execute)?])?,
            ],
        ),
        (libc::SYS_mprotect, vec![rule(&[masked(2, execute, 0)?])?]),
        (libc::SYS_socketpair, one_of(0, &[libc::AF_UNIX as u64])?),
        (libc::SYS_tgkill, one_of(0, &[this])?),
        (libc::SYS_prlimit64, one_of(0, &[0, this])?),
        (libc::SYS_ioctl, one_of(1, &[libc::FIONBIO, libc::FIONREAD, libc::TCGETS, SIOCGIFNAME])?),
        (
            libc::SYS_prctl,
            one_of(
                0,
                &[libc::PR_SET_NAME as u64, libc::PR_GET_NAME as u64, PR_SET_VMA, PR_GET_AUXV],
            )?,
        ),
    ]
    .into())
}

/// Names of interfaces and of memory, what the processor can: harmless, and asked for by libraries.
const SIOCGIFNAME: u64 = 0x8910;
const PR_SET_VMA: u64 = 0x5356_4d41;
const PR_GET_AUXV: u64 = 0x4155_5856;

fn refused() -> SeccompAction {
    SeccompAction::Errno(libc::EPERM as u32)
}

fn any<const N: usize>(lists: [&[i64]; N]) -> Calls {
    lists.into_iter().flatten().map(|call| (*call, Vec::new())).collect()
}

fn is(argument: u8, value: u64) -> Result<SeccompCondition, Failed> {
    condition(argument, SeccompCmpOp::Eq, value)
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition, Failed> {
    condition(argument, SeccompCmpOp::MaskedEq(mask), value)
}

/// The type of a socket, whatever flags come with it.
fn is_kind(kind: libc::c_int) -> Result<SeccompCondition, Failed> {
    masked(1, 0xf, kind as u64)
}

fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition, Failed> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)
        .map_err(|error| error.to_string())
}

fn rule(conditions: &[SeccompCondition]) -> Result<SeccompRule, Failed> {
    SeccompRule::new(conditions.to_vec()).map_err(|error| error.to_string())
}

fn install(calls: Calls, others: SeccompAction, listed: SeccompAction) -> Result<(), Failed> {
    let architecture = std::env::consts::ARCH.try_into().map_err(|error| format!("{error:?}"))?;
    let filter = SeccompFilter::new(calls, others, listed, architecture);
    let program: BpfProgram =
        filter.and_then(TryInto::try_into).map_err(|error| error.to_string())?;
    apply_filter(&program).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        net::TcpListener,
        os::unix::net::UnixDatagram,
        process::Command,
        thread::{self, spawn},
    };

    use rustix::net::{AddressFamily, SocketType, socket};

    use super::*;

    /// Runs in a thread of its own, because a list stays for as long as the thread.
    fn under(list: fn() -> Result<(), Failed>, attempts: impl FnOnce() + Send + 'static) {
        let confined = move || {
            list().expect("the kernel takes the list");
            attempts();
        };
        spawn(confined).join().expect("everything is as it should be");
    }

    fn is_refused<T>(result: io::Result<T>) -> bool {
        result.err().and_then(|error| error.raw_os_error()) == Some(libc::EPERM)
    }

    #[test]
    fn worker_listens_and_starts_threads_but_no_programs_and_has_no_raw_sockets() {
        under(allow_worker, || {
            TcpListener::bind("127.0.0.1:0").expect("it serves");
            thread::spawn(|| ()).join().expect("it has threads");
            assert!(is_refused(Command::new("true").spawn()));
            let raw = socket(AddressFamily::PACKET, SocketType::RAW, None);
            assert!(is_refused(raw.map_err(io::Error::from)));
        });
    }

    #[test]
    fn keeper_speaks_to_the_service_manager_and_to_no_network() {
        under(allow_keeper, || {
            UnixDatagram::unbound().expect("it has local sockets");
            assert!(is_refused(TcpListener::bind("127.0.0.1:0")));
            assert!(is_refused(Command::new("true").spawn()));
        });
    }
}
