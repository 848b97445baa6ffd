//! What the headers of a capture say about the packets that follow: link types and clocks.

use std::{ops::Range, path::Path};

use pcap_parser::{
    Block, InterfaceDescriptionBlock, OptionCode, PcapBlockOwned, PcapHeader,
    traits::PcapNGPacketBlock,
};

use super::{
    clock::{Clock, Unit},
    error::CaptureError,
    link::Link,
};
use crate::time::Timestamp;

/// Interfaces in one file; each costs memory.
const MOST_INTERFACES: usize = 1 << 16;

/// Where packet octets start in their blocks, in order: pcap record, enhanced, simple and obsolete
/// packet block.
const RECORD_HEADER: usize = 16;
const ENHANCED_HEADER: usize = 28;
const SIMPLE_HEADER: usize = 12;
const OBSOLETE_HEADER: usize = 28;
const OBSOLETE_PACKET_BLOCK: u32 = 2;
const IF_FCSLEN: OptionCode = OptionCode(13);

/// A packet as it lies in its block.
pub(super) struct Packet {
    pub octets: Range<usize>,
    pub wire_length: u64,
    pub timestamp: Timestamp,
    pub interface: u32,
    pub link: Link,
}

/// Why a well-formed block cannot be used.
pub(super) enum Fault {
    LinkType { link_type: u32, interface: u32 },
    Malformed(String),
}

