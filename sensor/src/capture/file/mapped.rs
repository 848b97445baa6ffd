//! A capture file in memory as the kernel holds it: read without a system call and without a copy.
//!
//! A file that is cut off while it is mapped ends the process (SIGBUS); one that grows is read up to
//! the length that it had when it was opened.

use std::{fs::File, io};

use memmap2::{Advice, Mmap};
use pcap_parser::{
    Block, LegacyPcapBlock, PcapBlockOwned, PcapError, PcapHeader, nom, parse_block_be,
    parse_block_le, traits::PcapReaderIterator,
};

use super::LARGEST_BLOCK;
use crate::prefetch::prefetch;

/// Maps a file; an error for what cannot be mapped, such as an empty one.
pub(super) fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the mapping is private and only read. The file may be changed by others meanwhile;
    // every octet of it is hostile anyway, each is read where it is used, and no proof about one
    // outlives the reading of it.
    #[expect(unsafe_code, reason = "mapping a file has no safe form")]
    let map = unsafe { Mmap::map(file)? };
    // Only a hint.
    let _ = map.advise(Advice::Sequential);
    Ok(map)
}

/// Which records follow one another.
enum Layout {
    /// The header, until it was given.
    Pcap {
        header: Option<PcapHeader>,
        is_big_endian: bool,
    },
    Pcapng {
        is_big_endian: bool,
    },
}

/// Reads the blocks of a capture that lies in memory, as the readers of pcap-parser do from a
/// stream.
pub(super) struct MappedReader<T> {
    octets: T,
    offset: usize,
    layout: Layout,
}

impl<T: AsRef<[u8]>> MappedReader<T> {
    pub fn pcap(octets: T, header: PcapHeader) -> Self {
        let is_big_endian = header.is_bigendian();
        let layout = Layout::Pcap { header: Some(header), is_big_endian };
        Self { octets, offset: 0, layout }
    }

    pub fn pcapng(octets: T) -> Self {
        Self { octets, offset: 0, layout: Layout::Pcapng { is_big_endian: false } }
    }

    fn rest(&self) -> &[u8] {
        self.octets.as_ref().get(self.offset..).unwrap_or_default()
    }
}

impl<T: AsRef<[u8]>> PcapReaderIterator for MappedReader<T> {
    fn next(&mut self) -> Result<(usize, PcapBlockOwned<'_>), PcapError<&[u8]>> {
        let rest = self.octets.as_ref().get(self.offset..).unwrap_or_default();
        if rest.is_empty() {
            return Err(PcapError::Eof);
        }
        match &mut self.layout {
            Layout::Pcap { header, is_big_endian } => {
                if let Some(header) = header.take() {
                    return Ok((header.size(), PcapBlockOwned::LegacyHeader(header)));
                }
                let found = record(rest, *is_big_endian);
                if let Ok((length, _)) = &found {
                    // The one behind the next: of the next, the flow is looked for by now.
                    let next =
                        rest.get(*length..).and_then(|rest| record(rest, *is_big_endian).ok());
                    fetch_ahead(rest, length + next.map_or(0, |(length, _)| length));
                }
                found
            }
            Layout::Pcapng { is_big_endian } => {
                let parse = if *is_big_endian { parse_block_be } else { parse_block_le };
                match parse(rest) {
                    Ok((after, _)) if rest.len() - after.len() > LARGEST_BLOCK => {
                        Err(PcapError::BufferTooSmall)
                    }
                    Ok((after, block)) => {
                        if let Block::SectionHeader(header) = &block {
                            *is_big_endian = header.big_endian();
                        }
                        Ok((rest.len() - after.len(), PcapBlockOwned::NG(block)))
                    }
                    Err(nom::Err::Error(error) | nom::Err::Failure(error)) => Err(error),
                    Err(nom::Err::Incomplete(_)) => Err(PcapError::UnexpectedEof),
                }
            }
        }
    }

    fn consume(&mut self, octets: usize) {
        self.offset += octets;
    }

    fn consume_noshift(&mut self, octets: usize) {
        self.offset += octets;
    }

    fn consumed(&self) -> usize {
        self.offset
    }

    fn refill(&mut self) -> Result<(), PcapError<&[u8]>> {
        Ok(())
    }

    fn position(&self) -> usize {
        self.offset
    }

    fn grow(&mut self, _: usize) -> bool {
        false
    }

    fn data(&self) -> &[u8] {
        self.rest()
    }

    /// All there is lies in memory.
    fn reader_exhausted(&self) -> bool {
        true
    }
}

/// One record of a pcap file: seconds, part of a second, octets captured and on the wire, octets.
fn record(
    rest: &[u8],
    is_big_endian: bool,
) -> Result<(usize, PcapBlockOwned<'_>), PcapError<&[u8]>> {
    const HEADER: usize = 16;
    let Some(header) = rest.first_chunk::<HEADER>() else { return Err(PcapError::UnexpectedEof) };
    let word = |offset: usize| {
        let octets = [header[offset], header[offset + 1], header[offset + 2], header[offset + 3]];
        if is_big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    };
    let caplen = word(8);
    let length = HEADER + caplen as usize;
    if length > LARGEST_BLOCK {
        return Err(PcapError::BufferTooSmall);
    }
    let data = rest.get(HEADER..length).ok_or(PcapError::UnexpectedEof)?;
    let (ts_sec, ts_usec, origlen) = (word(0), word(4), word(12));
    let block = LegacyPcapBlock { ts_sec, ts_usec, caplen, origlen, data };
    Ok((length, PcapBlockOwned::Legacy(block)))
}

/// Lets the processor fetch the headers of the record that begins at `offset` while this one is
/// counted.
fn fetch_ahead(rest: &[u8], offset: usize) {
    const LINE: usize = 64;
    for octet in [rest.get(offset), rest.get(offset + LINE)].into_iter().flatten() {
        prefetch(octet);
    }
}
