//! What the messages of one flow say of it, in the standard's words, without payload.

/// Names kept of one kind: presentation contexts, operations, interfaces.
const MOST: usize = 8;

/// Each part as last heard; names are printable and bounded, whoever sent them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlowDetail {
    pub tls: Option<TlsDetail>,
    pub dicom: Option<DicomDetail>,
    /// The dialect of SMB that the server chose.
    pub smb_dialect: Option<&'static str>,
    /// Interfaces that were bound over DCE/RPC, by name or UUID.
    pub rpc_interfaces: Vec<String>,
}

/// A hello of TLS, or of TLS within QUIC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsDetail {
    pub server_name: Option<String>,
    pub alpn: Vec<String>,
    /// Fingerprint of the client's hello.
    pub ja4: Option<String>,
    /// The highest version that the client offers, and the one that the server chose (RFC 8446
    /// section 4.2.1 numbers).
    pub offered_version: Option<u16>,
    pub chosen_version: Option<u16>,
    pub cipher_suite: Option<u16>,
}

/// A DICOM association (PS3.8 section 9.3) and what was done over it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DicomDetail {
    pub calling_ae_title: Option<String>,
    pub called_ae_title: Option<String>,
    /// Abstract syntaxes that were proposed: the name of the SOP class, or the UID.
    pub sop_classes: Vec<String>,
    pub implementation_class: Option<String>,
    pub implementation_version: Option<String>,
    /// Who makes the implementation, by its UID.
    pub maker: Option<&'static str>,
    /// Why the association was refused.
    pub rejection: Option<String>,
    /// DIMSE operations (PS3.7 section 9.1), such as `C-STORE`.
    pub operations: Vec<&'static str>,
}

impl FlowDetail {
    pub fn of_tls(tls: TlsDetail) -> Self {
        Self { tls: Some(tls), ..Self::default() }
    }

    pub fn of_dicom(dicom: DicomDetail) -> Self {
        Self { dicom: Some(dicom), ..Self::default() }
    }

    /// Adds what another message of the same flow said; of two words on one thing the later counts.
    pub fn add(&mut self, later: Self) {
        if let Some(later) = later.tls {
            self.tls.get_or_insert_default().add(later);
        }
        if let Some(later) = later.dicom {
            self.dicom.get_or_insert_default().add(later);
        }
        replace(&mut self.smb_dialect, later.smb_dialect);
        extend(&mut self.rpc_interfaces, later.rpc_interfaces);
    }
}

impl TlsDetail {
    fn add(&mut self, later: Self) {
        replace(&mut self.server_name, later.server_name);
        if !later.alpn.is_empty() {
            self.alpn = later.alpn;
            self.alpn.truncate(MOST);
        }
        replace(&mut self.ja4, later.ja4);
        replace(&mut self.offered_version, later.offered_version);
        replace(&mut self.chosen_version, later.chosen_version);
        replace(&mut self.cipher_suite, later.cipher_suite);
    }
}

impl DicomDetail {
    fn add(&mut self, later: Self) {
        replace(&mut self.calling_ae_title, later.calling_ae_title);
        replace(&mut self.called_ae_title, later.called_ae_title);
        extend(&mut self.sop_classes, later.sop_classes);
        replace(&mut self.implementation_class, later.implementation_class);
        replace(&mut self.implementation_version, later.implementation_version);
        replace(&mut self.maker, later.maker);
        replace(&mut self.rejection, later.rejection);
        extend(&mut self.operations, later.operations);
    }
}

fn replace<T>(present: &mut Option<T>, later: Option<T>) {
    if later.is_some() {
        *present = later;
    }
}

/// Adds what is not there yet, as far as there is room.
fn extend<T: PartialEq>(present: &mut Vec<T>, later: Vec<T>) {
    for item in later {
        if present.len() < MOST && !present.contains(&item) {
            present.push(item);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_message_adds_and_does_not_erase() {
        let mut detail = FlowDetail::of_tls(TlsDetail {
            server_name: Some("pacs.example".into()),
            offered_version: Some(0x0304),
            ..TlsDetail::default()
        });
        let server = TlsDetail { chosen_version: Some(0x0303), ..TlsDetail::default() };
        detail.add(FlowDetail::of_tls(server));
        let tls = detail.tls.clone().unwrap();
        assert_eq!(tls.server_name.as_deref(), Some("pacs.example"));
        assert_eq!((tls.offered_version, tls.chosen_version), (Some(0x0304), Some(0x0303)));
        let dicom = DicomDetail { operations: vec!["C-ECHO"], ..DicomDetail::default() };
        detail.add(FlowDetail::of_dicom(dicom));
        assert!(detail.tls.is_some() && detail.dicom.is_some());
    }

    #[test]
    fn lists_are_bounded_and_without_repetition() {
        let mut detail = FlowDetail::default();
        for round in 0..2 {
            for index in 0..20 {
                let rpc_interfaces = vec![format!("{index}")];
                detail.add(FlowDetail { rpc_interfaces, ..FlowDetail::default() });
            }
            assert_eq!(detail.rpc_interfaces.len(), MOST, "{round}");
        }
        // Those of the first message too.
        let sop_classes = (0..40).map(|index| format!("{}", index / 2)).collect();
        let mut detail = FlowDetail::default();
        detail.add(FlowDetail::of_dicom(DicomDetail { sop_classes, ..DicomDetail::default() }));
        let sop_classes = detail.dicom.unwrap().sop_classes;
        assert_eq!(sop_classes, ["0", "1", "2", "3", "4", "5", "6", "7"]);
    }
}
