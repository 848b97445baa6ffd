//! Capture files and pipes: pcap (draft-ietf-opsawg-pcap) and pcapng (draft-ietf-opsawg-pcapng),
//! read frame by frame as Ethernet.
//!
//! Leaves out the "modified" pcap format, compressed files, and link types that have no Ethernet
//! form. A file is read where the kernel holds it; of a pipe one block is in memory at a time.

mod clock;
mod error;
mod link;
mod mapped;
mod section;
mod source;

use std::path::{Path, PathBuf};

use pcap_parser::{PcapError, traits::PcapReaderIterator};

use crate::time::Timestamp;
pub use error::CaptureError;
use link::Link;
use mapped::Lent;
use section::{Format, Packet};
use source::Source;

/// Octets of the buffer at first, and at most: no block or record may be larger.
const BUFFER: usize = 1 << 20;
const LARGEST_BLOCK: usize = 16 << 20;

/// One frame of a capture; it lasts until the next one is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CapturedFrame<'a> {
    /// From the Ethernet destination address on, as much as was captured, without frame check
    /// sequence. Frames of another link type get a header without destination; they are empty if
    /// they end before their own header does.
    pub octets: &'a [u8],
    /// Octets of the frame on the wire, counted in the same way.
    pub wire_length: u64,
    /// Of a pcapng simple packet block, which has none: that of the frame before.
    pub timestamp: Timestamp,
    /// Which interface of the file, counted from 1 over all its sections.
    pub interface: u32,
    /// The beginning of what is probably the next frame, as a hint; empty where that is not at hand.
    pub upcoming: &'a [u8],
}

/// Where the frames of a replay come from: a capture, or whoever makes them.
pub trait FrameSource {
    /// The next frame, `None` at the end.
    ///
    /// # Errors
    ///
    /// What is wrong with the source.
    fn next_frame(&mut self) -> Result<Option<CapturedFrame<'_>>, CaptureError>;

    /// Octets given, and octets in all where that is known.
    fn progress(&self) -> (u64, Option<u64>);
}

impl FrameSource for CaptureFile {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame<'_>>, CaptureError> {
        self.next()
    }

    fn progress(&self) -> (u64, Option<u64>) {
        Self::progress(self)
    }
}

pub struct CaptureFile {
    path: PathBuf,
    /// Octets in the file, if that is known.
    total: Option<u64>,
    reader: Box<dyn PcapReaderIterator + Send>,
    failure: source::Failure,
    format: Format,
    capacity: usize,
    /// Octets of the present block, which the next one follows.
    pending: usize,
    ethernet: Vec<u8>,
    is_finished: bool,
}

