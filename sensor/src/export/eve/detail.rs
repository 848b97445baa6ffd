//! What the messages of a flow say of it, in Suricata's names where it has one.

use schemars::JsonSchema;
use serde::Serialize;

use crate::interpret::{
    FlowDetail,
    detail::{DicomDetail, TlsDetail},
};

#[derive(Serialize, JsonSchema)]
pub(super) struct Detail<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    tls: Option<Tls<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    smb: Option<Smb>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dcerpc: Option<Dcerpc<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dicom: Option<Dicom<'a>>,
}

/// Of the hellos of TLS and QUIC.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "tls")]
struct Tls<'a> {
    /// The server's name, as the client asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<&'a str>,
    /// Application protocols that the client asks for; at most eight.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    client_alpns: &'a [String],
    /// The JA4 fingerprint of the client's hello.
    #[serde(skip_serializing_if = "Option::is_none")]
    ja4: Option<&'a str>,
    /// Chosen by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The highest that the client offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_version: Option<String>,
    /// Chosen by the server: four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher_suite: Option<String>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "smb")]
struct Smb {
    /// Chosen by the server.
    dialect: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dcerpc")]
struct Dcerpc<'a> {
    /// That the client bound to, by their names or UUIDs; at most eight.
    interfaces: &'a [String],
}

/// Of a DICOM association; never from a data set, and never the user's identity.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "dicom")]
struct Dicom<'a> {
    /// Of the station that asks for the association.
    #[serde(skip_serializing_if = "Option::is_none")]
    calling_ae_title: Option<&'a str>,
    /// Of the station that is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    called_ae_title: Option<&'a str>,
    /// Proposed ones, by their names or UIDs; at most eight.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sop_classes: &'a [String],
    /// DIMSE operations among the first messages of each side.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    operations: &'a [&'static str],
    /// UID of the software.
    #[serde(skip_serializing_if = "Option::is_none")]
    implementation_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    implementation_version: Option<&'a str>,
    /// Whose `implementation_class` it is, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    maker: Option<&'static str>,
    /// Why the association was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<&'a str>,
}

impl<'a> Detail<'a> {
    pub fn of(detail: &'a FlowDetail) -> Self {
        let interfaces = detail.rpc_interfaces.as_slice();
        Self {
            tls: detail.tls.as_ref().map(Tls::of),
            smb: detail.smb_dialect.map(|dialect| Smb { dialect }),
            dcerpc: (!interfaces.is_empty()).then_some(Dcerpc { interfaces }),
            dicom: detail.dicom.as_ref().map(Dicom::of),
        }
    }
}

impl<'a> Tls<'a> {
    fn of(tls: &'a TlsDetail) -> Self {
        Self {
            sni: tls.server_name.as_deref(),
            client_alpns: &tls.alpn,
            ja4: tls.ja4.as_deref(),
            version: tls.chosen_version.map(version),
            client_version: tls.offered_version.map(version),
            cipher_suite: tls.cipher_suite.map(|number| format!("{number:04x}")),
        }
    }
}

impl<'a> Dicom<'a> {
    fn of(dicom: &'a DicomDetail) -> Self {
        Self {
            calling_ae_title: dicom.calling_ae_title.as_deref(),
            called_ae_title: dicom.called_ae_title.as_deref(),
            sop_classes: &dicom.sop_classes,
            operations: &dicom.operations,
            implementation_class: dicom.implementation_class.as_deref(),
            implementation_version: dicom.implementation_version.as_deref(),
            maker: dicom.maker,
            rejection: dicom.rejection.as_deref(),
        }
    }
}

/// As Suricata writes it.
fn version(number: u16) -> String {
    match number {
        0x0002 => "SSLv2".to_owned(),
        0x0300 => "SSLv3".to_owned(),
        0x0301 => "TLSv1".to_owned(),
        0x0302 => "TLS 1.1".to_owned(),
        0x0303 => "TLS 1.2".to_owned(),
        0x0304 => "TLS 1.3".to_owned(),
        0xfeff => "DTLS 1.0".to_owned(),
        0xfefd => "DTLS 1.2".to_owned(),
        0xfefc => "DTLS 1.3".to_owned(),
        other => format!("0x{other:04x}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn value(detail: &FlowDetail) -> Value {
        serde_json::to_value(Detail::of(detail)).unwrap()
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(value(&FlowDetail::default()), json!({}));
        let server = TlsDetail { chosen_version: Some(0x0303), ..TlsDetail::default() };
        assert_eq!(value(&FlowDetail::of_tls(server)), json!({"tls": {"version": "TLS 1.2"}}));
        let detail = FlowDetail { smb_dialect: Some("3.1.1"), ..FlowDetail::default() };
        assert_eq!(value(&detail), json!({"smb": {"dialect": "3.1.1"}}));
    }

    #[test]
    fn hellos_associations_and_interfaces_read_as_documented() {
        let tls = TlsDetail {
            server_name: Some("pacs.example".to_owned()),
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            ja4: Some("t13d1516h2_8daaf6152771_e5627efa2ab1".to_owned()),
            offered_version: Some(0x0304),
            chosen_version: Some(0x7f17),
            cipher_suite: Some(0x00ff),
        };
        let dicom = DicomDetail {
            calling_ae_title: Some("CT_ROOM_1".to_owned()),
            called_ae_title: Some("PACS_MAIN".to_owned()),
            sop_classes: vec!["Verification".to_owned()],
            implementation_class: Some("2.25.1".to_owned()),
            implementation_version: Some("LAB_1".to_owned()),
            maker: Some("Somebody"),
            rejection: Some("rejected".to_owned()),
            operations: vec!["C-ECHO", "C-STORE"],
        };
        let detail = FlowDetail {
            tls: Some(tls),
            dicom: Some(dicom),
            smb_dialect: None,
            rpc_interfaces: vec!["svcctl".to_owned()],
        };
        let expected = json!({
            "tls": {
                "sni": "pacs.example", "client_alpns": ["h2", "http/1.1"],
                "ja4": "t13d1516h2_8daaf6152771_e5627efa2ab1", "version": "0x7f17",
                "client_version": "TLS 1.3", "cipher_suite": "00ff"
            },
            "dcerpc": {"interfaces": ["svcctl"]},
            "dicom": {
                "calling_ae_title": "CT_ROOM_1", "called_ae_title": "PACS_MAIN",
                "sop_classes": ["Verification"], "operations": ["C-ECHO", "C-STORE"],
                "implementation_class": "2.25.1", "implementation_version": "LAB_1",
                "maker": "Somebody", "rejection": "rejected"
            }
        });
        assert_eq!(value(&detail), expected);
    }
}
