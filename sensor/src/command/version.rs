//! `wardline version`: what a bug report needs.

use sensor_common::abi::ABI_VERSION;
use serde_json::json;

use super::{Failure, say};

pub fn run(as_json: bool) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    if as_json {
        let text = json!({
            "schema": "version/v1",
            "version": version,
            "layout": ABI_VERSION,
            "architecture": std::env::consts::ARCH,
        });
        return say(&format!("{text}\n"));
    }
    say(&format!("wardline {version}, layout {ABI_VERSION}, {}\n", std::env::consts::ARCH))
}
