//! The beginnings of TCP streams (RFC 9293), put together from samples of their segments.

use sensor_common::flow::FlowKey;

use super::{assembly::Assembly, memory::FlowMemory};

/// Octets kept of a stream: a ClientHello with post-quantum key shares has about 2,000.
pub const STREAM_OCTETS: usize = 4096;

/// Two segments that are further apart than this belong to different connections.
const REACH: u32 = 1 << 20;

/// Bounded reassembly of the beginning of one direction of TCP streams.
#[derive(Debug)]
pub struct Streams {
    streams: FlowMemory<Stream>,
}

#[derive(Debug)]
struct Stream {
    /// Sequence number of the first octet known so far.
    first: u32,
    assembly: Assembly,
}

impl Streams {
    /// Room for so many streams; when it is full, the one begun longest ago goes.
    pub fn new(capacity: usize) -> Self {
        Self { streams: FlowMemory::new(capacity) }
    }

    /// Adds a segment's octets, the first of which has this sequence number. The stream from its
    /// lowest known octet on, without a gap; `None` if the segment told nothing new of that.
    pub fn push(&mut self, key: FlowKey, sequence: u32, octets: &[u8]) -> Option<&[u8]> {
        if octets.is_empty() {
            return None;
        }
        let stream = self.streams.get_or_insert_with(key, || Stream::new(sequence));
        stream.push(sequence, octets).then(|| stream.assembly.beginning())
    }

    /// The stream has ended, or has told what was to be learnt.
    pub fn forget(&mut self, key: &FlowKey) {
        self.streams.forget(key);
    }

    /// Streams that made room for others before they were forgotten.
    pub fn displaced(&self) -> u64 {
        self.streams.displaced()
    }

    pub fn len(&self) -> usize {
        self.streams.len()
    }

    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }
}

impl Stream {
    fn new(first: u32) -> Self {
        Self { first, assembly: Assembly::new(STREAM_OCTETS) }
    }

    fn push(&mut self, sequence: u32, octets: &[u8]) -> bool {
        // Sequence numbers wrap; of two, that is the later which is less than half a turn ahead.
        let ahead = sequence.wrapping_sub(self.first);
        let behind = self.first.wrapping_sub(sequence);
        if ahead.min(behind) > REACH {
            *self = Self::new(sequence);
            return self.assembly.put(0, octets);
        }
        if behind == 0 || ahead < behind {
            return self.assembly.put(ahead as usize, octets);
        }
        self.assembly.begin_earlier(behind as usize);
        self.first = sequence;
        self.assembly.put(0, octets)
    }
}

#[cfg(test)]
mod tests;
