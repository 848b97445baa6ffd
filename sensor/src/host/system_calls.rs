//! The calls to the kernel that have no safe form.

use std::{
    ffi::CString,
    io, mem,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
    path::Path,
};

/// Length of a netlink message's header, and of the `ifinfomsg` that follows it for a link.
pub const HEADER: usize = 16;
pub const LINK_HEADER: usize = 16;

/// `SIOCETHTOOL` of the kernel's `sockios.h`.
const SIOCETHTOOL: u64 = 0x8946;
const IFNAMSIZ: usize = 16;

fn socket(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    // SAFETY: no memory is passed; the result is checked.
    let descriptor = unsafe { libc::socket(domain, kind | libc::SOCK_CLOEXEC, protocol) };
    if descriptor < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nothing else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Sends a request to rtnetlink and returns the messages that answer it, end to end.
///
/// # Errors
///
/// What the kernel answers, or that it does not.
pub fn route_request(request: &[u8]) -> io::Result<Vec<u8>> {
    let socket = socket(libc::AF_NETLINK, libc::SOCK_RAW, libc::NETLINK_ROUTE)?;
    // SAFETY: the buffer is as long as said.
    let sent = unsafe { libc::send(socket.as_raw_fd(), request.as_ptr().cast(), request.len(), 0) };
    if sent < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut answer = Vec::new();
    let mut part = vec![0_u8; 64 << 10];
    loop {
        // SAFETY: the buffer is as long as said.
        let length =
            unsafe { libc::recv(socket.as_raw_fd(), part.as_mut_ptr().cast(), part.len(), 0) };
        let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
        let part = &part[..length.min(part.len())];
        answer.extend_from_slice(part);
        match end_of(part)? {
            End::Done => return Ok(answer),
            End::MoreToCome => {}
        }
    }
}

enum End {
    Done,
    MoreToCome,
}

/// Whether these messages are the last ones of an answer.
fn end_of(mut messages: &[u8]) -> io::Result<End> {
    while messages.len() >= HEADER {
        let length = u32::from_ne_bytes([messages[0], messages[1], messages[2], messages[3]]);
        let kind = i32::from(u16::from_ne_bytes([messages[4], messages[5]]));
        let flags = i32::from(u16::from_ne_bytes([messages[6], messages[7]]));
        if kind == libc::NLMSG_ERROR {
            let code = messages
                .get(HEADER..HEADER + 4)
                .map_or(0, |code| i32::from_ne_bytes([code[0], code[1], code[2], code[3]]));
            return if code == 0 {
                Ok(End::Done)
            } else {
                Err(io::Error::from_raw_os_error(-code))
            };
        }
        if kind == libc::NLMSG_DONE || flags & libc::NLM_F_MULTI == 0 {
            return Ok(End::Done);
        }
        let step = (length as usize).next_multiple_of(4).max(HEADER);
        messages = messages.get(step..).unwrap_or_default();
    }
    Ok(End::MoreToCome)
}

/// The kernel's `struct ifreq` with the address of an ethtool command.
#[repr(C)]
struct InterfaceRequest {
    name: [u8; IFNAMSIZ],
    command: *mut u8,
    _rest: [u64; 2],
}

/// Hands an ethtool command to the driver of `interface`; the answer is in its place.
///
/// # Errors
///
/// EOPNOTSUPP when the driver does not know the command, ENODEV, EPERM.
pub fn ethtool(interface: &str, command: &mut [u8]) -> io::Result<()> {
    let socket = socket(libc::AF_INET, libc::SOCK_DGRAM, 0)?;
    let mut name = [0; IFNAMSIZ];
    for (to, from) in name.iter_mut().take(IFNAMSIZ - 1).zip(interface.bytes()) {
        *to = from;
    }
    let mut request = InterfaceRequest { name, command: command.as_mut_ptr(), _rest: [0; 2] };
    // SAFETY: the request is as long as the kernel's. `host::ethtool`, which alone calls this, makes
    // each command as long as the kernel's structure for it, or, for names and states of features,
    // as long as their number takes, which is the kernel's and does not change while it runs.
    let result = unsafe { libc::ioctl(socket.as_raw_fd(), SIOCETHTOOL as _, &raw mut request) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// A mounted file system, as `statfs` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// The magic number of its kind.
    pub kind: i64,
    pub octets: u64,
    /// What is left for users who are not root.
    pub available: u64,
    pub is_read_only: bool,
}

/// The file system on which `path` lies.
///
/// # Errors
///
/// ENOENT and what else `statfs` says.
pub fn file_system(path: &Path) -> io::Result<FileSystem> {
    let path = CString::new(path.as_os_str().as_encoded_bytes())?;
    let mut status = mem::MaybeUninit::<libc::statfs>::uninit();
    // SAFETY: the path is a C string and `status` has room for the answer.
    if unsafe { libc::statfs(path.as_ptr(), status.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it filled `status`.
    let status = unsafe { status.assume_init() };
    let mut flags = mem::MaybeUninit::<libc::statvfs>::uninit();
    // SAFETY: as above.
    if unsafe { libc::statvfs(path.as_ptr(), flags.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call succeeded, so it filled `flags`.
    let flags = unsafe { flags.assume_init() }.f_flag;
    let block = status.f_bsize.unsigned_abs();
    Ok(FileSystem {
        kind: status.f_type & 0xffff_ffff,
        octets: status.f_blocks * block,
        available: status.f_bavail * block,
        is_read_only: flags & libc::ST_RDONLY != 0,
    })
}

/// Octets of memory that the process may lock; `None` when there is no limit.
pub fn locked_memory_limit() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` has room for the answer.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_MEMLOCK, &raw mut limit) };
    (result == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

/// Whether the kernel keeps the system's clock in step with another one (`adjtimex`); `None` where
/// it does not say.
pub fn is_clock_synchronised() -> Option<bool> {
    // SAFETY: `timex` is integers, for which zero is valid; with no mode set nothing is changed.
    let mut status: libc::timex = unsafe { mem::zeroed() };
    // SAFETY: `status` is a whole `timex`, alive during the call.
    let state = unsafe { libc::adjtimex(&raw mut status) };
    (state >= 0).then_some(state != libc::TIME_ERROR && status.status & libc::STA_UNSYNC == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
        let length = (HEADER + body.len()) as u32;
        let mut message = length.to_ne_bytes().to_vec();
        message.extend(kind.to_ne_bytes());
        message.extend(flags.to_ne_bytes());
        message.extend([0; 8]);
        message.extend(body);
        message
    }

    #[test]
    fn an_answer_of_several_messages_ends_with_the_one_that_says_so() {
        let multi = libc::NLM_F_MULTI as u16;
        let one = message(libc::RTM_NEWLINK, multi, &[0; 16]);
        assert!(matches!(end_of(&one), Ok(End::MoreToCome)));
        let done = message(libc::NLMSG_DONE as u16, multi, &[0; 4]);
        assert!(matches!(end_of(&[one, done].concat()), Ok(End::Done)));
        assert!(matches!(end_of(&message(libc::RTM_NEWLINK, 0, &[0; 16])), Ok(End::Done)));
        let refusal = message(libc::NLMSG_ERROR as u16, 0, &(-libc::EPERM).to_ne_bytes());
        let error = end_of(&refusal).err().and_then(|error| error.raw_os_error());
        assert_eq!(error, Some(libc::EPERM));
    }

    #[test]
    fn the_root_directory_is_on_a_file_system() {
        let root = file_system(Path::new("/")).unwrap();
        assert!(root.octets > 0 && root.available <= root.octets);
        assert!(file_system(Path::new("/nowhere/at/all")).is_err());
    }

    #[test]
    fn an_interface_that_is_not_there_has_no_driver() {
        let mut command = [0; 196];
        command[..4].copy_from_slice(&3_u32.to_ne_bytes());
        let error = ethtool("nowhere0", &mut command).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENODEV));
    }
}
