//! What both sides of a flow said first, in the form in which it is kept in a file.

use std::vec::Vec;

use crate::application::Context;

/// The payload packets of one flow, in the order in which they passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dialogue {
    /// Of the packets of the side that spoke first.
    pub opener: Context,
    /// The last 32 bits of the other side's address.
    pub answerer_address: u32,
    pub sayings: Vec<Saying>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    pub is_answer: bool,
    pub octets: Vec<u8>,
}

impl Dialogue {
    /// The context of one side's packets.
    pub fn context(&self, is_answer: bool) -> Context {
        if !is_answer {
            return self.opener;
        }
        Context {
            source_port: self.opener.destination_port,
            destination_port: self.opener.source_port,
            source_address: self.answerer_address,
            ..self.opener
        }
    }

    pub fn to_octets(&self) -> Vec<u8> {
        let mut octets = Vec::from([self.opener.protocol]);
        octets.extend(self.opener.source_port.to_be_bytes());
        octets.extend(self.opener.destination_port.to_be_bytes());
        octets.extend(self.opener.source_address.to_be_bytes());
        octets.extend(self.answerer_address.to_be_bytes());
        for saying in &self.sayings {
            octets.push(saying.is_answer as u8);
            octets.extend((saying.octets.len() as u16).to_be_bytes());
            octets.extend(&saying.octets);
        }
        octets
    }

    /// Reads what [`Self::to_octets`] writes; `None` if something is missing.
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let (&[protocol, a, b, c, d], rest) = octets.split_first_chunk::<5>()?;
        let (source_address, rest) = rest.split_first_chunk()?;
        let (answerer_address, mut rest) = rest.split_first_chunk()?;
        let mut sayings = Vec::new();
        while let Some((&[is_answer, high, low], following)) = rest.split_first_chunk::<3>() {
            let length = u16::from_be_bytes([high, low]).into();
            let (octets, next) = following.split_at_checked(length)?;
            sayings.push(Saying { is_answer: is_answer != 0, octets: octets.into() });
            rest = next;
        }
        let opener = Context {
            protocol,
            source_port: u16::from_be_bytes([a, b]),
            destination_port: u16::from_be_bytes([c, d]),
            source_address: u32::from_be_bytes(*source_address),
        };
        let answerer_address = u32::from_be_bytes(*answerer_address);
        Some(Self { opener, answerer_address, sayings })
    }
}
