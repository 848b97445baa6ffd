//! What is asked of the host before anything is judged.

use std::{fs, path::Path};

use super::super::system_calls::{
    FileSystem, file_system, is_clock_synchronised, locked_memory_limit,
};

/// As far as the host tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    pub release: String,
    /// Major and minor version of the kernel.
    pub version: Option<(u32, u32)>,
    pub has_btf: bool,
    /// The file system on /sys/fs/bpf.
    pub bpf_files: Option<FileSystem>,
    /// The effective set of this process.
    pub capabilities: Option<u64>,
    /// Octets that may be locked, if that is limited.
    pub locked_memory: Option<u64>,
    /// The kernel's settings of these names.
    pub unprivileged_bpf_disabled: Option<u32>,
    pub compiler: Option<u32>,
    pub is_clock_synchronised: Option<bool>,
}

impl Facts {
    pub fn gather() -> Self {
        let release = read("/proc/sys/kernel/osrelease").unwrap_or_default();
        let status = read("/proc/self/status").unwrap_or_default();
        let effective = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
        let number = |path: &str| read(path)?.parse().ok();
        Self {
            version: version(&release),
            release,
            has_btf: Path::new("/sys/kernel/btf/vmlinux").exists(),
            bpf_files: file_system(Path::new("/sys/fs/bpf")).ok(),
            capabilities: effective.and_then(|set| u64::from_str_radix(set.trim(), 16).ok()),
            locked_memory: locked_memory_limit(),
            unprivileged_bpf_disabled: number("/proc/sys/kernel/unprivileged_bpf_disabled"),
            compiler: number("/proc/sys/net/core/bpf_jit_enable"),
            is_clock_synchronised: is_clock_synchronised(),
        }
    }
}

fn read(path: &str) -> Option<String> {
    Some(fs::read_to_string(path).ok()?.trim().to_owned())
}

/// Of a release such as `6.1.0-28-cloud-amd64`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_of_every_kind_of_release() {
        assert_eq!(version("6.1.0-28-cloud-amd64"), Some((6, 1)));
        assert_eq!(version("5.14.0-503.el9"), Some((5, 14)));
        assert_eq!(version("7.3-rc2"), Some((7, 3)));
        assert_eq!(version("next"), None);
    }

    #[test]
    fn this_host_tells_its_version_and_what_this_process_may() {
        let facts = Facts::gather();
        assert!(facts.version.is_some_and(|version| version >= (5, 10)), "{facts:?}");
        assert!(facts.capabilities.is_some());
    }
}
