//! WS-Discovery of medical devices (WS-Discovery 1.1, IEEE 11073-20702) and
//! the SDC exchange that follows over HTTP (IEEE 11073-20701, -10207).

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use super::call::Spoken;
use super::{datagrams, http};

pub const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 250);
pub const PORT: u16 = 3702;
/// The registered port of SDC devices.
pub const SDC_PORT: u16 = 6464;

const NAMESPACES: &str = concat!(
    "xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\" ",
    "xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" ",
    "xmlns:wsd=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" ",
    "xmlns:dpws=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" ",
    "xmlns:mdpws=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\""
);
pub(crate) const DISCOVERY: &str = "http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01";
pub(crate) const EVERYONE: &str = "urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01";
const EPR: &str = "urn:uuid:57415244-4c49-4e45-0000-000000000012";

pub(crate) fn envelope(action: &str, to: &str, body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s12:Envelope {NAMESPACES}><s12:Header>\
         <wsa:Action>{action}</wsa:Action><wsa:MessageID>urn:uuid:57415244-4c49-4e45-0000-0000000000ff</wsa:MessageID>\
         <wsa:To>{to}</wsa:To></s12:Header><s12:Body>{body}</s12:Body></s12:Envelope>"
    )
}

/// A ventilator announces itself, with its place: facility, ward and bed.
pub fn sdc_hello(address: Ipv4Addr) -> Vec<u8> {
    let body = format!(
        "<wsd:Hello><wsa:EndpointReference><wsa:Address>{EPR}</wsa:Address></wsa:EndpointReference>\
         <wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types>\
         <wsd:Scopes>sdc.ctxt.loc:/sdc.ctxt.loc.detail/HOSP%2F%2F%2FICU3%2F%2FBED03?fac=HOSP&amp;poc=ICU3&amp;bed=BED03</wsd:Scopes>\
         <wsd:XAddrs>http://{address}:{SDC_PORT}/vent</wsd:XAddrs><wsd:MetadataVersion>1</wsd:MetadataVersion></wsd:Hello>"
    );
    envelope(&format!("{DISCOVERY}/Hello"), EVERYONE, &body).into_bytes()
}

/// A consumer looks for medical devices.
pub fn sdc_probe() -> Vec<u8> {
    let body = "<wsd:Probe><wsd:Types>dpws:Device mdpws:MedicalDevice</wsd:Types></wsd:Probe>";
    envelope(&format!("{DISCOVERY}/Probe"), EVERYONE, body).into_bytes()
}

/// The body of a GetMdib request.
pub fn sdc_get_mdib() -> String {
    envelope(
        "http://standards.ieee.org/downloads/11073/11073-20701-2018/GetService/GetMdib",
        EPR,
        "<msg:GetMdib xmlns:msg=\"http://standards.ieee.org/downloads/11073/11073-10207-2017/message\"/>",
    )
}

pub fn announce_ventilator(own_address: Ipv4Addr) -> io::Result<Spoken> {
    datagrams::announce(own_address, 0, GROUP, PORT, &sdc_hello(own_address))
}

/// Reads the medical device information base of a provider.
pub fn read_mdib(provider: SocketAddr) -> io::Result<Spoken> {
    http::post(provider, "ventilator", "/vent/Get", "application/soap+xml", &sdc_get_mdib())
}
