//! Which devices resolve names for others: what they ask, they ask for somebody else.

use std::time::Duration;

use crate::{
    detect::{Heard, table::Table},
    interpret::message::DnsMessage,
    inventory::DeviceId,
    time::Moment,
};

/// Devices that were seen to answer.
const RESOLVERS: usize = 4096;
const LIFETIME: Duration = Duration::from_secs(3600);

#[derive(Debug)]
pub struct Resolvers(Table<DeviceId, ()>);

impl Default for Resolvers {
    fn default() -> Self {
        Self(Table::new(RESOLVERS, LIFETIME))
    }
}

impl Resolvers {
    /// Notes who answers.
    pub fn observe(&mut self, heard: &Heard<'_>, message: &DnsMessage) {
        if let (true, Some(server)) = (message.is_response, heard.source) {
            self.0.touch(server, heard.at, || ());
        }
    }

    pub fn contain(&self, device: DeviceId) -> bool {
        self.0.get(&device).is_some()
    }

    pub fn expire(&mut self, now: Moment) {
        self.0.expire(now);
    }

    pub fn overflowed(&self) -> u64 {
        self.0.overflowed()
    }
}
