//! Writes to controllers of buildings and plants by somebody who never wrote there.

use std::{net::IpAddr, time::Duration};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, Heard, Interest, Severity,
        description::{Description, HOUR},
        learning,
        learning::Routine,
        reminder::Reminder,
        settings::Parameters,
    },
    interpret::Message,
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(BuildingWrite::new(parameters)),
};

/// Pairs of ends, with what is written.
const PAIRS: usize = 16_384;

static DESCRIPTION: Description = Description {
    id: "WL-044",
    name: "building_write",
    title: "Unexpected write to building controls",
    severity: Severity::Medium,
    sees: "A device that asks a controller to change something, over Modbus, BACnet, S7 or KNX, with a \
           function that it did not use towards this controller since the agent was started. Once \
           for each pair and function; high if the function stops, restarts or programs the \
           controller. From outside the site it is high at once, also while it is learned. What is \
           written is not looked at. What is learned is kept in memory: a start of the agent begins \
           the learning period anew.",
    clinical_note: "Building controls keep operating theatres under pressure, isolation rooms under \
                    suction, pharmacies cold and medical gases flowing. Usual causes: an engineer's \
                    laptop, a new head-end station. Call the facilities' control room first: they \
                    see whether something moved. Do not cut a controller off; it may stop in an \
                    unsafe state.",
    techniques: &["T0855", "T0836", "T0816"],
    parameters: &[learning::PARAMETER],
    excused_roles: &["building_engineering"],
    clears_after: Duration::from_secs(24 * 3600),
};

/// By the names of the standards (`interpret::control`).
const GRAVE: [&str; 9] = [
    "DeviceCommunicationControl",
    "ReinitializeDevice",
    "Memory_Write",
    "Restart",
    "request download",
    "download block",
    "download ended",
    "program invocation",
    "stop",
];

/// The ends in order of address, so that an answer that repeats its request is of the same pair.
type Pair = (IpAddr, IpAddr, &'static str);

#[derive(Debug)]
struct BuildingWrite {
    pairs: Routine<Pair>,
    from_outside: Reminder<(DeviceId, IpAddr)>,
}

impl BuildingWrite {
    fn new(parameters: &Parameters) -> Self {
        let learning_period = parameters.duration(learning::PARAMETER.name);
        Self {
            pairs: Routine::new(learning_period, PAIRS),
            from_outside: Reminder::every(HOUR, PAIRS),
        }
    }
}

impl Detector for BuildingWrite {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let &Message::ControlWrite { protocol, function } = heard.message else { return };
        let (Some(writer), Some(controller), Some(device)) =
            (heard.key.source_address(), heard.key.destination_address(), heard.source)
        else {
            return;
        };
        let at = heard.at;
        let pair = (writer.min(controller), writer.max(controller), function);
        let is_outside = !estate.is_internal(writer) && estate.is_internal(controller);
        let is_news = self.pairs.is_news(pair, at);
        let is_due = is_outside && self.from_outside.is_due((device, controller), at);
        if !is_news && !is_due {
            return;
        }
        let name = protocol.name();
        let sentence = if is_outside {
            format!("writes to a controller of the site from outside ({name}: {function})")
        } else {
            format!("writes to a controller as never before ({name}: {function})")
        };
        let mut finding = Finding::of_event(device, "writes", at, &sentence);
        let is_grave = is_outside || GRAVE.contains(&function);
        finding.severity = is_grave.then_some(Severity::High);
        finding.evidence.add_peers([controller]);
        findings.report(finding);
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.pairs.advance(now);
    }

    fn overflowed(&self) -> u64 {
        self.pairs.overflowed() + self.from_outside.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use sensor_common::application::Application;

    use super::*;
    use crate::detect::trial::*;

    const LATE: f64 = 15.0 * 86_400.0;
    const CONTROLLER: &str = "10.20.0.9";

    fn write(trial: &mut Trial, from: &str, function: &'static str, at: f64) -> Vec<Finding> {
        let message = Message::ControlWrite { protocol: Application::Bacnet, function };
        trial.message(talk(from, CONTROLLER).udp(47_808, 47_808).at(at), &message)
    }

    #[test]
    fn who_wrote_while_it_was_learned_may_go_on_and_others_are_reported_once() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(write(&mut trial, "10.20.0.1", "WriteProperty", 0.0).is_empty());
        assert!(write(&mut trial, "10.20.0.1", "WriteProperty", LATE).is_empty());
        let found = write(&mut trial, "10.20.0.2", "WriteProperty", LATE);
        assert_eq!((Some(found[0].device), found[0].severity), (trial.id("10.20.0.2"), None));
        assert!(write(&mut trial, "10.20.0.2", "WriteProperty", LATE).is_empty());
    }

    #[test]
    fn a_restart_by_who_only_wrote_values_is_high() {
        let mut trial = Trial::new(&DETECTION, &[]);
        write(&mut trial, "10.20.0.1", "WriteProperty", 0.0);
        let found = write(&mut trial, "10.20.0.1", "ReinitializeDevice", LATE);
        assert_eq!(found[0].severity, Some(Severity::High));
    }

    #[test]
    fn an_answer_that_repeats_its_request_is_no_write_of_the_controller() {
        let mut trial = Trial::new(&DETECTION, &[("learning_period", 0.0)]);
        let message =
            Message::ControlWrite { protocol: Application::Modbus, function: "write single coil" };
        assert_eq!(trial.message(talk("10.20.0.1", CONTROLLER).tcp(1502), &message).len(), 1);
        assert!(trial.message(talk(CONTROLLER, "10.20.0.1").tcp(40_000), &message).is_empty());
    }

    #[test]
    fn a_write_from_outside_is_high_also_while_it_is_learned() {
        let mut trial = Trial::new(&DETECTION, &[]).station(0x0200_0000_0001, "203.0.113.9");
        let found = write(&mut trial, "203.0.113.9", "WriteProperty", 0.0);
        assert_eq!(found[0].severity, Some(Severity::High));
        assert!(write(&mut trial, "203.0.113.9", "WriteProperty", 3599.0).is_empty());
        assert_eq!(write(&mut trial, "203.0.113.9", "WriteProperty", 3600.0).len(), 1);
    }

    #[test]
    fn the_names_of_grave_functions_are_those_of_the_interpreter() {
        let source = include_str!("../../interpret/control.rs");
        for name in GRAVE {
            assert!(source.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}
