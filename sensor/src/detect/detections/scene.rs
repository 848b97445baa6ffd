//! An estate of one device whose ways were learned, for the tests of detections.

use std::net::{IpAddr, Ipv4Addr};

use sensor_common::{
    application::{Application, Evidence},
    endpoint::{EndpointKey, FIRST_ENDPOINT},
};

use super::Detection;
use crate::{
    baseline::{BaselineSettings, Baselines, Hour},
    detect::{Estate, Finding, Findings, Role, settings::Parameters},
    flow::{FlowRecord, Opinion, fixture::record},
    inventory::{DeviceId, Inventory, InventorySettings},
    observation::EndpointSeen,
    time::Moment,
};

#[derive(Debug)]
pub struct Scene {
    inventory: Inventory,
    baselines: Baselines,
    roles: Vec<Role>,
    device: DeviceId,
}

impl Scene {
    /// The device has spoken `application` with its usual peer every hour of the learning period.
    pub fn learned(application: Application) -> Self {
        let hours = BaselineSettings::default().learning.as_secs() / 3600;
        Self::after(application, hours as Hour + 1)
    }

    /// As [`Scene::learned`], an hour before the learning ends.
    pub fn learning(application: Application) -> Self {
        let hours = BaselineSettings::default().learning.as_secs() / 3600;
        Self::after(application, hours as Hour - 2)
    }

    fn after(application: Application, hours: Hour) -> Self {
        let mut inventory = Inventory::new(InventorySettings::default());
        let key = EndpointKey { station: 0x0009_fb00_0001, ..EndpointKey::default() };
        let index = FIRST_ENDPOINT;
        inventory.observe_endpoint(&EndpointSeen {
            index,
            key,
            interface: 1,
            at: Moment::default(),
        });
        let device = inventory.device_of(index).expect("there is room for one");
        let is_medical = application == Application::Dicom;
        let role: Role = toml::from_str("name = \"medical\"\nmac_prefixes = [\"00:09:fb\"]")
            .expect("the role is well formed");
        let mut scene = Self {
            inventory,
            baselines: Baselines::default(),
            roles: is_medical.then_some(role).into_iter().collect(),
            device,
        };
        let record = scene.conversation(scene.usual_peer(), 104, application);
        for hour in 0..=hours {
            scene.baselines.advance(hour, |_| Vec::new());
            scene.baselines.observe_record(&record);
        }
        scene.baselines.advance(hours + 1, |_| Vec::new());
        scene
    }

    pub fn usual_peer(&self) -> IpAddr {
        Ipv4Addr::new(10, 20, 0, 2).into()
    }

    pub fn internal_peer(&self) -> IpAddr {
        Ipv4Addr::new(10, 20, 0, 3).into()
    }

    pub fn external_peer(&self) -> IpAddr {
        Ipv4Addr::new(198, 51, 100, 3).into()
    }

    /// The device asks a port of `peer`, in a confirmed application, and is answered.
    pub fn conversation(&self, peer: IpAddr, port: u16, application: Application) -> FlowRecord {
        let mut record = record();
        record.responder = Some(peer);
        record.responder_port = port;
        record.initiator_device = Some(self.device);
        record.opinion = Opinion::of_packet_path(application, Evidence::Confirmed);
        record
    }

    /// What a new detector finds in one record.
    pub fn findings(&self, detection: &Detection, record: &FlowRecord) -> Vec<Finding> {
        self.findings_of_all(detection, &[record])
    }

    pub fn findings_of_all(&self, detection: &Detection, records: &[&FlowRecord]) -> Vec<Finding> {
        let mut detector = (detection.detector)(&Parameters::new(detection.description));
        let mut findings = Findings::default();
        let estate = Estate {
            inventory: &self.inventory,
            roles: &self.roles,
            internal: &[],
            baselines: &self.baselines,
        };
        for record in records {
            detector.observe_record(record, &estate, &mut findings);
        }
        findings.drain().collect()
    }
}
