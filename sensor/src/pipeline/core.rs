//! The part that decides: observations in, events out. It reads no clock, socket or file, so a
//! replay gives the verdict that live traffic would have had.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
};

use crate::{
    baseline::{Baselines, Hour},
    config::Config,
    detect::{
        Alert, AlertState, Bounds, ConnectionOutcome, Desk, Estate, FlowSeen, Heard, Severity,
        Thresholds, Watch,
        desk::{DeskError, Handed, Now, OrderError, Record, Suppression},
        device_matches, opening,
        role::Roles,
        selector::Network,
    },
    event::Event,
    flow::{FlowRecord, FlowSettings, FlowTable, Unclassified},
    interpret::{Interpreter, Lesson, Message},
    inventory::{Device, DeviceId, Inventory, InventorySettings},
    observation::{FlowDelta, Observation, PayloadSample},
    time::{Moment, Timestamp, WallClock},
};

/// Steps for which a lesson waits for its flow: a flow whose notice was lost is found by the next
/// sweep.
const PATIENCE: u8 = 8;
const MOST_LESSONS: usize = 4096;

/// What detectors may ask, beside a part of the core that they change.
macro_rules! estate {
    ($core:expr) => {
        Estate {
            inventory: &$core.inventory,
            roles: $core.roles.in_force(),
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
    pub desk: Desk,
    pub baselines: Baselines,
    roles: Roles,
    /// For what ends at a time of day: suppressions, roles.
    wall: WallClock,
    internal: Vec<Network>,
    pub unclassified: Unclassified,
    pub interpreter: Interpreter,
    /// What samples said of flows that were not read yet, and how many more steps it waits.
    lessons: VecDeque<(Lesson, u8)>,
    lessons_dropped: u64,
    fired_by_rule: BTreeMap<String, u64>,
    /// Alerts that are firing and were counted.
    given_out: BTreeSet<u64>,
    records_by_reason: BTreeMap<&'static str, u64>,
    records: Vec<FlowRecord>,
    /// Alerts of an earlier run that nothing in force explains: resolved with the first step.
    strangers: Vec<Alert>,
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
            watch: Watch::new(&config.detections.0, config.alertmanager.resend_interval)
                .with_indicators(config.intelligence.indicators.as_ref()),
            desk: Desk::new(
                config.alerts.per_minute,
                config.suppressions.clone(),
                config.maintenance.clone(),
            ),
            baselines: Baselines::new(config.baseline.settings()),
            roles: Roles::new(config.roles.clone()),
            wall: WallClock::since_1970(),
            internal: config.inventory.internal.clone(),
            unclassified: Unclassified::default(),
            interpreter: Interpreter::default(),
            lessons: VecDeque::new(),
            lessons_dropped: 0,
            fired_by_rule: BTreeMap::new(),
            given_out: BTreeSet::new(),
            records_by_reason: BTreeMap::new(),
            records: Vec::new(),
            strangers: Vec::new(),
        }
    }

    /// What the wall clock shows; without it, moments count from 1970.
    pub fn set_wall_clock(&mut self, wall: WallClock) {
        self.wall = wall;
    }

    /// Goes on with the alerts that an earlier run left firing.
    pub fn adopt(&mut self, firing: Vec<Alert>, now: Moment) {
        for alert in &firing {
            self.given_out.insert(alert.id);
            self.desk.adopt(alert);
        }
        let strangers = self.thresholds.adopt(firing, now);
        self.strangers = self.watch.adopt(strangers);
    }

    /// The alerts that are firing, as thresholds and detections have them.
    fn raised(&self) -> impl Iterator<Item = &Alert> {
        self.thresholds.firing().chain(self.watch.firing())
    }

    /// The alerts that are firing, with what the desk has put down on them.
    pub fn firing(&self) -> impl Iterator<Item = Alert> {
        self.raised().chain(self.desk.digest()).map(|alert| self.marked(alert))
    }

    /// One that is firing.
    pub fn firing_alert(&self, id: u64) -> Option<Alert> {
        let mut firing = self.raised().chain(self.desk.digest());
        firing.find(|alert| alert.id == id).map(|alert| self.marked(alert))
    }

    fn marked(&self, alert: &Alert) -> Alert {
        Alert { marks: Box::new(self.desk.marks(alert, self.wall)), ..alert.clone() }
    }

    /// Somebody knows of a firing alert.
    ///
    /// # Errors
    ///
    /// As [`Desk::acknowledge`] says.
    pub fn acknowledge(
        &mut self,
        id: u64,
        by: &str,
        note: &str,
        now: Moment,
        events: &mut Vec<Event>,
    ) -> Result<(), DeskError> {
        let mut firing = self.thresholds.firing().chain(self.watch.firing());
        let alert = firing.find(|alert| alert.id == id).ok_or(DeskError::NotFiring(id))?;
        let inventory = &self.inventory;
        let (wall, roles) = (self.wall, self.roles.in_force());
        let now = Now { moment: now, wall, roles, device: &|id| inventory.device(id) };
        let mut handed = Vec::new();
        self.desk.acknowledge(alert, by, note, &now, &mut handed)?;
        self.hand_out(handed, events);
        Ok(())
    }

    /// Makes a suppression while running, and returns its number.
    ///
    /// # Errors
    ///
    /// As [`OrderError`] says.
    pub fn suppress(
        &mut self,
        suppression: Suppression,
        now: Moment,
        events: &mut Vec<Event>,
    ) -> Result<u32, OrderError> {
        let mut handed = Vec::new();
        let id = self.desk.suppress(suppression, self.wall.at(now), &mut handed)?;
        self.hand_out(handed, events);
        Ok(id)
    }

    /// Lifts a suppression that was made while running.
    ///
    /// # Errors
    ///
    /// When there is none of that number.
    pub fn lift(&mut self, id: u32, events: &mut Vec<Event>) -> Result<(), OrderError> {
        let mut handed = Vec::new();
        self.desk.lift(id, &mut handed)?;
        self.hand_out(handed, events);
        Ok(())
    }

    /// Roles that have ended since this was asked last.
    pub fn take_expired_roles(&mut self) -> Vec<String> {
        self.roles.take_expired()
    }

    /// How many roles have ended.
    pub fn expired_roles(&self) -> usize {
        self.roles.expired()
    }

    /// Tells the time of day, before a step. Returns the profiles that were learned because an hour
    /// is over, to be kept.
    pub fn tell_time(&mut self, timestamp: Timestamp) -> Vec<(DeviceId, String)> {
        const MICROS: i64 = 3_600_000_000;
        let hour = Hour::try_from(timestamp.as_micros() / MICROS).unwrap_or_default();
        if self.baselines.is_over(hour) {
            let firing = self.raised().filter(|alert| alert.severity >= Severity::Medium);
            let tainted: Vec<DeviceId> = firing.map(|alert| alert.device).collect();
            for device in tainted {
                self.baselines.taint(device);
            }
        }
        let (inventory, roles) = (&self.inventory, &self.roles);
        let roles_of = |id| {
            let device = inventory.device(id);
            let matching = roles
                .numbered()
                .filter(|(_, role)| device.is_some_and(|device| device_matches(role, device)));
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
        if self.roles.renew(self.wall.at(now)) {
            self.thresholds.set_roles(self.roles.in_force());
        }
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
        alerts.extend(std::mem::take(&mut self.strangers).into_iter().map(|alert| Alert {
            state: AlertState::Resolved,
            resolved_at: Some(now),
            ..alert
        }));
        for alert in &alerts {
            count(alert, &mut self.given_out, &mut self.fired_by_rule);
            // Whoever is told of it or not: what a detection calls bad is not learned.
            if alert.state == AlertState::Firing && alert.severity >= Severity::Medium {
                self.baselines.taint(alert.device);
            }
        }
        let (wall, roles) = (self.wall, self.roles.in_force());
        let now = Now { moment: now, wall, roles, device: &|id| inventory.device(id) };
        let mut handed = Vec::new();
        let firing = self.thresholds.firing().chain(self.watch.firing());
        self.desk.advance(firing, &now, &mut handed);
        self.desk.take(alerts, &now, &mut handed);
        self.hand_out(handed, events);
    }

    /// Ends every flow: the capture, or the agent, is at its end. No threshold is evaluated: a
    /// connection that the agent's own end cut short has not failed.
    pub fn finish(&mut self, now: Moment, events: &mut Vec<Event>) {
        self.flows.finish(now, &mut self.records);
        self.hand_out_records(events);
        // When each was last found is known to the next run.
        events.extend(self.firing().map(|alert| Event::Desk(Record::Kept(alert))));
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

    fn hand_out(&self, handed: Vec<Handed>, events: &mut Vec<Event>) {
        events.extend(handed.into_iter().map(|handed| match handed {
            Handed::Told(alert) => {
                let device = self.inventory.device(alert.device).cloned();
                Event::Alert(alert, device)
            }
            Handed::Recorded(record) => Event::Desk(record),
        }));
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
        for alert in self.raised().chain(self.desk.digest()) {
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

/// Counts an alert that fires, once.
fn count(alert: &Alert, given_out: &mut BTreeSet<u64>, fired_by_rule: &mut BTreeMap<String, u64>) {
    if alert.state == AlertState::Firing && given_out.insert(alert.id) {
        *fired_by_rule.entry(alert.rule.clone()).or_default() += 1;
    }
    if alert.state == AlertState::Resolved {
        given_out.remove(&alert.id);
    }
}
