//! Services that take passwords in the clear: Telnet, FTP.

use std::{net::IpAddr, time::Duration};

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Interest, Severity,
        description::{DAY, Description},
        opening::Part,
        reminder::Reminder,
        settings::Parameters,
    },
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(ClearTextAdministration::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-028",
    name: "clear_text_administration",
    title: "Passwords in clear text",
    severity: Severity::Low,
    sees: "A server that answers a client over Telnet or FTP, which send passwords in the clear, or \
           over VNC, which hides little. Once a day for each pair and service.",
    clinical_note: "Analysers, storage and building controls are served so every day. It is a risk \
                    to be planned away, not an incident; whoever can listen has the password.",
    techniques: &["T1040", "T1078.001"],
    parameters: &[],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

const PAIRS: usize = 16_384;
const APPLICATIONS: [Application; 3] = [Application::Telnet, Application::Ftp, Application::Vnc];

#[derive(Debug)]
struct ClearTextAdministration {
    reported: Reminder<(DeviceId, Option<IpAddr>, Application)>,
}

impl ClearTextAdministration {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(DAY, PAIRS) }
    }
}

impl Detector for ClearTextAdministration {
    fn interest(&self) -> Interest {
        Interest::in_applications(&APPLICATIONS)
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let opinion = flow.delta.opinion;
        let is_clear = matches!(
            opinion.application,
            Application::Telnet | Application::Ftp | Application::Vnc
        );
        let is_spoken = is_clear && opinion.evidence == Basis::Confirmed;
        let (true, Part::Responder, Some(server)) = (is_spoken, flow.part, flow.source) else {
            return;
        };
        let client = flow.delta.key.destination_address();
        let at = flow.delta.last_seen;
        if !self.reported.is_due((server, client, opinion.application), at) {
            return;
        }
        let name = opinion.application.name();
        findings.report(Finding {
            device: server,
            severity: None,
            metric: "clear_text_clients",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: format!("is used over {name}, which does not protect passwords"),
            evidence: Evidence::default().peer(client),
            since: flow.delta.first_seen,
            at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{
        fixture::{Draft, tcp},
        rig::Rig,
    };
    use crate::flow::Opinion;

    /// What a server answers.
    fn answer(application: Application, basis: Basis, at: f64) -> Draft {
        let mut draft = tcp(2, 1, 23, 40_000).flags(0x12, 0x1a).at(at);
        draft.delta.opinion = Opinion::of_packet_path(application, basis);
        draft
    }

    #[test]
    fn a_pair_is_told_of_once_a_day_and_service() {
        let mut rig = Rig::new(DETECTION);
        for at in [0.0, 10.0, 86_399.0] {
            rig.flow(2, 1, answer(Application::Telnet, Basis::Confirmed, at));
        }
        rig.flow(2, 1, answer(Application::Ftp, Basis::Confirmed, 10.0));
        let found: Vec<_> = rig.found(86_399.0).iter().map(|each| each.device.0).collect();
        assert_eq!(found, [2, 2]);
        rig.found(86_500.0);
        rig.flow(2, 1, answer(Application::Telnet, Basis::Confirmed, 86_500.0));
        assert_eq!(rig.found(86_500.0).len(), 1);
    }

    #[test]
    fn guesses_by_port_and_services_that_protect_passwords_are_not_told_of() {
        let mut rig = Rig::new(DETECTION);
        rig.flow(2, 1, answer(Application::Telnet, Basis::Port, 0.0));
        rig.flow(2, 1, answer(Application::Ssh, Basis::Confirmed, 0.0));
        assert_eq!(rig.found(0.0), []);
    }
}
