//! Where program state outlives the agent: pins on the BPF file system.

use std::{
    ffi::CString,
    fs, io, iter,
    os::unix::fs::{PermissionsExt as _, lchown},
    path::{Path, PathBuf},
};

use rustix::fs::{Access, access};
use sensor_common::abi::name;

use crate::host::accounts::Account;

/// `BPF_FS_MAGIC` of the kernel's `magic.h`.
const BPF_FS_MAGIC: i64 = 0xcafe_4a11;

/// Maps that keep counting while no agent runs.
pub const MAPS: [&str; 14] = [
    name::FLOWS,
    name::FLOW_TAILS,
    name::BOOKS,
    name::LEDGERS,
    name::ENDPOINTS,
    name::ENDPOINTS_STATE,
    name::KNOWN_ADDRESSES,
    name::FREE_ENDPOINTS,
    name::TOTALS,
    name::UNKNOWN_TOTALS,
    name::VERDICTS,
    name::RECORDS,
    name::NOTICES,
    name::EPOCH,
];

/// The pin directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    #[error(
        "cannot mount the BPF file system on {directory}: {source}; run `mount -t bpf bpf {directory}` as root, or set capture.persist = false"
    )]
    Mount { directory: String, source: io::Error },
    #[error(
        "{path} is not on a BPF file system; set capture.pin_directory to a directory below one (usually /sys/fs/bpf)"
    )]
    NotBpf { path: PathBuf },
    #[error("cannot {action} {path}: {source}")]
    Directory { action: &'static str, path: PathBuf, source: io::Error },
}

/// The directory of one agent's pins.
#[derive(Clone, Debug)]
pub struct Pins {
    directory: PathBuf,
}

impl Pins {
    /// Makes the directory (mode 0700), mounting the BPF file system if its usual place is bare.
    ///
    /// # Errors
    ///
    /// [`PinError`], each variant with its remedy.
    pub fn open(directory: &Path) -> Result<Self, PinError> {
        let pins = Self { directory: directory.to_path_buf() };
        pins.make()?;
        Ok(pins)
    }

    /// Makes the directory, if it is gone; as [`Self::open`].
    pub(super) fn make(&self) -> Result<(), PinError> {
        let directory = &self.directory;
        let parent = directory.ancestors().skip(1).find(|path| path.exists());
        let parent = parent.unwrap_or(Path::new("/"));
        if !is_bpf(parent) && parent == Path::new("/sys/fs/bpf") {
            mount(parent)?;
        }
        if !is_bpf(parent) {
            return Err(PinError::NotBpf { path: directory.clone() });
        }
        let failed =
            |action| move |source| PinError::Directory { action, path: directory.clone(), source };
        fs::create_dir_all(directory).map_err(failed("create"))?;
        let mode = fs::Permissions::from_mode(0o700);
        fs::set_permissions(directory, mode).map_err(failed("restrict"))
    }

    /// Makes what is there already the account's, which may be an earlier agent's of another user:
    /// the directory, the pins in it, and the way to it. Takes the rights of root.
    ///
    /// # Errors
    ///
    /// [`PinError::Directory`].
    pub fn give(directory: &Path, account: &Account) -> Result<(), PinError> {
        if !directory.exists() || !is_bpf(directory) {
            return Ok(());
        }
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        for path in iter::once(directory.to_owned()).chain(entries.map(|entry| entry.path())) {
            lchown(&path, Some(account.user), Some(account.group))
                .map_err(|source| PinError::Directory { action: "give away", path, source })?;
        }
        Ok(())
    }

