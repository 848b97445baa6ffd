//! A child process that does not outlive its guard.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::error::LabError;

const TIME_TO_END: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(20);

/// Ends its process by id when dropped: SIGTERM, a wait, then SIGKILL.
#[derive(Debug)]
pub struct ChildGuard {
    child: Child,
}

impl ChildGuard {
    /// Starts the command. It is also ended when the thread that starts it
    /// ends, even by SIGKILL; so start it on a thread that lasts.
    pub fn start(command: &mut Command) -> Result<Self, LabError> {
        let program = command.get_program().to_string_lossy().into_owned();
        // In a process group of its own: Ctrl-C reaches the laboratory, and the
        // laboratory decides what ends when.
        command.process_group(0);
        // SAFETY: between fork and exec only prctl is called, which is
        // async-signal-safe and allocates nothing.
        unsafe {
            command.pre_exec(|| match libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM) {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            });
        }
        let child = command.spawn().map_err(|source| LabError::Start { program, source })?;
        Ok(Self { child })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The pipes, if the command was given any.
    pub fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, or `None` while it runs.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Sends a signal, unless the process has already ended.
    pub fn signal(&mut self, signal: i32) -> io::Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        // SAFETY: the child has not been waited for, so its id is still its own.
        match unsafe { libc::kill(self.child.id() as libc::pid_t, signal) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Waits for the end, at most `patience`; `None` when it still runs.
    pub fn wait_for(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let until = Instant::now() + patience;
        loop {
            let ended = self.ended()?;
            if ended.is_some() || Instant::now() >= until {
                return Ok(ended);
            }
            thread::sleep(GLANCE);
        }
    }

    /// Asks it to end, insists after five seconds, and says how it ended.
    pub fn end(&mut self) -> io::Result<ExitStatus> {
        self.signal(libc::SIGTERM)?;
        if let Some(status) = self.wait_for(TIME_TO_END)? {
            return Ok(status);
        }
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for ChildGuard {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            eprintln!("laboratory: cannot end process {}: {error}", self.child.id());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn process_is_gone_when_its_guard_is_dropped() {
        let mut sleeper = ChildGuard::start(Command::new("sleep").arg("30")).unwrap();
        let id = sleeper.id();
        assert_eq!(sleeper.ended().unwrap(), None);
        drop(sleeper);
        assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
    }
}
