//! How often a test does what it does.

use std::env;

/// Set by `cargo xtask soak faults`; `sensor/src/export/store/tests/damage.rs` asks for it too.
const AT_LENGTH: &str = "WARDLINE_FAULTS_AT_LENGTH";

/// `usual` times; as often as the plan says in `cargo xtask soak faults`.
pub fn extent<T>(usual: T, planned: T) -> T {
    if env::var_os(AT_LENGTH).is_some() { planned } else { usual }
}
