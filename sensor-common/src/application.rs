//! Which application a flow speaks, by the octets of its first payload packets.

mod bacnet;
mod dhcp;
mod dicom;
mod dns;
mod hl7;
mod http;
mod modbus;
mod ntp;
mod port;
mod rdp;
mod smb;
mod snmp;
mod ssdp;
mod ssh;
mod tls;
mod wsd;

use crate::{
    flow::{FlowKey, Network},
    frame::Frame,
    payload::Payload,
    wire::{ethernet::ethertype, transport::protocol},
};

/// Applications that the arrays of totals have room for.
pub const CAPACITY: u32 = 96;

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
}

/// How a verdict was reached, weakest first.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    #[default]
    None = 0,
    /// The registered port only.
    Port = 1,
    /// A marker.
    Likely = 2,
    /// A marker and a second condition.
    Confirmed = 3,
}

impl Evidence {
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Port,
            2 => Self::Likely,
            3 => Self::Confirmed,
            _ => Self::None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "unknown",
            Self::Port => "port",
            Self::Likely => "likely",
            Self::Confirmed => "confirmed",
        }
    }
}

/// An application and how it was recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identification {
    pub application: Application,
    pub evidence: Evidence,
}

impl Identification {
    #[inline(always)]
    const fn confirmed(application: Application) -> Self {
        Self { application, evidence: Evidence::Confirmed }
    }

    #[inline(always)]
    const fn likely(application: Application) -> Self {
        Self { application, evidence: Evidence::Likely }
    }

    #[inline(always)]
    const fn by_port(application: Application) -> Self {
        Self { application, evidence: Evidence::Port }
    }
}

/// An application as it stands in a flow slot: bit 7 says that it is settled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict(u8);

impl Verdict {
    const SETTLED: u8 = 0x80;

    #[inline(always)]
    pub const fn settled(application: Application) -> Self {
        Self(Self::SETTLED | application as u8)
    }

    #[inline(always)]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self.0
    }

    #[inline(always)]
    pub const fn is_settled(self) -> bool {
        self.0 & Self::SETTLED != 0
    }

    /// The number of the application, below [`CAPACITY`] and so within the totals.
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.0 & !Self::SETTLED
    }

    /// Whether user space learns something about devices from each packet of such a flow.
    #[inline(always)]
    pub const fn needs_samples(self) -> bool {
        self.number() == Application::Dhcp as u8
    }

    pub fn application(self) -> Application {
        Application::from_number(self.number()).unwrap_or_default()
    }
}

/// What a recogniser may look at besides the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// IP protocol number.
    pub protocol: u8,
    pub source_port: u16,
    pub destination_port: u16,
}

impl Context {
    #[inline(always)]
    pub fn of(key: &FlowKey) -> Self {
        Self {
            protocol: key.protocol(),
            source_port: key.source_port(),
            destination_port: key.destination_port(),
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
        if key.source_port() == ethertype::LLDP { Application::Lldp } else { Application::Link }
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
    if context.protocol == protocol::TCP {
        identify_stream(payload, context)
    } else {
        identify_datagram(frame, payload, context)
    }
}

/// Asks one recogniser after another. Each reads the payload's memory afresh, so that the verifier
/// sees every one of them in the same state.
macro_rules! first_of {
    ($payload:ident: $($recognise:expr),+ $(,)?) => {{
        $(
            let $payload = core::hint::black_box($payload);
            if let Some(identification) = $recognise {
                return Some(identification);
            }
        )+
        None
    }};
}

#[inline(always)]
fn identify_stream(payload: &Payload, context: &Context) -> Option<Identification> {
    first_of!(payload:
        tls::recognise(payload),
        smb::recognise(payload),
        ssh::recognise(payload),
        http::recognise(payload),
        dicom::recognise(payload),
        hl7::recognise(payload),
        rdp::recognise(payload),
        modbus::recognise(payload),
        dns::recognise_stream(payload, context),
    )
}

#[inline(always)]
fn identify_datagram<F: Frame + ?Sized>(
    frame: &F,
    payload: &Payload,
    context: &Context,
) -> Option<Identification> {
    first_of!(payload:
        dhcp::recognise(frame, payload),
        bacnet::recognise(payload),
        snmp::recognise(payload),
        ssdp::recognise(payload),
        wsd::recognise(frame, payload, context),
        ntp::recognise(payload, context),
        dns::recognise(payload, context),
    )
}

/// The application registered for the flow's ports, for flows in which no marker was found.
#[inline(always)]
pub fn identify_by_port(context: &Context) -> Option<Identification> {
    port::recognise(context)
}
