//! Calls of bpf(2) on links and pins that the library has no form for.

use std::{
    ffi::CString,
    fs, io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    path::Path,
};

// Commands of the kernel's `bpf.h`.
const OBJECT_PIN: i64 = 6;
const OBJECT_GET: i64 = 7;
const OBJECT_INFO: i64 = 15;
const LINK_BY_ID: i64 = 30;
const NEXT_LINK: i64 = 31;
const LINK_DETACH: i64 = 34;
/// `BPF_LINK_TYPE_XDP`.
const XDP_LINK: u32 = 6;

/// The largest of the arguments used here; what a command does not know has to be zero.
const ARGUMENT_WORDS: usize = 4;
/// Words of `struct bpf_link_info` that are read: type, id, program, padding, interface.
const INFO_WORDS: usize = 8;

/// A link of the kind that XDP programs hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct XdpLinkInfo {
    pub id: u32,
    pub program: u32,
    /// 0 when the link was detached, or its interface is gone.
    pub interface: u32,
}

fn bpf(command: i64, argument: &mut [u32; ARGUMENT_WORDS]) -> io::Result<i32> {
    // SAFETY: the argument is as long as said, and what it points to is alive, as its makers below
    // see to.
    let result = unsafe {
        libc::syscall(libc::SYS_bpf, command, argument.as_mut_ptr(), size_of_val(argument))
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result as i32) }
}

fn halves(address: u64) -> [u32; 2] {
    let octets = address.to_ne_bytes();
    let half =
        |at| u32::from_ne_bytes([octets[at], octets[at + 1], octets[at + 2], octets[at + 3]]);
    [half(0), half(4)]
}

fn owned(descriptor: i32) -> OwnedFd {
    // SAFETY: the kernel just returned this descriptor to us alone.
    unsafe { OwnedFd::from_raw_fd(descriptor) }
}

fn c_path(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_encoded_bytes())?)
}

/// Opens what is pinned at `path`.
///
/// # Errors
///
/// ENOENT, EPERM.
pub fn open_pin(path: &Path) -> io::Result<OwnedFd> {
    let path = c_path(path)?;
    let [low, high] = halves(path.as_ptr() as u64);
    bpf(OBJECT_GET, &mut [low, high, 0, 0]).map(owned)
}

/// Pins what is behind `file` at `path`.
///
/// # Errors
///
/// EEXIST, EPERM, ENOENT when the directory is not there.
pub fn pin(file: &impl AsRawFd, path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    let [low, high] = halves(path.as_ptr() as u64);
    bpf(OBJECT_PIN, &mut [low, high, file.as_raw_fd() as u32, 0]).map(drop)
}

/// What the kernel says of an XDP link; `None` for a link of another kind.
///
/// # Errors
///
/// EINVAL when it is no link.
pub fn link_info(link: &impl AsRawFd) -> io::Result<Option<XdpLinkInfo>> {
    let mut info = [0_u32; INFO_WORDS];
    let [low, high] = halves(info.as_mut_ptr() as u64);
    let length = size_of_val(&info) as u32;
    bpf(OBJECT_INFO, &mut [link.as_raw_fd() as u32, length, low, high])?;
    let [kind, id, program, _, interface, ..] = info;
    Ok((kind == XDP_LINK).then_some(XdpLinkInfo { id, program, interface }))
}

/// The tag of the program in a pinned link, a hash of its instructions as `/proc` shows it: to ask
/// the kernel for a program by its number takes more privilege than the agent has. `None` for a link
/// that hangs on nothing any more.
pub fn tag_in(path: &Path) -> Option<String> {
    let link = open_pin(path).ok()?;
    link_info(&link).ok()?.filter(|info| info.interface != 0)?;
    let shown = fs::read_to_string(format!("/proc/self/fdinfo/{}", link.as_raw_fd())).ok()?;
    shown_tag(&shown).map(str::to_owned)
}

fn shown_tag(shown: &str) -> Option<&str> {
    shown.lines().find_map(|line| line.strip_prefix("prog_tag:")).map(str::trim)
}

/// All XDP links in the kernel, pinned or not, each with a descriptor.
///
/// # Errors
///
/// EPERM: needs CAP_SYS_ADMIN.
pub fn xdp_links() -> io::Result<Vec<(XdpLinkInfo, OwnedFd)>> {
    let mut found = Vec::new();
    let mut last = 0;
    loop {
        let mut argument = [last, 0, 0, 0];
        match bpf(NEXT_LINK, &mut argument) {
            Ok(_) => last = argument[1],
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(found),
            Err(error) => return Err(error),
        }
        // A link may be gone between the two calls.
        let Ok(link) = bpf(LINK_BY_ID, &mut [last, 0, 0, 0]).map(owned) else { continue };
        if let Ok(Some(info)) = link_info(&link) {
            found.push((info, link));
        }
    }
}

/// Takes the link's program off its interface, whoever holds the link.
///
/// # Errors
///
/// EPERM.
pub fn detach(link: &impl AsRawFd) -> io::Result<()> {
    bpf(LINK_DETACH, &mut [link.as_raw_fd() as u32, 0, 0, 0]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_two_words_in_the_order_of_the_machine() {
        let value: u64 = 0x0102_0304_0506_0708;
        let [first, second] = halves(value);
        let octets: Vec<u8> = [first, second].into_iter().flat_map(u32::to_ne_bytes).collect();
        assert_eq!(octets, value.to_ne_bytes());
    }

    #[test]
    fn a_tag_is_found_among_what_the_kernel_shows_of_a_link() {
        let shown = "pos:\t0\nflags:\t02000002\nlink_type:\txdp\nlink_id:\t7\n\
                     prog_tag:\t00ff12345678abcd\nprog_id:\t41\nifindex:\t2\n";
        assert_eq!(shown_tag(shown), Some("00ff12345678abcd"));
        assert_eq!(shown_tag("pos:\t0\nflags:\t02000002\n"), None);
    }

    #[test]
    fn what_is_not_pinned_cannot_be_opened() {
        assert!(open_pin(Path::new("/nowhere/link-1-native")).is_err());
        assert!(open_pin(Path::new("/with\0nul")).is_err());
    }
}
