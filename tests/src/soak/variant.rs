//! An agent with the same program in other bytes, to upgrade to.
//!
//! Every verdict of the program is `XDP_PASS` in a register, then the end. The kernel's instruction
//! set has two ways to write that: with the 64-bit and with the 32-bit move. Writing the other one
//! gives a program that is another for kernel, verifier and link (its tag is a hash of its
//! instructions), and that does the same.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::SoakError;
use crate::agent::Scratch;

/// `r0 = 2; exit` and `w0 = 2; exit`.
const LONG: [u8; 16] = [0xb7, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];
const SHORT: [u8; 16] = [0xb4, 0, 0, 0, 2, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];

/// Writes a copy of `agent` whose embedded programs end in the other of the two ways.
///
/// # Errors
///
/// When the file cannot be read or written, or has no such instructions.
pub fn other_build(agent: &Path, scratch: &Scratch) -> Result<PathBuf, SoakError> {
    let failed = |reason: String| SoakError::Variant { path: agent.to_owned(), reason };
    let mut octets = fs::read(agent).map_err(|error| failed(error.to_string()))?;
    let exchanged = exchange(&mut octets);
    if exchanged == 0 {
        return Err(failed("it ends no program in a way that is known here".to_owned()));
    }
    let copy = scratch.write("wardline", octets)?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&copy, executable).map_err(|error| failed(error.to_string()))?;
    Ok(copy)
}

/// Exchanges one way of ending for the other, and says how many there were.
fn exchange(octets: &mut [u8]) -> usize {
    let mut exchanged = 0;
    let mut at = 0;
    while let Some(window) = octets.get_mut(at..at + LONG.len()) {
        let other = match &*window {
            window if window == LONG => SHORT,
            window if window == SHORT => LONG,
            _ => {
                at += 1;
                continue;
            }
        };
        window.copy_from_slice(&other);
        exchanged += 1;
        at += LONG.len();
    }
    exchanged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanging_twice_gives_the_same_octets() {
        let mut octets = [&[7, 0xb7][..], &LONG, &[0xb4], &SHORT, &LONG[..15]].concat();
        let before = octets.clone();
        assert_eq!(exchange(&mut octets), 2);
        assert_eq!(octets[2..18], SHORT);
        assert_ne!(octets, before);
        assert_eq!(exchange(&mut octets), 2);
        assert_eq!(octets, before);
    }
}
