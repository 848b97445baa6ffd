//! The alerts as a syslog receiver takes them: RFC 5424 with structured data, or with an event in
//! CEF as its text.

mod cef;
mod rfc5424;
mod transport;

use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;

use crate::{
    config::{SyslogFormat, SyslogTransport},
    export::delivery::{
        Delivered, Failure, Notice, Sink,
        tls::{self, Identity, TlsError},
    },
};
use transport::{Datagrams, Security, Stream};

/// Where and how to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `host:port`.
    pub receiver: String,
    pub transport: SyslogTransport,
    pub format: SyslogFormat,
    /// RFC 5424, table 1.
    pub facility: u8,
    pub timeout: Duration,
    pub identity: Identity,
    /// In the receiver's certificate, if that is not the host.
    pub server_name: Option<String>,
}

#[derive(Debug)]
enum Way {
    Datagrams(Datagrams),
    Stream(Stream),
}

#[derive(Debug)]
pub struct Syslog {
    settings: Settings,
    /// Opened when it is needed: certificates may come, and change.
    way: Option<Way>,
}

#[derive(Debug, thiserror::Error)]
enum SyslogError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{0:?} is no name that a certificate can have")]
    Name(String),
}

impl Syslog {
    pub const fn new(settings: Settings) -> Self {
        Self { settings, way: None }
    }

    fn message(&self, notice: &Notice) -> String {
        let facility = self.settings.facility;
        match self.settings.format {
            SyslogFormat::Rfc5424 => rfc5424::message(notice, facility),
            SyslogFormat::Cef => rfc5424::message_of(notice, facility, &cef::event(notice)),
        }
    }

    fn way(&self) -> Result<Way, SyslogError> {
        let Settings { receiver, transport, timeout, .. } = &self.settings;
        let security = match transport {
            SyslogTransport::Udp => return Ok(Way::Datagrams(Datagrams::new(receiver.clone()))),
            SyslogTransport::Tcp => Security::Plain,
            SyslogTransport::Tls => {
                let host = receiver.rsplit_once(':').map_or(receiver.as_str(), |(host, _)| host);
                let host = host.trim_start_matches('[').trim_end_matches(']');
                let name = self.settings.server_name.as_deref().unwrap_or(host);
                let wrong = |_| SyslogError::Name(name.to_owned());
                Security::Tls {
                    config: tls::client_config(&self.settings.identity)?,
                    name: ServerName::try_from(name.to_owned()).map_err(wrong)?,
                }
            }
        };
        Ok(Way::Stream(Stream::new(receiver.clone(), *timeout, security)))
    }

    fn send(&mut self, messages: &[String]) -> Result<(), Failure> {
        let way = match self.way.take() {
            Some(way) => way,
            None => self.way().map_err(Failure::away)?,
        };
        match &way {
            Way::Datagrams(datagrams) => datagrams.send(messages),
            Way::Stream(stream) => {
                let frames: String = messages.iter().map(|each| rfc5424::frame(each)).collect();
                stream.send(frames.as_bytes())
            }
        }
        .map_err(Failure::away)?;
        self.way = Some(way);
        Ok(())
    }
}

impl Sink for Syslog {
    fn deliver(&mut self, notices: &[Notice], _: Instant) -> Delivered {
        let messages: Vec<String> = notices.iter().map(|notice| self.message(notice)).collect();
        match self.send(&messages) {
            Ok(()) => Delivered::all(notices),
            Err(failure) => Delivered::until(0, failure),
        }
    }
}

#[cfg(test)]
mod tests;
