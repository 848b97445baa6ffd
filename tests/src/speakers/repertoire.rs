//! Everything the speakers can say, as a table: for frame generators and for
//! tests that want one sample of each protocol in each direction.

use std::net::Ipv4Addr;

use super::bacnet::*;
use super::dicom::*;
use super::dns::*;
use super::hl7::*;
use super::http::*;
use super::modbus::*;
use super::ntp::{ntp_request, ntp_response};
use super::printing::{print_job, printer_identity};
use super::rdp::{rdp_connection_confirm, rdp_connection_request};
use super::smb1::{smb1_negotiate_request, smb1_negotiate_response};
use super::smb2::{smb2_encrypted, smb2_negotiate_request, smb2_negotiate_response};
use super::snmp::{COMMUNITY, snmp_get, snmp_response};
use super::ssdp::{ssdp_notification, ssdp_search};
use super::ssh::{CLIENT_BANNER, SERVER_BANNER, ssh_key_exchange_proposal};
use super::syslog::syslog_message;
use super::tls::{TlsVersion, tls_application_data, tls_client_hello, tls_server_flight};
use super::wsdiscovery::{sdc_get_mdib, sdc_hello, sdc_probe};
use super::{bacnet, dhcp, ssdp, wsdiscovery};
use crate::frames::{MacAddress, Side};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
}

/// One payload of one side of a protocol.
#[derive(Clone, Debug)]
pub struct Saying {
    /// Protocol and message, as in `dicom association request`.
    pub name: &'static str,
    pub transport: Transport,
    /// The server's usual port.
    pub port: u16,
    pub speaker: Side,
    pub octets: Vec<u8>,
}

