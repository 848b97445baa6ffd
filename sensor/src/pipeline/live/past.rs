//! What the next agent has to know of the flows that are under way, in a file that an orderly end
//! leaves. It is read once: whoever comes later counts from where the next one stopped.

use std::{fs, io, os::unix::fs::OpenOptionsExt as _, path::Path};

use bytes::{Buf as _, BufMut as _};

use crate::capture::reader::{Past, Told};

const NAME: &str = "flows";
/// Of this layout.
const MARK: u64 = 0x0157_4f4c_464c_5744;
const HEADER_OCTETS: usize = 3 * 8;
const FLOW_OCTETS: usize = 2 * 4 + 3 * 8;

/// Writes it. Without it the next agent leaves out of records what such flows did in between.
pub(super) fn leave(directory: &Path, past: &Past) {
    if let Err(error) = write(directory, &octets(past)) {
        tracing::warn!(
            %error,
            "which flows were told of cannot be kept: records of flows that are under way go on from \
             the next start"
        );
    }
}

/// Takes what an agent left, if it ended in order.
pub(super) fn take(directory: &Path) -> Option<Past> {
    let place = directory.join(NAME);
    // What cannot be removed would be read again.
    match fs::read(&place).and_then(|octets| fs::remove_file(&place).map(|()| octets)) {
        Ok(octets) => parse(&octets),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            tracing::warn!(%error, "what the agent before told of flows cannot be taken up");
            None
        }
    }
}

fn write(directory: &Path, octets: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    io::Write::write_all(&mut options.open(directory.join(NAME))?, octets)
}

fn octets(past: &Past) -> Vec<u8> {
    let mut octets = Vec::with_capacity(HEADER_OCTETS + past.flows.len() * FLOW_OCTETS);
    octets.put_u64_le(MARK);
    octets.put_u64_le(past.told_until);
    octets.put_u64_le(past.flows.len() as u64);
    for told in &past.flows {
        octets.put_u32_le(told.position);
        octets.put_u32_le(told.generation);
        octets.put_u64_le(told.first_seen);
        octets.put_u64_le(told.packets);
        octets.put_u64_le(told.octets);
    }
    octets
}

/// `None` for what is not whole.
fn parse(mut octets: &[u8]) -> Option<Past> {
    if octets.try_get_u64_le().ok()? != MARK {
        return None;
    }
    let told_until = octets.try_get_u64_le().ok()?;
    let count = usize::try_from(octets.try_get_u64_le().ok()?).ok()?;
    if Some(octets.len()) != count.checked_mul(FLOW_OCTETS) {
        return None;
    }
    let flow = |mut octets: &[u8]| Told {
        position: octets.get_u32_le(),
        generation: octets.get_u32_le(),
        first_seen: octets.get_u64_le(),
        packets: octets.get_u64_le(),
        octets: octets.get_u64_le(),
    };
    let flows = octets.chunks_exact(FLOW_OCTETS).map(flow).collect();
    Some(Past { told_until, flows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn past() -> Past {
        let told = |position| Told {
            position,
            generation: 4,
            first_seen: u64::MAX - 1,
            packets: 5,
            octets: 1 << 40,
        };
        Past { told_until: 7, flows: vec![told(0), told(9)] }
    }

    #[test]
    fn what_was_left_is_taken_once() {
        let place = std::env::temp_dir().join(format!("wardline-past-{}", std::process::id()));
        fs::create_dir_all(&place).unwrap();
        assert_eq!(take(&place), None);
        leave(&place, &past());
        assert_eq!(take(&place), Some(past()));
        assert_eq!(take(&place), None);
        fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn what_is_not_whole_is_nothing() {
        let whole = octets(&past());
        for length in 0..whole.len() {
            assert_eq!(parse(&whole[..length]), None, "{length}");
        }
        assert_eq!(parse(&[0; HEADER_OCTETS]), None);
    }
}
