//! An agent with the same program in other bytes, to upgrade to, and agents whose program is wrong.
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
    build(agent, scratch, "wardline", exchange)
}

/// Writes a copy whose programs drop every frame: they end with the verdict `XDP_DROP`.
///
/// # Errors
///
/// As for [`other_build`].
pub fn dropping_build(agent: &Path, scratch: &Scratch) -> Result<PathBuf, SoakError> {
    build(agent, scratch, "wardline-drops", |octets| {
        in_programs(octets, |instruction, next| {
            let is_verdict = [LONG, SHORT].iter().any(|end| {
                let (verdict, exit) = end.split_at(INSTRUCTION);
                instruction[..] == *verdict && next == exit
            });
            if is_verdict {
                instruction[4] = 1;
            }
            is_verdict
        })
    })
}

/// Writes a copy whose programs do not know the port of VXLAN, and so count what is carried there as
/// nothing.
///
/// # Errors
///
/// As for [`other_build`].
pub fn miscounting_build(agent: &Path, scratch: &Scratch) -> Result<PathBuf, SoakError> {
    build(agent, scratch, "wardline-miscounts", |octets| {
        in_programs(octets, |instruction, _| {
            let is_port = matches!(instruction[0], JUMP_IF_EQUAL | JUMP_UNLESS_EQUAL)
                && instruction[4..] == VXLAN_PORT.to_le_bytes();
            if is_port {
                instruction[4..].copy_from_slice(&(VXLAN_PORT + 1).to_le_bytes());
            }
            is_port
        })
    })
}

/// Writes a copy of which `change` changes the octets, and says in how many places.
fn build(
    agent: &Path,
    scratch: &Scratch,
    name: &str,
    change: impl Fn(&mut [u8]) -> usize,
) -> Result<PathBuf, SoakError> {
    let failed = |reason: String| SoakError::Variant { path: agent.to_owned(), reason };
    let mut octets = fs::read(agent).map_err(|error| failed(error.to_string()))?;
    if change(&mut octets) == 0 {
        return Err(failed("it has no such instructions as are known here".to_owned()));
    }
    let copy = scratch.write(name, octets)?;
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&copy, executable).map_err(|error| failed(error.to_string()))?;
    Ok(copy)
}

const INSTRUCTION: usize = 8;
/// `if rX == IMMEDIATE` and `if rX != IMMEDIATE`.
const JUMP_IF_EQUAL: u8 = 0x15;
const JUMP_UNLESS_EQUAL: u8 = 0x55;
const VXLAN_PORT: u32 = 4789;
/// Of an ELF file for a machine of 64 bits, the little end first.
const ELF: [u8; 7] = [0x7f, b'E', b'L', b'F', 2, 1, 1];
/// `EM_BPF`, where an ELF file names its machine.
const MACHINE: usize = 18;
const BPF: [u8; 2] = 247_u16.to_le_bytes();

/// Hands every eight octets of the embedded objects, and the eight after them, to `change`; how many
/// it changed. What is not an instruction does not look like the ones that are changed here.
fn in_programs(octets: &mut [u8], change: impl Fn(&mut [u8], &[u8]) -> bool) -> usize {
    let starts: Vec<usize> = (0..octets.len().saturating_sub(64))
        .filter(|at| octets[*at..].starts_with(&ELF) && octets[at + MACHINE..].starts_with(&BPF))
        .collect();
    let mut changed = 0;
    for start in starts {
        // Section headers stand at the end: their place, and how many there are of 64 octets.
        let place = octets[start + 40..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
        let count = u16::from_le_bytes([octets[start + 60], octets[start + 61]]);
        let length = place as usize + usize::from(count) * 64;
        let Some(object) = octets.get_mut(start..start + length) else { continue };
        for at in (0..length.saturating_sub(2 * INSTRUCTION)).step_by(INSTRUCTION) {
            let (instruction, next) = object[at..].split_at_mut(INSTRUCTION);
            changed += usize::from(change(instruction, &next[..INSTRUCTION]));
        }
    }
    changed
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
    fn only_what_stands_in_an_object_for_bpf_is_changed() {
        let object = |machine: u16| {
            let mut octets = vec![0_u8; 64 + 32];
            octets[..7].copy_from_slice(&ELF);
            octets[18..20].copy_from_slice(&machine.to_le_bytes());
            octets[40] = 96;
            octets[64..80].copy_from_slice(&LONG);
            octets.extend([0; 64]);
            octets[60] = 1;
            octets
        };
        let count = |mut octets: Vec<u8>| {
            in_programs(&mut octets, |instruction, _| instruction[0] == LONG[0])
        };
        assert_eq!(count(object(247)), 1);
        assert_eq!(count([&[1, 2, 3][..], &object(247), &object(247)].concat()), 2);
        assert_eq!(count(object(62)), 0);
    }

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
