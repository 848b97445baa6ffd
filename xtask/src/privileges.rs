//! What this process may ask of the kernel.

use std::fs;
use std::os::unix::fs::MetadataExt;

use anyhow::{Result, ensure};

/// Numbers from `linux/capability.h`. BPF and NET_ADMIN load and attach; SYS_ADMIN makes network
/// namespaces.
const NEEDED: [(&str, u32); 3] = [("CAP_BPF", 39), ("CAP_NET_ADMIN", 12), ("CAP_SYS_ADMIN", 21)];

/// Fails, naming what is missing, unless programs can be loaded and namespaces made. `what` says who
/// asks.
pub fn require_kernel_access(what: &str) -> Result<()> {
    let missing = missing_here();
    ensure!(
        missing.is_empty(),
        "{what} needs root (missing here: {}). Run it again as root; \
         `cargo xtask test host` needs no privileges",
        missing.join(", ")
    );
    Ok(())
}

pub fn has_kernel_access() -> bool {
    missing_here().is_empty()
}

fn missing_here() -> Vec<&'static str> {
    missing(effective(&fs::read_to_string("/proc/self/status").unwrap_or_default()))
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn missing(effective: u64) -> Vec<&'static str> {
    NEEDED.iter().filter(|(_, bit)| effective & (1 << bit) == 0).map(|(name, _)| *name).collect()
}

/// The effective set in /proc/PID/status; nothing where it cannot be read.
fn effective(status: &str) -> u64 {
    let hexadecimal =
        status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap_or_default();
    u64::from_str_radix(hexadecimal.trim(), 16).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_user_lacks_all_three() {
        assert_eq!(missing(effective("Uid:\t1000\nCapEff:\t0000000000000000\n")).len(), 3);
    }

    #[test]
    fn root_lacks_nothing() {
        assert!(missing(effective("CapEff:\t000001ffffffffff\n")).is_empty());
    }

    #[test]
    fn root_in_a_container_lacks_what_the_container_withholds() {
        assert_eq!(missing(effective("CapEff:\t00000000a80435fb\n")), ["CAP_BPF", "CAP_SYS_ADMIN"]);
    }
}
