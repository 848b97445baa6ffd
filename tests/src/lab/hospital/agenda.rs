//! What happens on a day in the hospital: which services are open, and who
//! calls whom, how often, about what. Tests read the same tables to know what
//! the agent ought to have seen.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::stations::{Station, named};
use crate::speakers::datagrams::Reply;
use crate::speakers::dicom::uid;
use crate::speakers::hl7::{hl7_laboratory_result, hl7_vital_signs};
use crate::speakers::imaging::{self, Titles};
use crate::speakers::streams::Answer;
use crate::speakers::tls::{self, TlsVersion};
use crate::speakers::{
    Spoken, Transport, bacnet, dns, hl7, http, modbus, ntp, printing, rdp, smb2, snmp, ssh, syslog,
    wsdiscovery,
};

/// How a service deals with its callers.
#[derive(Clone, Copy, Debug)]
pub enum Service {
    Stream(Answer),
    Datagram(Reply),
}

/// An open port of a station.
#[derive(Clone, Copy, Debug)]
pub struct OpenPort {
    pub station: &'static str,
    pub port: u16,
    pub service: Service,
}

const fn stream(station: &'static str, port: u16, answer: Answer) -> OpenPort {
    OpenPort { station, port, service: Service::Stream(answer) }
}

const fn datagram(station: &'static str, port: u16, reply: Reply) -> OpenPort {
    OpenPort { station, port, service: Service::Datagram(reply) }
}

pub const OPEN_PORTS: [OpenPort; 20] = [
    stream("pacs", 104, imaging::archive),
    stream("pacs", 11_112, imaging::archive),
    stream("pacs", 4_242, imaging::archive),
    stream("engine", 2_575, hl7::acknowledge),
    stream("engine", 6_661, hl7::acknowledge),
    stream("epr", 80, http::answer),
    stream("epr", 443, tls::answer),
    stream("files", 445, smb2::answer),
    stream("printer", 9_100, printing::print),
    stream("ventilator", wsdiscovery::SDC_PORT, http::answer),
    stream("bms", 502, modbus::control),
    stream("ct", 22, ssh::answer),
    stream("ward-pc", 3_389, rdp::answer),
    datagram("infra", 53, dns::answer),
    datagram("infra", 67, crate::speakers::dhcp::answer),
    datagram("infra", 123, ntp::answer),
    datagram("admin", 514, syslog::listen),
    datagram("bms", bacnet::PORT, bacnet::control),
    datagram("monitor", 161, snmp::answer),
    datagram("printer", 161, snmp::answer),
];

/// What a caller knows when it calls.
#[derive(Clone, Copy, Debug)]
pub struct Meeting {
    pub server: SocketAddr,
    /// Pixel octets of the images stored on this day.
    pub image_octets: usize,
}

type Talk = fn(Meeting) -> io::Result<Spoken>;

/// One kind of call that a station makes again and again. Each makes new
/// flows; all of them cross the gateway.
#[derive(Clone, Copy, Debug)]
pub struct Encounter {
    pub client: &'static str,
    pub server: &'static str,
    pub protocol: &'static str,
    pub transport: Transport,
    pub port: u16,
    pub is_v6: bool,
    /// The first call comes this long after the start of the day.
    pub first: Duration,
    pub every: Duration,
    pub talk: Talk,
}

impl Encounter {
    pub fn server_station(&self) -> &'static Station {
        named(self.server)
    }

    pub fn server_address(&self) -> SocketAddr {
        (self.server_station().address_of(self.is_v6), self.port).into()
    }

    const fn over_v6(mut self) -> Self {
        self.is_v6 = true;
        self
    }

    const fn timed(mut self, first_millis: u64, every_millis: u64) -> Self {
        self.first = Duration::from_millis(first_millis);
        self.every = Duration::from_millis(every_millis);
        self
    }
}

const fn tcp(
    protocol: &'static str,
    client: &'static str,
    server: &'static str,
    port: u16,
    talk: Talk,
) -> Encounter {
    Encounter {
        client,
        server,
        protocol,
        transport: Transport::Tcp,
        port,
        is_v6: false,
        first: Duration::ZERO,
        every: Duration::from_secs(1),
        talk,
    }
}

const fn udp(
    protocol: &'static str,
    client: &'static str,
    server: &'static str,
    port: u16,
    talk: Talk,
) -> Encounter {
    let mut encounter = tcp(protocol, client, server, port, talk);
    encounter.transport = Transport::Udp;
    encounter
}

