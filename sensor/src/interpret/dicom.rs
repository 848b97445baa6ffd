//! DICOM (PS3.8 upper layer, PS3.7 messages): who associates with whom, for what, and with what
//! outcome; the commands of the messages.
//!
//! Read are association PDUs without the user identity (item 58H), and of command sets the elements
//! on a list. Nothing of a data set is read: it is about patients.

pub mod association;
pub mod command;
pub mod maker;
pub mod rejection;
pub mod sop_class;
pub mod uid;

pub use association::Association;
pub use command::Command;
pub use rejection::Rejection;
pub use uid::Uid;

// Types of PDUs (PS3.8 section 9.3.1).
const ASSOCIATE_RQ: u8 = 1;
const ASSOCIATE_AC: u8 = 2;
const ASSOCIATE_RJ: u8 = 3;
const DATA_TF: u8 = 4;

/// What one PDU says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    Request(Association),
    Accept(Association),
    Reject(Rejection),
    Command(Command),
}

/// The PDU, or the command set, that a sample begins with, if it says something.
pub fn read(octets: &[u8]) -> Option<Message> {
    match octets {
        [ASSOCIATE_RQ, 0, ..] => Association::read(octets, true).map(Message::Request),
        [ASSOCIATE_AC, 0, ..] => Association::read(octets, false).map(Message::Accept),
        [ASSOCIATE_RJ, 0, ..] => Rejection::read(octets).map(Message::Reject),
        [DATA_TF, 0, ..] => Command::read_pdu(octets).map(Message::Command),
        _ => Command::read_set(octets).map(Message::Command),
    }
}

#[cfg(test)]
mod tests;