    /// Lets `account`, which is this thread's, pass the directories above. A service manager mounts the
    /// BPF file system for root alone. Takes the rights of root.
    ///
    /// # Errors
    ///
    /// [`PinError::Directory`].
    pub fn open_way(directory: &Path, account: &Account) -> Result<(), PinError> {
        for above in directory.ancestors().skip(1).take_while(|above| is_bpf(above)) {
            if access(above, Access::EXEC_OK).is_ok() {
                continue;
            }
            let failed = |source| PinError::Directory {
                action: "let users pass",
                path: above.to_owned(),
                source,
            };
            let mode = fs::metadata(above).map_err(failed)?.permissions().mode();
            let passable = fs::Permissions::from_mode(mode | 0o001);
            fs::set_permissions(above, passable).map_err(failed)?;
            tracing::info!(
                path = %above.display(), user = account.name,
                "had been root's alone: made passable (chmod o+x) for the sake of the pins"
            );
        }
        Ok(())
    }

    pub fn map(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub fn has_maps(&self) -> bool {
        MAPS.iter().all(|name| self.map(name).exists())
    }

    /// Forgets the maps of an earlier epoch. Links stay: they are given the new program.
    pub fn forget_maps(&self) {
        for name in MAPS {
            // A pin that is not there needs no removal.
            let _ = fs::remove_file(self.map(name));
        }
    }

    /// The pin of the link to the interface with this index.
    pub fn link(&self, interface: u32, mode: &str) -> PathBuf {
        self.directory.join(format!("link-{interface}-{mode}"))
    }

    /// Pins of links, with the interface index and the mode in their names.
    pub fn links(&self) -> Vec<(u32, String, PathBuf)> {
        links_in(&self.directory)
    }
}

/// As [`Pins::links`], of any directory.
pub fn links_in(directory: &Path) -> Vec<(u32, String, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let file_name = entry.file_name().into_string().ok()?;
            let (index, mode) = file_name.strip_prefix("link-")?.split_once('-')?;
            Some((index.parse().ok()?, mode.to_owned(), entry.path()))
        })
        .collect()
}

/// Removes every pin below `directory`: the program leaves its interfaces and the counts are gone.
/// Returns how many links were removed.
///
/// # Errors
///
/// When a pin cannot be removed.
pub fn detach_all(directory: &Path) -> io::Result<usize> {
    let links = links_in(directory);
    for (_, _, path) in &links {
        fs::remove_file(path)?;
    }
    for entry in fs::read_dir(directory)?.flatten() {
        let path = entry.path();
        // Marks are directories.
        if path.is_dir() { fs::remove_dir(path)? } else { fs::remove_file(path)? }
    }
    fs::remove_dir(directory)?;
    Ok(links.len())
}

/// Removes the pins of links to the interface with this index; whether there were any. The program
/// leaves it, and the counts stay.
///
/// # Errors
///
/// When a pin cannot be removed.
pub fn detach_one(directory: &Path, interface: u32) -> io::Result<bool> {
    let links = links_in(directory).into_iter().filter(|(index, _, _)| *index == interface);
    let mut has_removed = false;
    for (_, _, path) in links {
        fs::remove_file(path)?;
        has_removed = true;
    }
    Ok(has_removed)
}

fn is_bpf(path: &Path) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_encoded_bytes()) else {
        return false;
    };
    let mut status = std::mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path is a C string and `status` has room for the answer.
    if unsafe { libc::statfs(path.as_ptr(), status.as_mut_ptr()) } != 0 {
        return false;
    }
    // SAFETY: the call succeeded, so it filled `status`.
    let kind = unsafe { status.assume_init() }.f_type;
    kind & 0xffff_ffff == BPF_FS_MAGIC
}

fn mount(directory: &Path) -> Result<(), PinError> {
    let failed = |source| PinError::Mount { directory: directory.display().to_string(), source };
    let target = CString::new(directory.as_os_str().as_encoded_bytes())
        .map_err(|error| failed(error.into()))?;
    // SAFETY: all arguments are C strings or null.
    let result = unsafe {
        libc::mount(c"bpf".as_ptr(), target.as_ptr(), c"bpf".as_ptr(), 0, std::ptr::null())
    };
    if result == 0 { Ok(()) } else { Err(failed(io::Error::last_os_error())) }
}
