//! Reads each sample with what knows its protocol, and remembers what it announces.

use sensor_common::{application::Application, flow::FlowKey, wire::transport::protocol};

use std::net::SocketAddr;

use super::{
    FlowDetail,
    announcement::{Announcement, Ends},
    control, dcerpc,
    detail::{DicomDetail, TlsDetail},
    dicom, dns,
    expectation::{Counts, Expectations},
    ftp, login,
    message::Message,
    quic::{Initials, QuicHello},
    rtsp, sip,
    smb::{self, Negotiation},
    stream::Streams,
    tftp,
    tls::{self, ClientHello, Reading},
    wsd,
};
use crate::{
    flow::Opinion,
    inventory::dhcp,
    observation::{FlowDelta, PayloadSample},
    time::Moment,
};

/// Hellos that are being put together.
const HELLOS: usize = 2048;

/// What a sample says of its own flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    pub key: FlowKey,
    pub detail: FlowDetail,
    /// What the flow speaks, where a message settles it beyond what the packet path can see.
    pub application: Option<Application>,
}

/// What one sample says: of its flow, and to detectors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interpretation {
    pub lesson: Option<Lesson>,
    pub message: Option<Message>,
}

/// Everything that is remembered between samples is bounded.
#[derive(Debug)]
pub struct Interpreter {
    expectations: Expectations,
    streams: Streams,
    initials: Initials,
}

impl Default for Interpreter {
    fn default() -> Self {
        Self {
            expectations: Expectations::default(),
            streams: Streams::new(HELLOS),
            initials: Initials::new(HELLOS),
        }
    }
}

impl Interpreter {
    /// Reads one sample, and remembers what it announces.
    pub fn read(&mut self, sample: &PayloadSample) -> Interpretation {
        let lesson = self.learn(sample);
        let detail = || lesson.as_ref().map(|lesson| Box::new(lesson.detail.clone()));
        let message = message(sample).or_else(|| detail().map(Message::Detail));
        Interpretation { lesson, message }
    }

    fn learn(&mut self, sample: &PayloadSample) -> Option<Lesson> {
        let octets = &sample.octets[..];
        let ends = ends(&sample.key)?;
        match sample.application {
            Application::Ftp => self.expect(&ftp::read(octets, &ends), sample.at),
            Application::Tftp => {
                let announced = tftp::read(octets, &ends);
                self.expect(announced.as_slice(), sample.at);
            }
            Application::Sip => self.expect(&sip::read(octets, &ends), sample.at),
            Application::Rtsp => self.expect(&rtsp::read(octets, &ends), sample.at),
            Application::Wsd => self.expect(&wsd::read(octets, &ends), sample.at),
            Application::Dcerpc => {
                self.expect(&dcerpc::read_endpoints(octets, &ends), sample.at);
                return dcerpc_lesson(sample);
            }
            Application::Smb1 | Application::Smb2 => return smb_lesson(sample),
            Application::Dicom => return dicom_lesson(sample),
            Application::Tls => return self.read_hello(sample),
            Application::Quic => {
                let QuicHello { hello, .. } = self.initials.push(sample.key, octets).complete()?;
                return Some(lesson(sample, FlowDetail::of_tls(client(hello))));
            }
            _ => {}
        }
        None
    }

    /// A flow as it was announced, where that says more than its own packets do.
    pub fn announced(&mut self, delta: &FlowDelta) -> Option<Opinion> {
        let application = self.expectations.find(&delta.key, delta.last_seen)?;
        let announced = Opinion::announced(application);
        announced.outweighs(delta.opinion).then_some(announced)
    }

    /// What became of announcements.
    pub fn announcements(&self) -> Counts {
        self.expectations.counts()
    }

    /// Hellos that were given up half read, because others needed their room.
    pub fn displaced(&self) -> u64 {
        self.streams.displaced() + self.initials.displaced()
    }

    fn expect(&mut self, announcements: &[Announcement], now: Moment) {
        for announcement in announcements {
            // Whether it is believed is counted there.
            let _ = self.expectations.announce(announcement, now);
        }
    }

    fn read_hello(&mut self, sample: &PayloadSample) -> Option<Lesson> {
        if let Reading::Complete(hello) = tls::server_hello(&sample.octets) {
            let tls = TlsDetail {
                chosen_version: Some(hello.version),
                cipher_suite: Some(hello.cipher_suite),
                ..TlsDetail::default()
            };
            return Some(lesson(sample, FlowDetail::of_tls(tls)));
        }
        let octets = self.streams.push(sample.key, sample.sequence, &sample.octets)?;
        match tls::client_hello(octets) {
            Reading::Incomplete => None,
            Reading::Foreign => {
                self.streams.forget(&sample.key);
                None
            }
            Reading::Complete(hello) => {
                self.streams.forget(&sample.key);
                Some(lesson(sample, FlowDetail::of_tls(client(hello))))
            }
        }
    }
}

