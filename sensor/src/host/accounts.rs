//! Users of this host, as the C library finds them: in `/etc/passwd`, or wherever else they are kept.

use std::{ffi::CString, fs, io, mem::MaybeUninit, ptr};

/// Longest entry that is read, in octets.
const LONGEST: usize = 1 << 20;

/// A user and the group that is first its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub user: u32,
    pub group: u32,
}

/// The user of this name, if there is one.
///
/// # Errors
///
/// What the C library says, when it cannot tell.
pub fn named(name: &str) -> io::Result<Option<Account>> {
    let text = CString::new(name)?;
    let mut space = vec![0; 1024];
    loop {
        let mut entry = MaybeUninit::<libc::passwd>::uninit();
        let mut found = ptr::null_mut();
        // SAFETY: the name is a C string; the entry and the space for its texts are as long as said
        // and outlive the call.
        let error = unsafe {
            libc::getpwnam_r(
                text.as_ptr(),
                entry.as_mut_ptr(),
                space.as_mut_ptr(),
                space.len(),
                &raw mut found,
            )
        };
        if error == libc::ERANGE && space.len() < LONGEST {
            space.resize(space.len() * 4, 0);
            continue;
        }
        // Some ways of keeping users call one that is not there an error.
        if !matches!(error, 0 | libc::ENOENT | libc::ESRCH) {
            return Err(io::Error::from_raw_os_error(error));
        }
        if error != 0 || found.is_null() {
            return Ok(None);
        }
        // SAFETY: it was found, so the entry is filled.
        let entry = unsafe { entry.assume_init() };
        let name = name.to_owned();
        return Ok(Some(Account { name, user: entry.pw_uid, group: entry.pw_gid }));
    }
}

/// The name of a group for a command to type; its number, where `/etc/group` has no name.
pub fn group_name(group: u32) -> String {
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    name_in(&groups, group).map_or_else(|| group.to_string(), str::to_owned)
}

fn name_in(groups: &str, group: u32) -> Option<&str> {
    let is_it = |line: &&str| line.split(':').nth(2).is_some_and(|id| id.parse() == Ok(group));
    groups.lines().find(is_it).and_then(|line| line.split(':').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_found_and_nobody_of_no_name() {
        let root = named("root").unwrap().unwrap();
        assert_eq!((root.name.as_str(), root.user, root.group), ("root", 0, 0));
        assert_eq!(named("no-such-user").unwrap(), None);
        assert!(named("nul\0").is_err());
    }

    #[test]
    fn a_group_without_a_name_is_its_number() {
        let groups = "root:x:0:\nadm:x:4:somebody\nwardline:x:998:\nbroken\n";
        assert_eq!(name_in(groups, 998), Some("wardline"));
        assert_eq!(name_in(groups, 99), None);
        assert_eq!(group_name(u32::MAX - 7), (u32::MAX - 7).to_string());
    }
}
