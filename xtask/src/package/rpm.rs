//! The .rpm.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::contents::{Parts, Places, fill};
use super::tree::Tree;
use super::{VERSION, epoch};
use crate::process::run_quietly;
use crate::workspace::Workspace;

const PLACES: Places =
    Places { units: "usr/lib/systemd/system", zsh: "usr/share/zsh/site-functions" };
const DOCUMENTS: &str = "usr/share/doc/wardline";

/// Builds the package of this release and says where it is.
pub fn build(workspace: &Workspace, parts: &Parts<'_>, release: &str) -> Result<PathBuf> {
    let tree = Tree::make(workspace.packages().join("rpm-tree"))?;
    fill(&tree, workspace, parts, &PLACES)?;
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"] {
        tree.copy(&workspace.root().join(file), &format!("{DOCUMENTS}/{file}"), 0o644)?;
    }
    let files = tree.files()?;
    let files: String = files
        .iter()
        .filter(|file| !file.starts_with("/etc/"))
        .map(|file| format!("\"{file}\"\n"))
        .collect();
    let recipe = workspace.root().join("deploy/package/wardline.spec");
    let recipe = fs::read_to_string(&recipe).with_context(|| format!("no {}", recipe.display()))?;
    let recipe = recipe
        .replace("@VERSION@", VERSION)
        .replace("@RELEASE@", release)
        .replace("@REPOSITORY@", env!("CARGO_PKG_REPOSITORY"))
        .replace("@TREE@", &tree.root().display().to_string())
        .replace("@FILES@\n", &files);
    let top = Tree::make(workspace.packages().join("rpm"))?;
    top.write("wardline.spec", recipe, 0o644)?;
    let mut build = Command::new("rpmbuild");
    let definition = |name: &str, path: &str| format!("{name} {}/{path}", top.root().display());
    build.arg("-bb").args(["--define", &definition("_topdir", "")]);
    build.args(["--define", &definition("_dbpath", "db")]);
    build.args([
        "--define",
        "_buildhost wardline",
        "--define",
        "clamp_mtime_to_source_date_epoch 1",
    ]);
    build.args(["--define", "use_source_date_epoch_as_buildtime 1"]);
    build.arg(top.root().join("wardline.spec"));
    build.env("SOURCE_DATE_EPOCH", epoch(workspace)?.to_string());
    run_quietly("rpmbuild", build)?;
    let architecture = std::env::consts::ARCH;
    let name = format!("wardline-{VERSION}-{release}.{architecture}.rpm");
    let package = workspace.packages().join(&name);
    fs::rename(top.root().join(format!("RPMS/{architecture}/{name}")), &package)
        .with_context(|| format!("rpmbuild made no {name}"))?;
    Ok(package)
}
