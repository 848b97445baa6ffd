//! Debian's kernels for clouds: small, and with the drivers that an emulator has. Kept once they
//! were fetched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::mirror::Mirror;
use crate::workspace::Workspace;

/// The kernels that are tried, oldest first: without frames in several buffers, those of Debian 12,
/// a long-term one and the newest.
pub const KERNELS: [&str; 5] = ["5.10", "6.1", "6.12", "6.18", "7.3"];
/// Modules that the guest needs.
const MODULES: [&str; 1] = ["veth"];

/// One kernel, or why there is none.
pub struct Kernel {
    pub version: &'static str,
    pub files: Result<Files, String>,
}

/// A kernel's image and modules.
pub struct Files {
    pub image: PathBuf,
    pub modules: Vec<PathBuf>,
}

/// Fetches what is not there yet. To fetch newer ones, remove the directory.
pub fn fetch(workspace: &Workspace, versions: &[&'static str]) -> Result<Vec<Kernel>> {
    let place = |version: &str| workspace.vm().join("kernels").join(version);
    let is_there = |version: &str| Files::in_directory(&place(version)).is_ok();
    let mirror = match versions.iter().all(|version| is_there(version)) {
        true => None,
        false => Some(Mirror::open(workspace.vm().join("apt"))),
    };
    let kernels = versions.iter().map(|version| {
        let files = match &mirror {
            Some(Ok(mirror)) if !is_there(version) => get(mirror, version, &place(version)),
            Some(Err(error)) if !is_there(version) => Err(anyhow::anyhow!("{error:#}")),
            _ => Files::in_directory(&place(version)),
        };
        Kernel { version, files: files.map_err(|error| format!("{error:#}")) }
    });
    Ok(kernels.collect())
}

fn get(mirror: &Mirror, version: &str, to: &Path) -> Result<Files> {
    let unpacked = to.with_extension("unpacked");
    // What an interrupted fetch left.
    let _ = fs::remove_dir_all(&unpacked);
    // Since 7.1 the package of the image is empty and needs two others.
    for parts in [&["linux-binary", "linux-modules"][..], &["linux-image"]] {
        let beginnings = parts.iter().map(|part| format!("{part}-{version}."));
        let candidates: Vec<_> = beginnings.map(|name| mirror.packages(&name)).collect();
        let packages: Vec<_> = candidates.iter().filter_map(|names| newest(names)).collect();
        if packages.len() == parts.len() {
            packages.iter().try_for_each(|package| mirror.unpack(package, &unpacked))?;
            break;
        }
    }
    if !unpacked.exists() {
        bail!("the mirror has no cloud kernel {version}");
    }
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let found = files_below(&unpacked)?;
    let image = find(&found, |name| name.starts_with("vmlinuz"))
        .with_context(|| format!("no image of {version} among its files"))?;
    for module in MODULES {
        let path = find(&found, |name| name.split('.').next() == Some(module))
            .with_context(|| format!("no module {module} of {version} among its files"))?;
        decompress(path, &to.join(format!("{module}.ko")))?;
    }
    // Last: a directory with an image is complete.
    fs::copy(image, to.join("vmlinuz")).context("cannot keep the image")?;
    fs::remove_dir_all(&unpacked).context("cannot remove what was unpacked")?;
    Files::in_directory(to)
}

impl Files {
    fn in_directory(directory: &Path) -> Result<Self> {
        let image = directory.join("vmlinuz");
        if !image.is_file() {
            bail!("no kernel in {}", directory.display());
        }
        let modules = MODULES.map(|module| directory.join(format!("{module}.ko"))).to_vec();
        Ok(Self { image, modules })
    }
}

/// The newest of Debian's cloud kernels among names of packages.
fn newest(packages: &[String]) -> Option<&str> {
    let is_wanted = |name: &&str| name.ends_with("-cloud-amd64");
    packages.iter().map(String::as_str).filter(is_wanted).max_by_key(|name| numbers(name))
}

/// The numbers in a name, which its versions are sorted by.
fn numbers(name: &str) -> Vec<u64> {
    let digits = name.split(|character: char| !character.is_ascii_digit());
    digits.filter_map(|digits| digits.parse().ok()).collect()
}

fn files_below(directory: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            files.extend(files_below(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    Ok(files)
}

fn find(files: &[PathBuf], is_wanted: impl Fn(&str) -> bool) -> Option<&PathBuf> {
    let name =
        |path: &&PathBuf| path.file_name().is_some_and(|name| is_wanted(&name.to_string_lossy()));
    files.iter().find(name)
}

/// Modules are compressed in some releases; the guest's `insmod` wants them plain.
fn decompress(module: &Path, to: &Path) -> Result<()> {
    let program = match module.extension().and_then(|extension| extension.to_str()) {
        Some("ko") => {
            return fs::copy(module, to).map(drop).context("cannot copy a module");
        }
        Some("xz") => "xz",
        Some("zst") => "zstd",
        _ => bail!("{} is compressed in an unknown way", module.display()),
    };
    let output = Command::new(program)
        .args(["-dc"])
        .arg(module)
        .output()
        .with_context(|| format!("cannot start {program}"))?;
    if !output.status.success() {
        bail!("{program} does not decompress {}", module.display());
    }
    fs::write(to, output.stdout).with_context(|| format!("cannot write {}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_sorted_by_number_and_only_cloud_kernels_are_taken() {
        let names = [
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
            "linux-image-6.1.0-0.deb11.99-cloud-amd64",
            "linux-image-6.1.0-57-amd64",
            "linux-image-6.1.0-58-cloud-amd64-unsigned",
        ]
        .map(str::to_owned);
        assert_eq!(newest(&names), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(newest(&[]), None);
    }
}
