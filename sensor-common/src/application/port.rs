//! Registered ports (IANA Service Name and Transport Protocol Port Number Registry): the last
//! resort, never called more than [`super::Evidence::Port`].

use super::{Application, Context, Identification};
use crate::wire::transport::protocol;

#[inline(always)]
pub(super) fn recognise(context: &Context) -> Option<Identification> {
    let application = if context.protocol == protocol::TCP {
        stream(context.destination_port).or(stream(context.source_port))
    } else {
        datagram(context.destination_port).or(datagram(context.source_port))
    };
    application.map(Identification::by_port)
}

#[inline(always)]
fn stream(port: u16) -> Option<Application> {
    Some(match port {
        22 => Application::Ssh,
        53 => Application::Dns,
        80 => Application::Http,
        104 | 11112 => Application::Dicom,
        443 => Application::Tls,
        445 => Application::Smb2,
        502 => Application::Modbus,
        2575 => Application::Hl7,
        3389 => Application::Rdp,
        _ => return None,
    })
}

#[inline(always)]
fn datagram(port: u16) -> Option<Application> {
    Some(match port {
        53 => Application::Dns,
        67 | 68 => Application::Dhcp,
        123 => Application::Ntp,
        161 | 162 => Application::Snmp,
        1900 => Application::Ssdp,
        3702 => Application::Wsd,
        5353 => Application::Mdns,
        5355 => Application::Llmnr,
        47808 => Application::Bacnet,
        _ => return None,
    })
}
