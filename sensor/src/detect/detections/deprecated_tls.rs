//! Conversations that agree on a version of TLS that is deprecated.

use std::{net::IpAddr, time::Duration};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        description::{DAY, Description},
        reminder::Reminder,
        settings::Parameters,
    },
    flow::FlowRecord,
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DeprecatedTls::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-029",
    name: "deprecated_tls",
    title: "Deprecated version of TLS",
    severity: Severity::Low,
    sees: "A server that chooses a version of TLS before 1.2, or of DTLS before 1.2, which RFC 8996 \
           deprecates. Once a day for each pair, when the conversation ends.",
    clinical_note: "Older modalities and gateways know nothing newer. It is a risk to be planned \
                    away; do not switch the version off on a server before every device that \
                    needs it is known.",
    techniques: &["T1557", "T1040"],
    parameters: &[],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

const PAIRS: usize = 16_384;

#[derive(Debug)]
struct DeprecatedTls {
    reported: Reminder<(DeviceId, Option<IpAddr>)>,
}

impl DeprecatedTls {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(DAY, PAIRS) }
    }
}

/// The name of a version that RFC 8996 or RFC 7568 deprecates.
const fn deprecated(version: u16) -> Option<&'static str> {
    match version {
        0x0300 => Some("SSL 3.0"),
        0x0301 => Some("TLS 1.0"),
        0x0302 => Some("TLS 1.1"),
        0xfeff => Some("DTLS 1.0"),
        _ => None,
    }
}

impl Detector for DeprecatedTls {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, findings: &mut Findings) {
        let tls = record.detail.as_ref().and_then(|detail| detail.tls.as_ref());
        let Some(version) = tls.and_then(|tls| tls.chosen_version).and_then(deprecated) else {
            return;
        };
        // Of a server outside, the client is the device that can be helped.
        let (device, peer) = match (record.responder_device, record.initiator_device) {
            (Some(server), _) => (server, record.initiator),
            (None, Some(client)) => (client, record.responder),
            (None, None) => return,
        };
        if !self.reported.is_due((device, peer), record.end) {
            return;
        }
        findings.report(Finding {
            device,
            severity: None,
            metric: "deprecated_tls_peers",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: format!("speaks {version}, which is deprecated"),
            evidence: Evidence::default().peer(peer),
            since: record.start,
            at: record.end,
        });
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        detect::rig::Rig,
        flow::fixture,
        interpret::{FlowDetail, detail::TlsDetail},
    };

    fn spoken(version: u16) -> FlowRecord {
        let tls = TlsDetail { chosen_version: Some(version), ..TlsDetail::default() };
        let detail = Some(Box::new(FlowDetail::of_tls(tls)));
        FlowRecord { detail, responder_device: Some(DeviceId(2)), ..fixture::record() }
    }

    #[test]
    fn what_was_chosen_counts_once_a_day() {
        for version in [0x0300, 0x0301, 0x0302, 0xfeff] {
            let mut rig = Rig::new(DETECTION);
            rig.record(&spoken(version));
            rig.record(&spoken(version));
            let found: Vec<_> = rig.found(3.0).iter().map(|each| each.device.0).collect();
            assert_eq!(found, [2], "{version:x}");
        }
    }

    #[test]
    fn versions_in_force_and_offers_alone_are_nothing() {
        let mut rig = Rig::new(DETECTION);
        for version in [0x0303, 0x0304, 0xfefd, 0xfefc] {
            rig.record(&spoken(version));
        }
        let offered = TlsDetail { offered_version: Some(0x0301), ..TlsDetail::default() };
        let detail = Some(Box::new(FlowDetail::of_tls(offered)));
        rig.record(&FlowRecord { detail, ..spoken(0x0303) });
        assert_eq!(rig.found(3.0), []);
    }
}
