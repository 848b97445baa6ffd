//! What the agent has to reach under the account that it took from root: found out before anything is
//! opened, so that what is missing is said together and with what to type.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, access},
    io::Errno,
};

use super::files::{self, Reading};
use crate::{
    config::Config,
    host::accounts::{Account, group_name},
};

/// Something that the account may not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// A sentence on what it may not, without its subject.
    pub what: String,
    /// What to type.
    pub remedy: String,
    /// Whether the agent does without: files that are read when an alert is sent.
    pub is_tolerable: bool,
}

/// Makes the directories that are missing, for whoever this process has become.
pub fn make_directories(config: &Config) {
    files::written(config);
}

/// What `account`, which is this thread's, may not do of all that `config` (read from `file`) asks for.
/// Capabilities do not count: access(2) asks on behalf of the real user. What is not there is not
/// complained of; it is where it is used.
pub fn refusals(config: &Config, file: &Path, account: &Account) -> Vec<Refusal> {
    let name = &account.name;
    let mut found = Vec::new();
    let state = config.agent.state_directory.as_path();
    let within = fs::read_dir(state).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut every = within.filter(|path| path.is_file());
    let write = Access::READ_OK | Access::WRITE_OK;
    let enter = write | Access::EXEC_OK;
    let of_state = refused(state, enter).or_else(|| every.find_map(|path| refused(&path, write)));
    let whole = format!("chown -R {name}: {}", state.display());
    found.extend(of_state.map(|why| why.into_refusal("write", whole)));
    let events = config.events.path.as_deref();
    let directories = [config.agent.socket.parent(), events.and_then(Path::parent)];
    for directory in directories.into_iter().flatten().filter(|directory| *directory != state) {
        let why = refused(directory, Access::WRITE_OK | Access::EXEC_OK);
        found.extend(why.map(|why| why.into_refusal("write in", owning(directory, name))));
    }
    if let Some(why) = events.and_then(|path| refused(path, Access::WRITE_OK)) {
        let remedy = format!("chown {name}: {}", why.path.display());
        found.push(why.into_refusal("write", remedy));
    }
    if let Some(why) = refused(Path::new("/proc/self/exe"), Access::EXEC_OK) {
        let executable = std::env::current_exe().unwrap_or_default();
        let why = Why { path: executable.clone(), ..why };
        found.push(why.into_refusal("execute", format!("chmod o+rx {}", executable.display())));
    }
    for (path, reading) in files::read(config, file) {
        let path = fs::canonicalize(&path).unwrap_or(path);
        let Some(why) = refused(&path, Access::READ_OK) else { continue };
        let (group, shown) = (group_name(account.group), path.display());
        let remedy = format!("chgrp {group} {shown} && chmod g+r {shown}");
        let refusal = why.into_refusal("read", remedy);
        found.push(Refusal { is_tolerable: reading == Reading::WhenUsed, ..refusal });
    }
    found.dedup();
    found
}

/// What makes a directory the account's, or says that this one should stay the system's.
fn owning(directory: &Path, name: &str) -> String {
    match files::is_of_system(directory) {
        true => "name a place in a directory of its own".to_owned(),
        false => format!("chown {name}: {}", directory.display()),
    }
}

/// Why something is out of reach.
struct Why {
    path: PathBuf,
    /// The directory above it that may not be passed, if it is that.
    barrier: Option<PathBuf>,
}

impl Why {
    fn into_refusal(self, verb: &str, remedy: String) -> Refusal {
        let shown = self.path.display();
        let (what, remedy) = match &self.barrier {
            Some(barrier) => {
                let barrier = barrier.display();
                let what = format!("{verb} {shown}, because it may not pass {barrier}");
                (what, format!("keep it elsewhere, or chmod o+x {barrier}"))
            }
            None => (format!("{verb} {shown}{}", ownership(&self.path)), remedy),
        };
        Refusal { what, remedy, is_tolerable: false }
    }
}

fn refused(path: &Path, wanted: Access) -> Option<Why> {
    match access(path, wanted) {
        Err(Errno::ACCESS | Errno::PERM) => {}
        _ => return None,
    }
    let above: Vec<&Path> = path.ancestors().skip(1).collect();
    let is_barrier =
        |directory: &&&Path| access(**directory, Access::EXEC_OK) == Err(Errno::ACCESS);
    let barrier = above.iter().rev().find(is_barrier).map(|directory| directory.to_path_buf());
    Some(Why { path: path.to_owned(), barrier })
}

fn ownership(path: &Path) -> String {
    let told = fs::metadata(path).ok();
    let told = told.map(|of| (of.uid(), of.gid(), of.mode() & 0o7777));
    told.map_or_else(String::new, |(user, group, mode)| {
        format!(" (of user {user} and group {group}, mode {mode:04o})")
    })
}

#[cfg(test)]
mod tests;
