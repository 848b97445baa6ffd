use super::*;

const DEBIAN: &str = "rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)\nbinary: rustc\n\
    host: x86_64-unknown-linux-gnu\nrelease: 1.96.0\nLLVM version: 22.1.8\n";

/// A directory that goes away with the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("wardline-xtask-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, path: &str, text: &str) {
        let path = self.0.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn program(&self, path: &str, script: &str) {
        use std::os::unix::fs::PermissionsExt;
        self.file(path, &format!("#!/bin/sh\n{script}\n"));
        fs::set_permissions(self.0.join(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A pair whose rustc reports `release` and this directory as its sysroot.
    fn toolchain(name: &str, release: &str) -> Self {
        let scratch = Self::new(name);
        let sysroot = scratch.0.display();
        let script = format!(
            "case $1 in --print) echo {sysroot};; *) printf 'release: {release}\\nLLVM version: 22.1.8\\n';; esac"
        );
        scratch.program("bin/rustc", &script);
        scratch.program("bin/cargo", "");
        scratch
    }

    fn examine(&self) -> Result<Toolchain, String> {
        examine(&self.0.join("bin/cargo"), &self.0.join("bin/rustc"))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn version_is_read_from_rustc() {
    assert_eq!(parse_version(DEBIAN), Some(Version { release: (1, 96), llvm_major: 22 }));
    assert_eq!(release_number("1.97.0-nightly"), Some((1, 97)));
    assert_eq!(parse_version("rustc 1.96.0"), None);
}

#[test]
fn a_built_core_library_is_preferred_to_its_source() {
    let scratch = Scratch::toolchain("both", "1.96.0");
    scratch.file("lib/rustlib/src/rust/library/Cargo.lock", "");
    assert_eq!(scratch.examine().unwrap().core, Core::FromSource);
    scratch.file("lib/rustlib/bpfel-unknown-none/lib/libcore-8056e5e5b270ef4d.rlib", "");
    assert_eq!(scratch.examine().unwrap().core, Core::Prebuilt);
}

#[test]
fn a_compiler_without_either_is_refused_by_name() {
    let scratch = Scratch::toolchain("neither", "1.96.0");
    scratch.file("lib/rustlib/bpfel-unknown-none/lib/libcore-8056.rmeta", "");
    let reason = scratch.examine().unwrap_err();
    assert!(reason.contains("neither a core library for bpfel-unknown-none"), "{reason}");
}

#[test]
fn a_compiler_too_old_for_the_workspace_is_refused() {
    let scratch = Scratch::toolchain("old", "1.63.0");
    scratch.file("lib/rustlib/src/rust/library/Cargo.lock", "");
    let reason = scratch.examine().unwrap_err();
    assert!(reason.ends_with("is 1.63, older than 1.95"), "{reason}");
}

#[test]
fn a_stand_in_is_replaced_by_the_compiler_behind_it() {
    let behind = Scratch::toolchain("behind", "1.96.0");
    behind.file("lib/rustlib/src/rust/library/Cargo.lock", "");
    let stand_in = Scratch::new("stand-in");
    stand_in.program("rustc", &format!("exec {}/bin/rustc \"$@\"", behind.0.display()));
    stand_in.program("cargo", "");
    let found = examine(&stand_in.0.join("cargo"), &stand_in.0.join("rustc")).unwrap();
    assert_eq!(found.rustc, behind.0.join("bin/rustc"));
}

#[test]
fn a_directory_counts_only_with_both_programs_and_only_once() {
    let scratch = Scratch::new("pairs");
    scratch.program("both/cargo", "");
    scratch.program("both/rustc", "");
    scratch.program("half/cargo", "");
    std::os::unix::fs::symlink(scratch.0.join("both"), scratch.0.join("alias")).unwrap();
    let path = env::join_paths(["half", "both", "alias"].map(|name| scratch.0.join(name))).unwrap();
    let ours: Vec<_> = pair_directories(Some(&path))
        .into_iter()
        .filter(|found| found.starts_with(&scratch.0))
        .collect();
    assert_eq!(ours, [scratch.0.join("both")]);
}
