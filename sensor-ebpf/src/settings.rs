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
};

/// The settings as the verifier sees them: constants, so that what they switch off costs nothing.
#[inline(always)]
pub fn settings() -> Settings {
    // SAFETY: the static is initialised and aligned. The read is volatile because the agent
    // replaces the value in the object after it was compiled.
    unsafe { ptr::read_volatile(&raw const SETTINGS) }
}

/// [`Settings::is_linear`] alone, for where it is asked often.
#[inline(always)]
pub fn is_linear() -> bool {
    // SAFETY: as above.
    unsafe { ptr::read_volatile(&raw const SETTINGS.is_linear) != 0 }
}
