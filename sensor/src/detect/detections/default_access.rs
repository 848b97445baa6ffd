//! Services that let in whoever knows what everybody knows: SNMP communities that devices are shipped
//! with, VNC without a password.

use std::{net::IpAddr, time::Duration};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::{DAY, Description},
        reminder::Reminder,
        settings::Parameters,
    },
    interpret::Message,
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |_: &Parameters| {
        Box::new(DefaultAccess {
            communities: Reminder::every(DAY, PAIRS),
            unprotected: Reminder::every(DAY, PAIRS),
        })
    },
};

static DESCRIPTION: Description = Description {
    id: "WL-028",
    name: "default_access",
    title: "Default community, or no password",
    severity: Severity::Low,
    sees: "A device that answers SNMP under the community public or private (for information: \
           there are many), or one that offers its screen over VNC without a password (of medium \
           severity). Once a day for each pair.",
    clinical_note: "Printers, modalities and building controls are shipped so. Reading public gives \
                    away what the device is; private may let anybody reconfigure it, and an open \
                    screen may let anybody operate it. Ask the maker before anything is changed \
                    on a medical device.",
    techniques: &["T1078.001"],
    parameters: &[],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

const PAIRS: usize = 16_384;
/// RFC 3417 section 3.1.
const SNMP_AGENT: u16 = 161;

#[derive(Debug)]
struct DefaultAccess {
    communities: Reminder<(DeviceId, Option<IpAddr>)>,
    unprotected: Reminder<(DeviceId, Option<IpAddr>)>,
}

impl Detector for DefaultAccess {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let (Some(device), at) = (heard.source, heard.at) else { return };
        let client = heard.key.destination_address();
        let is_agent = heard.key.source_port() == SNMP_AGENT;
        let (reported, severity, metric, sentence) = match heard.message {
            Message::DefaultCommunity if is_agent => (
                &mut self.communities,
                Some(Severity::Info),
                "default_communities",
                "answers SNMP under a community that devices are shipped with",
            ),
            Message::Unauthenticated { .. } => (
                &mut self.unprotected,
                Some(Severity::Medium),
                "unprotected_services",
                "offers its screen over VNC without a password",
            ),
            _ => return,
        };
        if !reported.is_due((device, client), at) {
            return;
        }
        findings.report(Finding {
            device,
            severity,
            metric,
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: sentence.to_owned(),
            evidence: Evidence::default().peer(client),
            since: at,
            at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.communities.overflowed() + self.unprotected.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Application;

    use super::*;
    use crate::detect::rig::Rig;

    #[test]
    fn an_agent_that_answers_and_an_open_screen_are_told_of_once_a_day() {
        let mut rig = Rig::new(DETECTION);
        let screen = Message::Unauthenticated { service: Application::Vnc };
        for _ in 0..3 {
            rig.hear((2, 161), (1, 40_000), 0.0, Message::DefaultCommunity);
            rig.hear((3, 5900), (1, 40_000), 0.0, screen.clone());
        }
        let found = rig.found(1.0);
        let told: Vec<_> = found.iter().map(|each| (each.device.0, each.severity)).collect();
        assert_eq!(told, [(2, Some(Severity::Info)), (3, Some(Severity::Medium))]);
    }

    #[test]
    fn who_only_asks_is_not() {
        let mut rig = Rig::new(DETECTION);
        rig.hear((1, 40_000), (2, 161), 0.0, Message::DefaultCommunity);
        assert_eq!(rig.found(1.0), []);
    }
}
