//! The agent of a package, started without a service manager.

use std::fs;
use std::process::Child;

use anyhow::{Context, Result, ensure};

use super::family::Family;
use super::fresh::Fresh;
use crate::package::output;

/// Where it logs.
pub const LOG: &str = "/root/trial.log";

/// The service's user with the three capabilities of the unit, by number, as old versions of setpriv
/// do not know their names: CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF.
const AS_THE_UNIT: [&str; 9] = [
    "--reuid",
    "wardline",
    "--regid",
    "wardline",
    "--init-groups",
    "--inh-caps",
    "-all,+cap_12,+cap_38,+cap_39",
    "--ambient-caps",
    "-all,+cap_12,+cap_38,+cap_39",
];

/// Ends the agent when it is dropped.
pub struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Started {
    pub fn start(fresh: &Fresh, family: Family) -> Result<Self> {
        let mut command = match family {
            Family::Deb => {
                for (mode, directory) in
                    [("0700", "/sys/fs/bpf/wardline"), ("0750", "/run/wardline")]
                {
                    let owned = ["-d", "-o", "wardline", "-g", "wardline", "-m", mode, directory];
                    fresh.run("install", &owned)?;
                }
                let mut command = fresh.command("setpriv", &AS_THE_UNIT);
                command.args(["wardline", "run"]);
                command
            }
            // By hand; it makes what it needs.
            Family::Rpm => fresh.command("wardline", &["run"]),
        };
        let log = fs::File::create(fresh.path(LOG))?;
        command.stdout(log.try_clone()?).stderr(log);
        Ok(Self(command.spawn().context("cannot start the agent")?))
    }

    /// Fails unless it runs as the package's user.
    pub fn ensure_its_users(&self, fresh: &Fresh) -> Result<()> {
        let wanted = fresh.run("id", &["--user", "wardline"])?;
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let user = status.lines().find_map(|line| line.strip_prefix("Uid:"));
        let mut users = user.unwrap_or_default().split_whitespace();
        ensure!(users.all(|user| user == wanted.trim()), "it runs as {user:?}, not as {wanted}");
        Ok(())
    }

    /// As a service manager does.
    pub fn stop(mut self) -> Result<()> {
        let id = self.0.id().to_string();
        output(std::process::Command::new("kill").args(["-TERM", &id]))?;
        let status = self.0.wait()?;
        ensure!(status.success(), "the agent ended with {status}");
        Ok(())
    }
}
