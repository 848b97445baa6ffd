//! Where things are. No other file spells out a path below the root.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// The corpus lies beside the repository, not in it: it is shared, large and versioned on its own.
const DEFAULT_CORPUS: &str = "../shared/corpus/dev";

pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    pub fn locate() -> Result<Self> {
        // Cargo sets the variable for `cargo run`; the compiled-in value serves a directly started
        // binary.
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest
            .parent()
            .with_context(|| format!("{} has no parent", manifest.display()))?
            .to_path_buf();
        ensure!(
            root.join("Cargo.lock").is_file(),
            "{} is not the workspace: it has no Cargo.lock",
            root.display()
        );
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => std::path::absolute(directory).context("CARGO_TARGET_DIR")?,
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The agent as users run it.
    pub fn agent(&self) -> PathBuf {
        self.target.join("release/wardline")
    }

    /// The BPF build has a target directory of its own: it uses another compiler, and cargo would
    /// otherwise rebuild everything each time the two take turns. `sensor/build.rs` expects it here
    /// whatever CARGO_TARGET_DIR says.
    pub fn bpf_target(&self) -> PathBuf {
        self.root.join("target/bpf")
    }

    /// The XDP program that the agent embeds.
    pub fn bpf_object(&self) -> PathBuf {
        self.bpf_target().join("wardline-xdp.o")
    }

    /// The programs that the bench measures it against.
    pub fn bench_object(&self) -> PathBuf {
        self.bpf_target().join("wardline-bench.o")
    }

    /// The program that drops what it has counted, for the bench.
    pub fn dropping_object(&self) -> PathBuf {
        self.bpf_target().join("wardline-drop.o")
    }

    /// The page that the bench writes.
    pub fn performance_page(&self) -> PathBuf {
        self.root.join("docs/performance.md")
    }

    /// Tools that set-up builds, as a `cargo install --root`.
    pub fn tools(&self) -> PathBuf {
        self.root.join("target/tools")
    }

    /// Kernels and guests of `test vm`.
    pub fn vm(&self) -> PathBuf {
        self.root.join("target/vm")
    }

    /// Where `score` leaves its predictions by default.
    pub fn score_output(&self) -> PathBuf {
        self.target.join("score")
    }

    /// The crate of the fuzz targets, which is no member of the workspace.
    pub fn fuzz_crate(&self) -> PathBuf {
        self.root.join("tests/fuzz")
    }

    /// What fuzzing builds, finds and keeps.
    pub fn fuzz_output(&self) -> PathBuf {
        self.target.join("fuzz")
    }

    /// Dialogues and seeds taken out of captures.
    pub fn payloads(&self) -> PathBuf {
        self.target.join("payloads")
    }

    /// The captures that the repository has itself.
    pub fn recordings(&self) -> PathBuf {
        self.root.join("tests/corpus")
    }

    /// Packages, and what they are made of.
    pub fn packages(&self) -> PathBuf {
        self.target.join("package")
    }

    /// Where the agent is built for other architectures.
    pub fn foreign(&self) -> PathBuf {
        self.target.join("foreign")
    }

    /// Where Miri builds: with another compiler than the rest.
    pub fn miri_target(&self) -> PathBuf {
        self.target.join("miri")
    }

    /// The labelled captures, named by WARDLINE_CORPUS or lying in the usual place; `None` when
    /// there are none.
    pub fn corpus(&self) -> Option<PathBuf> {
        let directory = match env::var_os("WARDLINE_CORPUS") {
            Some(directory) => PathBuf::from(directory),
            None => self.root.join(DEFAULT_CORPUS),
        };
        directory.canonicalize().ok().filter(|directory| directory.is_dir())
    }

    /// Where [`Self::corpus`] looks, for messages.
    pub fn corpus_places(&self) -> String {
        format!("WARDLINE_CORPUS, else {DEFAULT_CORPUS} seen from the workspace")
    }

    /// A path as a reader of the output wants it: relative to the root where it lies below it.
    pub fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
