//! Other releases of Debian, from the mirrors that this machine uses itself. Its own package lists
//! are neither read nor touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process::{output_of, run_quietly};

const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
const SOURCES: &str = "/etc/apt/sources.list";
const MORE_SOURCES: &str = "/etc/apt/sources.list.d";

/// The releases of Debian whose kernels are wanted.
const RELEASES: [(Archive, &str); 3] = [
    (Archive::Security, "bullseye-security"),
    (Archive::Security, "bookworm-security"),
    (Archive::Main, "trixie-backports"),
];

/// Debian's two archives, which lie at different addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Archive {
    Main,
    Security,
}

/// A state of apt of its own.
pub struct Mirror {
    directory: PathBuf,
}

impl Mirror {
    /// Reads the package lists of the releases.
    pub fn open(directory: PathBuf) -> Result<Self> {
        let sources = sources_of_this_machine();
        let addresses = [Archive::Main, Archive::Security].map(|of| address(&sources, of));
        let [Some(main), Some(security)] = addresses else {
            anyhow::bail!("no mirror of Debian and of its security archive in {SOURCES}(.d)");
        };
        for part in ["lists/partial", "archives/partial", "parts"] {
            fs::create_dir_all(directory.join(part))
                .with_context(|| format!("cannot make {}", directory.display()))?;
        }
        let list: String = RELEASES
            .iter()
            .map(|(archive, release)| {
                let address = if *archive == Archive::Main { &main } else { &security };
                format!("deb [signed-by={KEYRING}] {address} {release} main\n")
            })
            .collect();
        let mirror = Self { directory };
        fs::write(mirror.path("sources.list"), list).context("cannot write the sources")?;
        fs::write(mirror.path("status"), "").context("cannot write the status")?;
        let mut update = mirror.apt("apt-get");
        update.arg("update");
        run_quietly("package lists of other releases", update)?;
        Ok(mirror)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn apt(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let mut set = |option: &str, value: &Path| {
            command.arg("-o").arg(format!("{option}={}", value.display()));
        };
        set("Dir::Etc::sourcelist", &self.path("sources.list"));
        set("Dir::Etc::sourceparts", &self.path("parts"));
        set("Dir::Etc::preferencesparts", &self.path("parts"));
        set("Dir::State::lists", &self.path("lists"));
        set("Dir::State::status", &self.path("status"));
        set("Dir::Cache", &self.directory);
        // Else it tries to download as a user of its own, who may not write here.
        command.args(["-o", "APT::Sandbox::User=", "-o", "Acquire::Languages=none", "-q"]);
        command
    }

    /// Names of packages that begin so.
    pub fn packages(&self, beginning: &str) -> Vec<String> {
        let mut names = self.apt("apt-cache");
        names.args(["pkgnames", beginning]);
        output_of(&mut names).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Downloads a package and unpacks it into `to`, without installing it.
    pub fn unpack(&self, package: &str, to: &Path) -> Result<()> {
        fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
        let mut download = self.apt("apt-get");
        download.current_dir(to).args(["download", package]);
        run_quietly(package, download)?;
        let entries = fs::read_dir(to).with_context(|| format!("cannot read {}", to.display()))?;
        let archive = entries
            .flatten()
            .map(|entry| entry.path())
            .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
            .with_context(|| format!("apt-get left no package in {}", to.display()))?;
        let unpacked = Command::new("dpkg-deb").arg("-x").arg(&archive).arg(to).status();
        ensure!(unpacked.is_ok_and(|status| status.success()), "cannot unpack {package}");
        fs::remove_file(&archive).with_context(|| format!("cannot remove {}", archive.display()))
    }
}

fn sources_of_this_machine() -> String {
    let more = fs::read_dir(MORE_SOURCES).into_iter().flatten().flatten();
    let files = more.map(|entry| entry.path()).chain([PathBuf::from(SOURCES)]);
    files.filter_map(|file| fs::read_to_string(file).ok()).collect::<Vec<_>>().join("\n\n")
}

/// The address at which this machine finds the archive. In both forms of the file, suites follow
/// the address: on its line, or on a line of the same stanza.
fn address(sources: &str, archive: Archive) -> Option<String> {
    let mut found = None;
    for line in sources.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(rest) = line.strip_prefix("URIs:") {
            found = rest.split_whitespace().next().map(str::to_owned);
        } else if let Some(suites) = line.strip_prefix("Suites:") {
            if is_of(archive, suites.split_whitespace()) {
                return found;
            }
        } else if let Some(words) = line.strip_prefix("deb ") {
            let words = words.split_whitespace().skip_while(|word| !word.contains("://"));
            let mut words = words.peekable();
            let here = words.next().map(str::to_owned);
            if is_of(archive, words.take(1)) {
                return here;
            }
        }
    }
    None
}

fn is_of<'a>(archive: Archive, mut suites: impl Iterator<Item = &'a str>) -> bool {
    // A release is known by its updates; other archives use its name alone.
    let releases = ["bullseye", "bookworm", "trixie", "forky", "stable", "oldstable"];
    suites.any(|suite| match archive {
        Archive::Security => suite.ends_with("-security"),
        Archive::Main => releases.contains(&suite.trim_end_matches("-updates")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STANZAS: &str = "Types: deb\n# http://snapshot.example/\nURIs: http://mirror.example/debian\n\
        Suites: bookworm bookworm-updates\nComponents: main\n\n\
        Types: deb\nURIs: http://mirror.example/debian-security\nSuites: bookworm-security\n";
    const LINES: &str = "deb https://other.example/apt nodistro main\n\
        # deb http://old.example/debian bookworm main\n\
        deb [arch=amd64 signed-by=/k] http://near.example/debian trixie main contrib\n\
        deb http://near.example/debian-security trixie-security main\n";

    #[test]
    fn mirrors_are_found_in_both_forms_of_the_file() {
        for (sources, host) in [(STANZAS, "mirror"), (LINES, "near")] {
            let expected = |path| Some(format!("http://{host}.example/{path}"));
            assert_eq!(address(sources, Archive::Main), expected("debian"));
            assert_eq!(address(sources, Archive::Security), expected("debian-security"));
        }
    }

    #[test]
    fn an_archive_of_somebody_else_is_no_mirror() {
        assert_eq!(address("deb https://other.example/apt sdk-bookworm main", Archive::Main), None);
    }
}
