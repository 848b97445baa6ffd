//! Classic pcap files: little-endian, microseconds, Ethernet.

use std::io::{self, Write};
use std::time::Duration;

const MAGIC_MICROSECONDS: u32 = 0xa1b2_c3d4;
const LINK_TYPE_ETHERNET: u32 = 1;
const SNAPSHOT_LENGTH: u32 = 262_144;

/// Writes frames one after another; call [`PcapWriter::finish`] at the end.
pub struct PcapWriter<W: Write> {
    output: W,
}

impl<W: Write> PcapWriter<W> {
    pub fn new(mut output: W) -> io::Result<Self> {
        output.write_all(&MAGIC_MICROSECONDS.to_le_bytes())?;
        output.write_all(&2_u16.to_le_bytes())?;
        output.write_all(&4_u16.to_le_bytes())?;
        output.write_all(&[0; 8])?;
        output.write_all(&SNAPSHOT_LENGTH.to_le_bytes())?;
        output.write_all(&LINK_TYPE_ETHERNET.to_le_bytes())?;
        Ok(Self { output })
    }

    /// `at` counts from 1 January 1970.
    pub fn write(&mut self, at: Duration, frame: &[u8]) -> io::Result<()> {
        self.write_captured(at, frame, frame.len() as u32)
    }

    /// A frame of which only this was captured.
    pub fn write_captured(
        &mut self,
        at: Duration,
        captured: &[u8],
        wire_length: u32,
    ) -> io::Result<()> {
        self.output.write_all(&(at.as_secs() as u32).to_le_bytes())?;
        self.output.write_all(&at.subsec_micros().to_le_bytes())?;
        self.output.write_all(&(captured.len() as u32).to_le_bytes())?;
        self.output.write_all(&wire_length.to_le_bytes())?;
        self.output.write_all(captured)
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.output.flush()?;
        Ok(self.output)
    }
}

/// A capture in memory with one frame each millisecond from `start`.
pub fn capture_of<F: AsRef<[u8]>>(start: Duration, frames: impl IntoIterator<Item = F>) -> Vec<u8> {
    let write_all = || -> io::Result<Vec<u8>> {
        let mut writer = PcapWriter::new(Vec::new())?;
        for (position, frame) in frames.into_iter().enumerate() {
            writer.write(start + Duration::from_millis(position as u64), frame.as_ref())?;
        }
        writer.finish()
    };
    write_all().expect("writing to a vector does not fail")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capture_has_the_file_header_and_one_record_for_each_frame() {
        let capture = capture_of(Duration::from_secs(1_700_000_000), [[0xaa_u8; 60], [0xbb; 60]]);
        assert_eq!(capture.len(), 24 + 2 * (16 + 60));
        assert_eq!(capture[..4], [0xd4, 0xc3, 0xb2, 0xa1]);
        assert_eq!(capture[20..24], [1, 0, 0, 0]);
        assert_eq!(capture[24 + 76 + 4..24 + 76 + 8], 1_000_u32.to_le_bytes());
    }
}
