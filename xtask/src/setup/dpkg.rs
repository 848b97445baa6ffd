//! Asking which packages the machine has.

use std::collections::BTreeSet;
use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::packages::{self, Package};

/// Those of all known packages that the machine has.
pub fn installed() -> BTreeSet<&'static str> {
    let known: Vec<Package> = packages::all().collect();
    let mut query = Command::new("dpkg-query");
    query
        .args(["--show", "--showformat", "${db:Status-Abbrev}\\t${Package}\\n"])
        .args(known.iter().map(|package| package.name));
    // It fails when any of them is unknown to it, and answers for the others all the same.
    match query.env("LC_ALL", "C").stderr(Stdio::null()).output() {
        Ok(answer) => {
            let text = String::from_utf8_lossy(&answer.stdout).into_owned();
            let installed = parse_dpkg_query(&text);
            known
                .iter()
                .map(|package| package.name)
                .filter(|name| installed.contains(name))
                .collect()
        }
        Err(_) => known
            .iter()
            .filter(|package| is_brought(package.brings))
            .map(|package| package.name)
            .collect(),
    }
}

/// The names whose second status letter is `i`, installed; `rc` and `un` rows are packages that are
/// gone.
fn parse_dpkg_query(text: &str) -> BTreeSet<&str> {
    let rows = text.lines().filter_map(|line| line.split_once('\t'));
    rows.filter(|(status, _)| status.as_bytes().get(1) == Some(&b'i'))
        .map(|(_, name)| name)
        .collect()
}

fn is_brought(file: &str) -> bool {
    if file.contains('/') {
        return Path::new(file).exists();
    }
    let path = env::var_os("PATH").unwrap_or_default();
    // An ordinary user's PATH often lacks the directories where `ip` and `tcpdump` are.
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path).chain(system).any(|directory| directory.join(file).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_completely_installed_packages_count() {
        let text = "ii \tgcc\nrc \tsamba\nun \tnmap\nhi \tjq\niU \tdcmtk\n";
        assert_eq!(parse_dpkg_query(text), BTreeSet::from(["gcc", "jq"]));
    }
}
