//! A medical device that turns to an address outside which it never called before.

use std::net::IpAddr;
use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Interest, Severity, border::Passage,
        description::Description, learning, learning::Routine, opening::Part, settings::Parameters,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(FirstDestination::new(parameters)),
};

/// Pairs of device and network.
const PAIRS: usize = 32_768;
const ROLES: [&str; 2] = ["medical", "life_critical"];

static DESCRIPTION: Description = Description {
    id: "WL-030",
    name: "medical_device_new_destination",
    title: "Medical device calls a new address outside",
    severity: Severity::Medium,
    sees: "A device of role `medical` or `life_critical` that opens a conversation with a network \
           outside the site (the first 24 bits of an IPv4 address, 48 of an IPv6 address) to which it \
           opened none since the agent was started. Once for each device and network; high for \
           `life_critical`. What is learned is kept in memory: a start of the agent begins the \
           learning period anew.",
    clinical_note: "Medical devices talk to few addresses outside, and those are their makers'. A new \
                    one may be the maker's new cloud, an update, a service engineer, or a device that \
                    was taken over. Ask clinical engineering and the maker before anything is \
                    blocked.",
    techniques: &["T1071", "T1041"],
    parameters: &[learning::PARAMETER],
    excused_roles: &[],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Debug)]
struct FirstDestination {
    destinations: Routine<(DeviceId, IpAddr)>,
}

impl FirstDestination {
    fn new(parameters: &Parameters) -> Self {
        let learning_period = parameters.duration(learning::PARAMETER.name);
        Self { destinations: Routine::new(learning_period, PAIRS) }
    }
}

/// The network that counts as one destination: services move within theirs.
fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4((address.to_bits() & !0xff).into()),
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !0 << 80).into()),
    }
}

impl Detector for FirstDestination {
    fn interest(&self) -> Interest {
        Interest::OPENINGS
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        if !flow.delta.is_new || flow.part != Part::Initiator {
            return;
        }
        let Some(passage) = Passage::of(flow, estate).filter(|passage| passage.is_leaving) else {
            return;
        };
        let Some(device) = passage.device else { return };
        let Some(role) = ROLES.iter().rfind(|role| estate.has_role(device, role)) else { return };
        let at = flow.delta.first_seen;
        if self.destinations.is_news((device, network_of(passage.outside)), at) {
            let sentence =
                "opens a conversation with a network outside that it never called before";
            let mut finding = Finding::of_event(device, "new_destinations", at, sentence);
            finding.severity = (*role == "life_critical").then_some(Severity::High);
            finding.evidence.add_peers([passage.outside]);
            let port = flow.delta.key.destination_port();
            finding.evidence = finding.evidence.number("destination_port", f64::from(port));
            findings.report(finding);
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.destinations.advance(now);
    }

    fn overflowed(&self) -> u64 {
        self.destinations.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    const DAY: f64 = 86_400.0;

    fn trial() -> Trial {
        Trial::new(&DETECTION, &[])
            .role("medical", "10.20.0.4/31")
            .role("life_critical", "10.20.0.5")
    }

    #[test]
    fn what_was_called_in_the_learning_period_may_be_called_after_it() {
        let mut trial = trial();
        assert!(trial.forward(talk("10.20.0.4", "203.0.113.9")).is_empty());
        assert!(trial.forward(talk("10.20.0.4", "198.51.100.9").at(13.99 * DAY)).is_empty());
        assert!(trial.forward(talk("10.20.0.4", "203.0.113.77").at(15.0 * DAY)).is_empty());
        let found = trial.forward(talk("10.20.0.4", "192.0.2.1").at(14.0 * DAY));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.4"));
        assert_eq!(found[0].severity, None);
        assert!(trial.forward(talk("10.20.0.4", "192.0.2.1").at(14.1 * DAY)).is_empty(), "once");
    }

    #[test]
    fn each_device_learns_for_itself_and_life_critical_ones_are_worse() {
        let mut trial = trial();
        trial.forward(talk("10.20.0.4", "203.0.113.9"));
        let found = trial.forward(talk("10.20.0.5", "203.0.113.9").at(15.0 * DAY));
        assert_eq!(found[0].severity, Some(Severity::High));
    }

    #[test]
    fn other_devices_answers_and_inner_destinations_are_no_matter() {
        let mut trial = trial();
        trial.advance(0.0);
        let late = 15.0 * DAY;
        assert!(trial.forward(talk("10.20.0.7", "192.0.2.1").at(late)).is_empty());
        assert!(trial.forward(talk("10.20.0.4", "10.99.0.1").at(late)).is_empty());
        assert!(trial.reply(talk("192.0.2.1", "10.20.0.4").at(late)).is_empty());
    }

    #[test]
    fn addresses_of_one_network_are_one_destination() {
        let same = |left: &str, right: &str| {
            network_of(left.parse().unwrap()) == network_of(right.parse().unwrap())
        };
        assert!(same("192.0.2.1", "192.0.2.254"));
        assert!(!same("192.0.2.1", "192.0.3.1"));
        assert!(same("2001:db8:1:2::3", "2001:db8:1:9::3"));
        assert!(!same("2001:db8:1::3", "2001:db8:2::3"));
    }
}
