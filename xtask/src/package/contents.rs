//! What a package holds, and where. The two families of distributions differ in three places.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::output;
use super::tree::Tree;
use crate::workspace::Workspace;

/// What was made for packages.
pub struct Parts<'a> {
    /// The agent, without debugging information.
    pub agent: &'a Path,
    /// The bill of materials.
    pub bill: String,
    /// The notices of the libraries.
    pub notices: String,
}

/// Where a family of distributions has what others have elsewhere.
pub struct Places {
    pub units: &'static str,
    pub zsh: &'static str,
}

const DOCUMENTS: &str = "usr/share/doc/wardline";

/// Puts everything that both families have into `tree`.
pub fn fill(tree: &Tree, workspace: &Workspace, parts: &Parts<'_>, places: &Places) -> Result<()> {
    let deploy = workspace.root().join("deploy");
    tree.copy(parts.agent, "usr/bin/wardline", 0o755)?;
    tree.copy(&deploy.join("package/wardline.toml"), "etc/wardline/wardline.toml", 0o644)?;
    service(tree, &deploy, places)?;
    pages(tree, workspace, places)?;
    tree.copy_all(&deploy.join("rules"), "yml", "usr/share/wardline/rules")?;
    tree.copy_all(&deploy.join("rules/tests"), "yml", "usr/share/wardline/rules/tests")?;
    tree.copy_all(&deploy.join("grafana"), "json", "usr/share/wardline/grafana")?;
    tree.copy_all(&deploy.join("runbooks"), "md", &format!("{DOCUMENTS}/runbooks"))?;
    let examples = format!("{DOCUMENTS}/examples");
    tree.copy_all(&deploy.join("examples"), "toml", &examples)?;
    tree.copy(&deploy.join("wardline.toml"), &format!("{examples}/every-key.toml"), 0o644)?;
    tree.copy(&deploy.join("prometheus.yml"), &format!("{examples}/prometheus.yml"), 0o644)?;
    tree.write(&format!("{DOCUMENTS}/wardline.cdx.json"), &parts.bill, 0o644)?;
    tree.write_compressed(&format!("{DOCUMENTS}/THIRD-PARTY"), &parts.notices)?;
    for page in ["alerts", "configuration", "detections", "events", "metrics"] {
        let from = workspace.root().join(format!("docs/{page}.md"));
        let text = fs::read_to_string(&from).with_context(|| format!("no {}", from.display()))?;
        // Not compressed: pages link to each other.
        tree.write(&format!("{DOCUMENTS}/{page}.md"), text, 0o644)?;
    }
    Ok(())
}

/// The unit, and whatever else `deploy/` has for systemd.
fn service(tree: &Tree, deploy: &Path, places: &Places) -> Result<()> {
    let unit = fs::read_to_string(deploy.join("wardline.service")).context("no unit")?;
    // Who installs by hand puts the agent elsewhere.
    let unit = unit.replace("/usr/local/bin/", "/usr/bin/");
    // How to install by hand is of no use here.
    let start = unit.find("[Unit]").context("the unit has no [Unit]")?;
    let path = format!("{}/wardline.service", places.units);
    tree.write(&path, &unit[start..], 0o644)?;
    for (file, path) in [
        ("wardline.sysusers.conf", "usr/lib/sysusers.d/wardline.conf"),
        ("wardline.tmpfiles.conf", "usr/lib/tmpfiles.d/wardline.conf"),
    ] {
        let file = deploy.join(file);
        if file.is_file() {
            tree.copy(&file, path, 0o644)?;
        }
    }
    Ok(())
}

/// Manual pages and completions, as the agent itself writes them.
fn pages(tree: &Tree, workspace: &Workspace, places: &Places) -> Result<()> {
    let agent = || Command::new(workspace.agent());
    let pages = workspace.packages().join("man");
    let made = Tree::make(pages.clone())?;
    output(agent().args(["man", "--directory"]).arg(&pages))?;
    for page in made.files()? {
        let text = fs::read(pages.join(&page[1..])).with_context(|| format!("no {page}"))?;
        tree.write_compressed(&format!("usr/share/man/man1{page}"), text)?;
    }
    for (shell, path) in [
        ("bash", "usr/share/bash-completion/completions/wardline".to_owned()),
        ("zsh", format!("{}/_wardline", places.zsh)),
        ("fish", "usr/share/fish/vendor_completions.d/wardline.fish".to_owned()),
    ] {
        tree.write(&path, output(agent().args(["completions", shell]))?, 0o644)?;
    }
    Ok(())
}
