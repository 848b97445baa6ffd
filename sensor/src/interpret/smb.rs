//! Negotiation of Server Message Block (MS-CIFS section 2.2.4.52, MS-SMB2 sections 2.2.3 and 2.2.4):
//! which dialect two hosts speak, and whether they sign.
//!
//! Here only the two negotiation messages are read; names of users, domains and servers are not
//! looked at. The messages of SMB 3.1.1 that are encrypted or compressed negotiate nothing. What else
//! is done is read of headers, by version.

pub mod version_1;
pub mod version_2;

pub use version_1::{Smb1Message, TransactionCounts};
pub use version_2::{Smb2Message, Smb2Request};

use sensor_common::application::Application;

use super::octets::{array, le_u16, le_u32};

/// Type and length before a message over TCP (MS-SMB2 section 2.1, RFC 1002 section 4.3.1).
const SESSION_HEADER: usize = 4;
/// Dialects that are read of one offer.
const DIALECTS: usize = 32;
/// MS-CIFS section 2.2.3.1.
const SMB1_HEADER: usize = 32;
const SMB1_NEGOTIATE: u8 = 0x72;
const SMB1_REPLY: u8 = 0x80;
const SMB1_SIGNATURES_REQUIRED: u8 = 0x08;
/// MS-SMB2 section 2.2.1.2.
const SMB2_HEADER: usize = 64;
const SMB2_REPLY: u32 = 1;
const SMB2_SIGNING_REQUIRED: u16 = 2;

/// A version of the protocol, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// One of the dialects before NT LM 0.12, or one that is not known.
    Older,
    NtLm012,
    Smb202,
    /// Any from 2.1 on, to be negotiated in a second round.
    Smb2Any,
    Smb21,
    Smb30,
    Smb302,
    Smb311,
}

impl Dialect {
    /// The name in events.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Older => "SMB 1 before NT LM 0.12",
            Self::NtLm012 => "NT LM 0.12",
            Self::Smb202 => "SMB 2.0.2",
            Self::Smb2Any => "SMB 2",
            Self::Smb21 => "SMB 2.1",
            Self::Smb30 => "SMB 3.0",
            Self::Smb302 => "SMB 3.0.2",
            Self::Smb311 => "SMB 3.1.1",
        }
    }

    fn from_text(text: &[u8]) -> Self {
        match text {
            // The latter is another name for it: Samba answers both in the same form.
            b"NT LM 0.12" | b"NT LANMAN 1.0" => Self::NtLm012,
            b"SMB 2.002" => Self::Smb202,
            b"SMB 2.???" => Self::Smb2Any,
            _ => Self::Older,
        }
    }

    const fn from_revision(revision: u16) -> Option<Self> {
        match revision {
            0x0202 => Some(Self::Smb202),
            0x02ff => Some(Self::Smb2Any),
            0x0210 => Some(Self::Smb21),
            0x0300 => Some(Self::Smb30),
            0x0302 => Some(Self::Smb302),
            0x0311 => Some(Self::Smb311),
            _ => None,
        }
    }
}

/// What a message says of the protocol that the flow will speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Smb1,
    Smb2,
    /// Asked in SMB 1 whether it may be SMB 2 (MS-SMB2 section 3.2.4.2.2.1): the answer says.
    Open,
}

impl Outcome {
    /// The application, once it is known.
    pub const fn application(self) -> Option<Application> {
        match self {
            Self::Smb1 => Some(Application::Smb1),
            Self::Smb2 => Some(Application::Smb2),
            Self::Open => None,
        }
    }
}

/// One message of a negotiation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Negotiation {
    /// The dialects in the client's order.
    Smb1Request {
        dialects: Vec<Dialect>,
    },
    /// An index into them; `0xffff` if the server speaks none of them.
    Smb1Response {
        index: u16,
        is_signing_required: bool,
    },
    Smb2Request {
        dialects: Vec<Dialect>,
        is_signing_required: bool,
    },
    Smb2Response {
        dialect: Dialect,
        is_signing_required: bool,
    },
}

