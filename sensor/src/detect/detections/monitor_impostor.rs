//! What speaks as a patient monitor, and is by its network card none.

use std::{net::IpAddr, time::Duration};

use sensor_common::application::{Application, Evidence as Basis};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Finding, Findings, FlowSeen, Interest, Severity,
        description::Description, learning, learning::Routine, settings::Parameters,
    },
    inventory::{Device, DeviceId},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(MonitorImpostor::new(parameters)),
};

/// Speakers, and pairs of monitor and peer.
const SPEAKERS: usize = 16_384;
/// The port of a monitor's data export, and the one to which monitors announce themselves (Philips,
/// Data Export Interface Programming Guide, 4535 642 59271).
const DATA_EXPORT: u16 = 24_105;
const ANNOUNCEMENT: u16 = 24_005;
/// In the names of vendors of such monitors.
const MAKER: &str = "philips";

static DESCRIPTION: Description = Description {
    id: "WL-040",
    name: "monitor_impostor",
    title: "Monitor data from what is no monitor",
    severity: Severity::Medium,
    sees: "A device that speaks Philips IntelliVue data export from the monitor's side (from UDP \
           port 24105, or to 24005) though its network card is by another maker; after the learning \
           period, also a device that asks a monitor for its data for the first time. A monitor whose \
           card's maker is not known is passed over. Aborted associations are not counted, and GE \
           monitors are not covered: their cards bear several makers' names.",
    clinical_note: "Vital signs on a central station may be somebody else's invention. Usual causes: \
                    a simulator for training or tests, a monitor with a replaced network card, a new \
                    recording computer. Compare the display at the bedside with the central station \
                    before anything else.",
    techniques: &["T0830", "T0836"],
    parameters: &[learning::PARAMETER],
    excused_roles: &["monitoring", "interface_engine"],
    clears_after: Duration::from_secs(24 * 3600),
};

#[derive(Debug)]
struct MonitorImpostor {
    /// Reported from the first moment: nobody has to learn what a maker is.
    impostors: Routine<DeviceId>,
    collectors: Routine<(DeviceId, IpAddr)>,
}

impl MonitorImpostor {
    fn new(parameters: &Parameters) -> Self {
        let learning_period = parameters.duration(learning::PARAMETER.name);
        Self {
            impostors: Routine::new(Duration::ZERO, SPEAKERS),
            collectors: Routine::new(learning_period, SPEAKERS),
        }
    }
}

/// Whether the maker of the device's network card is known, and makes no such monitors.
fn is_of_another_maker(device: &Device) -> bool {
    let vendor = device.vendor.as_deref().filter(|_| !device.vendor_is_module_maker);
    vendor.is_some_and(|vendor| !vendor.to_lowercase().contains(MAKER))
}

impl Detector for MonitorImpostor {
    fn interest(&self) -> Interest {
        Interest::in_applications(&[Application::Intellivue])
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let delta = flow.delta;
        let opinion = delta.opinion;
        if opinion.application != Application::Intellivue || opinion.evidence < Basis::Likely {
            return;
        }
        let (Some(sender), Some(peer)) = (flow.source, delta.key.destination_address()) else {
            return;
        };
        let (source_port, destination_port) =
            (delta.key.source_port(), delta.key.destination_port());
        let is_monitor = source_port == DATA_EXPORT || destination_port == ANNOUNCEMENT;
        let at = delta.last_seen;
        let found = if is_monitor {
            let is_other = estate.device(sender).is_some_and(is_of_another_maker);
            (is_other && self.impostors.is_news(sender, at)).then_some((
                "impostors",
                "speaks as a patient monitor, and its network card is by another maker",
            ))
        } else {
            (destination_port == DATA_EXPORT && self.collectors.is_news((sender, peer), at))
                .then_some((
                    "new_collectors",
                    "asks a patient monitor for its data, as never before",
                ))
        };
        if let Some((metric, sentence)) = found {
            let mut finding = Finding::of_event(sender, metric, at, sentence);
            finding.since = delta.first_seen;
            finding.evidence.add_peers([peer]);
            findings.report(finding);
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.collectors.advance(now);
    }

    fn overflowed(&self) -> u64 {
        self.impostors.overflowed() + self.collectors.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    const LATE: f64 = 15.0 * 86_400.0;
    /// Registered to Baxter; the trial's other devices have Philips cards.
    const OTHER: u64 = 0x5842_e400_0001;

    fn export(monitor: &str, collector: &str) -> Talk {
        talk(collector, monitor)
            .udp(41_000, DATA_EXPORT)
            .speaks(Application::Intellivue, Basis::Confirmed)
    }

    #[test]
    fn a_card_of_another_maker_is_reported_once_and_a_philips_one_never() {
        let mut trial = Trial::new(&DETECTION, &[]).station(OTHER, "10.20.0.99");
        let found = trial.reply(export("10.20.0.99", "10.20.0.1"));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.99"));
        assert!(trial.reply(export("10.20.0.99", "10.20.0.1")).is_empty());
        let mut trial = Trial::new(&DETECTION, &[]).station(0x0009_fb00_0001, "10.20.0.98");
        assert!(trial.reply(export("10.20.0.98", "10.20.0.1")).is_empty());
    }

    #[test]
    fn an_announcement_counts_as_a_monitor_s() {
        let mut trial = Trial::new(&DETECTION, &[]).station(OTHER, "10.20.0.99");
        let announced = talk("10.20.0.99", "255.255.255.255")
            .udp(24_101, ANNOUNCEMENT)
            .speaks(Application::Intellivue, Basis::Confirmed);
        assert_eq!(trial.forward(announced).len(), 1);
    }

    #[test]
    fn collectors_are_learned() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.forward(export("10.20.0.2", "10.20.0.1")).is_empty());
        assert!(trial.forward(export("10.20.0.2", "10.20.0.1").at(LATE)).is_empty());
        let found = trial.forward(export("10.20.0.2", "10.20.0.3").at(LATE));
        assert_eq!(Some(found[0].device), trial.id("10.20.0.3"));
    }

    #[test]
    fn an_unknown_maker_is_passed_over() {
        let local = 0x0200_0000_0001;
        let mut trial = Trial::new(&DETECTION, &[]).station(local, "10.20.0.99");
        assert!(trial.reply(export("10.20.0.99", "10.20.0.1")).is_empty());
    }
}