const CT_TITLES: Titles<'static> = Titles { called: "PACS_MAIN", calling: "CT_ROOM_1" };
const US_TITLES: Titles<'static> = Titles { called: "PACS_MAIN", calling: "US_CART_2" };
const RECORD: &str = "epr.hospital.example";

pub const ENCOUNTERS: [Encounter; 21] = [
    tcp("dicom", "ct", "pacs", 104, |m| imaging::verify(m.server, CT_TITLES)).timed(200, 5_000),
    tcp("dicom", "ct", "pacs", 104, |m| {
        imaging::store(m.server, CT_TITLES, uid::CT_IMAGE_STORAGE, m.image_octets)
    })
    .timed(1_500, 6_000),
    tcp("dicom", "ct", "pacs", 11_112, |m| imaging::verify(m.server, CT_TITLES))
        .timed(3_000, 6_000)
        .over_v6(),
    tcp("dicom", "ultrasound", "pacs", 4_242, |m| {
        imaging::store(m.server, US_TITLES, uid::ULTRASOUND_IMAGE_STORAGE, m.image_octets / 3)
    })
    .timed(900, 5_000),
    tcp("hl7", "monitor", "engine", 2_575, |m| {
        hl7::send(m.server, &[hl7_vital_signs(1), hl7_vital_signs(2), hl7_vital_signs(3)])
    })
    .timed(300, 2_000),
    tcp("hl7", "analyser", "engine", 6_661, |m| {
        hl7::send(m.server, &[hl7_laboratory_result(1), hl7_laboratory_result(2)])
    })
    .timed(1_100, 3_000),
    tcp("http", "engine", "ventilator", wsdiscovery::SDC_PORT, |m| {
        wsdiscovery::read_mdib(m.server)
    })
    .timed(2_000, 4_000),
    tcp("tls", "pump-gw", "epr", 443, |m| tls::exchange(m.server, RECORD, TlsVersion::V1_3, 3))
        .timed(600, 3_000),
    tcp("http", "dialysis", "epr", 80, |m| http::get(m.server, RECORD, &["/fhir/metadata"]))
        .timed(1_000, 4_000),
    tcp("modbus", "bms-head", "bms", 502, |m| modbus::poll(m.server, 5)).timed(400, 2_000),
    udp("bacnet", "bms-head", "bms", bacnet::PORT, |m| bacnet::discover(m.server))
        .timed(700, 3_000),
    tcp("http", "ward-pc", "epr", 80, |m| http::get(m.server, RECORD, &["/", "/list", "/ward"]))
        .timed(500, 3_000),
    tcp("tls", "ward-pc", "epr", 443, |m| tls::exchange(m.server, RECORD, TlsVersion::V1_2, 4))
        .timed(1_200, 4_000),
    tcp("smb2", "ward-pc", "files", 445, |m| smb2::read_files(m.server, 6)).timed(1_800, 5_000),
    tcp("printing", "ward-pc", "printer", 9_100, |m| printing::send_job(m.server))
        .timed(4_000, 8_000),
    tcp("ssh", "admin", "ct", 22, |m| ssh::knock(m.server)).timed(5_000, 9_000),
    tcp("rdp", "admin", "ward-pc", 3_389, |m| rdp::connect(m.server)).timed(6_000, 10_000),
    udp("snmp", "admin", "monitor", 161, |m| snmp::describe(m.server)).timed(2_500, 5_000),
    udp("dns", "ward-pc", "infra", 53, |m| dns::resolve(m.server, RECORD)).timed(100, 1_000),
    udp("ntp", "monitor", "infra", 123, |m| ntp::ask_the_time(m.server)).timed(800, 4_000),
    udp("syslog", "bed", "admin", 514, |m| {
        syslog::report(m.server, "bed-12", "smartbed", "rail lowered")
    })
    .timed(1_300, 2_500),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encounter_crosses_the_gateway_to_an_open_port() {
        for encounter in &ENCOUNTERS {
            let (client, server) = (named(encounter.client), named(encounter.server));
            assert_ne!(client.segment, server.segment, "{encounter:?}");
            let is_open = OPEN_PORTS.iter().any(|open| {
                let transport = match open.service {
                    Service::Stream(_) => Transport::Tcp,
                    Service::Datagram(_) => Transport::Udp,
                };
                (open.station, open.port, transport)
                    == (encounter.server, encounter.port, encounter.transport)
            });
            assert!(is_open, "{encounter:?}");
        }
    }
}
