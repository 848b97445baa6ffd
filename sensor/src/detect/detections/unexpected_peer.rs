//! Clinical interfaces that are used by somebody new: HL7, and what analysers speak.
//!
//! An interface is a client and the server that it sends to; who was a client in the learning
//! period goes on being one.

use std::net::IpAddr;

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Interest, Severity,
        description::{DAY, Description},
        learning,
        learning::Routine,
        opening::Part,
        settings::Parameters,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const HL7: Detection = Detection {
    description: &OF_HL7,
    detector: |parameters| Box::new(UnexpectedPeer::new(&[Application::Hl7], parameters)),
};

pub const LABORATORY: Detection = Detection {
    description: &OF_LABORATORY,
    detector: |parameters| {
        let applications = &[Application::Astm, Application::Poct1a];
        Box::new(UnexpectedPeer::new(applications, parameters))
    },
};

/// Pairs of client and server.
const PAIRS: usize = 16_384;
static OF_HL7: Description = Description {
    id: "WL-038",
    name: "hl7_unexpected_peer",
    title: "HL7 from an unexpected peer",
    severity: Severity::Medium,
    sees: "A device that opens an HL7 connection to a server to which it opened none since the agent \
           was started. Once for each pair. Message types and the names in a message's header are \
           not looked at. What is learned is kept in memory: a start of the agent begins the \
           learning period anew.",
    clinical_note: "Whoever can speak HL7 to an interface engine or a laboratory system can enter \
                    orders and results for any patient. Usual causes: a new interface, a replaced \
                    server, a failover of the interface engine to another address. Ask the \
                    interface team whether they know the peer, before results from it are used.",
    techniques: &["T1565.002", "T0830"],
    parameters: &[learning::PARAMETER],
    excused_roles: &["interface_engine"],
    clears_after: DAY,
};

static OF_LABORATORY: Description = Description {
    id: "WL-039",
    name: "laboratory_unexpected_peer",
    title: "Analyser interface used by an unexpected peer",
    severity: Severity::Medium,
    sees: "A device that opens an ASTM or POCT1-A connection to one to which it opened none since \
           the agent was started. Once for each pair. Analysers' identifiers, and aborted or \
           unsolicited messages, are not looked at. What is learned is kept in memory: a start of \
           the agent begins the learning period anew.",
    clinical_note: "Results of analysers and bedside meters can be changed or invented over these \
                    protocols, which know no login. Usual causes: a new analyser, a replaced \
                    computer of the laboratory. Ask the laboratory whether they know the peer.",
    techniques: &["T0830", "T0831"],
    parameters: &[learning::PARAMETER],
    excused_roles: &["interface_engine"],
    clears_after: DAY,
};

#[derive(Debug)]
struct UnexpectedPeer {
    applications: &'static [Application],
    pairs: Routine<(DeviceId, IpAddr)>,
}

impl UnexpectedPeer {
    fn new(applications: &'static [Application], parameters: &Parameters) -> Self {
        let learning_period = parameters.duration(learning::PARAMETER.name);
        Self { applications, pairs: Routine::new(learning_period, PAIRS) }
    }
}

impl Detector for UnexpectedPeer {
    fn interest(&self) -> Interest {
        Interest::in_applications(self.applications)
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let opinion = flow.delta.opinion;
        let is_concerned = flow.part == Part::Initiator
            && opinion.evidence >= Basis::Likely
            && self.applications.contains(&opinion.application);
        let (true, Some(client), Some(server)) =
            (is_concerned, flow.source, flow.delta.key.destination_address())
        else {
            return;
        };
        let at = flow.delta.last_seen;
        if self.pairs.is_news((client, server), at) {
            let name = opinion.application.name();
            let sentence = format!("opens a connection of {name} to a peer that is new to it");
            let mut finding = Finding::of_event(client, "new_peers", at, &sentence);
            finding.since = flow.delta.first_seen;
            finding.evidence.add_peers([server]);
            findings.report(finding);
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.pairs.advance(now);
    }

    fn overflowed(&self) -> u64 {
        self.pairs.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    const LATE: f64 = 15.0 * 86_400.0;

    fn hl7(from: &str, to: &str) -> Talk {
        talk(from, to).tcp(2575).speaks(Application::Hl7, Basis::Confirmed)
    }

    #[test]
    fn a_pair_that_was_not_learned_is_reported_once() {
        let mut trial = Trial::new(&HL7, &[]);
        assert!(trial.forward(hl7("10.20.0.1", "10.20.0.9")).is_empty());
        assert!(trial.forward(hl7("10.20.0.1", "10.20.0.9").at(LATE)).is_empty());
        let found = trial.forward(hl7("10.20.0.2", "10.20.0.9").at(LATE));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.2"));
        assert!(trial.forward(hl7("10.20.0.2", "10.20.0.9").at(LATE + 1.0)).is_empty());
        assert_eq!(trial.forward(hl7("10.20.0.1", "10.20.0.8").at(LATE)).len(), 1);
    }

    #[test]
    fn forty_wards_that_were_learned_stay_silent() {
        let mut trial = Trial::new(&HL7, &[]).with_devices(50);
        for at in [0.0, 1.0, LATE, LATE + 1.0] {
            for host in 1..=40 {
                let ward = format!("10.20.0.{host}");
                assert!(trial.forward(hl7(&ward, "10.20.0.50").at(at)).is_empty());
            }
        }
    }

    #[test]
    fn answers_guesses_and_other_applications_are_no_matter() {
        let mut trial = Trial::new(&HL7, &[("learning_period", 0.0)]);
        assert!(trial.reply(hl7("10.20.0.1", "10.20.0.9")).is_empty());
        let guess = hl7("10.20.0.1", "10.20.0.9").speaks(Application::Hl7, Basis::Port);
        assert!(trial.forward(guess).is_empty());
        let astm = hl7("10.20.0.1", "10.20.0.9").speaks(Application::Astm, Basis::Confirmed);
        assert!(trial.forward(astm).is_empty());
        assert_eq!(Trial::new(&LABORATORY, &[("learning_period", 0.0)]).forward(astm).len(), 1);
    }
}
