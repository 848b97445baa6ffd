//! Every recogniser by itself, so that tests and fuzzing can ask each what the packet path asks
//! only where [`super::inquiry`] leads to it.

use super::{
    Application, Context, Identification, amqp, astm, bacnet, bgp, coap, dcerpc, dhcp, dhcpv6,
    dicom, dnp3, dns, dtls, enip, fins, fox, gtp, hartip, hl7, http, iec104, imap, intellivue,
    ipmi, isakmp, jetdirect, kerberos, knx, ldap, lpd, modbus, mongodb, mqtt, mssql, mysql, nbdgm,
    nbns, netflow, ntp, opcua, openvpn, oracle, phd, poct1a, pop3, postgresql, quic, radius, rdp,
    redis, replies, rpc, rsync, rtp, rtsp, s7comm, sccp, sip, slp, smb, snmp, soap, ssdp, ssh,
    stun, synchrophasor, syslog, telnet, tftp, tls, unity, vnc, vxlan, wireguard, wsd, x11,
};
use crate::payload::Payload;

/// One recogniser: the functions of a file, and what it may answer.
#[derive(Clone, Copy, Debug)]
pub struct Recogniser {
    /// The file's name. A file with several functions has a row for each.
    pub name: &'static str,
    /// The applications that its verdicts may name.
    pub gives: &'static [Application],
    /// Asks it about a payload that lies in a frame.
    pub recognise: fn(&[u8], &Payload, &Context) -> Option<Identification>,
}

macro_rules! recognisers {
    ($($name:literal: $($application:ident)|+ = $recognise:expr;)*) => {
        /// Every recogniser, in the order of the file names.
        pub const RECOGNISERS: &[Recogniser] = &[$(
            Recogniser {
                name: $name,
                gives: &[$(Application::$application),+],
                recognise: $recognise,
            },
        )*];
    };
}

