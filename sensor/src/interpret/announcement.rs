//! What a control conversation says of a flow to come.

use std::net::{IpAddr, SocketAddr};

use sensor_common::{application::Application, wire::transport::protocol};

/// Announcements that are read from one sample.
pub const LIMIT: usize = 16;

/// The two ends of the flow that a sample is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// Who sent the sample.
    pub speaker: SocketAddr,
    pub listener: SocketAddr,
}

/// One end of flows to come, and what they will speak.
///
/// It is a claim: [`super::expectation::Expectations`] decides whether to believe it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announcement {
    /// IP protocol number.
    pub protocol: u8,
    pub address: IpAddr,
    pub port: u16,
    pub application: Application,
    /// The only host that the other end may be, if that was said.
    pub peer: Option<IpAddr>,
    /// Who said it.
    pub speaker: IpAddr,
}

impl Announcement {
    /// The speaker's own port, open to anybody.
    pub fn of_speaker(ends: &Ends, protocol: u8, port: u16, application: Application) -> Self {
        let speaker = ends.speaker.ip().to_canonical();
        Self { protocol, address: speaker, port, application, peer: None, speaker }
    }

    /// For the two ends of the control conversation alone.
    pub fn between(self, ends: &Ends) -> Self {
        Self { peer: Some(ends.listener.ip().to_canonical()), ..self }
    }

    /// Of a port at another address than the speaker's, if it is another.
    pub fn at(self, address: IpAddr) -> Self {
        Self { address: address.to_canonical(), ..self }
    }

    /// Whether the speaker speaks of itself.
    pub fn is_of_speaker(&self) -> bool {
        self.address == self.speaker
    }

    pub fn is_tcp(&self) -> bool {
        self.protocol == protocol::TCP
    }
}
