//! Capabilities of threads (capabilities(7)).

use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, capability_is_in_bounding_set,
    clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};

/// What loading, attaching and pinning takes. CAP_PERFMON: without it the verifier of kernels before
/// 6.1 refuses the arithmetic on packet pointers that the program needs.
pub const OF_KEEPER: CapabilitySet =
    CapabilitySet::BPF.union(CapabilitySet::NET_ADMIN).union(CapabilitySet::PERFMON);

/// Whether a set that limits what programs started later may gain could be emptied as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    Empty,
    /// The thread may not empty it (it has no CAP_SETPCAP). With `no_new_privs` it means nothing.
    AsFound,
}

/// Takes every capability from this thread, and from what it starts.
///
/// # Errors
///
/// What the kernel says.
pub fn drop_all() -> io::Result<Bounds> {
    keep_only(CapabilitySet::empty())
}

/// Takes every capability but `kept` from this thread, and all from what it starts.
///
/// # Errors
///
/// What the kernel says.
pub fn keep_only(kept: CapabilitySet) -> io::Result<Bounds> {
    set_no_new_privs(true)?;
    // Kernels before 4.3 have no such set.
    clear_ambient_capability_set()?;
    let bounds = empty_bounds()?;
    let now = capabilities(None)?;
    let kept = now.permitted & kept;
    let sets =
        CapabilitySets { effective: kept, permitted: kept, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets)?;
    Ok(bounds)
}

fn empty_bounds() -> io::Result<Bounds> {
    let may = capabilities(None)?.effective.contains(CapabilitySet::SETPCAP);
    let mut bounds = Bounds::Empty;
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        // The kernel knows no capability of this number or above.
        let Ok(is_in) = capability_is_in_bounding_set(capability) else { break };
        if is_in && may {
            remove_capability_from_bounding_set(capability)?;
        } else if is_in {
            bounds = Bounds::AsFound;
        }
    }
    Ok(bounds)
}
