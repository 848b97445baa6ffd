//! The two families of distributions: how each installs and removes, and what it leaves.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::fresh::Fresh;
use crate::package::output;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Deb,
    Rpm,
}

/// What either package owns.
const OWN: [&str; 6] = [
    "/usr/bin/wardline",
    "/usr/share/wardline",
    "/usr/share/doc/wardline",
    "/usr/lib/sysusers.d/wardline.conf",
    "/usr/lib/systemd/system/wardline.service",
    "/run/wardline",
];
/// What is the site's: purged with a .deb, left by an .rpm, which knows no purge.
const DATA: [&str; 2] = ["/var/lib/wardline", "/var/log/wardline"];

impl Family {
    /// Installs it, or upgrades to it.
    pub fn install(self, fresh: &Fresh, package: &Path) -> Result<()> {
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        match self {
            Self::Deb => {
                fs::copy(package, fresh.path("/root").join(&*name)).context("cannot hand it in")?;
                fresh.run("dpkg", &["--install", "--force-confdef", &format!("/root/{name}")])?;
            }
            Self::Rpm => {
                if !fresh.path("/var/lib/rpm").exists() {
                    output(rpm(fresh).arg("--initdb"))?;
                }
                // The database of a Debian knows of no glibc, libgcc and shadow-utils, though they
                // are there under other names.
                output(rpm(fresh).args([MEANT, "--upgrade", "--nodeps"]).arg(package))?;
            }
        }
        Ok(())
    }

    /// Asks the package manager whether all is as packed.
    pub fn ensure_installed(self, fresh: &Fresh) -> Result<()> {
        let said = match self {
            Self::Deb => fresh.run("dpkg", &["--verify", "wardline"])?,
            Self::Rpm => {
                let said = output(rpm(fresh).args(["--verify", "--nodeps", "wardline"]))?;
                String::from_utf8_lossy(&said).into_owned()
            }
        };
        ensure!(said.is_empty(), "files are not as packed:\n{said}");
        Ok(())
    }

    pub fn remove(self, fresh: &Fresh) -> Result<()> {
        match self {
            Self::Deb => fresh.run("dpkg", &["--purge", "wardline"]).map(drop),
            Self::Rpm => output(rpm(fresh).args([MEANT, "--erase", "wardline"])).map(drop),
        }
    }

    /// Fails if more is left than belongs to the site.
    pub fn ensure_removed(self, fresh: &Fresh) -> Result<()> {
        let is_there = |path: &&&str| fresh.path(path).exists();
        let left: Vec<_> = OWN.iter().filter(is_there).collect();
        ensure!(left.is_empty(), "{left:?} is left");
        let configuration: Vec<_> = fs::read_dir(fresh.path("/etc/wardline"))
            .map(|entries| entries.flatten().map(|entry| entry.file_name()).collect())
            .unwrap_or_default();
        match self {
            Self::Deb => {
                let left: Vec<_> = DATA.iter().filter(is_there).collect();
                ensure!(left.is_empty(), "{left:?} is left");
                ensure!(!fresh.path("/etc/wardline").exists(), "{configuration:?} is left");
            }
            Self::Rpm => {
                ensure!(configuration == ["wardline.toml.rpmsave"], "{configuration:?} is left");
                for directory in DATA {
                    ensure!(fresh.path(directory).is_dir(), "{directory} is gone");
                    fs::remove_dir_all(fresh.path(directory))?;
                }
            }
        }
        Ok(())
    }

    pub fn left(self) -> &'static str {
        match self {
            Self::Deb => "no file left",
            Self::Rpm => "left the changed configuration (.rpmsave), store and events",
        }
    }
}

/// This machine's rpm, at work in the fresh system: scripts run there.
fn rpm(fresh: &Fresh) -> Command {
    let mut command = Command::new("rpm");
    command.arg("--root").arg(fresh.path("/"));
    // Debian's has its database in a home directory.
    command.args(["--define", "_dbpath /var/lib/rpm"]);
    command
}

/// Debian's asks whether one means it, when something is to change.
const MEANT: &str = "--force-debian";
