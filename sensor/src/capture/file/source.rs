//! The octets of a capture, from a file, a pipe or the standard input, and which format they have.

use std::{
    fs::File,
    io::{self, Cursor, Read},
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use memmap2::Mmap;
use pcap_parser::{
    LegacyPcapReader, PcapNGReader, parse_pcap_header, parse_sectionheaderblock,
    traits::PcapReaderIterator,
};

use super::{
    BUFFER, LARGEST_BLOCK, error,
    error::CaptureError,
    mapped::{self, Lent, MappedReader},
    section::Format,
};

const PCAP_HEADER: usize = 24;
/// Type, length and byte-order magic of a section header block.
const SECTION_BEGINNING: usize = 12;

/// Reads on after interruptions and keeps the error that pcap-parser would drop.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    failure: Failure,
}

/// The error of the last read that failed.
#[derive(Clone, Default)]
pub(super) struct Failure(Arc<Mutex<Option<io::Error>>>);

impl Failure {
    pub fn take(&self) -> io::Error {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        place.take().unwrap_or_else(|| io::Error::other("the capture cannot be read"))
    }
}

impl Source {
    /// Opens `path`. If it is a file, says how many octets it holds, and maps it if that can be done.
    pub fn open(path: &Path) -> io::Result<(Self, Option<u64>, Option<Mmap>)> {
        if path == Path::new("-") {
            return Ok((Self::new(io::stdin()), None, None));
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let total = metadata.is_file().then_some(metadata.len());
        let mapped = total.and_then(|_| mapped::map(&file).ok());
        Ok((Self::new(file), total, mapped))
    }

    pub fn new(reader: impl Read + Send + 'static) -> Self {
        Self { reader: Box::new(reader), failure: Failure::default() }
    }

    pub fn failure(&self) -> Failure {
        self.failure.clone()
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    let place = self.failure.0.lock();
                    *place.unwrap_or_else(PoisonError::into_inner) = Some(error);
                    return Err(kind.into());
                }
                read => return read,
            }
        }
    }
}

pub(super) struct Opening {
    pub reader: Box<dyn PcapReaderIterator + Send>,
    pub format: Format,
    pub capacity: usize,
}

/// Finds out the format. The first header is read whole beforehand, as the readers of pcap-parser
/// want it from their first read, which a pipe may cut anywhere. A capture that lies in memory is
/// read there.
pub(super) fn begin<T: Lent + Send + 'static>(
    mut source: Source,
    path: &Path,
    memory: Option<T>,
) -> Result<Opening, CaptureError> {
    let mut header = Vec::new();
    fill(&mut source, path, &mut header, 4)?;
    let foreign =
        |header: &[u8]| CaptureError::Foreign { path: path.to_owned(), found: found(header) };
    match *header {
        [0x0a, 0x0d, 0x0d, 0x0a] => {
            fill_whole(&mut source, path, &mut header, SECTION_BEGINNING)?;
            let format = Format::pcapng();
            let length = match header[8..12] {
                [0x1a, 0x2b, 0x3c, 0x4d] | [0x4d, 0x3c, 0x2b, 0x1a] => format.block_length(&header),
                _ => None,
            };
            let length = length.ok_or_else(|| foreign(&header))?;
            if length > LARGEST_BLOCK {
                return Err(CaptureError::Oversized {
                    path: path.to_owned(),
                    offset: 0,
                    octets: length as u64,
                    maximum: LARGEST_BLOCK as u64,
                });
            }
            fill_whole(&mut source, path, &mut header, length)?;
            let damaged = malformed(path, &header);
            if let Some(memory) = memory {
                parse_sectionheaderblock(&header).map_err(|_| damaged)?;
                let reader = Box::new(MappedReader::pcapng(memory));
                return Ok(Opening { reader, format, capacity: 0 });
            }
            let capacity = BUFFER.max(length.next_power_of_two() * 2);
            let reader = PcapNGReader::new(capacity, Cursor::new(header).chain(source));
            Ok(Opening { reader: Box::new(reader.map_err(|_| damaged)?), format, capacity })
        }
        [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1] | [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d] => {
            fill_whole(&mut source, path, &mut header, PCAP_HEADER)?;
            let (_, parsed) = parse_pcap_header(&header).map_err(|_| foreign(&header))?;
            let format = Format::pcap(&parsed).map_err(|fault| fault.at(path, 20))?;
            if let Some(memory) = memory {
                let reader = Box::new(MappedReader::pcap(memory, parsed));
                return Ok(Opening { reader, format, capacity: 0 });
            }
            let damaged = malformed(path, &header);
            let reader = LegacyPcapReader::new(BUFFER, Cursor::new(header).chain(source));
            Ok(Opening { reader: Box::new(reader.map_err(|_| damaged)?), format, capacity: BUFFER })
        }
        _ => Err(foreign(&header)),
    }
}

/// Reads until `header` holds `length` octets or there are no more.
fn fill(
    source: &mut Source,
    path: &Path,
    header: &mut Vec<u8>,
    length: usize,
) -> Result<(), CaptureError> {
    let offset = header.len() as u64;
    let missing = length as u64 - offset;
    match source.by_ref().take(missing).read_to_end(header) {
        Ok(_) => Ok(()),
        Err(_) => {
            Err(CaptureError::Read { path: path.to_owned(), offset, source: source.failure.take() })
        }
    }
}

fn fill_whole(
    source: &mut Source,
    path: &Path,
    header: &mut Vec<u8>,
    length: usize,
) -> Result<(), CaptureError> {
    fill(source, path, header, length.max(header.len()))?;
    if header.len() >= length {
        return Ok(());
    }
    Err(CaptureError::Truncated {
        path: path.to_owned(),
        offset: 0,
        found: header.len() as u64,
        needed: Some(length as u64),
    })
}

fn malformed(path: &Path, header: &[u8]) -> CaptureError {
    CaptureError::Malformed {
        path: path.to_owned(),
        offset: 0,
        found: format!("a header that starts with {}", error::octets(header)),
    }
}

/// The first octets of a file that is no capture, with a name for the likely ones.
fn found(header: &[u8]) -> String {
    let name = match header {
        [] => return "nothing (it is empty)".to_owned(),
        [0x1f, 0x8b, ..] => " (gzip: decompress it first)",
        [0x28, 0xb5, 0x2f, 0xfd, ..] => " (zstd: decompress it first)",
        [0xfd, b'7', b'z', b'X', ..] => " (xz: decompress it first)",
        [b'P', b'K', ..] => " (zip: unpack it first)",
        [0x34, 0xcd, 0xb2, 0xa1] | [0xa1, 0xb2, 0xcd, 0x34] => " (\"modified\" pcap)",
        b"snoo" => " (snoop)",
        _ => "",
    };
    format!("{}{name}", error::octets(header))
}
