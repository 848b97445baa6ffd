//! A device that was never seen before.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        description::{DAY, Description, Parameter, Source, Unit},
        settings::Parameters,
    },
    event::DeviceChange,
    inventory::{Device, DeviceKey},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(NewDevice::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-023",
    name: "new_device",
    title: "New device",
    severity: Severity::Info,
    sees: "A station, or an address of the site behind a router, that was never seen before. Medium \
           where the address or the kind of the device gives it the role medical or life_critical: \
           give such a role to a clinical network to hear of all that is new there. Nothing in the \
           learning time after the start, unless the inventory of an earlier run is older than that.",
    clinical_note: "A device on loan, back from repair or brought by a visitor: mostly nothing. On a \
                    clinical network, ask who connected it and whether medical engineering knows of \
                    it.",
    techniques: &["T1200"],
    parameters: &[Parameter {
        name: "learning",
        meaning: "time in which every device is new, counted from the first device ever seen",
        default: 86_400.0,
        minimum: 0.0,
        maximum: 2_592_000.0,
        unit: Unit::Seconds,
        source: Source::Ours,
    }],
    excused_roles: &["guest"],
    clears_after: DAY,
};

/// Roles on whose networks a new device is worse than elsewhere.
const CLINICAL: [&str; 2] = ["life_critical", "medical"];

#[derive(Debug)]
struct NewDevice {
    learning: Duration,
    /// When the first device was seen that is known at the start.
    oldest: Option<Moment>,
}

impl NewDevice {
    fn new(parameters: &Parameters) -> Self {
        Self { learning: parameters.duration("learning"), oldest: None }
    }

    fn oldest(&mut self, estate: &Estate<'_>) -> Option<Moment> {
        if self.oldest.is_none() {
            self.oldest = estate.inventory.devices().map(|device| device.first_seen).min();
        }
        self.oldest
    }
}

impl Detector for NewDevice {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_device(
        &mut self,
        change: DeviceChange,
        device: &Device,
        estate: &Estate<'_>,
        findings: &mut Findings,
    ) {
        let Some(oldest) = self.oldest(estate) else { return };
        let is_of_site = match device.key {
            DeviceKey::Station { .. } => true,
            DeviceKey::Address(address) => {
                estate.is_internal(address) && !address.is_loopback() && !address.is_multicast()
            }
        };
        let (at, age) = (device.first_seen, device.first_seen.since(oldest));
        if change != DeviceChange::New || !is_of_site || age <= self.learning {
            return;
        }
        let is_clinical = CLINICAL.iter().any(|role| estate.has_role(device.id, role));
        findings.report(Finding {
            device: device.id,
            severity: is_clinical.then_some(Severity::Medium),
            metric: "devices",
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: "was never seen before".to_owned(),
            evidence: Evidence::default(),
            since: at,
            at,
        });
    }

    fn advance(&mut self, _: Moment, estate: &Estate<'_>, _: &mut Findings) {
        self.oldest(estate);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, Segment, host};

    #[test]
    fn devices_are_new_after_the_learning_only() {
        let day = DAY.as_secs_f64();
        for (at, expected) in [(day - 1.0, 0), (day, 0), (day + 1.0, 1)] {
            let mut segment = Segment::watched_by("new_device");
            segment.feed(Frame::announcement(host(1)), 0.0);
            segment.feed(Frame::announcement(host(2)), at);
            segment.feed(Frame::announcement(host(2)).again(), at + 1.0);
            let found = segment.advance(at + 1.0);
            assert_eq!(found.len(), expected, "{at}");
            assert!(found.iter().all(|each| each.severity.is_none()));
        }
    }

    #[test]
    fn on_a_clinical_network_it_is_worse() {
        let mut segment = Segment::watched_by("new_device");
        segment.give_role("medical", &[host(2)]);
        segment.feed(Frame::announcement(host(1)), 0.0);
        segment.feed(Frame::announcement(host(2)), 90_000.0);
        assert_eq!(segment.advance(90_000.0)[0].severity, Some(Severity::Medium));
    }

    #[test]
    fn the_host_of_an_address_elsewhere_is_no_device_of_the_site() {
        use crate::detect::segment::{Host, ROUTER};
        let mut segment = Segment::watched_by("new_device");
        segment.feed(Frame::announcement(host(1)), 0.0);
        let far = Host(ROUTER.0, "203.0.113.9".parse().unwrap());
        segment.feed(Frame::tcp(far, host(1), 443), 90_000.0);
        let found = segment.advance(90_000.0);
        // The router itself.
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].device, segment.device(ROUTER));
    }
}
