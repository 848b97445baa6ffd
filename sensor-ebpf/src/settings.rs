//! What the agent decided before the program was loaded.

use core::ptr;

use sensor_common::abi::Settings;

#[unsafe(no_mangle)]
static SETTINGS: Settings = Settings {
    seed: 0,
    set_mask: 0,
    verdict_mask: 0,
    cpus: 0,
    is_replay: 0,
    samples_per_second: 0,
    ticks_per_second: 0,
    abi_version: 0,
    is_linear: 0,
    endpoints: 0,
    address_mask: 0,
};

/// One setting as the verifier sees it: a constant, so that what it switches off costs nothing. Each
/// is read alone, because a read that nobody asked for is made all the same.
macro_rules! setting {
    ($name:ident: $kind:ty) => {
        #[inline(always)]
        pub fn $name() -> $kind {
            // SAFETY: the static is initialised and aligned. The read is volatile because the
            // agent replaces the value in the object after it was compiled.
            unsafe { ptr::read_volatile(&raw const SETTINGS.$name) }
        }
    };
}

setting!(seed: u64);
setting!(set_mask: u32);
setting!(verdict_mask: u32);
setting!(endpoints: u32);
setting!(address_mask: u32);
setting!(is_replay: u32);
setting!(samples_per_second: u32);
setting!(ticks_per_second: u32);

/// Whether the whole frame is in the first buffer.
#[inline(always)]
pub fn is_linear() -> bool {
    // SAFETY: as above.
    unsafe { ptr::read_volatile(&raw const SETTINGS.is_linear) != 0 }
}