impl Negotiation {
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Smb1Request { dialects } => {
                let asks = dialects.iter().any(|dialect| *dialect >= Dialect::Smb202);
                if asks { Outcome::Open } else { Outcome::Smb1 }
            }
            Self::Smb1Response { .. } => Outcome::Smb1,
            Self::Smb2Request { .. } | Self::Smb2Response { .. } => Outcome::Smb2,
        }
    }

    /// The dialect that `self`, a response, chose; of SMB 1 it is known by the `request`.
    pub fn chosen(&self, request: Option<&Self>) -> Option<Dialect> {
        match (self, request) {
            (Self::Smb2Response { dialect, .. }, _) => Some(*dialect),
            (Self::Smb1Response { index, .. }, Some(Self::Smb1Request { dialects })) => {
                dialects.get(usize::from(*index)).copied()
            }
            _ => None,
        }
    }
}

/// The negotiation that a sample begins with, if it does.
pub fn read(octets: &[u8]) -> Option<Negotiation> {
    let message = octets.get(SESSION_HEADER..).filter(|_| octets[0] == 0)?;
    match &array(message, 0)? {
        b"\xffSMB" => read_smb1(message),
        b"\xfeSMB" => read_smb2(message),
        _ => None,
    }
}

fn read_smb1(message: &[u8]) -> Option<Negotiation> {
    let is_reply = message.get(9)? & SMB1_REPLY != 0;
    let words = *message.get(SMB1_HEADER)?;
    if message[4] != SMB1_NEGOTIATE {
        return None;
    }
    let body = &message[SMB1_HEADER + 1..];
    match (is_reply, words) {
        (false, 0) => {
            let end = usize::from(le_u16(body, 0)?) + 2;
            let is_whole = body.len() >= end;
            let offered = body.get(2..end.min(body.len()))?;
            // Each is a 2 (a buffer format) and a text that ends with a zero; the last one may be
            // cut, and is left out then.
            let mut dialects: Vec<_> = Vec::new();
            for text in offered.split_inclusive(|&octet| octet == 0).take(DIALECTS) {
                match text.strip_prefix(&[2]).and_then(|text| text.strip_suffix(&[0])) {
                    Some(text) => dialects.push(Dialect::from_text(text)),
                    None if is_whole => return None,
                    None => break,
                }
            }
            (!dialects.is_empty()).then_some(Negotiation::Smb1Request { dialects })
        }
        // 1, 13 or 17 words by the dialect chosen; the security mode stands at the same place.
        (true, 1 | 13 | 17) => {
            let index = le_u16(body, 0)?;
            let mode = if words == 17 { *body.get(2)? } else { 0 };
            let is_signing_required = mode & SMB1_SIGNATURES_REQUIRED != 0;
            Some(Negotiation::Smb1Response { index, is_signing_required })
        }
        _ => None,
    }
}

fn read_smb2(message: &[u8]) -> Option<Negotiation> {
    // Structure size, command, flags.
    if le_u16(message, 4)? != SMB2_HEADER as u16 || le_u16(message, 12)? != version_2::NEGOTIATE {
        return None;
    }
    let is_reply = le_u32(message, 16)? & SMB2_REPLY != 0;
    let body = message.get(SMB2_HEADER..)?;
    let is_signing_required = |at| Some(le_u16(body, at)? & SMB2_SIGNING_REQUIRED != 0);
    match (is_reply, le_u16(body, 0)?) {
        (false, 36) => {
            let count = usize::from(le_u16(body, 2)?).min(DIALECTS);
            let is_signing_required = is_signing_required(4)?;
            let revisions = (0..count).map_while(|index| le_u16(body, 36 + 2 * index));
            let dialects: Vec<_> = revisions.filter_map(Dialect::from_revision).collect();
            let negotiation = Negotiation::Smb2Request { dialects, is_signing_required };
            (count > 0).then_some(negotiation)
        }
        (true, 65) => {
            let is_signing_required = is_signing_required(2)?;
            let dialect = Dialect::from_revision(le_u16(body, 4)?)?;
            Some(Negotiation::Smb2Response { dialect, is_signing_required })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
