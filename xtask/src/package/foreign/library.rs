//! Rust's standard library for another architecture. rustup brings it where its downloads can be
//! reached; else Debian's package for that architecture is fetched and unpacked below `target`, for
//! Debian's compiler. Nothing is installed, and the machine's own package lists stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::package::output;
use crate::process::{output_of, run_quietly};
use crate::workspace::Workspace;

/// Names the `usr` of that package, unpacked by hand.
const SYSROOT: &str = "WARDLINE_FOREIGN_SYSROOT";
const PACKAGE: &str = "libstd-rust-web-dev";
/// What Debian calls the architecture.
const ARCHITECTURE: &str = "arm64";

/// Where the library is.
pub enum Library {
    /// The compiler that the user typed has it.
    OfCompiler,
    /// In this directory, for Debian's compiler.
    Unpacked(PathBuf),
}

pub fn find(workspace: &Workspace, target: &str) -> Result<Library> {
    if let Some(sysroot) = std::env::var_os(SYSROOT) {
        return Ok(Library::Unpacked(sysroot.into()));
    }
    let mut ask = Command::new("rustc");
    ask.current_dir(workspace.root()).args(["--print", "target-libdir", "--target", target]);
    if output_of(&mut ask).is_some_and(|directory| Path::new(&directory).is_dir()) {
        return Ok(Library::OfCompiler);
    }
    fetched(&workspace.foreign(), target).map(Library::Unpacked).with_context(|| {
        format!(
            "there is no standard library for {target}: `rustup target add {target}` brings one, or \
             {SYSROOT} names the `usr` of Debian's {ARCHITECTURE} {PACKAGE}, unpacked"
        )
    })
}

/// The package of the version that is installed for this machine, unpacked once.
fn fetched(foreign: &Path, target: &str) -> Result<PathBuf> {
    let mut ask = Command::new("dpkg-query");
    ask.args(["--show", "--showformat", "${Version}", PACKAGE]);
    let version = output_of(&mut ask).context("Debian's compiler is not installed")?;
    let library = foreign.join("library");
    let mark = library.join("VERSION");
    if fs::read_to_string(&mark).is_ok_and(|unpacked| unpacked == version) {
        return Ok(library.join("usr"));
    }
    let apt = foreign.join("apt");
    for directory in [&library, &apt] {
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
    }
    for directory in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(directory))?;
    }
    run_quietly("package lists of the other architecture", apt_get(&apt, &["update"]))?;
    let wanted = format!("{PACKAGE}={version}");
    run_quietly(&format!("{ARCHITECTURE} {PACKAGE}"), apt_get(&apt, &["download", &wanted]))?;
    let package = fs::read_dir(&apt)?.flatten().map(|entry| entry.path());
    let package = package.filter(|path| path.extension().is_some_and(|kind| kind == "deb"));
    let package = package.last().context("apt-get downloaded no package")?;
    output(Command::new("dpkg-deb").arg("-x").arg(package).arg(&library))?;
    let sysroot = library.join("usr");
    let directory = sysroot.join("lib/rustlib").join(target);
    ensure!(directory.is_dir(), "the package has no {}", directory.display());
    fs::write(mark, version)?;
    fs::remove_dir_all(apt)?;
    Ok(sysroot)
}

/// apt-get of the other architecture, with lists and files of its own below `place`.
fn apt_get(place: &Path, words: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.current_dir(place);
    let own = |key: &str, directory: &str| format!("{key}={}", place.join(directory).display());
    for option in [
        format!("APT::Architecture={ARCHITECTURE}"),
        format!("APT::Architectures={ARCHITECTURE}"),
        own("Dir::State::lists", "lists"),
        own("Dir::Cache", "cache"),
        // Nothing is installed there.
        "Dir::State::status=/dev/null".to_owned(),
        // The directory is root's.
        "APT::Sandbox::User=root".to_owned(),
    ] {
        command.args(["-o", &option]);
    }
    command.args(words);
    command
}
