//! One interface with the program on it.

use std::{
    fs, io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use aya::programs::{
    ProgramError, Xdp, XdpMode,
    links::{FdLink, PinnedLink},
    xdp::XdpLink,
};

use super::{
    buffers::Buffers,
    interfaces::Interface,
    link_calls::open_pin,
    owner::{Owner, owner},
    pins::Pins,
};

/// How the program runs on an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AttachMode {
    /// In the driver, before the stack: every frame on the wire is one frame counted.
    Native,
    /// In the stack, where received segments may already be joined: frames are fewer and larger
    /// than on the wire.
    Generic,
}

impl AttachMode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Generic => "generic",
        }
    }

    fn flag(self) -> XdpMode {
        match self {
            Self::Native => XdpMode::Driver,
            Self::Generic => XdpMode::Skb,
        }
    }
}

/// The program cannot be attached; each message names the cause and what to do.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    #[error(
        "{interface}: the driver has no native XDP (EOPNOTSUPP); set capture.mode = \"generic\" to count in the network stack, where packet counts are of joined segments, or \"auto\" to do so only where needed"
    )]
    NoNative { interface: String },
    #[error(
        "{interface}: the driver refuses this MTU or these queues (ERANGE); lower it with `ip link set dev {interface} mtu 1500`, or set capture.mode = \"generic\""
    )]
    Range { interface: String },
    #[error(
        "{interface}: the driver refuses an MTU of {mtu} octets: this kernel gives the program no frame in several buffers (Linux 5.18 and later do); lower it with `ip link set dev {interface} mtu 1500`, use a later kernel, or set capture.mode = \"generic\""
    )]
    OneBuffer { interface: String, mtu: u32 },
    #[error("{interface}: another program holds the XDP hook (EBUSY): {}; stop its owner, or `ip link set dev {interface} xdp off` if it is no longer wanted", shown(.owner))]
    Busy { interface: String, owner: Option<Owner> },
    #[error("{interface}: a program is attached in the other mode (EEXIST): {}; stop its owner, or use the mode it uses", shown(.owner))]
    OtherMode { interface: String, owner: Option<Owner> },
    #[error(
        "{interface}: not permitted to attach; needs root, or CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
    )]
    NotPermitted { interface: String },
    #[error(
        "{interface}: the kernel offers no bpf_link for XDP (needs Linux 5.9); Wardline does not attach without one"
    )]
    NoLink { interface: String },
    #[error("{interface}: no such interface any more")]
    Gone { interface: String },
    #[error("{interface}: cannot pin the link at {path}: {reason}")]
    Pin { interface: String, path: PathBuf, reason: String },
    #[error("{interface}: cannot attach: {reason}")]
    Other { interface: String, reason: String },
}

fn shown(owner: &Option<Owner>) -> String {
    owner.as_ref().map_or_else(|| "its owner is not known".to_owned(), ToString::to_string)
}

/// A link to one interface; the program stays there for as long as this, or its pin, exists.
#[derive(Debug)]
pub struct Attachment {
    pub interface: Interface,
    pub mode: AttachMode,
    /// The link was there already and was given this program.
    pub was_attached: bool,
    /// Where the link is pinned, and a descriptor to pin it again.
    pin: Option<(PathBuf, Option<OwnedFd>)>,
    _link: FdLink,
}

impl Attachment {
    /// Takes over a pinned link to `interface`, or makes one.
    pub(super) fn new(
        program: &mut Xdp,
        interface: &Interface,
        mode: AttachMode,
        buffers: Buffers,
        pins: Option<&Pins>,
    ) -> Result<Self, AttachError> {
        let pin = pins.map(|pins| pins.link(interface.index, mode.name()));
        if let Some(pin) = &pin
            && let Some(link) = take_over(program, pin)
        {
            let (interface, pin) = (interface.clone(), Some((pin.clone(), open_pin(pin).ok())));
            return Ok(Self { interface, mode, was_attached: true, pin, _link: link });
        }
        let failed = |error: ProgramError| explain(interface, buffers, &error);
        let link = program.attach_to_if_index(interface.index, mode.flag()).map_err(failed)?;
        let link = program.take_link(link).map_err(failed)?;
        // aya falls back to netlink where bpf_link is refused; that would vanish or stay at will.
        let link = FdLink::try_from(link)
            .map_err(|_| AttachError::NoLink { interface: interface.name.clone() })?;
        let link = match &pin {
            None => link,
            Some(path) => link.pin(path).map(FdLink::from).map_err(|error| AttachError::Pin {
                interface: interface.name.clone(),
                path: path.clone(),
                reason: error.to_string(),
            })?,
        };
        let pin = pin.map(|path| (path.clone(), open_pin(&path).ok()));
        Ok(Self { interface: interface.clone(), mode, was_attached: false, pin, _link: link })
    }

