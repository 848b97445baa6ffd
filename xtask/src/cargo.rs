//! The environment in which this crate starts other cargos. It is itself started by one, which
//! leaves its own traces.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use crate::workspace::Workspace;

/// The cargo that the user typed, in the workspace, for everything that runs on this machine.
pub fn user_cargo(workspace: &Workspace) -> Command {
    let mut command = Command::new(user_cargo_path());
    command.current_dir(workspace.root());
    for name in variables(is_set_by_cargo_run) {
        command.env_remove(name);
    }
    // The agent embeds what this repository built. The variable would also make every cargo that is
    // started with it rebuild the agent after every one started without.
    command.env_remove("WARDLINE_BPF_OBJECT");
    command
}

/// The path of the cargo that started us.
pub fn user_cargo_path() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| "cargo".into(), PathBuf::from)
}

/// Takes from `command` all that the user or the outer cargo says about the *host* build: toolchain
/// choice, flags, wrappers, profiles, library path. How to reach the registry stays.
pub fn forget_host_build(command: &mut Command) {
    for name in variables(configures_host_build) {
        command.env_remove(name);
    }
}

fn variables(select: impl Fn(&str) -> bool) -> Vec<String> {
    env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| select(name))
        .collect()
}

fn is_set_by_cargo_run(name: &str) -> bool {
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

fn configures_host_build(name: &str) -> bool {
    const REACHES_THE_REGISTRY: [&str; 6] = [
        "CARGO_HOME",
        "CARGO_HTTP_",
        "CARGO_NET_",
        "CARGO_REGISTRIES_",
        "CARGO_REGISTRY_",
        "CARGO_TERM_",
    ];
    let cargo = name == "CARGO" || name.starts_with("CARGO_");
    let rust = ["RUSTC", "RUSTDOC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN"]
        .iter()
        .any(|prefix| name.starts_with(prefix));
    // `cargo run` puts its own compiler's libraries first, where another compiler would find them.
    (cargo && !REACHES_THE_REGISTRY.iter().any(|prefix| name.starts_with(prefix)))
        || rust
        || name == "LD_LIBRARY_PATH"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_the_host_build_do_not_reach_the_bpf_build() {
        for name in [
            "CARGO",
            "CARGO_TARGET_DIR",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_RELEASE_LTO",
            "RUSTC",
            "RUSTC_WRAPPER",
            "RUSTC_BOOTSTRAP",
            "RUSTFLAGS",
            "RUSTUP_TOOLCHAIN",
            "LD_LIBRARY_PATH",
        ] {
            assert!(configures_host_build(name), "{name}");
        }
    }

    #[test]
    fn the_way_to_the_registry_is_kept() {
        for name in [
            "CARGO_HOME",
            "CARGO_HTTP_PROXY",
            "CARGO_NET_OFFLINE",
            "RUSTUP_HOME",
            "PATH",
            "HTTPS_PROXY",
        ] {
            assert!(!configures_host_build(name), "{name}");
        }
    }
}