impl CaptureFile {
    /// Opens the capture at `path`; `-` is the standard input.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no capture, ends within its header, or has a link type that has
    /// no Ethernet form.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, CaptureError> {
        let path = path.as_ref();
        let (source, total, mapped) = Source::open(path)
            .map_err(|source| CaptureError::Open { path: path.to_owned(), source })?;
        Self::read(path, source, total, mapped)
    }

    fn read<T: Lent + Send + 'static>(
        path: &Path,
        source: Source,
        total: Option<u64>,
        memory: Option<T>,
    ) -> Result<Self, CaptureError> {
        let failure = source.failure();
        let opening = source::begin(source, path, memory)?;
        Ok(Self {
            path: path.to_owned(),
            total,
            reader: opening.reader,
            failure,
            format: opening.format,
            capacity: opening.capacity,
            pending: 0,
            ethernet: Vec::new(),
            is_finished: false,
        })
    }

    /// The next frame in the order of the file, `None` at its end. After an error there are none.
    ///
    /// # Errors
    ///
    /// What is wrong with the file at [`Self::progress`]; the frames before were all given.
    #[expect(clippy::should_implement_trait, reason = "an iterator cannot lend its items")]
    pub fn next(&mut self) -> Result<Option<CapturedFrame<'_>>, CaptureError> {
        if self.is_finished {
            return Ok(None);
        }
        let found = self.packet();
        self.is_finished = !matches!(found, Ok(Some(_)));
        let Some(packet) = found? else {
            return Ok(None);
        };
        let block = self.reader.data();
        let upcoming = block.get(self.pending + packet.octets.start..).unwrap_or_default();
        let octets = block.get(packet.octets).unwrap_or_default();
        let (octets, wire_length) = match packet.link {
            Link::Ethernet => (octets, packet.wire_length),
            link => {
                let wire_length = link.convert(octets, packet.wire_length, &mut self.ethernet);
                (&self.ethernet[..], wire_length)
            }
        };
        Ok(Some(CapturedFrame {
            octets,
            wire_length,
            timestamp: packet.timestamp,
            interface: packet.interface,
            upcoming,
        }))
    }

    /// Octets read, and octets in all where the capture is a file.
    pub fn progress(&self) -> (u64, Option<u64>) {
        let offset = self.reader.consumed() + self.pending;
        (offset as u64, self.total)
    }

    fn packet(&mut self) -> Result<Option<Packet>, CaptureError> {
        loop {
            self.reader.consume(std::mem::take(&mut self.pending));
            let is_malformed = match self.reader.next() {
                Ok((length, block)) => {
                    let read = self.format.read(&block);
                    match read {
                        Ok(packet) => {
                            self.pending = length;
                            match packet {
                                Some(packet) => return Ok(Some(packet)),
                                None => continue,
                            }
                        }
                        Err(fault) => return Err(fault.at(&self.path, self.offset())),
                    }
                }
                Err(PcapError::Eof) => return Ok(None),
                Err(
                    PcapError::Incomplete(_) | PcapError::BufferTooSmall | PcapError::UnexpectedEof,
                ) => false,
                Err(_) => true,
            };
            if !is_malformed && self.fill()? {
                continue;
            }
            match self.format.skippable_length(self.reader.data()) {
                Some(length) => self.pending = length,
                None => return self.ending(is_malformed),
            }
        }
    }

    /// Reads more of a block that is not whole; `false` if there is no more, or the block is whole
    /// and yet cannot be read.
    fn fill(&mut self) -> Result<bool, CaptureError> {
        let available = self.reader.data().len();
        let needed = self.format.block_length(self.reader.data());
        if let Some(needed) = needed.filter(|&needed| needed > LARGEST_BLOCK) {
            return Err(CaptureError::Oversized {
                path: self.path.clone(),
                offset: self.offset(),
                octets: needed as u64,
                maximum: LARGEST_BLOCK as u64,
            });
        }
        if self.reader.reader_exhausted() || needed.is_some_and(|needed| needed <= available) {
            return Ok(false);
        }
        let needed = needed.unwrap_or(0);
        // The reader asks for room beyond the block.
        if needed + 32 > self.capacity {
            self.capacity = (needed + 32).next_power_of_two();
            self.reader.grow(self.capacity);
        }
        if self.reader.refill().is_err() {
            return Err(self.failed());
        }
        Ok(true)
    }

    /// What it means that no further block can be read here.
    fn ending(&self, is_malformed: bool) -> Result<Option<Packet>, CaptureError> {
        let (path, offset) = (self.path.clone(), self.offset());
        let found = self.reader.data();
        if found.is_empty() {
            return Ok(None);
        }
        let needed = self.format.block_length(found);
        if is_malformed || needed.is_some_and(|needed| needed <= found.len()) {
            return Err(CaptureError::Malformed {
                path,
                offset,
                found: format!("a block that starts with {}", error::octets(found)),
            });
        }
        Err(CaptureError::Truncated {
            path,
            offset,
            found: found.len() as u64,
            needed: needed.map(|needed| needed as u64),
        })
    }

    fn failed(&self) -> CaptureError {
        CaptureError::Read {
            path: self.path.clone(),
            offset: self.offset(),
            source: self.failure.take(),
        }
    }

    fn offset(&self) -> u64 {
        self.reader.consumed() as u64
    }
}

#[cfg(test)]
mod tests;
