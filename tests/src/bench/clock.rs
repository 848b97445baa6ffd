//! The time that is measured: what this thread spent on a CPU, in user space and in the kernel.
//! Preemption by others does not count.

use std::io;
use std::mem::MaybeUninit;

/// Nanoseconds of CPU that this thread has used.
pub fn thread_nanoseconds() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` has room for the answer; this clock always exists.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Keeps this thread on the CPU that it runs on: flow tables have a region per CPU.
///
/// # Errors
///
/// What `sched_setaffinity` says.
pub fn stay_on_this_cpu() -> io::Result<()> {
    allow(|cpu, present| cpu == present)
}

/// Keeps this thread on other CPUs than the one that it runs on.
///
/// # Errors
///
/// What `sched_setaffinity` says: EINVAL where there is no other.
pub fn leave_this_cpu() -> io::Result<()> {
    allow(|cpu, present| cpu != present)
}

/// Lets this thread run on the CPUs of which `may` says so, given the present one.
fn allow(may: impl Fn(usize, usize) -> bool) -> io::Result<()> {
    // SAFETY: the call has no preconditions.
    let cpu = usize::try_from(unsafe { libc::sched_getcpu() }).unwrap_or(0);
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    for other in (0..libc::CPU_SETSIZE as usize).filter(|other| may(*other, cpu)) {
        // SAFETY: a set of zeros is an empty set, with room for every such number.
        unsafe { libc::CPU_SET(other, set.assume_init_mut()) };
    }
    // SAFETY: as above.
    let set = unsafe { set.assume_init() };
    // SAFETY: the set is as long as said.
    let result =
        unsafe { libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
