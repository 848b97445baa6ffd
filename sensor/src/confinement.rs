//! What a process may do once it has what it needs: capabilities, files, system calls.
//!
//! The worker is confined before it opens anything, so nothing that it reads, be it a configuration,
//! a packet or a request, meets more rights than this. The keeper is confined once it has attached.
//! `docs/adr/0006-keeper-and-worker.md` says who holds what.

pub mod access;
pub mod account;
pub mod capabilities;
mod files;
pub mod probe;
mod system_calls;

use std::{io, path::Path};

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use capabilities::Bounds;

/// `sandbox` of `[agent]`: how much of the confinement must be in force.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sandbox {
    /// All that this kernel has; what it lacks is said.
    #[default]
    Auto,
    /// All of it, or the agent does not start.
    Strict,
    /// Neither files nor system calls are restricted. Capabilities are dropped all the same.
    Off,
}

/// What keeps the worker in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confinement {
    /// It has no capability.
    pub capabilities: bool,
    /// Landlock is in force.
    pub files: bool,
    /// The list of system calls is in force.
    pub system_calls: bool,
}

impl Confinement {
    /// Each part by its name, and whether it is in force.
    pub fn parts(&self) -> [(&'static str, bool); 3] {
        [
            ("capabilities", self.capabilities),
            ("files", self.files),
            ("system_calls", self.system_calls),
        ]
    }
}

/// The process cannot be confined, and does not go on.
#[derive(Debug, thiserror::Error)]
pub enum ConfinementError {
    #[error("cannot drop capabilities: {0}")]
    Capabilities(#[source] io::Error),
    #[error("cannot forbid core dumps: {0}")]
    Dumps(#[source] io::Error),
    #[error("cannot restrict files: {0}")]
    Files(#[source] landlock::RulesetError),
    #[error(
        "this kernel has no Landlock, and `sandbox` is \"strict\": use Linux 5.13 or later with `landlock` among its `lsm=`, or set `sandbox = \"auto\"` in [agent]"
    )]
    NoLandlock,
    #[error("cannot restrict system calls: {0}; `sandbox = \"off\"` in [agent] goes without")]
    SystemCalls(String),
}

/// Has no image of this process' memory written, however it ends, and nobody of its user read it.
/// The limit on their size alone would not do: where core dumps go to a program, the kernel passes it
/// over. For whoever reads secrets, before it reads them.
///
/// # Errors
///
/// [`ConfinementError::Dumps`].
pub fn forbid_dumps() -> Result<(), ConfinementError> {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    set_dumpable_behavior(DumpableBehavior::NotDumpable)
        .map_err(|error| ConfinementError::Dumps(error.into()))
}

/// Confines the worker, that is this thread and all that it starts; there must be no other yet.
///
/// # Errors
///
/// [`ConfinementError`].
pub fn confine_worker(config: &Config, file: &Path) -> Result<Confinement, ConfinementError> {
    forbid_dumps()?;
    let bounds = capabilities::drop_all().map_err(ConfinementError::Capabilities)?;
    if bounds == Bounds::AsFound {
        tracing::debug!("the bounding set is as the service manager left it");
    }
    let mut confinement = Confinement { capabilities: true, ..Confinement::default() };
    if config.agent.sandbox == Sandbox::Off {
        tracing::warn!("sandbox = \"off\": files and system calls are not restricted");
        return Ok(confinement);
    }
    confinement.files = files::restrict(config, file).map_err(ConfinementError::Files)?;
    if !confinement.files && config.agent.sandbox == Sandbox::Strict {
        return Err(ConfinementError::NoLandlock);
    }
    if !confinement.files {
        tracing::warn!("this kernel has no Landlock: the worker may open what its user may");
    }
    system_calls::allow_worker().map_err(ConfinementError::SystemCalls)?;
    confinement.system_calls = true;
    Ok(confinement)
}

/// Confines the keeper: this thread keeps three capabilities and a short list of system calls.
///
/// # Errors
///
/// [`ConfinementError`].
pub fn confine_keeper(sandbox: Sandbox) -> Result<(), ConfinementError> {
    capabilities::keep_only(capabilities::OF_KEEPER).map_err(ConfinementError::Capabilities)?;
    forbid_dumps()?;
    match sandbox {
        Sandbox::Off => Ok(()),
        _ => system_calls::allow_keeper().map_err(ConfinementError::SystemCalls),
    }
}
