//! A capture file in memory as the kernel holds it: read without a system call and without a copy.
//!
//! A file that is cut off while it is mapped ends the process (SIGBUS); one that grows is read up to
//! the length that it had when it was opened.

use std::{fs::File, io, ops::Range};

use memmap2::{Advice, Mmap, UncheckedAdvice};
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

/// So many octets that were read are given back at a time: what a capture takes of memory does not
/// grow with its length.
const GIVEN_BACK: usize = 16 << 20;

/// Octets in memory, of which some may be given back.
pub(super) trait Lent: AsRef<[u8]> {
    /// These were read for the last time.
    fn give_back(&self, _read: Range<usize>) {}
}

impl Lent for Mmap {
    #[expect(unsafe_code, reason = "the advice has no safe form: it undoes what was written")]
    fn give_back(&self, read: Range<usize>) {
        // SAFETY: the mapping is private and was never written, so what is read there later, should it
        // be, is the file's again.
        let advised = unsafe {
            self.unchecked_advise_range(UncheckedAdvice::DontNeed, read.start, read.len())
        };
        // It was only a hint.
        drop(advised);
    }
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
    /// Octets before this were given back.
    kept_from: usize,
    layout: Layout,
}

impl<T: Lent> MappedReader<T> {
    pub fn pcap(octets: T, header: PcapHeader) -> Self {
        let is_big_endian = header.is_bigendian();
        let layout = Layout::Pcap { header: Some(header), is_big_endian };
        Self { octets, offset: 0, kept_from: 0, layout }
    }

    pub fn pcapng(octets: T) -> Self {
        Self { octets, offset: 0, kept_from: 0, layout: Layout::Pcapng { is_big_endian: false } }
    }

    fn rest(&self) -> &[u8] {
        self.octets.as_ref().get(self.offset..).unwrap_or_default()
    }
}

impl<T: Lent> PcapReaderIterator for MappedReader<T> {
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
        while self.offset - self.kept_from >= GIVEN_BACK {
            let end = self.kept_from + GIVEN_BACK;
            self.octets.give_back(self.kept_from..end);
            self.kept_from = end;
        }
    }

    fn consume_noshift(&mut self, octets: usize) {
        self.consume(octets);
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

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    impl Lent for Vec<u8> {}

    struct Witnessed {
        octets: Vec<u8>,
        given_back: Rc<RefCell<Vec<Range<usize>>>>,
    }

    impl AsRef<[u8]> for Witnessed {
        fn as_ref(&self) -> &[u8] {
            &self.octets
        }
    }

    impl Lent for Witnessed {
        fn give_back(&self, read: Range<usize>) {
            self.given_back.borrow_mut().push(read);
        }
    }

    #[test]
    fn what_was_read_is_given_back_once_and_nothing_else() {
        let given_back = Rc::default();
        let octets = vec![0; 3 * GIVEN_BACK];
        let mut reader =
            MappedReader::pcapng(Witnessed { octets, given_back: Rc::clone(&given_back) });
        for step in [GIVEN_BACK - 1, 1, 5, 2 * GIVEN_BACK - 6] {
            reader.consume(step);
            let given = given_back.borrow();
            assert!(given.last().is_none_or(|last| last.end <= reader.offset));
            assert_eq!(given.len(), reader.offset / GIVEN_BACK, "all that is whole");
        }
        let whole = given_back.borrow().windows(2).all(|pair| pair[0].end == pair[1].start);
        assert!(whole && given_back.borrow()[0].start == 0);
    }
}
