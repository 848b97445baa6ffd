//! What a host has to offer the agent, line by line, and what to do where it does not.

mod facts;

use std::path::Path;

use super::system_calls::FileSystem;
pub use facts::Facts;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Ok,
    /// It works, and could be better.
    Warn,
    /// The agent cannot run, or loses something.
    Fail,
}

impl Outcome {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub subject: String,
    pub outcome: Outcome,
    pub text: String,
    /// What to do.
    pub remedy: Option<String>,
}

impl Check {
    pub fn ok(subject: &str, text: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), outcome: Outcome::Ok, text: text.into(), remedy: None }
    }

    pub fn warn(subject: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        let (subject, text) = (subject.to_owned(), text.into());
        Self { subject, outcome: Outcome::Warn, text, remedy: Some(remedy.into()) }
    }

    pub fn fail(subject: &str, text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: Outcome::Fail, ..Self::warn(subject, text, remedy) }
    }
}

/// The oldest kernel, and the first one with frames in several buffers.
const OLDEST: (u32, u32) = (5, 10);
const SEVERAL_BUFFERS: (u32, u32) = (5, 18);
/// Since then maps are no longer counted as locked memory.
const UNLOCKED: (u32, u32) = (5, 11);
/// `BPF_FS_MAGIC`.
const BPF_FS: i64 = 0xcafe_4a11;
/// Bits of capabilities(7): CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_PERFMON, CAP_BPF.
const NET_ADMIN: u32 = 12;
const SYS_ADMIN: u32 = 21;
const PERFMON: u32 = 38;
const BPF: u32 = 39;
/// Room on disk below which the store and the events file soon come to a stop.
const LITTLE_ROOM: u64 = 256 << 20;
const NO_ROOM: u64 = 8 << 20;

/// The checks that need no configuration.
pub fn checks(facts: &Facts) -> Vec<Check> {
    vec![
        kernel(facts),
        btf(facts),
        bpf_files(facts),
        capabilities(facts),
        locked_memory(facts),
        unprivileged(facts),
        compiler(facts),
        clock(facts),
    ]
}

fn kernel(facts: &Facts) -> Check {
    let release = &facts.release;
    match facts.version {
        None => Check::warn(
            "kernel",
            format!("version {release} is not understood"),
            "expect Linux 5.10 or later",
        ),
        Some(version) if version < OLDEST => Check::fail(
            "kernel",
            format!("Linux {release} has no links for XDP as they are needed"),
            "use Linux 5.10 or later",
        ),
        Some(version) if version < SEVERAL_BUFFERS => Check::warn(
            "kernel",
            format!("Linux {release} gives the program no frame in several buffers"),
            "interfaces with an MTU above 1500 may refuse it; Linux 5.18 and later do not",
        ),
        Some(_) => Check::ok("kernel", format!("Linux {release}")),
    }
}

fn btf(facts: &Facts) -> Check {
    match facts.has_btf {
        true => Check::ok("btf", "the kernel describes its types"),
        false => Check::ok("btf", "the kernel does not describe its types; nothing here needs it"),
    }
}

fn bpf_files(facts: &Facts) -> Check {
    match facts.bpf_files {
        Some(FileSystem { kind: BPF_FS, .. }) => Check::ok("bpffs", "mounted on /sys/fs/bpf"),
        _ => Check::warn(
            "bpffs",
            "no BPF file system on /sys/fs/bpf: counts would not outlive the agent",
            "mount -t bpf bpf /sys/fs/bpf",
        ),
    }
}

fn capabilities(facts: &Facts) -> Check {
    let Some(effective) = facts.capabilities else {
        return Check::warn("capabilities", "/proc does not tell them", "mount /proc");
    };
    let has = |bit: u32| effective >> bit & 1 == 1;
    if has(NET_ADMIN) && (has(SYS_ADMIN) || has(BPF) && has(PERFMON)) {
        return Check::ok("capabilities", "this process may load and attach programs");
    }
    Check::warn(
        "capabilities",
        "this process may not load programs, so that is not tried here",
        "run `wardline doctor` as root; the service has its own (deploy/wardline.service)",
    )
}

fn locked_memory(facts: &Facts) -> Check {
    let counts = facts.version.is_some_and(|version| version < UNLOCKED);
    match facts.locked_memory {
        Some(limit) if counts => Check::fail(
            "memlock",
            format!("only {limit} octets may be locked, and this kernel counts maps as such"),
            "LimitMEMLOCK=infinity in the unit, or `ulimit -l unlimited`",
        ),
        Some(_) => Check::ok("memlock", "limited, but this kernel does not count maps as locked"),
        None => Check::ok("memlock", "unlimited"),
    }
}

fn unprivileged(facts: &Facts) -> Check {
    match facts.unprivileged_bpf_disabled {
        Some(0) => Check::warn(
            "unprivileged_bpf",
            "every user of this host may load BPF programs",
            "sysctl -w kernel.unprivileged_bpf_disabled=2",
        ),
        Some(_) => Check::ok("unprivileged_bpf", "only the privileged may load programs"),
        None => Check::ok("unprivileged_bpf", "the kernel does not say"),
    }
}

fn compiler(facts: &Facts) -> Check {
    match facts.compiler {
        Some(0) => Check::warn(
            "jit",
            "programs are interpreted, at several times the cost",
            "sysctl -w net.core.bpf_jit_enable=1",
        ),
        Some(_) => Check::ok("jit", "programs are compiled"),
        None => Check::ok("jit", "not told in this network namespace"),
    }
}

