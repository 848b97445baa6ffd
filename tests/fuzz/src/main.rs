//! One program for all targets. Each has its own corpus; `WARDLINE_FUZZ_TARGET` says which one this
//! process is, and `cargo xtask fuzz` starts it for each in turn.
#![no_main]

mod captures;
mod target;

/// The agent's reader of capture files and what it stands on, without the rest of the agent.
#[path = "../../../sensor/src"]
#[expect(dead_code, unused_imports, reason = "the agent uses more of it")]
mod agent {
    pub mod capture {
        pub mod file;
    }
    pub mod prefetch;
    pub mod time;
}
use agent::{capture, prefetch, time};

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use target::Target;

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(
    init: {
        TARGET.get_or_init(Target::of_environment);
    },
    |octets: &[u8]| TARGET.get_or_init(Target::of_environment).ask(octets)
);
