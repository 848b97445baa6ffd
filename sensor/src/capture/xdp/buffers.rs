//! Whether the kernel hands the program frames in several buffers, asked of the kernel itself.

use aya::{
    programs::{ProgramError, ProgramType},
    sys::{BpfHelper, is_helper_supported},
};
use sensor_common::abi::name;

/// Calls that came together with frames in several buffers, in Linux 5.18.
const CALLS: [BpfHelper; 2] =
    [BpfHelper::BPF_FUNC_xdp_get_buff_len, BpfHelper::BPF_FUNC_xdp_load_bytes];

/// In how many buffers a frame may lie, which decides which of two programs is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffers {
    /// Frames of any size; the kernel's calls read across buffers.
    Several,
    /// Every frame lies in one buffer and is read there: the fallback for Linux before 5.18.
    One,
}

impl Buffers {
    /// Asks the kernel for the calls, whatever its version says.
    ///
    /// # Errors
    ///
    /// When the kernel does not let this process load programs.
    pub fn of_this_kernel() -> Result<Self, ProgramError> {
        for call in CALLS {
            if !is_helper_supported(ProgramType::Xdp, call)? {
                return Ok(Self::One);
            }
        }
        Ok(Self::Several)
    }

    /// The program for such frames.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Several => name::PROGRAM,
            Self::One => name::PROGRAM_LINEAR,
        }
    }

    /// As the setting of the program.
    pub const fn is_linear(self) -> u32 {
        match self {
            Self::Several => 0,
            Self::One => 1,
        }
    }

    /// What the setting of a loaded program means.
    pub const fn of_setting(is_linear: u32) -> Self {
        if is_linear == 0 { Self::Several } else { Self::One }
    }
}
