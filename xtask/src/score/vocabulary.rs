//! Which labels count as right for a label of the truth, as the corpus's own script has it.

/// A label of the truth and the labels that are right for it.
const ACCEPTED: &[(&str, &[&str])] = &[
    ("amqp", &["amqp"]),
    ("bacnet", &["bacnet"]),
    ("coap", &["coap"]),
    ("dcerpc", &["dcerpc"]),
    ("dhcp", &["dhcp"]),
    ("dhcpv6", &["dhcpv6"]),
    ("dicom", &["dicom"]),
    ("dicom-tls", &["tls", "dicom-tls"]),
    ("dnp3", &["dnp3"]),
    ("dns", &["dns"]),
    ("enip", &["enip"]),
    ("ftp", &["ftp"]),
    ("ftp-data", &["ftp-data"]),
    ("hl7", &["hl7"]),
    ("http", &["http", "dicomweb", "fhir", "soap", "ipp"]),
    ("icmp", &["icmp"]),
    ("icmpv6", &["icmpv6"]),
    ("iec60870_104", &["iec104"]),
    ("imap", &["imap"]),
    ("jetdirect", &["jetdirect"]),
    ("kerberos", &["kerberos"]),
    ("knxip", &["knx"]),
    ("ldap", &["ldap"]),
    ("llmnr", &["llmnr"]),
    ("mdns", &["mdns"]),
    ("modbus", &["modbus"]),
    ("mqtt", &["mqtt"]),
    ("mssql", &["mssql"]),
    ("mysql", &["mysql"]),
    ("nbns", &["nbns"]),
    ("ntp", &["ntp"]),
    ("opcua", &["opcua"]),
    ("pgsql", &["postgresql"]),
    ("pop", &["pop3"]),
    ("quic", &["quic"]),
    ("radius", &["radius"]),
    ("rdp", &["rdp"]),
    ("rtp", &["rtp"]),
    ("rtsp", &["rtsp"]),
    ("s7comm", &["s7comm"]),
    ("sdc", &["sdc"]),
    ("sdc-tls", &["tls", "sdc-tls"]),
    ("sip", &["sip"]),
    ("smb", &["smb1", "smb2"]),
    ("smb-auth", &["smb1", "smb2"]),
    ("smb2", &["smb2", "smb1"]),
    ("smtp", &["smtp"]),
    ("snmp", &["snmp"]),
    ("ssdp", &["ssdp"]),
    ("ssh", &["ssh"]),
    ("stun", &["stun"]),
    ("syslog", &["syslog"]),
    ("tds", &["mssql"]),
    ("telnet", &["telnet"]),
    ("tftp", &["tftp"]),
    ("tls", &["tls"]),
    ("tns", &["oracle"]),
    ("vnc", &["vnc"]),
    ("vxlan", &["vxlan"]),
    ("wsd", &["wsd"]),
];

/// The labels that are right for `truth`; `None` where the truth is not scored.
pub fn accepted(truth: &str) -> Option<&'static [&'static str]> {
    ACCEPTED.iter().find(|(label, _)| *label == truth).map(|(_, right)| *right)
}

/// The labels of the truth that stand for `given` before any other label.
pub fn truths(given: &str) -> impl Iterator<Item = &'static str> {
    ACCEPTED.iter().filter(move |(_, right)| right[0] == given).map(|(truth, _)| *truth)
}