recognisers! {
    "amqp": Amqp = |_, payload, _| amqp::recognise_header(payload);
    "amqp": Amqp = |_, payload, _| amqp::recognise_frame(payload);
    "astm": Astm = |_, payload, _| astm::recognise_frame(payload);
    "astm": Astm = |_, payload, _| astm::recognise_record(payload);
    "bacnet": Bacnet = |_, payload, _| bacnet::recognise(payload);
    "bgp": Bgp = |_, payload, _| bgp::recognise(payload);
    "coap": Coap = |_, payload, context| coap::recognise(payload, context);
    "dcerpc": Dcerpc = |_, payload, _| dcerpc::recognise_stream(payload);
    "dcerpc": Dcerpc = |frame, payload, _| dcerpc::recognise(frame, payload);
    "dhcp": Dhcp = |frame, payload, _| dhcp::recognise(frame, payload);
    "dhcpv6": Dhcpv6 = |_, payload, context| dhcpv6::recognise(payload, context);
    "dicom": Dicom = |_, payload, _| dicom::recognise(payload);
    "dnp3": Dnp3 = |_, payload, _| dnp3::recognise(payload);
    "dns": Dns = |_, payload, context| dns::recognise_stream(payload, context);
    "dns": Dns | Mdns | Llmnr | Nbns = |_, payload, context| dns::recognise(payload, context);
    "dtls": Dtls = |_, payload, _| dtls::recognise(payload);
    "enip": Enip = |_, payload, _| enip::recognise(payload);
    "fins": Fins = |_, payload, _| fins::recognise_stream(payload);
    "fins": Fins = |_, payload, context| fins::recognise(payload, context);
    "fox": NiagaraFox = |_, payload, _| fox::recognise(payload);
    "gtp": Gtp = |_, payload, _| gtp::recognise(payload);
    "hartip": HartIp = |_, payload, context| hartip::recognise(payload, context);
    "hl7": Hl7 = |_, payload, _| hl7::recognise(payload);
    "http": Http | Sdc | Ihe | Soap | Dicomweb | Fhir | Ipp = |_, payload, _| http::recognise(payload);
    "iec104": Iec104 = |_, payload, _| iec104::recognise(payload);
    "imap": Imap = |_, payload, _| imap::recognise(payload);
    "intellivue": Intellivue = |_, payload, _| intellivue::recognise(payload);
    "ipmi": Ipmi = |_, payload, _| ipmi::recognise(payload);
    "isakmp": Isakmp = |_, payload, _| isakmp::recognise(payload);
    "jetdirect": Jetdirect = |_, payload, _| jetdirect::recognise(payload);
    "kerberos": Kerberos = |_, payload, _| kerberos::recognise_stream(payload);
    "kerberos": Kerberos = |_, payload, _| kerberos::recognise(payload);
    "knx": Knx = |_, payload, _| knx::recognise(payload);
    "ldap": Ldap = |_, payload, _| ldap::recognise(payload);
    "lpd": Lpd = |_, payload, _| lpd::recognise(payload);
    "modbus": Modbus = |_, payload, context| modbus::recognise(payload, context);
    "mongodb": MongoDb = |_, payload, _| mongodb::recognise(payload);
    "mqtt": Mqtt = |_, payload, _| mqtt::recognise(payload);
    "mssql": Mssql = |_, payload, _| mssql::recognise(payload);
    "mysql": Mysql = |_, payload, _| mysql::recognise(payload);
    "nbdgm": NetbiosDatagram | Smb1 = |frame, payload, _| nbdgm::recognise(frame, payload);
    "nbns": Nbns = |_, payload, _| nbns::recognise(payload);
    "netflow": NetFlow = |_, payload, _| netflow::recognise(payload);
    "ntp": Ntp = |_, payload, _| ntp::recognise(payload);
    "opcua": Opcua = |_, payload, _| opcua::recognise(payload);
    "openvpn": OpenVpn = |_, payload, _| openvpn::recognise_stream(payload);
    "openvpn": OpenVpn = |_, payload, _| openvpn::recognise(payload);
    "oracle": Oracle = |_, payload, _| oracle::recognise(payload);
    "phd": PersonalHealthDevice = |_, payload, _| phd::recognise(payload);
    "poct1a": Poct1a = |_, payload, _| poct1a::recognise(payload);
    "pop3": Pop3 = |_, payload, _| pop3::recognise(payload);
    "postgresql": Postgresql = |_, payload, _| postgresql::recognise(payload);
    "quic": Quic = |_, payload, _| quic::recognise(payload);
    "quic": Quic = |_, payload, _| quic::recognise_public_header(payload);
    "radius": Radius = |_, payload, context| radius::recognise(payload, context);
    "rdp": Rdp = |_, payload, _| rdp::recognise(payload);
    "rdp": Rdp = |_, payload, _| rdp::recognise_datagram(payload);
    "redis": Redis = |_, payload, _| redis::recognise(payload);
    "redis": Redis = |_, payload, _| redis::recognise_answer(payload);
    "replies": Smtp | Ftp | Pop3 = |_, payload, context| replies::recognise(payload, context);
    "rpc": Rpc | Nfs = |_, payload, _| rpc::recognise_stream(payload);
    "rpc": Rpc | Nfs = |_, payload, _| rpc::recognise(payload);
    "rsync": Rsync = |_, payload, _| rsync::recognise(payload);
    "rtp": Rtp | Rtcp = |_, payload, context| rtp::recognise(payload, context);
    "rtsp": Rtsp = |_, payload, _| rtsp::recognise(payload);
    "s7comm": S7comm = |_, payload, _| s7comm::recognise(payload);
    "sccp": Sccp = |_, payload, context| sccp::recognise(payload, context);
    "sip": Sip = |_, payload, _| sip::recognise(payload);
    "slp": Slp = |_, payload, _| slp::recognise(payload);
    "smb": Smb1 | Smb2 = |_, payload, _| smb::recognise(payload);
    "snmp": Snmp = |_, payload, _| snmp::recognise(payload);
    "soap": Sdc | Ihe | Soap = |_, payload, _| soap::recognise(payload);
    "ssdp": Ssdp = |_, payload, _| ssdp::recognise(payload);
    "ssh": Ssh = |_, payload, _| ssh::recognise(payload);
    "ssh": Ssh = |_, payload, _| ssh::recognise_offer(payload);
    "stun": Stun = |_, payload, _| stun::recognise_stream(payload);
    "stun": Stun = |_, payload, _| stun::recognise(payload);
    "synchrophasor": Synchrophasor = |_, payload, _| synchrophasor::recognise(payload);
    "syslog": Syslog = |_, payload, _| syslog::recognise(payload);
    "telnet": Telnet = |_, payload, _| telnet::recognise(payload);
    "tftp": Tftp = |frame, payload, _| tftp::recognise(frame, payload);
    "tls": Tls = |_, payload, _| tls::recognise(payload);
    "unity": GeUnity = |_, payload, context| unity::recognise(payload, context);
    "vnc": Vnc = |_, payload, _| vnc::recognise(payload);
    "vxlan": Vxlan = |_, payload, _| vxlan::recognise(payload);
    "wireguard": Wireguard = |_, payload, _| wireguard::recognise(payload);
    "wsd": Wsd = |frame, payload, context| wsd::recognise(frame, payload, context);
    "x11": X11 = |_, payload, _| x11::recognise(payload);
}
