//! A network laboratory of real Linux namespaces, links and processes.
//!
//! Needs root (CAP_NET_ADMIN and CAP_SYS_ADMIN), `ip`, `ethtool` and `nsenter`.
//! Everything a [`Lab`] makes carries its process id in its name and goes away
//! when the lab is dropped; what a killed process left behind is removed when
//! the next lab is made.

pub mod child;
mod command;
mod error;
pub mod hospital;
pub mod interrupt;
pub mod link;
pub mod mirror;
pub mod namespace;
pub mod small_disk;
mod stale;
pub mod witness;

use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

pub use child::ChildGuard;
pub use error::LabError;
pub use hospital::Hospital;
pub use link::{LinkStatistics, Port, Wire};
pub use namespace::Namespace;
pub use small_disk::SmallDisk;
pub use stale::sweep_stale;

/// Every namespace of every lab is called `wl-<process id>-…`.
const PREFIX: &str = "wl-";

/// The owner of a set of namespaces.
#[derive(Debug)]
pub struct Lab {
    prefix: String,
    namespaces: Mutex<Vec<Namespace>>,
}

impl Lab {
    /// An empty laboratory. `name` is one short word for `ip netns list`.
    pub fn new(name: &str) -> Result<Self, LabError> {
        static LABS_MADE: AtomicU32 = AtomicU32::new(0);
        require_root()?;
        sweep_stale()?;
        let number = LABS_MADE.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{PREFIX}{}-{name}{number}-", process::id());
        Ok(Self { prefix, namespaces: Mutex::default() })
    }

    /// A new namespace with its loopback up. `role` must be new in this lab.
    pub fn namespace(&self, role: &str) -> Result<Namespace, LabError> {
        let namespace = Namespace::create(format!("{}{role}", self.prefix))?;
        let mut namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        namespaces.push(namespace.clone());
        drop(namespaces);
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// The names of the namespaces, in the order they were made.
    pub fn namespace_names(&self) -> Vec<String> {
        let namespaces = self.namespaces.lock().unwrap_or_else(PoisonError::into_inner);
        namespaces.iter().map(|namespace| namespace.name().to_owned()).collect()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let namespaces = self.namespaces.get_mut().unwrap_or_else(PoisonError::into_inner);
        for namespace in namespaces.iter().rev() {
            if let Err(error) = namespace.delete() {
                eprintln!("laboratory: {error}");
            }
        }
    }
}

/// Whether this process may make namespaces at all.
pub fn is_root() -> bool {
    effective_user() == 0
}

fn effective_user() -> u32 {
    // SAFETY: takes no argument and cannot fail.
    unsafe { libc::geteuid() }
}

fn require_root() -> Result<(), LabError> {
    match effective_user() {
        0 => Ok(()),
        effective_user => Err(LabError::NotRoot { effective_user }),
    }
}
