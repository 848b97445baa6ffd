//! The part that decides: observations in, events out. It reads no clock, socket or file, so a
//! replay gives the verdict that live traffic would have had.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
    time::Duration,
};

use crate::{
    baseline::{Baselines, Hour},
    config::Config,
    detect::{
        Alert, AlertState, Bounds, ConnectionOutcome, Estate, FlowSeen, Heard, Role, Severity,
        Thresholds, Watch, device_matches, opening, selector::Network,
    },
    event::Event,
    flow::{FlowRecord, FlowSettings, FlowTable, Unclassified},
    interpret::{Interpreter, Lesson, Message},
    inventory::{Device, DeviceId, Inventory, InventorySettings},
    observation::{FlowDelta, Observation, PayloadSample},
    time::{Moment, Timestamp},
};

/// How long after a rule's window an alert of an earlier run is still thought to fire.
const GRACE: Duration = Duration::from_secs(60);

/// Steps for which a lesson waits for its flow: a flow whose notice was lost is found by the next
/// sweep.
const PATIENCE: u8 = 8;
const MOST_LESSONS: usize = 4096;

/// What detectors may ask, beside a part of the core that they change.
macro_rules! estate {
    ($core:expr) => {
        Estate {
            inventory: &$core.inventory,
            roles: &$core.roles,
            internal: &$core.internal,
            baselines: &$core.baselines,
        }
    };
}

/// Inventory, biflows, thresholds and detections.
#[derive(Debug)]
pub struct Core {
    pub inventory: Inventory,
    pub flows: FlowTable,
    pub thresholds: Thresholds,
    pub watch: Watch,
    pub baselines: Baselines,
    roles: Vec<Role>,
    internal: Vec<Network>,
    pub unclassified: Unclassified,
    pub interpreter: Interpreter,
    /// What samples said of flows that were not read yet, and how many more steps it waits.
    lessons: VecDeque<(Lesson, u8)>,
    lessons_dropped: u64,
    fired_by_rule: BTreeMap<String, u64>,
    /// The first step.
    started: Option<Moment>,
    /// Alerts that are firing and were counted.
    given_out: BTreeSet<u64>,
    records_by_reason: BTreeMap<&'static str, u64>,
    records: Vec<FlowRecord>,
    /// Alerts that an earlier run left firing. The thresholds begin with empty windows, so these
    /// are resolved when they would have fired anew, or when they do.
    adopted: Vec<Alert>,
}

impl Core {
    /// A core that goes on with the devices of an earlier run.
    pub fn new(config: &Config, known: Vec<Device>, highest_id: Option<DeviceId>) -> Self {
        let inventory = InventorySettings {
            max_devices: config.inventory.maximum_devices,
            routers: config.inventory.routers.iter().map(|mac| mac.0).collect(),
            ..InventorySettings::default()
        };
        let flows = FlowSettings {
            idle_timeout: config.flow.idle_timeout,
            active_timeout: config.flow.active_timeout,
            maximum: config.flow.maximum,
            ..FlowSettings::default()
        };
        Self {
            inventory: Inventory::restore(inventory, known, highest_id),
            flows: FlowTable::new(flows),
            thresholds: Thresholds::new(
                config.thresholds.clone(),
                config.roles.clone(),
                config.alertmanager.resend_interval,
                Bounds::default(),
            ),
            watch: Watch::new(&config.detections.0, config.alertmanager.resend_interval),
            baselines: Baselines::new(config.baseline.settings()),
            roles: config.roles.clone(),
            internal: config.inventory.internal.clone(),
            unclassified: Unclassified::default(),
            interpreter: Interpreter::default(),
            lessons: VecDeque::new(),
            lessons_dropped: 0,
            fired_by_rule: BTreeMap::new(),
            started: None,
            given_out: BTreeSet::new(),
            records_by_reason: BTreeMap::new(),
            records: Vec::new(),
            adopted: Vec::new(),
        }
    }

    /// Takes over the alerts that an earlier run left firing.
    pub fn adopt(&mut self, firing: Vec<Alert>) {
        self.adopted = firing;
    }

