//! What may be confirmed in a dialogue of a label.

use sensor_common::application::Application::{self, *};

/// Applications that share their messages and differ by port or by what is carried: one of them is
/// no wrong word for another.
const FAMILIES: &[&[Application]] = &[
    &[Dns, Mdns, Llmnr, Nbns],
    &[Http, Sdc, Dicomweb, Fhir, Ipp, Wsd, Ssdp],
    &[Rpc, Nfs],
    &[Smb1, Smb2, NetbiosDatagram],
    // A call is set up, encrypted and carried on one pair of ports.
    &[Stun, Dtls, Rtp, Rtcp],
];

/// Applications that begin in the clear and go on in TLS, or carry it.
const UPGRADED: &[Application] =
    &[Rdp, OpenVpn, Mssql, Mysql, Postgresql, Smtp, Imap, Pop3, Ftp, Ldap, Http, Ssh];

/// Labels of corpora that are not the name of an application.
const OTHER_NAMES: &[(&str, Application)] = &[
    ("smb", Smb2),
    ("smb-auth", Smb2),
    ("pop", Pop3),
    ("pgsql", Postgresql),
    ("tds", Mssql),
    ("mssql-tds", Mssql),
    ("tns", Oracle),
    ("knxip", Knx),
    ("iec60870_104", Iec104),
    ("wg", Wireguard),
    ("dicom-tls", Tls),
    ("sdc-tls", Tls),
    ("ws-discovery", Wsd),
    ("gquic", Quic),
    ("print", Jetdirect),
    ("printer", Jetdirect),
];

/// What may be confirmed in a dialogue of a label; `None` if no application is known for it.
pub fn meaning(label: &str) -> Option<Vec<Application>> {
    let other = OTHER_NAMES.iter().find(|(known, _)| *known == label).map(|(_, meant)| *meant);
    let named = || Application::ALL.iter().copied().find(|meant| meant.name() == label);
    let meant = other.or_else(named)?;
    let family = FAMILIES.iter().find(|family| family.contains(&meant));
    let mut right = family.map_or_else(|| vec![meant], |family| family.to_vec());
    if meant == Smb2 {
        // Its pipes carry calls.
        right.push(Dcerpc);
    }
    if UPGRADED.contains(&meant) {
        right.push(Tls);
    }
    if meant == Tls {
        right.extend(UPGRADED);
    }
    Some(right)
}
