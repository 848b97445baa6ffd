//! Memory that was needed for a moment.

/// Gives the system back what the allocator holds and nobody uses. To take the program's object apart
/// takes twenty mebibytes, once; the process that did it lives for months.
#[cfg(target_env = "gnu")]
pub fn give_back() {
    // SAFETY: the allocator looks at nothing but what was freed.
    unsafe { libc::malloc_trim(0) };
}

/// Other C libraries have no such call.
#[cfg(not(target_env = "gnu"))]
pub fn give_back() {}
