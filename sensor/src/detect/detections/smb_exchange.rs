//! Who is the client of an SMB message, whoever sent it.

use std::net::IpAddr;

use crate::{detect::Heard, inventory::DeviceId};

/// Both ends of the connection that a message is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exchange {
    pub client: Option<DeviceId>,
    pub server: Option<DeviceId>,
    pub connection: Connection,
}

/// Addresses and ports of client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    pub client: (Option<IpAddr>, u16),
    pub server: (Option<IpAddr>, u16),
}

impl Exchange {
    pub fn new(heard: &Heard<'_>, is_reply: bool) -> Self {
        let source = (heard.key.source_address(), heard.key.source_port());
        let destination = (heard.key.destination_address(), heard.key.destination_port());
        if is_reply {
            let connection = Connection { client: destination, server: source };
            Self { client: heard.destination, server: heard.source, connection }
        } else {
            let connection = Connection { client: source, server: destination };
            Self { client: heard.source, server: heard.destination, connection }
        }
    }
}
