//! Remote control and file services that answer somebody outside, or a guest.

use std::{net::IpAddr, time::Duration};

use sensor_common::{
    application::Application,
    wire::transport::{
        protocol,
        tcp_flags::{ACK, PSH, SYN},
    },
};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Interest, Severity,
        description::{Description, HOUR},
        reminder::Reminder,
        settings::Parameters,
    },
    inventory::DeviceId,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(RemoteAccessExposed::new(parameters)),
};

/// Pairs of server and client.
const PAIRS: usize = 16_384;
/// The role of devices that are not the hospital's.
const GUEST: &str = "guest";

static DESCRIPTION: Description = Description {
    id: "WL-046",
    name: "remote_access_exposed",
    title: "Remote access answers outsiders",
    severity: Severity::High,
    sees: "A device of the site that accepts a connection of RDP, VNC, telnet or SMB from an address \
           outside the site, or from a device of role `guest`, and sends data over it. Refused \
           attempts do not count.",
    clinical_note: "This is how most ransomware gets into hospitals. If it is a supplier's remote \
                    maintenance, it belongs behind a VPN. Close the port at the edge first, which \
                    disturbs no treatment; then look who logged in on the device. Do not switch a \
                    modality off while it is in use.",
    techniques: &["T1133", "T0883"],
    parameters: &[],
    excused_roles: &["remote_support"],
    clears_after: Duration::from_secs(24 * 3600),
};

const fn gives_access(application: Application) -> bool {
    matches!(
        application,
        Application::Rdp
            | Application::Vnc
            | Application::Telnet
            | Application::Smb1
            | Application::Smb2
    )
}

#[derive(Debug)]
struct RemoteAccessExposed {
    reported: Reminder<(DeviceId, IpAddr)>,
}

impl RemoteAccessExposed {
    fn new(_: &Parameters) -> Self {
        Self { reported: Reminder::every(HOUR, PAIRS) }
    }
}

impl Detector for RemoteAccessExposed {
    fn interest(&self) -> Interest {
        Interest::TCP
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let delta = flow.delta;
        let accepts = delta.key.protocol() == protocol::TCP
            && delta.first_tcp_flags & (SYN | ACK) == SYN | ACK
            && delta.tcp_flags & PSH != 0;
        if !accepts || !gives_access(delta.opinion.application) {
            return;
        }
        let (Some(server), Some(address), Some(client)) =
            (flow.source, delta.key.source_address(), delta.key.destination_address())
        else {
            return;
        };
        let is_guest = flow.destination.is_some_and(|client| estate.has_role(client, GUEST));
        let is_external = estate.is_internal(address) && !estate.is_internal(client);
        if !is_guest && !is_external || estate.has_role(server, GUEST) {
            return;
        }
        let at = delta.last_seen;
        if self.reported.is_due((server, client), at) {
            let name = delta.opinion.application.name();
            let who = if is_external { "an address outside the site" } else { "a guest's device" };
            let sentence = format!("accepts {name} from {who}");
            let mut finding = Finding::of_event(server, "connections", at, &sentence);
            finding.since = delta.first_seen;
            finding.evidence.add_peers([client]);
            findings.report(finding);
        }
    }

    fn overflowed(&self) -> u64 {
        self.reported.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Evidence as Basis;

    use super::*;
    use crate::detect::trial::*;

    fn rdp(from: &str, to: &str) -> Talk {
        talk(from, to).tcp(3389).speaks(Application::Rdp, Basis::Confirmed)
    }

    #[test]
    fn an_answer_to_the_outside_is_about_the_device_that_gives_it() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.forward(rdp("203.0.113.9", "10.20.0.7")).is_empty(), "asked, not answered");
        let found = trial.reply(rdp("203.0.113.9", "10.20.0.7"));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.7"));
        assert_eq!(found[0].evidence.peers, ["203.0.113.9".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn a_refusal_is_none() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let mut refused = rdp("203.0.113.9", "10.20.0.7").delta(true);
        refused.first_tcp_flags = ACK | 4;
        refused.tcp_flags = ACK | 4;
        assert!(trial.flow(refused).is_empty());
        let mut silent = rdp("203.0.113.9", "10.20.0.7").delta(true);
        silent.tcp_flags = SYN | ACK;
        assert!(trial.flow(silent).is_empty());
    }

    #[test]
    fn colleagues_and_servers_outside_are_no_matter() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.reply(rdp("10.20.0.8", "10.20.0.7")).is_empty());
        assert!(trial.reply(rdp("10.20.0.8", "203.0.113.9")).is_empty());
        let https = talk("203.0.113.9", "10.20.0.7").speaks(Application::Tls, Basis::Confirmed);
        assert!(trial.reply(https).is_empty());
    }

    #[test]
    fn a_guest_is_as_good_as_outside_but_may_visit_other_guests() {
        let mut trial = Trial::new(&DETECTION, &[]).role("guest", "10.20.0.4/30");
        let found = trial.reply(rdp("10.20.0.5", "10.20.0.8"));
        assert!(found[0].sentence.contains("guest"));
        assert!(trial.reply(rdp("10.20.0.5", "10.20.0.6")).is_empty());
    }
}