type Said = (Side, &'static str, Vec<u8>);

fn by_client(name: &'static str, octets: Vec<u8>) -> Said {
    (Side::Client, name, octets)
}

fn by_server(name: &'static str, octets: Vec<u8>) -> Said {
    (Side::Server, name, octets)
}

impl Transport {
    fn on<const N: usize>(self, port: u16, said: [Said; N]) -> Vec<Saying> {
        let saying =
            |(speaker, name, octets)| Saying { name, transport: self, port, speaker, octets };
        said.into_iter().map(saying).collect()
    }
}

/// One saying of each kind of message.
pub fn repertoire() -> Vec<Saying> {
    [imaging(), messaging(), building(), naming(), discovery(), web(), office()].concat()
}

fn imaging() -> Vec<Saying> {
    let image = dicom_image(uid::CT_IMAGE_STORAGE, "2.25.1", "CT", 1024);
    let store = dicom_store_request(3, 1, uid::CT_IMAGE_STORAGE, "2.25.1");
    let echoed = dicom_response(1, C_ECHO, 1, uid::VERIFICATION);
    let (pacs, scanner) = ("PACS_MAIN", "CT_ROOM_1");
    [
        Transport::Tcp.on(
            104,
            [
                by_client("dicom association request", dicom_association_request(pacs, scanner)),
                by_server(
                    "dicom association acceptance",
                    dicom_association_acceptance(pacs, scanner, 3),
                ),
                by_server("dicom association rejection", dicom_association_rejection()),
                by_client("dicom store request", store),
                by_client("dicom image", dicom_data(3, 2, &image)),
                by_client("dicom release request", dicom_release_request()),
                by_server("dicom release response", dicom_release_response()),
                by_client("dicom abort", dicom_abort()),
            ],
        ),
        Transport::Tcp.on(
            11_112,
            [
                by_client("dicom echo request", dicom_echo_request(1)),
                by_server("dicom echo response", echoed),
            ],
        ),
    ]
    .concat()
}

fn messaging() -> Vec<Saying> {
    let mdib = http_post("ventilator", "/vent/Get", "application/soap+xml", &sdc_get_mdib());
    [
        Transport::Tcp.on(
            2_575,
            [
                by_client("hl7 admission", hl7_admission(1)),
                by_client("hl7 vital signs", hl7_vital_signs(2)),
                by_server("hl7 acknowledgement", hl7_acknowledgement("WL000001")),
            ],
        ),
        Transport::Tcp.on(6_661, [by_client("hl7 laboratory result", hl7_laboratory_result(3))]),
        Transport::Tcp.on(wsdiscovery::SDC_PORT, [by_client("sdc get mdib", mdib)]),
    ]
    .concat()
}

fn building() -> Vec<Saying> {
    [
        Transport::Tcp.on(
            502,
            [
                by_client("modbus read request", modbus_read_holding_registers(1, 1, 100, 10)),
                by_server("modbus read response", modbus_holding_registers(1, 1, &[200; 10])),
                by_client("modbus write request", modbus_write_register(2, 1, 100, 7)),
                by_client("modbus identification request", modbus_identification_request(3, 1)),
                by_server("modbus identification", modbus_identification(3, 1)),
                by_server("modbus exception", modbus_exception(4, 1, 3, 2)),
            ],
        ),
        Transport::Udp.on(
            bacnet::PORT,
            [
                by_client("bacnet who-is broadcast", bacnet_who_is_broadcast()),
                by_client("bacnet who-is", bacnet_who_is()),
                by_server("bacnet i-am", bacnet_i_am(20_061, 7)),
                by_client("bacnet read object name", bacnet_read_object_name(1, 20_061)),
                by_server("bacnet object name", bacnet_object_name(1, 20_061, "AHU-2 THEATRE")),
            ],
        ),
    ]
    .concat()
}

fn naming() -> Vec<Saying> {
    let client = dhcp::Client {
        hardware: MacAddress::vendor(0x00_0f14, 3),
        host_name: "MON-ICU3-BED03",
        vendor_class: "monitor",
        wanted: Ipv4Addr::new(10, 20, 0, 11),
        transaction: 0x5741_5244,
    };
    let discover = client.message(dhcp::Kind::Discover);
    let offer = dhcp::answer(&discover).expect("the server answers its own kind of discover");
    let record = "epr.hospital.example";
    let address = Ipv4Addr::new(10, 30, 0, 30);
    let description = "Example LaserPrint";
    let report = syslog_message("bed-12", "smartbed", "rail lowered");
    [
        Transport::Udp.on(
            53,
            [
                by_client("dns query", dns_query(7, record)),
                by_server("dns response", dns_response(7, record, address)),
            ],
        ),
        Transport::Udp.on(
            dhcp::SERVER_PORT,
            [
                by_client("dhcp discover", discover),
                by_server("dhcp offer", offer),
                by_client("dhcp request", client.message(dhcp::Kind::Request)),
            ],
        ),
        Transport::Udp.on(
            123,
            [by_client("ntp request", ntp_request()), by_server("ntp response", ntp_response())],
        ),
        Transport::Udp.on(
            161,
            [
                by_client("snmp get", snmp_get(COMMUNITY, 1)),
                by_server("snmp response", snmp_response(COMMUNITY, 1, description)),
            ],
        ),
        Transport::Udp.on(514, [by_client("syslog message", report)]),
    ]
    .concat()
}

fn discovery() -> Vec<Saying> {
    let address = Ipv4Addr::new(10, 20, 0, 12);
    let bed =
        mdns_announcement("Bed 12", "_http._tcp.local", "bed-12.local", 80, "md=SmartBed", address);
    [
        Transport::Udp.on(
            MULTICAST_PORT,
            [
                by_client("mdns query", mdns_query("_ipp._tcp.local")),
                by_client("mdns announcement", bed),
            ],
        ),
        Transport::Udp.on(
            ssdp::PORT,
            [
                by_client("ssdp search", ssdp_search()),
                by_client("ssdp notification", ssdp_notification(address)),
            ],
        ),
        Transport::Udp.on(
            wsdiscovery::PORT,
            [
                by_client("ws-discovery hello", sdc_hello(address)),
                by_client("ws-discovery probe", sdc_probe()),
            ],
        ),
    ]
    .concat()
}

fn web() -> Vec<Saying> {
    use TlsVersion::{V1_2, V1_3};
    let record = "epr.hospital.example";
    [
        Transport::Tcp.on(
            80,
            [
                by_client("http get", http_get(record, "/")),
                by_server("http ok", http_ok("text/html", "<p>ward list</p>")),
                by_client("http fhir request", http_get(record, "/fhir/metadata")),
                by_server("http fhir response", http_ok("application/fhir+json", "{}")),
            ],
        ),
        Transport::Tcp.on(
            443,
            [
                by_client("tls 1.2 client hello", tls_client_hello(record, V1_2)),
                by_client("tls 1.3 client hello", tls_client_hello(record, V1_3)),
                by_server("tls 1.2 server flight", tls_server_flight(V1_2)),
                by_server("tls 1.3 server flight", tls_server_flight(V1_3)),
                by_client("tls application data", tls_application_data(1, 320)),
            ],
        ),
    ]
    .concat()
}

fn office() -> Vec<Saying> {
    [
        Transport::Tcp.on(
            22,
            [
                by_client("ssh client banner", CLIENT_BANNER.as_bytes().to_vec()),
                by_server("ssh server banner", SERVER_BANNER.as_bytes().to_vec()),
                by_client("ssh key exchange proposal", ssh_key_exchange_proposal(1)),
            ],
        ),
        Transport::Tcp.on(
            445,
            [
                by_client("smb1 negotiate request", smb1_negotiate_request()),
                by_server("smb1 negotiate response", smb1_negotiate_response()),
                by_client("smb2 negotiate request", smb2_negotiate_request()),
                by_server("smb2 negotiate response", smb2_negotiate_response()),
                by_client("smb2 encrypted", smb2_encrypted(1, 120)),
            ],
        ),
        Transport::Tcp.on(
            3_389,
            [
                by_client("rdp connection request", rdp_connection_request()),
                by_server("rdp connection confirm", rdp_connection_confirm()),
            ],
        ),
        Transport::Tcp.on(
            9_100,
            [
                by_client("print job", print_job()),
                by_server("printer identity", printer_identity()),
            ],
        ),
    ]
    .concat()
}
