//! The part that decides: observations in, events out. It reads no clock, socket or file, so a
//! replay gives the verdict that live traffic would have had.

mod alerts;
#[cfg(test)]
mod clock_steps;
mod counts;
mod learning;
mod reload;
mod roles;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
};

use crate::{
    baseline::Baselines,
    config::Config,
    detect::{
        Alert, AlertState, Bounds, ConnectionOutcome, Desk, Estate, FlowSeen, Heard, Severity,
        Thresholds, Watch,
        desk::{Handed, Now, Record, Runbooks},
        opening,
        role::Roles,
        selector::Network,
    },
    event::Event,
    flow::{FlowRecord, FlowSettings, FlowTable, Unclassified},
    interpret::{Interpreter, Lesson, Message},
    inventory::{Device, DeviceId, Inventory, InventorySettings},
    observation::{FlowDelta, Observation, PayloadSample},
    time::{JumpWatch, Moment, WallClock},
};

/// Steps for which a lesson waits for its flow: a flow whose notice was lost is found by the next
/// sweep.
const PATIENCE: u8 = 8;
const MOST_LESSONS: usize = 4096;
/// Records that are made at a time when all flows end: each takes a few hundred octets.
const RECORDS_AT_ONCE: usize = 1024;

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
    pub clock_jumps: JumpWatch,
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
    /// Nobody asks for records of flows: they are only counted.
    withholds_records: bool,
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
        let mut desk = Desk::new(
            config.alerts.per_minute,
            config.suppressions.clone(),
            config.maintenance.clone(),
        );
        desk.set_runbooks(Runbooks::new(&config.alerts.runbook_url));
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
            desk,
            baselines: Baselines::new(config.baseline.settings()),
            roles: Roles::new(config.roles.clone()),
            wall: WallClock::since_1970(),
            clock_jumps: JumpWatch::default(),
            internal: config.inventory.internal.clone(),
            unclassified: Unclassified::default(),
            interpreter: Interpreter::default(),
            lessons: VecDeque::new(),
            lessons_dropped: 0,
            fired_by_rule: BTreeMap::new(),
            given_out: BTreeSet::new(),
            records_by_reason: BTreeMap::new(),
            records: Vec::new(),
            withholds_records: false,
            strangers: Vec::new(),
        }
    }

    /// What the wall clock shows; without it, moments count from 1970.
    pub fn set_wall_clock(&mut self, wall: WallClock) {
        self.wall = wall;
    }

    /// Gives out no event for a flow that ends: nobody would read it.
    pub fn withhold_records(&mut self) {
        self.withholds_records = true;
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
        for deltas in observation.flows.chunks(FlowTable::AT_ONCE) {
            self.inventory.expect(deltas);
            self.flows.expect(deltas);
            deltas.iter().for_each(|delta| self.observe_flow(delta));
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

    fn observe_flow(&mut self, delta: &FlowDelta) {
        let as_announced;
        let delta = match self.interpreter.announced(delta) {
            None => delta,
            Some(opinion) => {
                as_announced = FlowDelta { opinion, ..*delta };
                &as_announced
            }
        };
        self.inventory.observe_flow(delta);
        let (source, destination) = self.devices_of(delta);
        self.flows.observe(delta, source, destination);
        self.thresholds.observe(delta, source, destination);
        let part = opening::part(delta);
        let seen = FlowSeen { delta, source, destination, part };
        self.watch.observe_flow(&seen, &estate!(self));
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
        self.flows.expire(now, &mut self.records);
        self.hand_out_records(events);
        while !self.flows.is_empty() {
            self.flows.end_oldest(RECORDS_AT_ONCE, now, &mut self.records);
            self.hand_out_records(events);
        }
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
        let source = self.inventory.source_of(delta);
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
            if !self.withholds_records {
                events.push(Event::Flow(record));
            }
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
