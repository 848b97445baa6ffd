//! Who reads a capture, and what that took.

use std::ffi::OsStr;
use std::mem::MaybeUninit;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use crate::bench::error::BenchError;

/// One way to read a capture.
pub struct Reader {
    pub name: &'static str,
    pub what: &'static str,
    /// `None` for the agent.
    pub program: Option<&'static str>,
    arguments: fn(&mut Command, &Path, &Path),
}

pub const READERS: [Reader; 4] = [
    Reader {
        name: "Wardline",
        what: "replay, summary",
        program: None,
        arguments: |command, capture, _| {
            command.arg("replay").arg(capture);
        },
    },
    Reader {
        name: "Wardline",
        what: "replay, all events into a file",
        program: None,
        arguments: |command, capture, directory| {
            command.arg("replay").arg("--events").arg(directory.join("events.jsonl")).arg(capture);
        },
    },
    Reader {
        name: "nDPI",
        what: "ndpiReader, summary",
        program: Some("ndpiReader"),
        arguments: |command, capture, _| {
            command.args(["-q", "-v", "0", "-i"]).arg(capture);
        },
    },
    Reader {
        name: "nfdump",
        what: "nfpcapd, flows without applications",
        program: Some("nfpcapd"),
        arguments: |command, capture, directory| {
            command.arg("-r").arg(capture).arg("-w").arg(directory);
        },
    },
];

/// What one reading took.
#[derive(Clone, Copy, Debug)]
pub struct Spent {
    pub cpu_seconds: f64,
    pub wall_seconds: f64,
    pub peak_octets: u64,
}

impl Reader {
    /// # Errors
    ///
    /// When it cannot be started, or fails.
    pub fn run(
        &self,
        program: &OsStr,
        capture: &Path,
        directory: &Path,
    ) -> Result<Spent, BenchError> {
        let name = || program.to_string_lossy().into_owned();
        let started = |source| BenchError::Start { program: name(), source };
        let mut command = Command::new(program);
        (self.arguments)(&mut command, capture, directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let began = Instant::now();
        let child = command.spawn().map_err(started)?;
        let (status, usage) = wait(child.id()).map_err(started)?;
        let wall_seconds = began.elapsed().as_secs_f64();
        let status = ExitStatus::from_raw(status);
        if !status.success() {
            return Err(BenchError::Ended { program: name(), status });
        }
        let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
        Ok(Spent {
            cpu_seconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            wall_seconds,
            peak_octets: usage.ru_maxrss as u64 * 1024,
        })
    }
}

/// Waits for the end of a child, and what it took.
fn wait(process: u32) -> std::io::Result<(i32, libc::rusage)> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both places live during the call and are as large as it expects.
    let waited =
        unsafe { libc::wait4(process as libc::pid_t, &raw mut status, 0, usage.as_mut_ptr()) };
    if waited < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: numbers, for which zeros are valid too.
    Ok((status, unsafe { usage.assume_init() }))
}
