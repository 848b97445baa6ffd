//! Services of infusion pumps that advisories warn of, used by somebody.
//!
//! Baxter Sigma Spectrum's wireless battery module answers FTP and telnet with built-in passwords
//! (CISA ICSMA-20-170-04, ICSMA-22-251-01; Rapid7). BD Alaris PC units and their Systems Manager speak
//! over TCP port 3613 (alaris-disc, IANA) and trust who answers (CVE-2020-25165, BD bulletin of
//! 2020-11-12).

use std::{net::IpAddr, time::Duration};

use sensor_common::{
    application::Application,
    wire::transport::{
        protocol,
        tcp_flags::{ACK, SYN},
    },
};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Interest, Severity,
        description::{Description, HOUR},
        learning,
        learning::Routine,
        opening::Part,
        reminder::Reminder,
        settings::Parameters,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(PumpService::new(parameters)),
};

const PAIRS: usize = 16_384;
const ALARIS: u16 = 3613;
/// FTP, telnet, and the telnet port of the battery module.
const SERVICES: [u16; 3] = [21, 23, 1023];
/// In the names of vendors, in small letters.
const BAXTER: [&str; 1] = ["baxter"];
const BD: [&str; 4] = ["alaris", "carefusion", "becton", "cardinal health"];

static DESCRIPTION: Description = Description {
    id: "WL-042",
    name: "pump_service_in_use",
    title: "Vulnerable service of an infusion pump in use",
    severity: Severity::High,
    sees: "A device with a network card registered to Baxter that accepts FTP or telnet (ports 21, \
           23, 1023); after the learning period, a device with a card registered to BD, CareFusion or \
           Alaris that speaks over TCP port 3613 with a peer that is new to it, or in any case with \
           one outside the site. Cards of these makers are in other products too, and pumps with a \
           card of a network module's maker are not seen.",
    clinical_note: "The pump goes on infusing; what can be changed over these services is its \
                    network configuration and, on some, its drug library. Usual causes: bench work \
                    by clinical engineering, a moved or replaced pump server. Do not switch the pump \
                    off: ask clinical engineering, and have the pump swapped when its infusion ends.",
    techniques: &["T0812"],
    parameters: &[learning::PARAMETER],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Debug)]
struct PumpService {
    accepted: Reminder<(DeviceId, Option<IpAddr>)>,
    servers: Routine<(DeviceId, IpAddr)>,
}

impl PumpService {
    fn new(parameters: &Parameters) -> Self {
        let learning_period = parameters.duration(learning::PARAMETER.name);
        Self {
            accepted: Reminder::every(HOUR, PAIRS),
            servers: Routine::new(learning_period, PAIRS),
        }
    }
}

fn is_by(device: DeviceId, makers: &[&str], estate: &Estate<'_>) -> bool {
    let vendor = estate.device(device).and_then(|device| device.vendor.as_deref());
    vendor.is_some_and(|vendor| {
        let vendor = vendor.to_lowercase();
        makers.iter().any(|maker| vendor.contains(maker))
    })
}

impl Detector for PumpService {
    fn interest(&self) -> Interest {
        Interest::TCP
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let key = &flow.delta.key;
        let (true, Some(device), Some(peer)) =
            (key.protocol() == protocol::TCP, flow.source, key.destination_address())
        else {
            return;
        };
        let at = flow.delta.last_seen;
        let is_answer =
            flow.part == Part::Responder && flow.delta.first_tcp_flags & (SYN | ACK) == SYN | ACK;
        let is_service = SERVICES.contains(&key.source_port())
            || matches!(flow.delta.opinion.application, Application::Ftp | Application::Telnet);
        let is_alaris = key.source_port() == ALARIS || key.destination_port() == ALARIS;
        let sentence = if is_answer && is_service && is_by(device, &BAXTER, estate) {
            if !self.accepted.is_due((device, Some(peer)), at) {
                return;
            }
            "accepts FTP or telnet, for which its maker's pumps have built-in passwords"
        } else if is_alaris && is_by(device, &BD, estate) {
            let is_outside = !estate.is_internal(peer);
            let is_news = self.servers.is_news((device, peer), at);
            let is_due = is_outside && self.accepted.is_due((device, Some(peer)), at);
            if !is_news && !is_due {
                return;
            }
            "speaks over the pump server's port with a peer that is new to it or outside the site"
        } else {
            return;
        };
        let mut finding = Finding::of_event(device, "connections", at, sentence);
        finding.since = flow.delta.first_seen;
        finding.evidence.add_peers([peer]);
        findings.report(finding);
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.servers.advance(now);
    }

    fn overflowed(&self) -> u64 {
        self.accepted.overflowed() + self.servers.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    const LATE: f64 = 15.0 * 86_400.0;
    const PUMP: &str = "10.20.0.99";
    const BAXTER_CARD: u64 = 0x5842_e400_0001;
    const ALARIS_CARD: u64 = 0x00d0_7500_0001;

    #[test]
    fn a_pump_that_accepts_telnet_is_reported_and_one_that_refuses_is_not() {
        for port in SERVICES {
            let mut trial = Trial::new(&DETECTION, &[]).station(BAXTER_CARD, PUMP);
            let asked = talk("10.20.0.1", PUMP).tcp(port);
            assert!(trial.forward(asked).is_empty());
            let mut refused = asked.delta(true);
            refused.first_tcp_flags = ACK | 4;
            assert!(trial.flow(refused).is_empty());
            assert_eq!(Some(trial.reply(asked)[0].device), trial.id(PUMP));
        }
    }

    #[test]
    fn other_ports_and_other_makers_are_no_matter() {
        let mut trial = Trial::new(&DETECTION, &[]).station(BAXTER_CARD, PUMP);
        assert!(trial.reply(talk("10.20.0.1", PUMP).tcp(443)).is_empty());
        assert!(trial.reply(talk("10.20.0.1", "10.20.0.2").tcp(23)).is_empty());
    }

    #[test]
    fn an_alaris_pump_learns_its_server() {
        let mut trial = Trial::new(&DETECTION, &[]).station(ALARIS_CARD, PUMP);
        let server = |address, at| talk(PUMP, address).tcp(ALARIS).at(at);
        assert!(trial.forward(server("10.20.0.1", 0.0)).is_empty());
        assert!(trial.forward(server("10.20.0.1", LATE)).is_empty());
        assert_eq!(trial.forward(server("10.20.0.2", LATE)).len(), 1);
        assert!(trial.forward(talk(PUMP, "10.20.0.3").tcp(3614).at(LATE)).is_empty());
    }

    #[test]
    fn an_alaris_pump_has_no_server_outside_even_in_the_learning_period() {
        let mut trial = Trial::new(&DETECTION, &[]).station(ALARIS_CARD, PUMP);
        assert_eq!(trial.forward(talk(PUMP, "203.0.113.9").tcp(ALARIS)).len(), 1);
    }
}
