//! Messages (RFC 7011, section 3): a header, and sets of templates or of records.

use super::{
    element::REVERSE,
    record::DataRecord,
    template::{ALL, Template},
};

/// Version 10.
const VERSION: u16 = 10;
const HEADER: usize = 16;
const SET_HEADER: usize = 4;
const TEMPLATE_SET: u16 = 2;
/// In octets: with headers of IPv6 and UDP it is within the MTU of every path of Ethernet.
pub const LONGEST: usize = 1400;

/// Puts messages of one observation domain and transport session together.
#[derive(Debug)]
pub struct Writer {
    domain: u32,
    /// Data records sent before (RFC 7011, section 3.1), modulo 2^32.
    sequence: u32,
    octets: Vec<u8>,
    /// Where the set that is open begins, and its id.
    set: Option<(usize, u16)>,
    records: u32,
}

/// A message that is ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub octets: Vec<u8>,
    /// Data records in it.
    pub records: u32,
}

impl Writer {
    pub fn new(domain: u32) -> Self {
        Self { domain, sequence: 0, octets: vec![0; HEADER], set: None, records: 0 }
    }

    /// Another transport session: its sequence begins at 0, whatever waits here.
    pub fn begin_session(&mut self) {
        self.sequence = 0;
    }

    /// The message that describes all templates.
    pub fn templates(&mut self, export_time: u32) -> Message {
        let mut octets = vec![0; HEADER + SET_HEADER];
        for template in ALL {
            put_template(&mut octets, template);
        }
        let length = (octets.len() - HEADER) as u16;
        octets[HEADER..HEADER + 2].copy_from_slice(&TEMPLATE_SET.to_be_bytes());
        octets[HEADER + 2..HEADER + 4].copy_from_slice(&length.to_be_bytes());
        self.put_header(&mut octets, export_time);
        Message { octets, records: 0 }
    }

    /// Whether the record still has room in the message.
    pub fn has_room_for(&self, record: &DataRecord) -> bool {
        let is_open = self.set.is_some_and(|(_, id)| id == record.template);
        let header = if is_open { 0 } else { SET_HEADER };
        self.octets.len() + header + record.octets.len() <= LONGEST
    }

    pub fn add(&mut self, record: &DataRecord) {
        if self.set.is_none_or(|(_, id)| id != record.template) {
            self.close_set();
            self.set = Some((self.octets.len(), record.template));
            self.octets.extend_from_slice(&record.template.to_be_bytes());
            self.octets.extend_from_slice(&[0; 2]);
        }
        self.octets.extend_from_slice(&record.octets);
        self.records += 1;
    }

    /// The message with what was added, if anything was.
    pub fn take(&mut self, export_time: u32) -> Option<Message> {
        if self.records == 0 {
            return None;
        }
        self.close_set();
        let mut octets = std::mem::replace(&mut self.octets, vec![0; HEADER]);
        self.put_header(&mut octets, export_time);
        let records = std::mem::take(&mut self.records);
        self.sequence = self.sequence.wrapping_add(records);
        Some(Message { octets, records })
    }

    fn close_set(&mut self) {
        if let Some((start, _)) = self.set.take() {
            let length = (self.octets.len() - start) as u16;
            self.octets[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
        }
    }

    fn put_header(&self, octets: &mut [u8], export_time: u32) {
        let length = octets.len() as u16;
        octets[..2].copy_from_slice(&VERSION.to_be_bytes());
        octets[2..4].copy_from_slice(&length.to_be_bytes());
        octets[4..8].copy_from_slice(&export_time.to_be_bytes());
        octets[8..12].copy_from_slice(&self.sequence.to_be_bytes());
        octets[12..16].copy_from_slice(&self.domain.to_be_bytes());
    }
}

/// RFC 7011, sections 3.4.1 and 3.2.
fn put_template(octets: &mut Vec<u8>, template: Template) {
    octets.extend_from_slice(&template.id.to_be_bytes());
    octets.extend_from_slice(&(template.elements.len() as u16).to_be_bytes());
    for element in template.elements {
        let enterprise = if element.is_reverse { 0x8000 } else { 0 };
        octets.extend_from_slice(&(element.number | enterprise).to_be_bytes());
        octets.extend_from_slice(&element.length.to_be_bytes());
        if element.is_reverse {
            octets.extend_from_slice(&REVERSE.to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
