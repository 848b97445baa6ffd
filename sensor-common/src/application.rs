//! Which application a flow speaks, by the octets of its first payload packets.

mod amqp;
mod astm;
mod bacnet;
mod ber;
mod bgp;
mod coap;
mod dcerpc;
mod dhcp;
mod dhcpv6;
mod dicom;
mod dnp3;
mod dns;
mod dtls;
mod enip;
mod fins;
mod fox;
mod gtp;
mod hartip;
mod hl7;
mod http;
mod iec104;
mod imap;
mod inquiry;
mod intellivue;
mod ipmi;
mod isakmp;
mod jetdirect;
mod kerberos;
mod knx;
mod ldap;
mod lpd;
mod modbus;
mod mongodb;
mod mqtt;
mod mssql;
mod mysql;
mod nbdgm;
mod nbns;
mod netflow;
mod ntp;
mod opcua;
mod openvpn;
mod oracle;
mod phd;
mod poct1a;
mod pop3;
mod port;
mod postgresql;
mod quic;
mod radius;
mod randomness;
mod rdp;
#[cfg(feature = "laws")]
mod recognisers;
mod redis;
mod replies;
mod rpc;
mod rsync;
mod rtp;
mod rtsp;
mod s7comm;
mod sampling;
mod sccp;
mod sip;
mod slp;
mod smb;
mod snmp;
mod soap;
mod ssdp;
mod ssh;
mod stun;
mod synchrophasor;
mod syslog;
mod telnet;
#[cfg(test)]
mod testing;
mod text;
mod tftp;
mod tls;
mod unity;
mod verdict;
mod vnc;
mod vxlan;
mod wireguard;
mod wsd;
mod x11;

pub use sampling::{MOST_SAMPLED_PACKETS, Sampling, awaited_octets, sample_length};
pub use verdict::{Change, Evidence, Identification, Verdict};

use crate::{
    flow::{FlowKey, Network},
    frame::Frame,
    payload::Payload,
    wire::{ethernet::ethertype, transport::protocol},
};

#[cfg(feature = "laws")]
pub use recognisers::{RECOGNISERS, Recogniser};

/// Applications that the arrays of totals have room for.
pub const CAPACITY: u32 = 112;

macro_rules! applications {
    ($($variant:ident = $number:literal $name:literal,)*) => {
        /// An application protocol. Numbers are part of the map layout and never reused.
        #[repr(u8)]
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Application {
            #[default]
            $($variant = $number,)*
        }

        impl Application {
            /// Every application, in the order of its number.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$variant),)*
                    _ => None,
                }
            }

            /// The label in records and metrics.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

applications! {
    Unknown = 0 "unknown",
    Arp = 1 "arp",
    Lldp = 2 "lldp",
    Link = 3 "link",
    Icmp = 4 "icmp",
    Icmpv6 = 5 "icmpv6",
    Igmp = 6 "igmp",
    Gre = 7 "gre",
    Sctp = 8 "sctp",
    Ipsec = 9 "ipsec",
    OtherProtocol = 10 "other_protocol",
    Fragment = 11 "fragment",
    Dns = 12 "dns",
    Mdns = 13 "mdns",
    Llmnr = 14 "llmnr",
    Dhcp = 15 "dhcp",
    Ntp = 16 "ntp",
    Snmp = 17 "snmp",
    Ssdp = 18 "ssdp",
    Wsd = 19 "wsd",
    Http = 20 "http",
    Tls = 21 "tls",
    Ssh = 22 "ssh",
    Smb1 = 23 "smb1",
    Smb2 = 24 "smb2",
    Rdp = 25 "rdp",
    Dicom = 26 "dicom",
    Hl7 = 27 "hl7",
    Modbus = 28 "modbus",
    Bacnet = 29 "bacnet",
    Sdc = 30 "sdc",
    Nbns = 31 "nbns",
    NetbiosDatagram = 32 "netbios_datagram",
    Dhcpv6 = 33 "dhcpv6",
    Syslog = 34 "syslog",
    Tftp = 35 "tftp",
    Quic = 36 "quic",
    Dtls = 37 "dtls",
    Stun = 38 "stun",
    Radius = 39 "radius",
    Vxlan = 40 "vxlan",
    Gtp = 41 "gtp",
    Isakmp = 42 "isakmp",
    OpenVpn = 43 "openvpn",
    Wireguard = 44 "wireguard",
    Bgp = 45 "bgp",
    Telnet = 46 "telnet",
    Ftp = 47 "ftp",
    FtpData = 48 "ftp-data",
    Smtp = 49 "smtp",
    Imap = 50 "imap",
    Pop3 = 51 "pop3",
    Vnc = 52 "vnc",
    Dcerpc = 53 "dcerpc",
    Kerberos = 54 "kerberos",
    Ldap = 55 "ldap",
    Rpc = 56 "rpc",
    Nfs = 57 "nfs",
    Mssql = 58 "mssql",
    Mysql = 59 "mysql",
    Postgresql = 60 "postgresql",
    Oracle = 61 "oracle",
    Sip = 62 "sip",
    Rtp = 63 "rtp",
    Rtcp = 64 "rtcp",
    Rtsp = 65 "rtsp",
    Ipp = 66 "ipp",
    Jetdirect = 67 "jetdirect",
    Mqtt = 68 "mqtt",
    Coap = 69 "coap",
    Amqp = 70 "amqp",
    Dnp3 = 71 "dnp3",
    S7comm = 72 "s7comm",
    Enip = 73 "enip",
    Opcua = 74 "opcua",
    Knx = 75 "knx",
    Iec104 = 76 "iec104",
    Fhir = 77 "fhir",
    Dicomweb = 78 "dicomweb",
    Poct1a = 79 "poct1a",
    Astm = 80 "astm",
    Intellivue = 81 "intellivue",
    GeUnity = 82 "ge_unity",
    PersonalHealthDevice = 83 "ieee11073_20601",
    Fins = 84 "fins",
    HartIp = 85 "hartip",
    Synchrophasor = 86 "synchrophasor",
    Profinet = 87 "profinet",
    Lpd = 88 "lpd",
    Sccp = 89 "sccp",
    NiagaraFox = 90 "niagara_fox",
    Redis = 91 "redis",
    MongoDb = 92 "mongodb",
    X11 = 93 "x11",
    Rsync = 94 "rsync",
    NetFlow = 95 "netflow",
    Ipmi = 96 "ipmi",
    Slp = 97 "slp",
    Ihe = 98 "ihe",
    Soap = 99 "soap",
}

impl Application {
    /// Whether link, network or transport headers say it, without a look at any payload.
    pub const fn is_told_by_headers(self) -> bool {
        matches!(self as u8, 1..=11) || self as u8 == Self::Profinet as u8
    }
}

/// Applications that are HTTP with a meaning: that their messages are HTTP says nothing against
/// them.
#[inline(always)]
pub(crate) const fn is_carried_by_http(number: u8) -> bool {
    number == Application::Sdc as u8
        || number == Application::Ipp as u8
        || number == Application::Fhir as u8
        || number == Application::Dicomweb as u8
        || number == Application::Ihe as u8
        || number == Application::Soap as u8
}

/// What a recogniser may look at besides the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// IP protocol number.
    pub protocol: u8,
    pub source_port: u16,
    pub destination_port: u16,
    /// The last 32 bits of the source's address.
    pub source_address: u32,
}

