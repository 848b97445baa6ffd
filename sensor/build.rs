//! Embeds the XDP program: puts `wardline-xdp.o` into OUT_DIR for `include_bytes_aligned!`.
//!
//! WARDLINE_BPF_OBJECT names the object; else it is the one `cargo xtask build` leaves in the
//! workspace; else the file is empty, so that `cargo check` and an editor work without a BPF
//! compiler. An agent built that way says so when it starts.

use std::env;
use std::error::Error;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

const NAMED_BY: &str = "WARDLINE_BPF_OBJECT";
const FILE: &str = "wardline-xdp.o";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={NAMED_BY}");
    let named = env::var_os(NAMED_BY).filter(|path| !path.is_empty()).map(PathBuf::from);
    let object = match &named {
        Some(path) => path.clone(),
        None => directory("CARGO_MANIFEST_DIR")?.join("../target/bpf").join(FILE),
    };
    let program = match fs::read(&object) {
        Err(error) if named.is_none() && error.kind() == ErrorKind::NotFound => None,
        read => Some(read.map_err(|error| format!("cannot read {}: {error}", object.display()))?),
    };
    // Cargo runs a script again while a file that it watches is missing. Watching the object itself
    // would overlook one that appears with an old time stamp, copied from another checkout.
    let watched = if program.is_some() { object } else { directory("OUT_DIR")?.join("no-program") };
    println!("cargo::rerun-if-changed={}", watched.display());
    fs::write(directory("OUT_DIR")?.join(FILE), program.unwrap_or_default())?;
    Ok(())
}

fn directory(variable: &str) -> Result<PathBuf, String> {
    env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("cargo sets {variable} for build scripts"))
}
