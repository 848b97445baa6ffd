//! The interfaces of this network namespace.

use std::{ffi::CStr, fs, io};

/// One interface: its name now, and the index that stays when it is renamed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface {
    pub index: u32,
    pub name: String,
}

impl Interface {
    /// Octets of the largest packet it sends, where `/sys` tells.
    pub fn mtu(&self) -> Option<u32> {
        let text = fs::read_to_string(format!("/sys/class/net/{}/mtu", self.name)).ok()?;
        text.trim().parse().ok()
    }
}

/// Lists them, by index.
///
/// # Errors
///
/// What `if_nameindex` says (ENOBUFS).
pub fn interfaces() -> io::Result<Vec<Interface>> {
    // SAFETY: no preconditions; the result is checked and freed below.
    let list = unsafe { libc::if_nameindex() };
    if list.is_null() {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut entry = list;
    // SAFETY: the list ends with an entry of index 0; each name before it is a C string.
    unsafe {
        while (*entry).if_index != 0 {
            let name = CStr::from_ptr((*entry).if_name).to_string_lossy().into_owned();
            found.push(Interface { index: (*entry).if_index, name });
            entry = entry.add(1);
        }
        libc::if_freenameindex(list);
    }
    found.sort();
    Ok(found)
}
