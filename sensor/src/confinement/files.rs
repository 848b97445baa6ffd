//! Which files the worker may open (Landlock).

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access as _, AccessFs, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope,
};

use crate::{config::Config, web::file::WebFile};

/// The rights that are asked for; a kernel that knows fewer gives these.
const VERSION: ABI = ABI::V6;

/// Read by the C library to resolve names, by TLS and by the clock; by the runtime to count CPUs; by
/// the metrics page. What is not there is passed over.
const SYSTEM: [&str; 22] = [
    "/etc/resolv.conf",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/passwd",
    "/etc/group",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/etc/ssl/certs",
    "/usr/lib",
    "/usr/lib64",
    "/proc/self",
    "/proc/stat",
    "/proc/sys/kernel",
    "/sys/fs/cgroup",
    "/sys/devices/system/cpu",
];
const DEVICES: [&str; 2] = ["/dev/null", "/dev/urandom"];

/// Restricts this thread, and what it starts, to the files that `config` (read from `file`) means.
/// Returns whether this kernel can.
pub fn restrict(config: &Config, file: &Path) -> Result<bool, RulesetError> {
    let read = AccessFs::from_read(VERSION) & !AccessFs::Execute;
    let change = AccessFs::from_all(VERSION) & !AccessFs::Execute;
    let mut ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))?
        .scope(Scope::AbstractUnixSocket)?
        .scope(Scope::Signal)?
        .create()?;
    let readable = SYSTEM.iter().map(PathBuf::from).chain(named(config, file));
    let readable = readable.map(|path| (path, read));
    let devices = DEVICES.iter().map(|path| (PathBuf::from(path), read | AccessFs::WriteFile));
    let writable = written(config).into_iter().map(|path| (path, change));
    for (path, access) in readable.chain(devices).chain(writable) {
        // What is not there cannot be opened either.
        if let Ok(descriptor) = PathFd::new(&path) {
            ruleset = ruleset.add_rule(PathBeneath::new(descriptor, of_kind(&path, access)))?;
        }
    }
    let status = ruleset.restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

/// Rights that mean something for a directory mean nothing for a file.
fn of_kind(path: &Path, access: BitFlags<AccessFs>) -> BitFlags<AccessFs> {
    if path.is_dir() { access } else { access & AccessFs::from_file(VERSION) }
}

/// The configuration and the files that it names, each with its directory, so that a file may be
/// replaced by another of its name, as a renewal does; but no directory of the system's.
fn named(config: &Config, file: &Path) -> Vec<PathBuf> {
    let mut files = vec![file.to_owned()];
    files.extend(config.intelligence.files.clone());
    for syslog in &config.syslogs {
        let of_sink = [&syslog.ca_file, &syslog.certificate_file, &syslog.key_file];
        files.extend(of_sink.into_iter().flatten().cloned());
    }
    for webhook in &config.webhooks {
        files.push(webhook.secret_file.clone());
        files.extend(webhook.ca_file.clone());
    }
    if let Some(web) = &config.web.config_file {
        files.push(web.clone());
        // What is wrong with it is told where it is used.
        files.extend(WebFile::load(web).ok().map(|web| web.files).unwrap_or_default());
    }
    let files = files.into_iter().map(|file| fs::canonicalize(&file).unwrap_or(file));
    files.flat_map(|file| [own_directory(&file), Some(file)]).flatten().collect()
}

fn own_directory(file: &Path) -> Option<PathBuf> {
    file.parent().filter(|parent| is_own(parent)).map(Path::to_owned)
}

/// Not the root, nor a directory right below it, such as `/etc`.
fn is_own(directory: &Path) -> bool {
    directory.components().count() > 2
}

/// The directories that are written. Those that the agent makes are made here, where it still may:
/// the store's, which holds names of hosts, for nobody else.
fn written(config: &Config) -> Vec<PathBuf> {
    let state = config.agent.state_directory.as_path();
    let runtime = config.agent.socket.parent();
    for (directory, mode) in [(Some(state), 0o700), (runtime, 0o755)] {
        // What fails here fails again, and is said, where the directory is used.
        let Some(directory) = directory else { continue };
        let _ = fs::DirBuilder::new().recursive(true).mode(mode).create(directory);
    }
    let events = config.events.path.as_deref().and_then(Path::parent);
    [Some(state), runtime, events].into_iter().flatten().map(Path::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_system_no_directory_is_opened_for_the_sake_of_one_file() {
        for directory in ["/", "/etc", "/tmp"] {
            assert!(!is_own(Path::new(directory)), "{directory}");
        }
        for directory in ["/etc/wardline", "/opt/site/wardline"] {
            assert!(is_own(Path::new(directory)), "{directory}");
        }
    }
}
