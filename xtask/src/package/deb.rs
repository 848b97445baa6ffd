//! The .deb.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::contents::{Parts, Places, fill};
use super::tree::Tree;
use super::{VERSION, epoch, output};
use crate::process::run_openly;
use crate::workspace::Workspace;

const PLACES: Places =
    Places { units: "lib/systemd/system", zsh: "usr/share/zsh/vendor-completions" };
const MAINTAINER: &str = "Wardline <wardline@wardline.invalid>";
const DOCUMENTS: &str = "usr/share/doc/wardline";
/// What lintian says and is not so, and why.
const OVERRIDES: &str = "\
# It answers no request for a package: it is not of Debian.
wardline: initial-upload-closes-no-bugs *
# The register of makers is compiled in: the agent is one file, and a sensor's answers do not change
# with a package of somebody else.
wardline: embedded-library ieee-data *
# A translation of it into Rust, which no package of Debian has as a library.
wardline: embedded-library libyaml *
";

/// Builds the package with this revision and says where it is.
pub fn build(workspace: &Workspace, parts: &Parts<'_>, revision: &str) -> Result<PathBuf> {
    let tree = Tree::make(workspace.packages().join("deb"))?;
    fill(&tree, workspace, parts, &PLACES)?;
    let recipes = workspace.root().join("deploy/package");
    let version = format!("{VERSION}-{revision}");
    let architecture = output(Command::new("dpkg").arg("--print-architecture"))?;
    let architecture = String::from_utf8_lossy(&architecture).trim().to_owned();
    tree.write(&format!("{DOCUMENTS}/copyright"), copyright(workspace)?, 0o644)?;
    tree.write_compressed(
        &format!("{DOCUMENTS}/changelog.Debian"),
        changelog(workspace, &version)?,
    )?;
    let changes = fs::read(workspace.root().join("CHANGELOG.md")).context("no changelog")?;
    tree.write_compressed(&format!("{DOCUMENTS}/changelog"), changes)?;
    tree.write("usr/share/lintian/overrides/wardline", OVERRIDES, 0o644)?;
    let size: u64 = tree
        .files()?
        .iter()
        .filter_map(|file| fs::metadata(tree.root().join(&file[1..])).ok())
        .map(|file| file.len().div_ceil(1024))
        .sum();
    tree.write("DEBIAN/md5sums", sums(&tree)?, 0o644)?;
    tree.write("DEBIAN/control", control(&version, &architecture, size), 0o644)?;
    tree.write("DEBIAN/conffiles", "/etc/wardline/wardline.toml\n", 0o644)?;
    for script in ["postinst", "prerm", "postrm"] {
        tree.copy(&recipes.join(script), &format!("DEBIAN/{script}"), 0o755)?;
    }
    let package = workspace.packages().join(format!("wardline_{version}_{architecture}.deb"));
    let mut build = Command::new("dpkg-deb");
    build.args(["--root-owner-group", "-Zxz", "--build"]).arg(tree.root()).arg(&package);
    build.env("SOURCE_DATE_EPOCH", epoch(workspace)?.to_string());
    run_openly(build)?;
    Ok(package)
}

fn control(version: &str, architecture: &str, kibibytes: u64) -> String {
    let repository = env!("CARGO_PKG_REPOSITORY");
    format!(
        "Package: wardline\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: \
         {MAINTAINER}\nInstalled-Size: {kibibytes}\nDepends: libc6 (>= 2.34), libgcc-s1 (>= 4.2), \
         adduser\nSuggests: prometheus, prometheus-alertmanager, jq\nSection: net\nPriority: \
         optional\nHomepage: {repository}\nDescription: traffic classifier and agent for hospital \
         gateways\n Counts and classifies the traffic of a hospital network where it passes:\n on a \
         Linux gateway. An XDP program dissects each frame, finds its application\n (DICOM, HL7, \
         Modbus, BACnet, SMB, TLS and others) and lets it pass; an agent\n tells of devices, flows \
         and alerts. Nothing is watched until interfaces are\n configured.\n"
    )
}

fn copyright(workspace: &Workspace) -> Result<String> {
    let read = |path: &str| {
        fs::read_to_string(workspace.root().join(path)).with_context(|| format!("no {path}"))
    };
    let indented: String = read("LICENSE-MIT")?
        .lines()
        .map(|line| if line.is_empty() { " .\n".to_owned() } else { format!(" {line}\n") })
        .collect();
    Ok(read("deploy/package/copyright")?
        .replace("@REPOSITORY@", env!("CARGO_PKG_REPOSITORY"))
        .replace("@MIT@\n", &indented))
}

fn changelog(workspace: &Workspace, version: &str) -> Result<String> {
    let mut date = Command::new("date");
    date.args(["--utc", "--rfc-email", "--date"]).arg(format!("@{}", epoch(workspace)?));
    let date = output(date.env("LC_ALL", "C"))?;
    let date = String::from_utf8_lossy(&date).trim().to_owned();
    Ok(format!(
        "wardline ({version}) unstable; urgency=medium\n\n  * Built from the sources of this \
         version; changelog.gz has what is new.\n\n -- {MAINTAINER}  {date}\n"
    ))
}

/// As md5sum prints them, without the leading slash.
fn sums(tree: &Tree) -> Result<Vec<u8>> {
    let files = tree.files()?;
    let named = files.iter().map(|file| &file[1..]).filter(|file| !file.starts_with("etc/"));
    output(Command::new("md5sum").current_dir(tree.root()).args(named))
}