impl Context {
    #[inline(always)]
    pub fn of(key: &FlowKey) -> Self {
        Self {
            protocol: key.protocol(),
            source_port: key.source_port(),
            destination_port: key.destination_port(),
            source_address: key.source_words()[1] as u32,
        }
    }

    #[inline(always)]
    pub(crate) fn has_port(&self, port: u16) -> bool {
        self.source_port == port || self.destination_port == port
    }
}

/// The application of a flow whose headers alone say it, `None` where the payload must.
#[inline(always)]
pub fn identify_by_headers(key: &FlowKey, is_later_fragment: bool) -> Option<Identification> {
    let network = key.network_number();
    let application = if network == Network::Arp as u8 {
        Application::Arp
    } else if network == Network::Link as u8 {
        match key.source_port() {
            ethertype::LLDP => Application::Lldp,
            // Discovery and cyclic data (IEC 61158-6-10); what sets them up is DCE/RPC.
            ethertype::PROFINET => Application::Profinet,
            _ => Application::Link,
        }
    } else {
        match key.protocol() {
            protocol::TCP | protocol::UDP if is_later_fragment => Application::Fragment,
            protocol::TCP | protocol::UDP | protocol::UDP_LITE => return None,
            protocol::ICMP => Application::Icmp,
            2 => Application::Igmp,
            protocol::GRE => Application::Gre,
            50 | 51 => Application::Ipsec,
            protocol::ICMPV6 => Application::Icmpv6,
            protocol::SCTP => Application::Sctp,
            _ => Application::OtherProtocol,
        }
    };
    Some(Identification::confirmed(application))
}

/// Names the application of one payload-bearing packet by its octets; `None` if no marker holds.
#[inline(always)]
pub fn identify<F: Frame + ?Sized>(
    frame: &F,
    payload: &Payload,
    context: &Context,
) -> Option<Identification> {
    let packed = if context.protocol == protocol::TCP {
        inquiry::identify_stream(payload, context)
    } else {
        inquiry::identify_datagram(frame, payload, context)
    };
    if packed == 0 { None } else { Identification::unpacked(packed, context) }
}

/// The application registered for the flow's ports, for flows in which no marker was found.
#[inline(always)]
pub fn identify_by_port(context: &Context) -> Option<Identification> {
    let packed = port::recognise(context);
    if packed == 0 { None } else { Identification::unpacked(packed, context) }
}
