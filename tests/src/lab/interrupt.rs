//! Ctrl-C and SIGTERM as a flag, so that a laboratory is taken down in order.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

extern "C" fn request(_signal: libc::c_int) {
    REQUESTED.store(true, Ordering::Relaxed);
}

/// From now on SIGINT, SIGTERM and SIGHUP only set the flag.
pub fn install() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        // SAFETY: the handler only stores to an atomic, which is async-signal-safe.
        unsafe {
            libc::signal(signal, request as extern "C" fn(libc::c_int) as libc::sighandler_t)
        };
    }
}

/// Whether the user or the system asked for the end.
pub fn is_requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
