//! A device that calls itself something else than before.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        description::{DAY, Description},
        settings::Parameters,
        table::Table,
    },
    event::DeviceChange,
    inventory::{Device, DeviceId},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DeviceChanged::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-024",
    name: "device_changed",
    title: "Device calls itself something else",
    severity: Severity::Low,
    sees: "A station that gives in DHCP (option 60) a vendor class which it did not give before. What \
           firmware says before the system starts (PXEClient, HTTPClient) does not count, nor does a \
           class that comes back. Devices that were given no class in DHCP are not watched, and \
           nothing else tells one kind of device from another yet.",
    clinical_note: "A new system on the same hardware: an upgrade, or something that has taken the \
                    station address of a device. Ask medical engineering whether work was done on \
                    it.",
    techniques: &["T1036"],
    parameters: &[],
    excused_roles: &["guest"],
    clears_after: DAY,
};

/// Devices that are watched, and classes that are remembered of each.
const DEVICES: usize = 16_384;
const CLASSES: usize = 4;
const MEMORY: Duration = Duration::from_secs(90 * 24 * 3600);
/// What the firmware of a computer calls itself while it starts from the network (PXE, UEFI).
const FIRMWARE: [&str; 2] = ["PXEClient", "HTTPClient"];

#[derive(Debug)]
struct DeviceChanged {
    /// The classes that each device gave, the first one first.
    classes: Table<DeviceId, Vec<String>>,
    has_begun: bool,
}

impl DeviceChanged {
    fn new(_: &Parameters) -> Self {
        Self { classes: Table::new(DEVICES, MEMORY), has_begun: false }
    }

    /// Notes the class of a device; how many it gave before, if this is another one.
    fn note(&mut self, device: &Device, at: Moment) -> Option<usize> {
        let class = device.vendor_class.as_deref()?;
        if FIRMWARE.iter().any(|firmware| class.starts_with(firmware)) {
            return None;
        }
        let classes = self.classes.touch(device.id, at, Vec::new)?;
        if classes.iter().any(|known| known == class) {
            return None;
        }
        let before = classes.len();
        if before < CLASSES {
            classes.push(class.to_owned());
        }
        (before > 0).then_some(before)
    }
}

impl Detector for DeviceChanged {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_device(
        &mut self,
        _: DeviceChange,
        device: &Device,
        _: &Estate<'_>,
        findings: &mut Findings,
    ) {
        let at = device.last_seen;
        if let Some(before) = self.note(device, at) {
            findings.report(Finding {
                device: device.id,
                severity: None,
                metric: "vendor_classes",
                value: before as f64 + 1.0,
                limit: 2.0,
                window: MEMORY,
                sentence: "gives another vendor class in DHCP than it did before".to_owned(),
                evidence: Evidence::default(),
                since: at,
                at,
            });
        }
    }

    /// What was known at the start is what devices called themselves before.
    fn advance(&mut self, now: Moment, estate: &Estate<'_>, _: &mut Findings) {
        if !std::mem::replace(&mut self.has_begun, true) {
            for device in estate.inventory.devices() {
                self.note(device, now);
            }
        }
    }

    fn overflowed(&self) -> u64 {
        self.classes.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        baseline::Baselines,
        detect::fixture::device,
        inventory::{Inventory, InventorySettings},
    };

    /// How many findings a device makes that gives these classes in turn.
    fn found(classes: &[&str]) -> usize {
        let inventory = Inventory::new(InventorySettings::default());
        let baselines = Baselines::default();
        let estate =
            Estate { inventory: &inventory, roles: &[], internal: &[], baselines: &baselines };
        let mut detector = DeviceChanged::new(&Parameters::new(&DESCRIPTION));
        let mut findings = Findings::default();
        for class in classes {
            let device = Device { vendor_class: Some((*class).to_owned()), ..device(1) };
            detector.observe_device(DeviceChange::Updated, &device, &estate, &mut findings);
        }
        findings.drain().count()
    }

    #[test]
    fn another_class_is_told_once() {
        assert_eq!(found(&["udhcp 1.20"]), 0);
        assert_eq!(found(&["udhcp 1.20", "MSFT 5.0"]), 1);
        assert_eq!(found(&["udhcp 1.20", "MSFT 5.0", "udhcp 1.20", "MSFT 5.0"]), 1);
    }

    #[test]
    fn what_firmware_says_at_the_start_is_no_change() {
        assert_eq!(found(&["MSFT 5.0", "PXEClient:Arch:00007", "MSFT 5.0"]), 0);
        assert_eq!(found(&["PXEClient:Arch:00007", "MSFT 5.0", "HTTPClient:Arch:00016"]), 0);
    }
}