impl Fault {
    pub fn at(self, path: &Path, offset: u64) -> CaptureError {
        let path = path.to_owned();
        match self {
            Self::LinkType { link_type, interface } => {
                CaptureError::LinkType { path, offset, link_type, interface }
            }
            Self::Malformed(found) => CaptureError::Malformed { path, offset, found },
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Interface {
    link_type: u32,
    link: Option<Link>,
    clock: Clock,
    /// Octets of frame check sequence at the end of each packet.
    check_octets: u64,
    /// Octets captured of a packet at most, 0 for any number.
    snap_length: u32,
}

#[derive(Debug)]
pub(super) struct Format {
    is_pcapng: bool,
    is_big_endian: bool,
    /// Interfaces of the present section.
    interfaces: Vec<Interface>,
    /// Interfaces of the sections before.
    earlier_interfaces: usize,
    latest: Timestamp,
}

impl Format {
    pub fn pcapng() -> Self {
        Self {
            is_pcapng: true,
            is_big_endian: false,
            interfaces: Vec::new(),
            earlier_interfaces: 0,
            latest: Timestamp::default(),
        }
    }

    /// # Errors
    ///
    /// The link type has no Ethernet form.
    pub fn pcap(header: &PcapHeader) -> Result<Self, Fault> {
        // The upper half holds flags: bit 26 says that bits 28..32 give the length of the frame
        // check sequence in units of 16 bits.
        let field = header.network.0 as u32;
        let has_check = field & 1 << 26 != 0;
        let link_type = field & 0xffff;
        let interface = Interface {
            link_type,
            link: Link::from_number(link_type),
            clock: Clock {
                unit: if header.is_nanosecond_precision() {
                    Unit::Part(1000)
                } else {
                    Unit::Multiple(1)
                },
                offset: 0,
            },
            check_octets: if has_check { u64::from(field >> 28) * 2 } else { 0 },
            snap_length: 0,
        };
        let format = Self {
            is_pcapng: false,
            is_big_endian: header.is_bigendian(),
            interfaces: vec![interface],
            ..Self::pcapng()
        };
        format.interface(0)?;
        Ok(format)
    }

    /// Octets of the block or record that `found` starts with, if it reaches so far.
    pub fn block_length(&self, found: &[u8]) -> Option<usize> {
        const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
        if !self.is_pcapng {
            let captured = self.word(found, 8, self.is_big_endian)?;
            return Some(RECORD_HEADER + captured);
        }
        let mut is_big_endian = self.is_big_endian;
        if found.starts_with(&SECTION_HEADER) {
            is_big_endian = found.get(8..12)? == [0x1a, 0x2b, 0x3c, 0x4d];
        }
        self.word(found, 4, is_big_endian)
    }

    /// Octets of the block that `found` starts with, if it is whole and no packet depends on it.
    pub fn skippable_length(&self, found: &[u8]) -> Option<usize> {
        const NEEDED: [usize; 5] = [0x0a0d_0d0a, 1, 2, 3, 6];
        let length = self.block_length(found)?;
        let is_whole = length >= 12 && length.is_multiple_of(4) && length <= found.len();
        let is_needed = NEEDED.contains(&self.word(found, 0, self.is_big_endian)?);
        if !self.is_pcapng || !is_whole || is_needed {
            return None;
        }
        let repeated = self.word(found, length - 4, self.is_big_endian)?;
        (repeated == length).then_some(length)
    }

    fn word(&self, found: &[u8], offset: usize, is_big_endian: bool) -> Option<usize> {
        let octets = *found.get(offset..)?.first_chunk()?;
        Some(if is_big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
            as usize)
    }

    /// Takes one block; `None` if it holds no packet.
    ///
    /// # Errors
    ///
    /// The packet's interface was not described or has a link type without Ethernet form.
    pub fn read(&mut self, block: &PcapBlockOwned) -> Result<Option<Packet>, Fault> {
        match block {
            PcapBlockOwned::LegacyHeader(_) => Ok(None),
            PcapBlockOwned::Legacy(record) => {
                let Clock { unit, .. } = self.interface(0)?.0.clock;
                let seconds = i64::from(record.ts_sec) * 1_000_000;
                let part = unit.micros(record.ts_usec.into());
                self.latest = Timestamp::from_micros(seconds.saturating_add(part));
                let lengths = (record.data.len(), record.origlen);
                self.packet(0, RECORD_HEADER, lengths).map(Some)
            }
            PcapBlockOwned::NG(block) => self.read_block(block),
        }
    }

    fn read_block(&mut self, block: &Block) -> Result<Option<Packet>, Fault> {
        match block {
            Block::SectionHeader(header) => {
                self.is_big_endian = header.big_endian();
                self.earlier_interfaces += self.interfaces.len();
                self.interfaces.clear();
                Ok(None)
            }
            Block::InterfaceDescription(description) => {
                if self.earlier_interfaces + self.interfaces.len() >= MOST_INTERFACES {
                    let found = format!("more than {MOST_INTERFACES} interfaces");
                    return Err(Fault::Malformed(found));
                }
                let interface = Interface::of(description, self.is_big_endian);
                self.interfaces.push(interface);
                Ok(None)
            }
            Block::EnhancedPacket(packet) => {
                let interface = packet.if_id as usize;
                self.tick(interface, packet.ts_high, packet.ts_low)?;
                let lengths = (packet.packet_data().len(), packet.origlen);
                self.packet(interface, ENHANCED_HEADER, lengths).map(Some)
            }
            Block::SimplePacket(packet) => {
                let mut captured = packet.packet_data().len();
                let snap_length = self.interface(0)?.0.snap_length as usize;
                if snap_length != 0 {
                    captured = captured.min(snap_length);
                }
                let lengths = (captured, packet.origlen);
                self.packet(0, SIMPLE_HEADER, lengths).map(Some)
            }
            Block::Unknown(block) if self.is_obsolete_packet(block.block_type) => {
                self.obsolete_packet(block.data).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Block types come as if the section were little-endian.
    fn is_obsolete_packet(&self, block_type: u32) -> bool {
        let block_type = if self.is_big_endian { block_type.swap_bytes() } else { block_type };
        block_type == OBSOLETE_PACKET_BLOCK
    }

    /// The packet block that the enhanced one replaced (draft-ietf-opsawg-pcapng appendix A).
    fn obsolete_packet(&mut self, content: &[u8]) -> Result<Packet, Fault> {
        let word = |offset| self.word(content, offset, self.is_big_endian);
        let (Some(first), Some(high), Some(low), Some(captured), Some(original)) =
            (word(0), word(4), word(8), word(12), word(16))
        else {
            let found = format!("a packet block of {} octets", content.len() + 12);
            return Err(Fault::Malformed(found));
        };
        // Interface and drops count, 16 bits each.
        let interface = if self.is_big_endian { first >> 16 } else { first & 0xffff };
        if captured > content.len() - 20 {
            let found = format!("a packet block too short for {captured} octets of packet");
            return Err(Fault::Malformed(found));
        }
        self.tick(interface, high as u32, low as u32)?;
        self.packet(interface, OBSOLETE_HEADER, (captured, original as u32))
    }

    fn tick(&mut self, interface: usize, high: u32, low: u32) -> Result<(), Fault> {
        let ticks = u64::from(high) << 32 | u64::from(low);
        self.latest = self.interface(interface)?.0.clock.at(ticks);
        Ok(())
    }

    /// `lengths`: octets captured, and octets on the wire as the file has them.
    fn packet(
        &self,
        index: usize,
        header_length: usize,
        lengths: (usize, u32),
    ) -> Result<Packet, Fault> {
        let (interface, link) = self.interface(index)?;
        let captured = lengths.0;
        let wire_length = u64::from(lengths.1).max(captured as u64);
        let without_check = wire_length.saturating_sub(interface.check_octets);
        Ok(Packet {
            octets: header_length..header_length + captured.min(without_check as usize),
            wire_length: without_check,
            timestamp: self.latest,
            interface: self.number(index),
            link,
        })
    }

    fn interface(&self, index: usize) -> Result<(&Interface, Link), Fault> {
        let Some(interface) = self.interfaces.get(index) else {
            let found = format!("a packet of interface {index}, which no block before describes");
            return Err(Fault::Malformed(found));
        };
        let link = interface.link.ok_or(Fault::LinkType {
            link_type: interface.link_type,
            interface: self.number(index),
        })?;
        Ok((interface, link))
    }

    fn number(&self, index: usize) -> u32 {
        (self.earlier_interfaces + index + 1) as u32
    }
}

impl Interface {
    fn of(description: &InterfaceDescriptionBlock, is_big_endian: bool) -> Self {
        let option = |code| {
            let mut options = description.options.iter();
            let option = options.find(|option| option.code == code)?;
            option.as_bytes().ok()
        };
        // pcap-parser reads this option as little-endian in every section.
        let offset = option(OptionCode::IfTsoffset).and_then(|octets| octets.first_chunk()).map_or(
            0,
            |&octets| {
                if is_big_endian { i64::from_be_bytes(octets) } else { i64::from_le_bytes(octets) }
            },
        );
        let check_octets = option(IF_FCSLEN).and_then(|octets| octets.first().copied());
        let link_type = u32::from(description.linktype.0 as u16);
        Self {
            link_type,
            link: Link::from_number(link_type),
            clock: Clock {
                unit: Unit::of(description.if_tsresol),
                offset: offset.saturating_mul(1_000_000),
            },
            check_octets: check_octets.unwrap_or(0).into(),
            snap_length: description.snaplen,
        }
    }
}
