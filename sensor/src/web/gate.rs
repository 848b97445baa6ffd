//! What of the web configuration file is in force. It and the certificates are read anew when they
//! have changed, so that certificates rotate without a restart; what is wrong is told and leaves
//! the old state in force.

use std::{
    net::SocketAddr,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::file::WebFile;
use crate::config::{ConfigError, Web};

/// Between two looks at the files.
const LOOK: Duration = Duration::from_millis(500);

/// What a file was when it was read: inode, size, and when it was changed.
type Stamp = Option<(u64, u64, i64, i64)>;

#[derive(Debug)]
pub struct Gate(Mutex<State>);

#[derive(Debug)]
struct State {
    web: Web,
    file: Arc<WebFile>,
    stamps: Vec<(PathBuf, Stamp)>,
    looked: Instant,
    /// What is wrong with the files as they are on disk.
    error: Option<String>,
}

/// `[web]` with the web configuration file that it names, read and found good.
#[derive(Clone, Debug)]
pub struct Access {
    pub web: Web,
    pub file: Arc<WebFile>,
    stamps: Vec<(PathBuf, Stamp)>,
}

impl Access {
    /// Reads the web configuration file of `web`, if it names one.
    ///
    /// # Errors
    ///
    /// Those of [`WebFile::load`], and one when nothing would keep strangers out of an address that
    /// they reach.
    pub fn load(web: &Web) -> Result<Self, ConfigError> {
        let (file, stamps) = match &web.config_file {
            None => (WebFile::default(), Vec::new()),
            Some(path) => {
                // Before they are read: what changes meanwhile is read again.
                let own = (path.clone(), stamp(path));
                let before = WebFile::load(path)?.files;
                let mut stamps: Vec<_> = vec![own];
                let others = before.into_iter().filter(|file| file != path);
                stamps.extend(others.map(|file| (file.clone(), stamp(&file))));
                (WebFile::load(path)?, stamps)
            }
        };
        if let Some(message) = exposure(web, &file) {
            return Err(ConfigError::Exposed(message));
        }
        Ok(Self { web: web.clone(), file: Arc::new(file), stamps })
    }
}

/// Why an address is refused, if it is: it can be reached from other hosts, and not both TLS and
/// authentication are there.
pub fn exposure(web: &Web, file: &WebFile) -> Option<String> {
    let address = web.listen_address;
    if is_local(address) || web.insecure_allow || file.encrypts() && file.asks_who() {
        return None;
    }
    let lacks = match (file.encrypts(), file.asks_who()) {
        (true, _) => "nothing there asks who",
        (_, true) => "nothing there encrypts",
        _ => "nothing there encrypts or asks who",
    };
    Some(format!(
        "`listen_address` {address} can be reached from other hosts, and {lacks}: use 127.0.0.1 or \
         [::1], or name a `config_file` with `tls_server_config` and with `basic_auth_users` or \
         `client_auth_type: RequireAndVerifyClientCert`, or set `insecure_allow = true` \
         (`--web.insecure-allow`)"
    ))
}

fn is_local(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}

impl Gate {
    pub fn new(access: Access) -> Self {
        let Access { web, file, stamps } = access;
        Self(Mutex::new(State { web, file, stamps, looked: Instant::now(), error: None }))
    }

    /// Puts another `[web]` in force.
    pub fn replace(&self, access: Access) {
        let Access { web, file, stamps } = access;
        *self.state() = State { web, file, stamps, looked: Instant::now(), error: None };
    }

    /// What is in force now; looks first, if it is time, whether files have changed.
    pub fn current(&self) -> Arc<WebFile> {
        let mut state = self.state();
        if state.looked.elapsed() >= LOOK {
            state.look();
        }
        Arc::clone(&state.file)
    }

    /// Whether a reload may be asked for here.
    pub fn takes_orders(&self) -> bool {
        let state = self.state();
        state.web.enable_lifecycle && state.file.asks_who()
    }

    /// Whether what is in force is what the files say.
    pub fn is_current(&self) -> bool {
        self.state().error.is_none()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn look(&mut self) {
        self.looked = Instant::now();
        let is_unchanged = self.stamps.iter().all(|(path, read)| stamp(path) == *read);
        // What was wrong may name other files that have changed meanwhile.
        if is_unchanged && self.error.is_none() {
            return;
        }
        match Access::load(&self.web) {
            Ok(access) => {
                tracing::info!("the web configuration has changed and is read anew");
                (self.file, self.stamps) = (access.file, access.stamps);
                self.error = None;
            }
            Err(error) => {
                let error = error.to_string();
                if self.error.as_ref() != Some(&error) {
                    tracing::error!(error, "the web configuration stays as it was");
                    self.error = Some(error);
                }
            }
        }
    }
}

fn stamp(path: &Path) -> Stamp {
    let file = std::fs::metadata(path).ok()?;
    // The status changes too when something else is moved to its place.
    let changed = file.mtime().wrapping_mul(1_000_000_000).wrapping_add(file.mtime_nsec());
    let status = file.ctime().wrapping_mul(1_000_000_000).wrapping_add(file.ctime_nsec());
    Some((file.ino(), file.size(), changed, status))
}

#[cfg(test)]
mod tests;
