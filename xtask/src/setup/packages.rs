//! What this repository takes from the distribution, and why. Names are Debian's.

use super::Need;

/// One package of the distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Package {
    pub name: &'static str,
    pub why: &'static str,
    pub needed_by: &'static [Need],
    /// A program (or, with a slash, a file) it brings: how it is recognised where there is no dpkg.
    pub brings: &'static str,
    /// Services it would start, now and at every boot. They are switched off: tests start their
    /// own, in namespaces.
    pub services: &'static [&'static str],
}

const BUILD: &[Need] = &[Need::Build];
const TEST: &[Need] = &[Need::Test];
const VM: &[Need] = &[Need::Vm];
const PACKAGE: &[Need] = &[Need::Package];
const TEST_AND_VM: &[Need] = &[Need::Test, Need::Vm];
const LABORATORY: &[Need] = &[Need::Test, Need::Demo];

const fn package(
    name: &'static str,
    why: &'static str,
    needed_by: &'static [Need],
    brings: &'static str,
    services: &'static [&'static str],
) -> Package {
    Package { name, why, needed_by, brings, services }
}

/// Needed whenever the purpose is; what only a missing tool needs is in [`COMPILER`],
/// [`LINKER_BUILD`] and [`LINTERS`].
#[rustfmt::skip] // A row is one line.
pub const PACKAGES: &[Package] = &[
    package("gcc", "links the agent and the tests", BUILD, "gcc", &[]),
    package("iproute2", "network namespaces and veth pairs", LABORATORY, "ip", &[]),
    package("util-linux", "nsenter and unshare, to act inside a namespace", LABORATORY, "nsenter", &[]),
    package("procps", "sysctl and ps, to set up and inspect the laboratory", LABORATORY, "sysctl", &[]),
    package("ethtool", "switches off checksum offload: captures hold true checksums", LABORATORY, "ethtool", &[]),
    package("python3", "runs the scoring scripts and small peers", LABORATORY, "python3", &[]),
    package("tcpdump", "records what crossed a link, to replay it", TEST, "tcpdump", &[]),
    package("tshark", "a second opinion on protocols", TEST, "tshark", &[]),
    package("nmap", "real scans to detect", LABORATORY, "nmap", &[]),
    package("hping3", "real floods to detect", TEST, "hping3", &[]),
    package("hydra", "real guesses at passwords to detect", TEST, "hydra", &[]),
    package("iodine", "real tunnels over DNS to detect", TEST, "iodined", &["iodined"]),
    package("dsniff", "real ARP spoofing to detect", TEST, "arpspoof", &[]),
    package("dcmtk", "real DICOM peers", TEST, "storescu", &[]),
    package("samba", "a real SMB server", TEST, "smbd", &["smbd", "nmbd", "samba-ad-dc"]),
    package("smbclient", "a real SMB client", TEST, "smbclient", &[]),
    package("dnsmasq", "a real DHCP and DNS server", TEST, "dnsmasq", &["dnsmasq"]),
    package("netcat-openbsd", "plain TCP and UDP peers", TEST, "nc.openbsd", &[]),
    package("prometheus", "scrapes the agent and checks its alert rules", TEST, "prometheus", &["prometheus"]),
    package("prometheus-alertmanager", "receives the alerts that the rules raise", TEST, "prometheus-alertmanager",
        &["prometheus-alertmanager"]),
    package("nfdump", "collects flow records by IPFIX", TEST, "nfcapd", &["nfdump"]),
    package("rsyslog", "receives alerts by syslog", TEST, "rsyslogd", &["rsyslog"]),
    package("rsyslog-gnutls", "receives them over TLS", TEST, "/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so", &[]),
    package("logrotate", "rotates the events file", TEST, "logrotate", &["logrotate.timer"]),
    package("ieee-data", "the register of MAC vendors", TEST, "/usr/share/ieee-data/oui.txt", &[]),
    package("jq", "reads the agent's JSON the way an operator does", TEST, "jq", &[]),
    package("sqlite3", "reads the agent's store the way an operator does", TEST, "sqlite3", &[]),
    package("curl", "asks a web server the way an operator does", TEST, "curl", &[]),
    package("qemu-system-x86", "boots other kernels", VM, "qemu-system-x86_64", &[]),
    package("busybox-static", "is the whole system around the agent there, and a DHCP client", TEST_AND_VM, "busybox", &[]),
    package("cpio", "packs what is booted into", VM, "cpio", &[]),
    package("xz-utils", "unpacks modules of kernels", VM, "xz", &[]),
    package("zstd", "unpacks modules of kernels", VM, "zstd", &[]),
    package("zsh", "reads the completions that packages bring", TEST, "zsh", &[]),
    package("fish", "reads the completions that packages bring", TEST, "fish", &[]),
    package("groff-base", "formats the manual pages", TEST, "groff", &[]),
    package("lintian", "judges the .deb", PACKAGE, "lintian", &[]),
    package("rpm", "builds and installs the .rpm", PACKAGE, "rpmbuild", &[]),
    package("debootstrap", "makes the fresh system that packages are tried in", PACKAGE, "debootstrap", &[]),
    package("gcc-aarch64-linux-gnu", "links the agent for aarch64", PACKAGE, "aarch64-linux-gnu-gcc", &[]),
    package("libc6-dev-arm64-cross", "is the C library that it is linked with", PACKAGE, "/usr/aarch64-linux-gnu/lib/libc.a", &[]),
    package("qemu-user-static", "runs the agent for aarch64", PACKAGE, "qemu-aarch64-static", &[]),
    package("systemd", "scores the service's unit, makes its user", TEST, "systemd-analyze", &[]),
    package("openssl", "speaks TLS across the gateway", TEST, "openssl", &[]),
];

