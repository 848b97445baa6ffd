//! Takes whatever is on an interface's hook off, for an operator who says so.

use std::io;

use super::link_calls::{detach, xdp_links};
use crate::host::links::{link, switch_off};

/// Takes every program off the hook: out of its link, whoever holds it, or, where there is no link,
/// as `ip link set xdp off` does.
///
/// # Errors
///
/// EPERM: needs CAP_SYS_ADMIN for links, CAP_NET_ADMIN for the rest.
pub fn force_off(interface: u32) -> io::Result<()> {
    let on_hook = link(interface)?.hook;
    for (info, descriptor) in xdp_links()? {
        // Other network namespaces have an interface of this index too, with other programs on it.
        let is_here = on_hook.iter().any(|on| on.program == info.program);
        if info.interface == interface && is_here {
            detach(&descriptor)?;
        }
    }
    for on in link(interface)?.hook {
        switch_off(interface, on.mode)?;
    }
    Ok(())
}
