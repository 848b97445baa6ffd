//! The libraries that are in the agent, as cargo resolved them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;

use super::output;
use crate::cargo::user_cargo;
use crate::workspace::Workspace;

/// One library, or the agent itself.
#[derive(Clone, Debug)]
pub struct Library {
    pub name: String,
    pub version: String,
    /// An SPDX expression.
    pub licence: String,
    /// Where its sources are.
    pub directory: PathBuf,
    /// Whether it is of this repository.
    pub is_own: bool,
    /// Of the archive in the registry, from the lock file.
    pub checksum: Option<String>,
    /// Names and versions of those that it uses.
    pub uses: Vec<(String, String)>,
}

/// All that is linked into the agent on this machine, the agent among them, by name and version.
pub fn of_agent(workspace: &Workspace) -> Result<Vec<Library>> {
    let mut cargo = user_cargo(workspace);
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    cargo.args(["metadata", "--locked", "--format-version", "1", "--filter-platform", &host]);
    let metadata: Value = serde_json::from_slice(&output(&mut cargo)?)?;
    let lock = std::fs::read_to_string(workspace.root().join("Cargo.lock")).context("no lock")?;
    let checksums = checksums(&lock);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let packages: BTreeMap<String, Value> =
        list(&metadata["packages"]).into_iter().map(|each| (text(&each["id"]), each)).collect();
    let nodes: BTreeMap<String, Value> = list(&metadata["resolve"]["nodes"])
        .into_iter()
        .map(|node| (text(&node["id"]), node))
        .collect();
    let agent = packages.iter().find(|(_, package)| package["name"] == "sensor");
    let mut waiting = vec![agent.context("cargo knows no agent")?.0.clone()];
    let mut seen = BTreeSet::new();
    let mut libraries = Vec::new();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id.clone()) {
            continue;
        }
        // What a build script or a macro uses is not in the program.
        let is_linked = |dependency: &Value| {
            list(&dependency["dep_kinds"]).iter().any(|kind| kind["kind"].is_null())
        };
        let used: Vec<String> = list(&nodes[&id]["deps"])
            .iter()
            .filter(|dependency| is_linked(dependency))
            .map(|dependency| text(&dependency["pkg"]))
            .collect();
        let named = |id: &String| (text(&packages[id]["name"]), text(&packages[id]["version"]));
        let (name, version) = named(&id);
        let package = &packages[&id];
        let manifest = PathBuf::from(text(&package["manifest_path"]));
        libraries.push(Library {
            licence: text(&package["license"]).replace('/', " OR "),
            directory: manifest.parent().map(PathBuf::from).unwrap_or_default(),
            is_own: package["source"].is_null(),
            checksum: checksums.get(&(name.clone(), version.clone())).cloned(),
            uses: used.iter().map(named).collect(),
            name,
            version,
        });
        waiting.extend(used);
    }
    libraries.sort_by(|one, other| (&one.name, &one.version).cmp(&(&other.name, &other.version)));
    Ok(libraries)
}

/// Checksums in a lock file, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let blocks = lock.split("[[package]]").skip(1);
    let value = |block: &str, key: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")))?;
        Some(line.trim_end_matches('"').to_owned())
    };
    let checksum = |block| {
        Some(((value(block, "name")?, value(block, "version")?), value(block, "checksum")?))
    };
    blocks.filter_map(checksum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_read_from_a_lock_file() {
        let lock = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \
                    \"f00\"\n\n[[package]]\nname = \"own\"\nversion = \"0.1.0\"\n";
        let found = checksums(lock);
        assert_eq!(found.get(&("a".into(), "1.0.0".into())).map(String::as_str), Some("f00"));
        assert_eq!(found.len(), 1);
    }
}
