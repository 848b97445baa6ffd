//! Captures as a test wants them.

/// Writes the numbers of a capture in one byte order.
#[derive(Default)]
pub(super) struct Bytes {
    pub octets: Vec<u8>,
    is_big_endian: bool,
}

impl Bytes {
    pub fn u16(&mut self, number: u16) -> &mut Self {
        let little = number.to_le_bytes();
        let octets = if self.is_big_endian { number.to_be_bytes() } else { little };
        self.raw(&octets)
    }

    pub fn u32(&mut self, number: u32) -> &mut Self {
        let little = number.to_le_bytes();
        let octets = if self.is_big_endian { number.to_be_bytes() } else { little };
        self.raw(&octets)
    }

    pub fn raw(&mut self, octets: &[u8]) -> &mut Self {
        self.octets.extend_from_slice(octets);
        self
    }

    pub fn pad(&mut self) -> &mut Self {
        while !self.octets.len().is_multiple_of(4) {
            self.octets.push(0);
        }
        self
    }

    pub fn block(&mut self, kind: u32, content: &Bytes) -> &mut Self {
        let length = content.octets.len() as u32 + 12;
        self.u32(kind).u32(length).raw(&content.octets).u32(length)
    }
}

pub(super) fn bytes(is_big_endian: bool) -> Bytes {
    Bytes { octets: Vec::new(), is_big_endian }
}

pub(super) fn pcap(
    is_big_endian: bool,
    magic: u32,
    link_type: u32,
    records: &[(u32, u32, &[u8])],
) -> Vec<u8> {
    let mut file = bytes(is_big_endian);
    file.u32(magic).u16(2).u16(4).u32(0).u32(0).u32(65535).u32(link_type);
    for (seconds, part, octets) in records {
        let length = octets.len() as u32;
        file.u32(*seconds).u32(*part).u32(length).u32(length + 10).raw(octets);
    }
    file.octets
}

/// An interface: link type, then options as they lie in the file.
pub(super) type Described<'a> = (u16, &'a [(u16, &'a [u8])]);

pub(super) fn section(is_big_endian: bool, interfaces: &[Described<'_>]) -> Bytes {
    let mut file = bytes(is_big_endian);
    let mut header = bytes(is_big_endian);
    header.u32(0x1a2b_3c4d).u16(1).u16(0).raw(&[0xff; 8]);
    file.block(0x0a0d_0d0a, &header);
    for (link_type, options) in interfaces {
        let mut description = bytes(is_big_endian);
        description.u16(*link_type).u16(0).u32(0);
        for (code, value) in *options {
            description.u16(*code).u16(value.len() as u16).raw(value).pad();
        }
        if !options.is_empty() {
            description.u32(0);
        }
        file.block(1, &description);
    }
    file
}

pub(super) fn enhanced(file: &mut Bytes, interface: u32, ticks: u64, octets: &[u8]) {
    let mut packet = bytes(file.is_big_endian);
    let length = octets.len() as u32;
    packet.u32(interface).u32((ticks >> 32) as u32).u32(ticks as u32);
    packet.u32(length).u32(length).raw(octets).pad();
    file.block(6, &packet);
}
