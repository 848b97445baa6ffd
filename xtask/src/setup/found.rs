//! What this machine has of the things that set-up installs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::dpkg;
use crate::cargo::user_cargo_path;
use crate::linker;
use crate::toolchain::{self, NotFound};
use crate::workspace::Workspace;

/// The distribution's programs, for which its packages are the way to get more.
pub const DISTRIBUTION: &str = "/usr/bin";

pub struct Found {
    pub compiler: Result<Compiler, NotFound>,
    pub linker: Option<PathBuf>,
    pub packages: BTreeSet<&'static str>,
    /// Where the cargo lives that the user typed, and whether rustfmt and clippy live there too.
    pub host_programs: PathBuf,
    pub host_linters: bool,
    pub has_apt: bool,
}

/// The compiler for BPF.
pub struct Compiler {
    pub description: String,
    pub programs: PathBuf,
    pub has_clippy: bool,
    pub llvm_major: u32,
}

impl Found {
    pub fn on_this_machine(workspace: &Workspace) -> Result<Self> {
        let host_programs = user_cargo_path().parent().unwrap_or(Path::new("")).to_path_buf();
        Ok(Self {
            compiler: toolchain::find()?.map(|toolchain| Compiler {
                description: toolchain.describe(),
                programs: toolchain.programs(),
                has_clippy: toolchain.has_clippy(),
                llvm_major: toolchain.llvm_major(),
            }),
            linker: linker::find(workspace)?,
            packages: dpkg::installed(),
            // Without a cargo that started us there is nobody to ask, and nothing to install for.
            host_linters: host_programs.as_os_str().is_empty()
                || ["cargo-clippy", "cargo-fmt"]
                    .iter()
                    .all(|program| host_programs.join(program).is_file()),
            host_programs,
            has_apt: Path::new("/usr/bin/apt-get").is_file(),
        })
    }

    /// One line about the tools; the packages are many and dull.
    pub fn describe(&self) -> String {
        let compiler =
            self.compiler.as_ref().map_or("no compiler for BPF", |compiler| &compiler.description);
        let linker = self
            .linker
            .as_ref()
            .map_or_else(|| "none".to_owned(), |path| path.display().to_string());
        format!("{compiler}; bpf-linker {} ({linker})", linker::VERSION)
    }
}
