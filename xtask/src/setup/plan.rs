//! Deciding what to install from what is there. Asks the machine nothing, so that tests can invent
//! one.

use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::Need;
use super::found::{DISTRIBUTION, Found};
use super::packages::{COMPILER, CPP, LINKER_BUILD, LINTERS, PACKAGES, Package, llvm};
use crate::linker;

/// LLVM of the compiler that the packages in [`COMPILER`] bring.
const DISTRIBUTION_LLVM: u32 = 22;
const COMPILER_ELSEWHERE: &str =
    "rustup toolchain install nightly --profile minimal --component rust-src";
const LINKER_ELSEWHERE: &str = "bpf-linker from its releases page, or: cargo binstall bpf-linker@";

/// What set-up will do; empty when the needs are met.
#[derive(Default)]
pub struct Plan {
    pub packages: Vec<Package>,
    pub linker: bool,
    rustup_components: bool,
    /// What set-up cannot do itself, and what to type instead.
    blocked: Vec<String>,
}

impl Plan {
    pub fn make(needs: &[Need], found: &Found) -> Self {
        let mut plan = Self::default();
        if needs.contains(&Need::Build) {
            plan.add_compiler(found);
            plan.add_linker(found);
        }
        if needs.contains(&Need::Lint) {
            plan.add_linters(found);
        }
        if needs.contains(&Need::Fuzz) {
            plan.add(std::iter::once(CPP), found);
        }
        plan.add(
            PACKAGES
                .iter()
                .copied()
                .filter(|package| needs.iter().any(|need| package.needed_by.contains(need))),
            found,
        );
        if !plan.packages.is_empty() && !found.has_apt {
            let names = plan.package_names();
            plan.blocked.push(format!("there is no apt here: install what Debian calls {names}"));
        }
        plan
    }

    fn add_compiler(&mut self, found: &Found) {
        let Err(missing) = &found.compiler else {
            return;
        };
        let before = self.packages.len();
        if found.has_apt {
            self.add(COMPILER.iter().copied(), found);
        }
        if self.packages.len() == before {
            let looked_at = missing.looked_at.join("; ");
            self.blocked.push(format!(
                "no compiler for BPF ({looked_at}). With rustup: {COMPILER_ELSEWHERE}"
            ));
        }
    }

    fn add_linker(&mut self, found: &Found) {
        if found.linker.is_some() {
            return;
        }
        let major =
            found.compiler.as_ref().map_or(DISTRIBUTION_LLVM, |compiler| compiler.llvm_major);
        match llvm(major) {
            Some(llvm) if found.has_apt => {
                self.linker = true;
                self.add(LINKER_BUILD.iter().copied().chain([llvm]), found);
            }
            _ => self
                .blocked
                .push(format!("no bpf-linker {0}: install {LINKER_ELSEWHERE}{0}", linker::VERSION)),
        }
    }

    fn add_linters(&mut self, found: &Found) {
        let distribution = Path::new(DISTRIBUTION);
        let host_is_distribution = found.host_programs == distribution;
        if !found.host_linters && !host_is_distribution {
            self.rustup_components = true;
        }
        // Another compiler may do without clippy; the tests then say that the program was not
        // linted.
        let bpf_lacks_clippy = match &found.compiler {
            Ok(compiler) => compiler.programs == distribution && !compiler.has_clippy,
            Err(_) => found.has_apt,
        };
        if (!found.host_linters && host_is_distribution) || bpf_lacks_clippy {
            self.add(LINTERS.iter().copied(), found);
        }
    }

    fn add(&mut self, packages: impl Iterator<Item = Package>, found: &Found) {
        for package in packages {
            if !found.packages.contains(package.name) && !self.packages.contains(&package) {
                self.packages.push(package);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.packages.is_empty()
            && !self.linker
            && !self.rustup_components
            && self.blocked.is_empty()
    }

    pub fn ensure_possible(&self) -> Result<()> {
        if self.blocked.is_empty() {
            return Ok(());
        }
        bail!("set-up cannot do this here:\n  {}", self.blocked.join("\n  "));
    }

    pub fn rustup_components(&self) -> Option<Command> {
        self.rustup_components.then(|| {
            let mut command = Command::new("rustup");
            command.args(["component", "add", "rustfmt", "clippy"]);
            command
        })
    }

    /// For somebody who may do what we may not.
    pub fn apt_by_hand(&self) -> String {
        let mut text = format!(
            "  sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
            self.package_names()
        );
        if self.packages.iter().any(|package| COMPILER.contains(package)) {
            text += &format!(
                "\nwhere there is no package rustc-web (it is in Debian 12 and later), with rustup:\n  {COMPILER_ELSEWHERE}"
            );
        }
        text
    }

    fn package_names(&self) -> String {
        self.packages.iter().map(|package| package.name).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "setup: to install")?;
        for (index, package) in self.packages.iter().enumerate() {
            let first_of_reason =
                self.packages[..index].iter().all(|earlier| earlier.why != package.why);
            if first_of_reason {
                let same: Vec<_> = self
                    .packages
                    .iter()
                    .filter(|other| other.why == package.why)
                    .map(|other| other.name)
                    .collect();
                writeln!(f, "  {} (package): {}", same.join(" "), package.why)?;
            }
        }
        if self.rustup_components {
            writeln!(
                f,
                "  rustfmt, clippy (rustup component): check the formatting, lint the agent"
            )?;
        }
        if self.linker {
            writeln!(
                f,
                "  bpf-linker {} (cargo, one to three minutes): links the XDP program",
                linker::VERSION
            )?;
        }
        self.blocked.iter().try_for_each(|reason| writeln!(f, "  {reason}"))
    }
}

#[cfg(test)]
mod tests;
