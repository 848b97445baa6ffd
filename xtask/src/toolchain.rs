//! Finding a compiler that can build for BPF.
//!
//! rustc needs a `core` library for `bpfel-unknown-none`. Debian ships one built
//! (`libstd-rust-web-dev-bpf`); elsewhere cargo builds it from the library's source. Where rustup
//! and a distribution's packages live side by side, the pair that answers to the name `cargo` is
//! often not the pair that has either, so every pair on the machine is asked.

mod probe;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::forget_host_build;
pub use probe::find;

pub const TARGET: &str = "bpfel-unknown-none";
/// The crates that use unstable features: inline assembly for BPF. A stable compiler grants them by
/// name.
const UNSTABLE_CRATES: &str = "aya_ebpf,sensor_ebpf,wardline_xdp,wardline_bench,wardline_drop";

/// Where `core` for BPF comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Core {
    Prebuilt,
    FromSource,
}

/// A cargo and the rustc that belongs to it, able to build for BPF.
#[derive(Debug)]
pub struct Toolchain {
    cargo: PathBuf,
    rustc: PathBuf,
    core: Core,
    version: Version,
}

/// What `rustc -vV` says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    release: (u32, u32),
    llvm_major: u32,
}

/// Why no toolchain was found: each pair that was looked at, and what it lacks.
#[derive(Debug)]
pub struct NotFound {
    pub looked_at: Vec<String>,
}

impl Toolchain {
    /// `cargo` of this pair, told to compile for BPF with `linker`. The caller adds the packages
    /// and, after a `--`, the rest.
    pub fn cargo(&self, subcommand: &str, linker: &Path, target_directory: &Path) -> Command {
        self.prepare(Command::new(&self.cargo), subcommand, linker, target_directory)
    }

    /// The same with this pair's clippy, where it has one. Called by its path: `cargo clippy` would
    /// find rustup's first.
    pub fn clippy(&self, linker: &Path, target_directory: &Path) -> Option<Command> {
        let clippy = self.programs().join("cargo-clippy");
        self.has_clippy()
            .then(|| self.prepare(Command::new(clippy), "clippy", linker, target_directory))
    }

    fn prepare(
        &self,
        mut command: Command,
        subcommand: &str,
        linker: &Path,
        target_directory: &Path,
    ) -> Command {
        forget_host_build(&mut command);
        command
            .args([subcommand, "--locked", "--release", "--target", TARGET])
            .env("CARGO", &self.cargo)
            .env("RUSTC", &self.rustc)
            .env("CARGO_TARGET_DIR", target_directory)
            .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(env::consts::ARCH, linker))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3")
            .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "2")
            // bpf-linker optimises the whole program; an earlier pass over part of it only costs
            // time.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
        match self.core {
            Core::Prebuilt => command.env("RUSTC_BOOTSTRAP", UNSTABLE_CRATES),
            // `-Z build-std` itself is unstable, so the whole build has to be.
            Core::FromSource => command.env("RUSTC_BOOTSTRAP", "1").args(["-Z", "build-std=core"]),
        };
        command
    }

    /// A cargo of this pair for this machine's own architecture, to build tools with.
    pub fn host_cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        forget_host_build(&mut command);
        command.env("RUSTC", &self.rustc);
        command
    }

    /// bpf-linker has to be built against an LLVM at least as new as the compiler's.
    pub fn llvm_major(&self) -> u32 {
        self.version.llvm_major
    }

    /// The directory of the pair's programs.
    pub fn programs(&self) -> PathBuf {
        self.cargo.parent().unwrap_or(Path::new("")).to_path_buf()
    }

    pub fn has_clippy(&self) -> bool {
        ["cargo-clippy", "clippy-driver"]
            .iter()
            .all(|program| self.programs().join(program).is_file())
    }

    pub fn describe(&self) -> String {
        let (major, minor) = self.version.release;
        let core = match self.core {
            Core::Prebuilt => "built core library",
            Core::FromSource => "core library built from source",
        };
        format!("rustc {major}.{minor} ({}), {core}", self.rustc.display())
    }
}

fn rust_flags(host_architecture: &str, linker: &Path) -> String {
    [
        format!("--cfg=bpf_target_arch=\"{host_architecture}\""),
        "-Cdebuginfo=2".to_owned(),
        format!("-Clinker={}", linker.display()),
        "-Clink-arg=--btf".to_owned(),
    ]
    .join("\x1f")
}
