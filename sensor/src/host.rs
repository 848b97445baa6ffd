//! What the machine says of itself: its interfaces, their drivers and offloads, its kernel. Asked by
//! the commands that look before something is attached, and when the agent starts.
//!
//! Questions go to the kernel by netlink and ioctl, not to `/sys`, which may show another network
//! namespace than the process is in.

#[expect(unsafe_code, reason = "users are found by the C library")]
pub mod accounts;
pub mod doctor;
pub mod drivers;
pub mod ethtool;
pub mod links;
pub mod preflight;
#[expect(unsafe_code, reason = "netlink, ethtool and statfs have no safe form")]
mod system_calls;
