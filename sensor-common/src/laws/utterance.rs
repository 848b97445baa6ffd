//! A payload and what surrounds it, in the form in which a fuzzer keeps it.

use std::vec::Vec;

use crate::{
    application::Context,
    wire::transport::protocol::{TCP, UDP},
};

/// One octet for the protocol, two ports, the source's address.
const SURROUNDINGS: usize = 9;

/// One payload of one direction of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utterance<'a> {
    pub context: Context,
    pub payload: &'a [u8],
}

impl<'a> Utterance<'a> {
    /// Reads what [`Self::to_octets`] writes; `None` if `octets` end before the payload.
    pub fn from_octets(octets: &'a [u8]) -> Option<Self> {
        let (surroundings, payload) = octets.split_first_chunk::<SURROUNDINGS>()?;
        let [protocol, a, b, c, d, address @ ..] = *surroundings;
        let context = Context {
            protocol: if protocol & 1 == 0 { TCP } else { UDP },
            source_port: u16::from_be_bytes([a, b]),
            destination_port: u16::from_be_bytes([c, d]),
            source_address: u32::from_be_bytes(address),
        };
        Some(Self { context, payload })
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let Context { protocol, source_port, destination_port, source_address } = self.context;
        let mut octets = Vec::with_capacity(SURROUNDINGS + self.payload.len());
        octets.push((protocol == UDP) as u8);
        octets.extend(source_port.to_be_bytes());
        octets.extend(destination_port.to_be_bytes());
        octets.extend(source_address.to_be_bytes());
        octets.extend(self.payload);
        octets
    }
}
