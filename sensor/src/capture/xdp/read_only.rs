//! Opens maps anew for reading only. The kernel gives such descriptors for a pin alone.

use std::{
    ffi::CString,
    fs, io, mem,
    os::fd::{FromRawFd as _, OwnedFd},
    path::{Path, PathBuf},
};

use aya::maps::MapData;
use sensor_common::abi::name;

use super::pins::Pins;

/// Command and flag of the kernel's `bpf.h`.
const BPF_OBJ_GET: libc::c_long = 7;
const BPF_F_RDONLY: u32 = 1 << 3;

/// What of `union bpf_attr` the command reads.
#[repr(C)]
struct Attributes {
    path: u64,
    descriptor: u32,
    flags: u32,
}

/// Rings have a position that readers write.
pub fn is_ring(map: &str) -> bool {
    map == name::RECORDS || map == name::NOTICES
}

/// The pins by which maps are opened anew.
pub enum Doors<'a> {
    /// Of maps that are pinned anyhow.
    Pinned(&'a Pins),
    /// Made for the purpose, in this directory.
    Made(io::Result<Pins>, PathBuf),
}

impl<'a> Doors<'a> {
    pub fn open(pins: Option<&'a Pins>, directory: &Path) -> Self {
        match pins {
            Some(pins) => Self::Pinned(pins),
            None => {
                let made = Pins::open(directory).map_err(io::Error::other);
                Self::Made(made, directory.to_owned())
            }
        }
    }

    /// Another descriptor of the map, for reading only.
    pub fn reopen(&self, name: &str, map: &MapData) -> io::Result<OwnedFd> {
        match self {
            Self::Pinned(pins) => get(&pins.map(name)),
            Self::Made(Err(error), _) => Err(io::Error::new(error.kind(), error.to_string())),
            Self::Made(Ok(pins), _) => {
                let path = pins.map(&format!("door-{}-{name}", std::process::id()));
                map.pin(&path).map_err(io::Error::other)?;
                let file = get(&path);
                fs::remove_file(&path)?;
                file
            }
        }
    }
}

impl Drop for Doors<'_> {
    fn drop(&mut self) {
        if let Self::Made(Ok(_), directory) = self {
            // Pins of an agent that persists may be there too; then it stays.
            let _ = fs::remove_dir(directory);
        }
    }
}

fn get(path: &Path) -> io::Result<OwnedFd> {
    let path = CString::new(path.as_os_str().as_encoded_bytes())?;
    let attributes =
        Attributes { path: path.as_ptr().addr() as u64, descriptor: 0, flags: BPF_F_RDONLY };
    // SAFETY: path and attributes are alive, and the attributes are as long as said.
    let result = unsafe {
        let size = mem::size_of::<Attributes>();
        libc::syscall(libc::SYS_bpf, BPF_OBJ_GET, &raw const attributes, size)
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the kernel has just made this descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(result as libc::c_int) })
}
