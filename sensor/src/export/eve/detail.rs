//! What the messages of a flow say of it, in Suricata's names where it has one.

use serde::Serialize;

use crate::interpret::{
    FlowDetail,
    detail::{DicomDetail, TlsDetail},
};

#[derive(Serialize)]
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

#[derive(Serialize)]
struct Tls<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sni: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    client_alpns: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    ja4: Option<&'a str>,
    /// Chosen by the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// The highest that the client offers.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_version: Option<String>,
    /// Four hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    cipher_suite: Option<String>,
}

#[derive(Serialize)]
struct Smb {
    dialect: &'static str,
}

#[derive(Serialize)]
struct Dcerpc<'a> {
    interfaces: &'a [String],
}

#[derive(Serialize)]
struct Dicom<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    calling_ae_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    called_ae_title: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    sop_classes: &'a [String],
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    operations: &'a [&'static str],
    #[serde(skip_serializing_if = "Option::is_none")]
    implementation_class: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    implementation_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maker: Option<&'static str>,
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
