//! Registered ports (IANA Service Name and Transport Protocol Port Number Registry): the last
//! resort, never called more than [`super::Evidence::Port`].

use super::{Application, Context, Identification};
use crate::wire::transport::protocol;

/// The lower port of the two is asked first: the other one was mostly drawn at random.
///
/// The answer is packed, and each look-up a function of its own, for the reason given at
/// `first_of!`.
#[inline(always)]
pub(super) fn recognise(context: &Context) -> u16 {
    let (source, destination) = (context.source_port, context.destination_port);
    let lower = if source < destination { source } else { destination };
    let packed = registered(context.protocol, lower);
    if packed != 0 {
        return packed;
    }
    registered(context.protocol, source ^ destination ^ lower)
}

#[inline(never)]
fn registered(protocol: u8, port: u16) -> u16 {
    let application = if protocol == protocol::TCP { stream(port) } else { datagram(port) };
    application.map_or(0, |application| Identification::by_port(application).packed())
}

#[inline(always)]
fn stream(port: u16) -> Option<Application> {
    Some(match port {
        20 => Application::FtpData,
        21 => Application::Ftp,
        22 => Application::Ssh,
        23 => Application::Telnet,
        25 | 587 => Application::Smtp,
        53 => Application::Dns,
        80 | 8080 => Application::Http,
        88 => Application::Kerberos,
        102 => Application::S7comm,
        104 | 11112 => Application::Dicom,
        110 => Application::Pop3,
        111 => Application::Rpc,
        135 => Application::Dcerpc,
        139 => Application::Smb1,
        143 => Application::Imap,
        179 => Application::Bgp,
        389 | 3268 => Application::Ldap,
        443 | 636 | 853 | 989 | 990 | 993 | 995 | 2762 | 3269 | 4843 | 4911 | 5061 | 5671
        | 6514 | 8443 | 8883 => Application::Tls,
        445 => Application::Smb2,
        502 => Application::Modbus,
        515 => Application::Lpd,
        554 => Application::Rtsp,
        631 => Application::Ipp,
        873 => Application::Rsync,
        1194 => Application::OpenVpn,
        1433 => Application::Mssql,
        1521 => Application::Oracle,
        1883 => Application::Mqtt,
        1911 => Application::NiagaraFox,
        2000 => Application::Sccp,
        2049 => Application::Nfs,
        2404 => Application::Iec104,
        2575 => Application::Hl7,
        3306 => Application::Mysql,
        3389 => Application::Rdp,
        3671 => Application::Knx,
        4712 => Application::Synchrophasor,
        4840 => Application::Opcua,
        5060 => Application::Sip,
        5094 => Application::HartIp,
        5432 => Application::Postgresql,
        5672 => Application::Amqp,
        5900 | 5901 => Application::Vnc,
        6000..=6003 => Application::X11,
        6379 => Application::Redis,
        9100 => Application::Jetdirect,
        9600 => Application::Fins,
        20000 => Application::Dnp3,
        27017 => Application::MongoDb,
        44818 => Application::Enip,
        _ => return None,
    })
}

#[inline(always)]
fn datagram(port: u16) -> Option<Application> {
    Some(match port {
        53 => Application::Dns,
        67 | 68 => Application::Dhcp,
        69 => Application::Tftp,
        88 => Application::Kerberos,
        111 => Application::Rpc,
        123 => Application::Ntp,
        137 => Application::Nbns,
        138 => Application::NetbiosDatagram,
        161 | 162 => Application::Snmp,
        389 => Application::Ldap,
        427 => Application::Slp,
        443 => Application::Quic,
        500 | 4500 => Application::Isakmp,
        514 => Application::Syslog,
        546 | 547 => Application::Dhcpv6,
        623 | 664 => Application::Ipmi,
        1194 => Application::OpenVpn,
        1812 | 1813 => Application::Radius,
        1900 => Application::Ssdp,
        2049 => Application::Nfs,
        2123 | 2152 => Application::Gtp,
        2222 | 44818 => Application::Enip,
        3389 => Application::Rdp,
        3478 => Application::Stun,
        3671 => Application::Knx,
        3702 => Application::Wsd,
        4713 => Application::Synchrophasor,
        4739 => Application::NetFlow,
        4789 => Application::Vxlan,
        5060 => Application::Sip,
        5094 => Application::HartIp,
        5353 => Application::Mdns,
        5355 => Application::Llmnr,
        5683 => Application::Coap,
        5684 => Application::Dtls,
        9600 => Application::Fins,
        20000 => Application::Dnp3,
        24005 | 24105 => Application::Intellivue,
        34964 => Application::Dcerpc,
        47808 => Application::Bacnet,
        51820 => Application::Wireguard,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by_port(protocol: u8, source_port: u16, destination_port: u16) -> Option<Identification> {
        let context = Context { protocol, source_port, destination_port, source_address: 0 };
        super::super::identify_by_port(&context)
    }

    #[test]
    fn either_port_may_be_registered_and_the_transport_counts() {
        let dicom = Some(Identification::by_port(Application::Dicom));
        assert_eq!(by_port(protocol::TCP, 50_000, 104), dicom);
        assert_eq!(by_port(protocol::TCP, 104, 50_000), dicom);
        assert_eq!(by_port(protocol::UDP, 104, 50_000), None);
    }

    #[test]
    fn of_two_registered_ports_the_lower_counts() {
        let snmp = Some(Identification::by_port(Application::Snmp));
        assert_eq!(by_port(protocol::UDP, 161, 20_000), snmp);
        assert_eq!(by_port(protocol::UDP, 20_000, 161), snmp);
    }
}