/// What a sample says that needs none before it.
fn message(sample: &PayloadSample) -> Option<Message> {
    let octets = &sample.octets[..];
    match sample.application {
        // Which version it is, the message says: a conversation may begin in one and go on in another.
        // A bind says more than that it is written.
        Application::Smb1 | Application::Smb2 if smb::version_2::piped(octets).is_some() => None,
        Application::Smb1 | Application::Smb2 => match smb::version_2::read(octets) {
            Some(message) => Some(Message::Smb2(message)),
            None => smb::version_1::read(octets).map(Message::Smb1),
        },
        Application::Dns => {
            let is_stream = sample.key.protocol() == protocol::TCP;
            dns::read(octets, sample.payload_length, is_stream).map(Message::Dns)
        }
        Application::Dhcp => dhcp::read(sample).map(Message::Dhcp),
        Application::Sip => sip::read_message(octets).map(Message::Sip),
        Application::Ftp | Application::Smtp => login::read_reply(sample.application, octets),
        Application::Vnc => login::read_security_types(octets),
        Application::Snmp => login::read_community(octets),
        Application::Modbus | Application::Bacnet | Application::S7comm | Application::Knx => {
            control::read(sample.application, octets, sample.key.source_port())
        }
        _ => None,
    }
}

fn lesson(sample: &PayloadSample, detail: FlowDetail) -> Lesson {
    Lesson { key: sample.key, detail, application: None }
}

fn ends(key: &FlowKey) -> Option<Ends> {
    let has_ports = matches!(key.protocol(), protocol::TCP | protocol::UDP);
    let speaker = SocketAddr::new(key.source_address()?, key.source_port());
    let listener = SocketAddr::new(key.destination_address()?, key.destination_port());
    has_ports.then_some(Ends { speaker, listener })
}

fn client(hello: ClientHello) -> TlsDetail {
    TlsDetail {
        server_name: hello.server_name,
        alpn: hello.alpn,
        ja4: Some(hello.ja4),
        offered_version: Some(hello.highest_version),
        ..TlsDetail::default()
    }
}

fn dcerpc_lesson(sample: &PayloadSample) -> Option<Lesson> {
    let is_stream = sample.key.protocol() == protocol::TCP;
    let bound = if is_stream {
        dcerpc::read_bind(&sample.octets)
    } else {
        dcerpc::read_datagram(&sample.octets).into_iter().collect()
    };
    bound_lesson(sample, &bound)
}

fn bound_lesson(sample: &PayloadSample, bound: &[dcerpc::Interface]) -> Option<Lesson> {
    let names = bound.iter().map(|interface| match interface.name() {
        Some(name) => name.to_owned(),
        None => interface.uuid.to_string(),
    });
    let rpc_interfaces: Vec<String> = names.collect();
    (!rpc_interfaces.is_empty())
        .then(|| lesson(sample, FlowDetail { rpc_interfaces, ..FlowDetail::default() }))
}

fn smb_lesson(sample: &PayloadSample) -> Option<Lesson> {
    if let Some(written) = smb::version_2::piped(&sample.octets) {
        return bound_lesson(sample, &dcerpc::read_bind(written));
    }
    let negotiation = smb::read(&sample.octets)?;
    let dialect = match &negotiation {
        Negotiation::Smb2Response { dialect, .. } => Some(dialect.name()),
        // Which of the client's it is, the answer says by its place in the client's list.
        Negotiation::Smb1Response { .. } => Some("SMB 1"),
        Negotiation::Smb1Request { .. } | Negotiation::Smb2Request { .. } => None,
    };
    let detail = FlowDetail { smb_dialect: dialect, ..FlowDetail::default() };
    Some(Lesson { application: negotiation.outcome().application(), ..lesson(sample, detail) })
}

fn dicom_lesson(sample: &PayloadSample) -> Option<Lesson> {
    let dicom = match dicom::read(&sample.octets)? {
        dicom::Message::Request(association) => {
            let class = association.implementation_class.as_ref();
            let syntaxes = association.contexts.iter().filter_map(|context| {
                let uid = context.abstract_syntax.as_ref()?;
                Some(dicom::sop_class::name(uid).map_or_else(|| uid.to_string(), str::to_owned))
            });
            DicomDetail {
                sop_classes: syntaxes.collect(),
                implementation_class: class.map(ToString::to_string),
                maker: class.and_then(dicom::maker::of).map(|maker| maker.name),
                calling_ae_title: association.calling_ae_title,
                called_ae_title: association.called_ae_title,
                implementation_version: association.implementation_version,
                ..DicomDetail::default()
            }
        }
        // Who accepts is known by its address; what was proposed stands.
        dicom::Message::Accept(_) => return None,
        dicom::Message::Reject(rejection) => {
            let reason = rejection.reason.unwrap_or("no reason known");
            let text = format!("{}, {}: {reason}", rejection.result, rejection.source);
            DicomDetail { rejection: Some(text), ..DicomDetail::default() }
        }
        dicom::Message::Command(command) => {
            DicomDetail { operations: vec![command.operation.name()], ..DicomDetail::default() }
        }
    };
    Some(lesson(sample, FlowDetail::of_dicom(dicom)))
}

#[cfg(test)]
mod tests;
