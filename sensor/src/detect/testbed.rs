//! One detector, what it may ask, and what it finds: what the benches of tests have in common
//! ([`super::rig`], [`super::segment`], [`super::trial`]).

use super::{
    Detector, Estate, Finding, Findings, FlowSeen, Heard, Role, detections::Detection,
    fixture::seconds, interest::Roster, selector::Network, settings::Parameters,
};
use crate::{
    baseline::Baselines,
    event::DeviceChange,
    flow::FlowRecord,
    inventory::{Device, Inventory, InventorySettings},
};

pub struct Testbed {
    pub detector: Box<dyn Detector>,
    /// It is told of what it asked for, and of nothing else: what it then finds shows that it asked for
    /// enough.
    roster: Roster,
    pub inventory: Inventory,
    pub roles: Vec<Role>,
    pub internal: Vec<Network>,
    pub baselines: Baselines,
    findings: Findings,
}

/// The estate, beside the detector that is shown something.
macro_rules! estate {
    ($bed:expr) => {
        Estate {
            inventory: &$bed.inventory,
            roles: &$bed.roles,
            internal: &$bed.internal,
            baselines: &$bed.baselines,
        }
    };
}

impl Testbed {
    /// A detector with `values` in place of some of its defaults, and nobody known.
    pub fn new(detection: &Detection, values: &[(&'static str, f64)]) -> Self {
        let mut parameters = Parameters::new(detection.description);
        for &(name, value) in values {
            let parameter = detection.description.parameter(name).unwrap();
            assert!((parameter.minimum..=parameter.maximum).contains(&value), "{name}");
            parameters.set(name, value);
        }
        Self::of((detection.detector)(&parameters))
    }

    pub fn of(detector: Box<dyn Detector>) -> Self {
        Self {
            roster: Roster::of(std::iter::once(detector.interest())),
            detector,
            inventory: Inventory::new(InventorySettings::default()),
            roles: Vec::new(),
            internal: Vec::new(),
            baselines: Baselines::default(),
            findings: Findings::default(),
        }
    }

    pub fn know(&mut self, devices: Vec<Device>) {
        self.inventory = Inventory::restore(InventorySettings::default(), devices, None);
    }

    pub fn give_role(&mut self, name: &str, addresses: impl IntoIterator<Item = String>) {
        self.roles.push(Role {
            name: name.to_owned(),
            addresses: addresses.into_iter().map(|each| each.parse().unwrap()).collect(),
            ..Role::default()
        });
    }

    pub fn estate(&self) -> Estate<'_> {
        estate!(self)
    }

    pub fn flow(&mut self, flow: &FlowSeen<'_>) {
        if self.roster.told_of(flow.delta) != 0 {
            self.detector.observe_flow(flow, &estate!(self), &mut self.findings);
        }
    }

    pub fn record(&mut self, record: &FlowRecord) {
        self.detector.observe_record(record, &estate!(self), &mut self.findings);
    }

    pub fn message(&mut self, heard: &Heard<'_>) {
        self.detector.observe_message(heard, &estate!(self), &mut self.findings);
    }

    pub fn device(&mut self, change: DeviceChange, device: &Device) {
        self.detector.observe_device(change, device, &estate!(self), &mut self.findings);
    }

    pub fn advance(&mut self, at: f64) {
        self.detector.advance(seconds(at), &estate!(self), &mut self.findings);
    }

    /// What was found since the last call.
    pub fn found(&mut self) -> Vec<Finding> {
        self.findings.drain().collect()
    }

    pub fn overflowed(&self) -> u64 {
        self.detector.overflowed() + self.findings.overflowed()
    }
}