/// Also compiles libFuzzer.
pub const CPP: Package = package("g++", FOR_LINKER, BUILD, "g++", &[]);

const FOR_COMPILER: &str = "compiles the XDP program: a Rust compiler with a core library for BPF";
const FOR_LINKER: &str = "builds bpf-linker, which links the XDP program";

/// A compiler for BPF, where the machine has none.
pub const COMPILER: &[Package] = &[
    package("rustc-web", FOR_COMPILER, BUILD, "rustc", &[]),
    package("cargo-web", FOR_COMPILER, BUILD, "cargo", &[]),
    package("libstd-rust-web-dev", FOR_COMPILER, BUILD, "rustc", &[]),
    package("libstd-rust-web-dev-bpf", FOR_COMPILER, BUILD, "rustc", &[]),
];

/// What building bpf-linker takes besides LLVM, whose version follows the compiler's: [`llvm`].
pub const LINKER_BUILD: &[Package] = &[
    package("ca-certificates", FOR_LINKER, BUILD, "/etc/ssl/certs/ca-certificates.crt", &[]),
    CPP,
    package("libc6-dev", FOR_LINKER, BUILD, "gcc", &[]),
    package("zlib1g-dev", FOR_LINKER, BUILD, "/usr/include/zlib.h", &[]),
    package("libzstd-dev", FOR_LINKER, BUILD, "/usr/include/zstd.h", &[]),
];

/// LLVM to build bpf-linker against; `None` for a version that bpf-linker does not know.
pub fn llvm(major: u32) -> Option<Package> {
    let name = match major {
        21 => "llvm-21-dev",
        22 => "llvm-22-dev",
        23 => "llvm-23-dev",
        _ => return None,
    };
    Some(package(name, FOR_LINKER, BUILD, "llvm-config", &[]))
}

/// rustfmt and clippy for Debian's compiler.
pub const LINTERS: &[Package] = &[
    package("rustfmt-web", "checks the formatting", &[Need::Lint], "rustfmt", &[]),
    package(
        "rust-web-clippy",
        "lints the XDP program and the agent",
        &[Need::Lint],
        "cargo-clippy",
        &[],
    ),
];

/// Every package that set-up may install.
pub fn all() -> impl Iterator<Item = Package> {
    let llvm = [21, 22, 23].into_iter().filter_map(llvm);
    [PACKAGES, COMPILER, LINKER_BUILD, LINTERS].into_iter().flatten().copied().chain(llvm)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<_> = all().map(|package| package.name).collect();
        assert_eq!(names.len(), all().count());
    }

    #[test]
    fn the_demonstration_needs_no_server_packages() {
        let demo = PACKAGES.iter().filter(|package| package.needed_by.contains(&Need::Demo));
        assert!(demo.into_iter().all(|package| package.services.is_empty()));
    }
}