fn clock(facts: &Facts) -> Check {
    match facts.is_clock_synchronised {
        Some(false) => Check::warn(
            "clock",
            "the time of day is not kept in step: events may be dated wrongly (windows and timeouts \
             do not use it)",
            "run chrony or systemd-timesyncd",
        ),
        Some(true) => Check::ok("clock", "kept in step"),
        None => Check::ok("clock", "the kernel does not say"),
    }
}

/// Room for what is written below `path`, or where it would be made.
pub fn disk(subject: &str, path: &Path) -> Check {
    let place = path.ancestors().find(|place| place.exists()).unwrap_or(Path::new("/"));
    let shown = path.display();
    match super::system_calls::file_system(place) {
        Err(error) => Check::fail(subject, format!("{shown}: {error}"), "make it readable"),
        Ok(found) => room(subject, &shown.to_string(), found),
    }
}

fn room(subject: &str, path: &str, found: FileSystem) -> Check {
    let mebibytes = found.available >> 20;
    if found.is_read_only {
        return Check::fail(
            subject,
            format!("{path} can only be read"),
            "mount it writable, or choose another place",
        );
    }
    let text = format!("{path} has {mebibytes} MiB left");
    match found.available {
        ..NO_ROOM => {
            Check::fail(subject, text, "make room: nothing more is kept until there is some")
        }
        NO_ROOM..LITTLE_ROOM => Check::warn(subject, text, "make room, or rotate the events file"),
        _ => Check::ok(subject, text),
    }
}

/// Whether others can read or write what only the agent should. `allowed` are the bits of the mode
/// that may be set.
pub fn permissions(subject: &str, path: &Path, allowed: u32) -> Option<Check> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode() & 0o777;
    let shown = path.display();
    Some(match mode & !allowed {
        0 => Check::ok(subject, format!("{shown} has mode {mode:04o}")),
        _ => Check::fail(
            subject,
            format!("{shown} has mode {mode:04o}: others may get at it"),
            format!("chmod {:04o} {shown}", mode & allowed),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Facts {
        Facts {
            release: "6.1.0".to_owned(),
            version: Some((6, 1)),
            has_btf: true,
            bpf_files: Some(FileSystem {
                kind: BPF_FS,
                octets: 0,
                available: 0,
                is_read_only: false,
            }),
            capabilities: Some(1 << NET_ADMIN | 1 << BPF | 1 << PERFMON),
            locked_memory: None,
            unprivileged_bpf_disabled: Some(2),
            compiler: Some(1),
            is_clock_synchronised: Some(true),
        }
    }

    fn not_ok(facts: &Facts) -> Vec<(String, Outcome)> {
        let checks = checks(facts);
        assert!(checks.iter().all(|check| check.remedy.is_some() == (check.outcome > Outcome::Ok)));
        checks
            .into_iter()
            .filter(|check| check.outcome > Outcome::Ok)
            .map(|check| (check.subject, check.outcome))
            .collect()
    }

    #[test]
    fn a_good_host_has_nothing_to_mend() {
        assert_eq!(not_ok(&good()), []);
    }

    #[test]
    fn each_fault_is_one_line_with_a_remedy() {
        let cases = [
            (Facts { version: Some((5, 4)), ..good() }, "kernel", Outcome::Fail),
            (Facts { version: Some((5, 15)), ..good() }, "kernel", Outcome::Warn),
            (Facts { version: None, ..good() }, "kernel", Outcome::Warn),
            (Facts { bpf_files: None, ..good() }, "bpffs", Outcome::Warn),
            (Facts { capabilities: Some(1 << NET_ADMIN), ..good() }, "capabilities", Outcome::Warn),
            (
                Facts { unprivileged_bpf_disabled: Some(0), ..good() },
                "unprivileged_bpf",
                Outcome::Warn,
            ),
            (Facts { compiler: Some(0), ..good() }, "jit", Outcome::Warn),
            (Facts { is_clock_synchronised: Some(false), ..good() }, "clock", Outcome::Warn),
        ];
        for (facts, subject, outcome) in cases {
            assert_eq!(not_ok(&facts), [(subject.to_owned(), outcome)]);
        }
    }

    #[test]
    fn locked_memory_matters_only_where_maps_are_counted() {
        let limited = Facts { locked_memory: Some(65_536), ..good() };
        assert_eq!(not_ok(&limited), []);
        let old = Facts { version: Some((5, 10)), ..limited };
        assert!(not_ok(&old).contains(&("memlock".to_owned(), Outcome::Fail)));
    }

    #[test]
    fn a_disk_is_judged_by_what_is_left_and_whether_it_can_be_written() {
        let left =
            |available| FileSystem { kind: 0, octets: 1 << 40, available, is_read_only: false };
        let outcome = |found| room("disk", "/var/lib/wardline", found).outcome;
        assert_eq!(outcome(left(1 << 30)), Outcome::Ok);
        assert_eq!(outcome(left(100 << 20)), Outcome::Warn);
        assert_eq!(outcome(left(1 << 20)), Outcome::Fail);
        assert_eq!(outcome(FileSystem { is_read_only: true, ..left(1 << 30) }), Outcome::Fail);
    }
}