    /// The link's pin, and a descriptor of the link.
    pub(super) fn kept(&self) -> Option<(&Path, &OwnedFd)> {
        let (path, link) = self.pin.as_ref()?;
        Some((path, link.as_ref()?))
    }

    /// Takes the program off the interface.
    ///
    /// # Errors
    ///
    /// When the pin cannot be removed; the program then stays.
    pub fn detach(self) -> io::Result<()> {
        match self.pin.map(|(path, _)| fs::remove_file(path)) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

/// Gives the link pinned at `pin` our program, atomically: no frame passes uncounted.
fn take_over(program: &mut Xdp, pin: &PathBuf) -> Option<FdLink> {
    let link = FdLink::from(PinnedLink::from_pin(pin).ok()?);
    let taken = XdpLink::try_from(link)
        .map_err(|error| error.to_string())
        .and_then(|link| program.attach_to_link(link).map_err(|error| error.to_string()))
        .and_then(|id| program.take_link(id).map_err(|error| error.to_string()))
        .and_then(|link| FdLink::try_from(link).map_err(|error| error.to_string()));
    taken
        .inspect_err(|reason| {
            // It outlived its interface, or was detached; the name is needed for the new one.
            let path = pin.display();
            tracing::warn!(%path, reason, "the pinned link cannot be taken over; making a new one");
            let _ = fs::remove_file(pin);
        })
        .ok()
}

/// The largest MTU whose frames fit one buffer with every driver.
const USUAL_MTU: u32 = 1500;

/// Drivers say that a frame does not fit one buffer in different ways.
fn has_too_large_frames(buffers: Buffers, mtu: u32, code: Option<i32>) -> bool {
    buffers == Buffers::One
        && mtu > USUAL_MTU
        && matches!(code, Some(libc::ERANGE | libc::EINVAL | libc::EOPNOTSUPP))
}

fn explain(interface: &Interface, buffers: Buffers, error: &ProgramError) -> AttachError {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut code = None;
    while let Some(error) = cause {
        code = code.or(error.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error));
        cause = error.source();
    }
    if let ProgramError::SyscallError(call) = error {
        code = code.or(call.io_error.raw_os_error());
    }
    let name = interface.name.clone();
    let mtu = interface.mtu().unwrap_or(USUAL_MTU);
    if has_too_large_frames(buffers, mtu, code) {
        return AttachError::OneBuffer { interface: name, mtu };
    }
    match code {
        Some(libc::EOPNOTSUPP) => AttachError::NoNative { interface: name },
        Some(libc::ERANGE) => AttachError::Range { interface: name },
        Some(libc::EBUSY) => AttachError::Busy { interface: name, owner: owner(interface.index) },
        Some(libc::EEXIST) => {
            AttachError::OtherMode { interface: name, owner: owner(interface.index) }
        }
        Some(libc::EPERM) => AttachError::NotPermitted { interface: name },
        Some(libc::ENODEV) => AttachError::Gone { interface: name },
        _ => AttachError::Other { interface: name, reason: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_mtu_is_blamed_only_where_frames_have_to_fit_one_buffer() {
        for code in [libc::ERANGE, libc::EINVAL, libc::EOPNOTSUPP] {
            assert!(has_too_large_frames(Buffers::One, 9000, Some(code)));
            assert!(!has_too_large_frames(Buffers::One, 1500, Some(code)));
            assert!(!has_too_large_frames(Buffers::Several, 9000, Some(code)));
        }
        assert!(!has_too_large_frames(Buffers::One, 9000, Some(libc::EBUSY)));
    }
}
