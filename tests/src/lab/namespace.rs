//! One network namespace: commands, threads and settings inside it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::panic;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use super::command::{run, run_with_input};
use super::error::LabError;

pub(super) const DIRECTORY: &str = "/run/netns";

/// A handle; clones are the same namespace. Its [`super::Lab`] removes it.
#[derive(Clone, Debug)]
pub struct Namespace {
    name: Arc<str>,
}

impl Namespace {
    pub(super) fn create(name: String) -> Result<Self, LabError> {
        run(Command::new("ip").args(["netns", "add", &name]))?;
        Ok(Self { name: name.into() })
    }

    pub(super) fn delete(&self) -> Result<(), LabError> {
        run(Command::new("ip").args(["netns", "delete", &self.name])).map(drop)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn path(&self) -> PathBuf {
        Path::new(DIRECTORY).join(&*self.name)
    }

    /// Runs `ip` with these arguments on this namespace.
    pub fn ip(&self, arguments: &[&str]) -> Result<String, LabError> {
        run(Command::new("ip").args(["-n", &self.name]).args(arguments))
    }

    /// Runs several `ip` commands in one process; the first failure ends it.
    pub fn ip_batch(&self, lines: &[String]) -> Result<(), LabError> {
        let script = lines.join("\n") + "\n";
        run_with_input(Command::new("ip").args(["-n", &self.name, "-batch", "-"]), &script)
            .map(drop)
    }

    /// A command that will run inside. Not `ip netns exec`: that mounts a new
    /// /sys and so hides /sys/fs/bpf.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path().display())).arg("--").arg(program);
        command
    }

    /// Runs a command inside to its end and returns what it printed.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Result<String, LabError> {
        run(self.command(program).args(arguments))
    }

    /// Moves the calling thread into this namespace for good.
    pub(crate) fn enter(&self) -> io::Result<()> {
        let namespace = File::open(self.path())?;
        // SAFETY: the descriptor is open; the kernel checks that it is a network
        // namespace. Only the calling thread moves.
        match unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Runs `work` on a thread of its own inside this namespace and waits for
    /// it. Sockets made there stay in the namespace wherever they are used.
    pub fn in_namespace<T: Send>(&self, work: impl FnOnce() -> T + Send) -> Result<T, LabError> {
        let result = thread::scope(|scope| {
            let inside = scope.spawn(|| self.enter().map(|()| work()));
            inside.join().unwrap_or_else(|panic| panic::resume_unwind(panic))
        });
        result.map_err(|source| LabError::Enter { name: self.name.to_string(), source })
    }

    /// Writes a setting below /proc/sys/net, such as `ipv4/ip_forward`.
    pub fn set(&self, key: &str, value: &str) -> Result<(), LabError> {
        let path = Path::new("/proc/sys/net").join(key);
        self.in_namespace(|| fs::write(&path, value))?.map_err(|source| LabError::Setting {
            path,
            value: value.to_owned(),
            source,
        })
    }

    /// No IPv6 on any interface, present or future: no router or neighbour
    /// messages disturb a count of frames.
    pub fn silence_ipv6(&self) -> Result<(), LabError> {
        self.set("ipv6/conf/all/disable_ipv6", "1")?;
        self.set("ipv6/conf/default/disable_ipv6", "1")
    }
}