    /// The alerts that are firing, those of an earlier run included.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.adopted.iter().chain(self.raised())
    }

    /// The alerts that this run raised and that are firing.
    fn raised(&self) -> impl Iterator<Item = &Alert> {
        self.thresholds.firing().chain(self.watch.firing())
    }

    /// Tells the time of day, before a step. Returns the profiles that were learned because an hour
    /// is over, to be kept.
    pub fn tell_time(&mut self, timestamp: Timestamp) -> Vec<(DeviceId, String)> {
        const MICROS: i64 = 3_600_000_000;
        let hour = Hour::try_from(timestamp.as_micros() / MICROS).unwrap_or_default();
        if self.baselines.is_over(hour) {
            let firing = self.firing().filter(|alert| alert.severity >= Severity::Medium);
            let tainted: Vec<DeviceId> = firing.map(|alert| alert.device).collect();
            for device in tainted {
                self.baselines.taint(device);
            }
        }
        let (inventory, roles) = (&self.inventory, &self.roles);
        let roles_of = |id| {
            let device = inventory.device(id);
            let roles = roles.iter().enumerate();
            let matching =
                roles.filter(|(_, role)| device.is_some_and(|device| device_matches(role, device)));
            matching.map(|(number, _)| number).collect()
        };
        let changed = self.baselines.advance(hour, roles_of);
        self.profiles(&changed)
    }

    /// What was learned of an hour that is not over, to be kept: the agent ends.
    pub fn finish_learning(&mut self) -> Vec<(DeviceId, String)> {
        let changed = self.baselines.finish();
        self.profiles(&changed)
    }

    fn profiles(&self, devices: &[DeviceId]) -> Vec<(DeviceId, String)> {
        let profiles = devices.iter();
        let profiles = profiles.filter_map(|&id| Some((id, self.baselines.profile(id)?.save())));
        profiles.collect()
    }

    /// Takes one reading in and lets time pass to `now`.
    pub fn step(&mut self, observation: &Observation, now: Moment, events: &mut Vec<Event>) {
        for seen in &observation.endpoints {
            self.inventory.observe_endpoint(seen);
        }
        for sample in &observation.samples {
            self.inventory.observe_sample(sample);
            let read = self.interpreter.read(sample);
            self.lessons.extend(read.lesson.map(|lesson| (lesson, PATIENCE)));
            if let Some(message) = &read.message {
                self.watch.observe_message(&self.heard(sample, message), &estate!(self));
            }
        }
        for delta in &observation.flows {
            let announced = self.interpreter.announced(delta);
            let delta = &FlowDelta { opinion: announced.unwrap_or(delta.opinion), ..*delta };
            self.inventory.observe_flow(delta);
            let (source, destination) = self.devices_of(delta);
            self.flows.observe(delta, source, destination);
            self.thresholds.observe(delta, source, destination);
            let part = opening::part(delta);
            let seen = FlowSeen { delta, source, destination, part };
            self.watch.observe_flow(&seen, &estate!(self));
        }
        self.apply_lessons();
        for (change, device) in self.inventory.take_changes() {
            self.watch.observe_device(change, &device, &estate!(self));
            events.push(Event::Device(change, device));
        }
        self.flows.expire(now, &mut self.records);
        self.hand_out_records(events);
        self.evaluate(now, events);
    }

    /// Adds to flows what their samples said. A sample may come before its flow is read.
    fn apply_lessons(&mut self) {
        for _ in 0..self.lessons.len() {
            let Some((lesson, patience)) = self.lessons.pop_front() else { return };
            if self.flows.describe(&lesson) {
                continue;
            }
            if patience > 0 && self.lessons.len() < MOST_LESSONS {
                self.lessons.push_back((lesson, patience - 1));
            } else {
                self.lessons_dropped += 1;
            }
        }
    }

    fn evaluate(&mut self, now: Moment, events: &mut Vec<Event>) {
        let inventory = &self.inventory;
        let mut alerts = self.thresholds.evaluate(now, &|id| inventory.device(id));
        alerts.extend(self.watch.advance(now, &estate!(self)));
        for alert in alerts {
            self.hand_out(alert, events);
        }
        let started = *self.started.get_or_insert(now);
        let is_over = |alert: &Alert, fired_anew: &BTreeSet<(String, DeviceId)>| {
            now.since(started) > alert.window + GRACE
                || fired_anew.contains(&(alert.rule.clone(), alert.device))
        };
        if self.adopted.is_empty() {
            return;
        }
        let fired_anew: BTreeSet<(String, DeviceId)> =
            self.raised().map(|alert| (alert.rule.clone(), alert.device)).collect();
        let (over, adopted) = std::mem::take(&mut self.adopted)
            .into_iter()
            .partition(|alert| is_over(alert, &fired_anew));
        self.adopted = adopted;
        for mut alert in over {
            alert.state = AlertState::Resolved;
            alert.resolved_at = Some(now);
            self.hand_out(alert, events);
        }
    }

    /// Ends every flow: the capture, or the agent, is at its end. No threshold is evaluated: a
    /// connection that the agent's own end cut short has not failed.
    pub fn finish(&mut self, now: Moment, events: &mut Vec<Event>) {
        self.flows.finish(now, &mut self.records);
        self.hand_out_records(events);
    }

    /// A message, and the devices at its ends: who sent it is known by station and VLAN, unless a
    /// router stands before it.
    fn heard<'a>(&self, sample: &'a PayloadSample, message: &'a Message) -> Heard<'a> {
        let PayloadSample { key, station, at, .. } = sample;
        let of_address = |address: Option<IpAddr>| self.inventory.device_of_address(address?);
        let of_station = self
            .inventory
            .device_of_station(*station, key.vlans())
            .filter(|&id| self.inventory.device(id).is_some_and(|device| !device.is_router));
        let source = of_station.or_else(|| of_address(key.source_address()));
        let destination = of_address(key.destination_address());
        Heard { message, key, station: *station, source, destination, at: *at }
    }

    /// The devices at both ends of a flow, as far as they are known.
    fn devices_of(&self, delta: &FlowDelta) -> (Option<DeviceId>, Option<DeviceId>) {
        let of_address = |address: Option<IpAddr>| self.inventory.device_of_address(address?);
        let source = self.inventory.device_of(delta.source_endpoint);
        let destination = self
            .inventory
            .device_of(delta.destination_endpoint)
            // The flow may have been opened before the other side was known.
            .or_else(|| of_address(delta.key.destination_address()));
        (source, destination)
    }

    fn hand_out_records(&mut self, events: &mut Vec<Event>) {
        for outcome in self.flows.take_outcomes() {
            if let Some(device) = outcome.initiator_device {
                let (is_half_open, at) = (outcome.is_half_open, outcome.at);
                self.thresholds.observe_outcome(ConnectionOutcome { device, is_half_open, at });
            }
        }
        for record in self.records.drain(..) {
            *self.records_by_reason.entry(record.end_reason.name()).or_default() += 1;
            self.unclassified.observe(&record);
            self.watch.observe_record(&record, &estate!(self));
            self.baselines.observe_record(&record);
            events.push(Event::Flow(record));
        }
    }

    fn hand_out(&mut self, alert: Alert, events: &mut Vec<Event>) {
        if alert.state == AlertState::Firing && alert.severity >= Severity::Medium {
            self.baselines.taint(alert.device);
        }
        if alert.state == AlertState::Firing && self.given_out.insert(alert.id) {
            *self.fired_by_rule.entry(alert.rule.clone()).or_default() += 1;
        }
        if alert.state == AlertState::Resolved {
            self.given_out.remove(&alert.id);
        }
        let device = self.inventory.device(alert.device).cloned();
        events.push(Event::Alert(alert, device));
    }

    /// Announced flows, by what became of them.
    pub fn announcements(&self) -> [(&'static str, u64); 5] {
        let counts = self.interpreter.announcements();
        [
            ("believed", counts.announced),
            ("met", counts.met),
            ("ended", counts.ended),
            ("displaced", counts.displaced),
            ("refused", counts.refused.iter().sum()),
        ]
    }

    /// What samples said that was lost, by reason.
    pub fn samples_unread(&self) -> [(&'static str, u64); 3] {
        [
            ("hello_displaced", self.interpreter.displaced()),
            ("flow_not_read", self.lessons_dropped),
            ("no_room", self.flows.undescribed()),
        ]
    }

    /// Findings that raised no alert, by reason.
    pub fn findings_passed_over(&self) -> [(&'static str, u64); 2] {
        [("excused_by_role", self.watch.excused()), ("unknown_device", self.watch.unattributed())]
    }

    pub fn firing_by_severity(&self) -> BTreeMap<Severity, u64> {
        let mut firing = BTreeMap::new();
        for alert in self.firing() {
            *firing.entry(alert.severity).or_default() += 1;
        }
        firing
    }

    pub fn fired_by_rule(&self) -> &BTreeMap<String, u64> {
        &self.fired_by_rule
    }

    pub fn records_by_reason(&self) -> &BTreeMap<&'static str, u64> {
        &self.records_by_reason
    }
}
