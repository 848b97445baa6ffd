//! The state of the agent at one instant, for the metrics page and the socket.

use std::collections::BTreeMap;

use sensor_common::{
    application::Application,
    books::{Entry, InterfaceRow, Ledger, Undissected},
    endpoint::Totals,
};

use crate::{
    capture::reader::FlowBooks,
    confinement::Confinement,
    detect::{Severity, desk::Cause},
    export::{ipfix::IpfixCounts, metrics::Page},
    inventory::DeviceId,
};

/// Devices of one role.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleDevices {
    pub known: u64,
    /// Of them those not seen for a quarter of an hour.
    pub silent: u64,
}

/// One device's line in the metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceTotals {
    pub id: DeviceId,
    pub vendor: String,
    /// Sent, received.
    pub totals: [Totals; 2],
}

/// One interface's line.
#[derive(Clone, Debug, PartialEq)]
pub struct InterfaceTotals {
    pub name: String,
    /// `native`, `generic`, or nothing when it is no longer attached.
    pub mode: Option<&'static str>,
    pub row: InterfaceRow,
}

/// What the sinks say of themselves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SinkCounts {
    pub sink: String,
    pub written: u64,
    pub failed: u64,
    /// Alerts that wait to be delivered, where they do.
    pub waiting: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub is_ready: bool,
    pub is_resumed: bool,
    /// Workers that ended without being told to.
    pub worker_restarts: u64,
    pub confinement: Confinement,
    pub interfaces: Vec<InterfaceTotals>,
    pub interfaces_missing: usize,
    /// Names of interfaces from which the program was taken because their links did not come back.
    pub interfaces_held_off: Vec<String>,
    /// Pins that somebody removed and the agent made again.
    pub pins_restored: u64,
    pub books: FlowBooks,
    /// Flows of which records miss what an agent that was killed had not recorded.
    pub flows_cut_short: u64,
    pub ledger: Ledger,
    pub flow_slots: u32,
    pub biflows: usize,
    /// How full what has a limit is, 0 to 1, by its name.
    pub fill_ratios: Vec<(&'static str, f64)>,
    /// Jumps of the wall clock that were seen.
    pub clock_jumps: u64,
    /// Announced flows, by what became of them.
    pub announcements: [(&'static str, u64); 5],
    /// What samples said that was lost, by reason.
    pub samples_unread: [(&'static str, u64); 3],
    pub records_by_reason: BTreeMap<&'static str, u64>,
    pub devices: usize,
    pub devices_refused: u64,
    pub roles: BTreeMap<String, RoleDevices>,
    pub endpoints: usize,
    pub endpoints_capacity: u32,
    /// At most as many as may have series of their own.
    pub device_totals: Vec<DeviceTotals>,
    /// Devices beyond the limit, and endpoints that found no room.
    pub overflow: [Totals; 2],
    /// What belongs to no known device.
    pub elsewhere: [Totals; 2],
    pub applications: BTreeMap<Application, Totals>,
    pub firing: BTreeMap<Severity, u64>,
    pub fired_by_rule: BTreeMap<String, u64>,
    pub threshold_overflow: u64,
    pub detection_overflow: u64,
    /// Readings of flows whose sender is no known device.
    pub flows_unattributed: u64,
    /// Devices of which the ways are learned, and known.
    pub profiles: [(&'static str, u64); 2],
    pub profiles_refused: u64,
    pub hours_not_learned: u64,
    /// Findings that raised no alert, by reason.
    pub findings_passed_over: [(&'static str, u64); 2],
    /// Alerts withheld from receivers, by cause.
    pub alerts_withheld: BTreeMap<Cause, u64>,
    /// Of them in digests, by severity.
    pub alerts_digested: Vec<(Severity, u64)>,
    pub alerts_acknowledged: u64,
    pub desk_overflow: u64,
    /// In force, as the next.
    pub suppressions: usize,
    pub maintenance_windows: usize,
    pub expired_roles: usize,
    pub stored_alerts_dropped: u64,
    pub sinks: Vec<SinkCounts>,
    pub events_dropped: u64,
    /// How collectors of flow records are served.
    pub ipfix: Vec<IpfixCounts>,
    /// Alerts that receivers were never told, by reason.
    pub undeliverable: Vec<(&'static str, u64)>,
    /// Seconds and runs.
    pub program_runs: Option<(f64, u64)>,
    pub cycle_seconds: f64,
    pub longest_cycle_seconds: f64,
}

impl Snapshot {
    /// Adds every sample to `page`.
    pub fn fill(&self, page: &mut Page) {
        let mut count = |name: &str, value: u64| page.add(name, &[], value as f64);
        count("wardline_ready", u64::from(self.is_ready));
        count("wardline_epoch_resumed", u64::from(self.is_resumed));
        count("wardline_worker_restarts_total", self.worker_restarts);
        count("wardline_interfaces_missing", self.interfaces_missing as u64);
        count("wardline_pins_restored_total", self.pins_restored);
        count("wardline_flow_table_slots", u64::from(self.flow_slots));
        count("wardline_flow_table_flows", self.books.live_flows);
        count("wardline_flows_opened_total", self.ledger.line(Entry::FlowsOpened));
        count("wardline_flows_evicted_total", self.ledger.line(Entry::EvictedFlows));
        count("wardline_flow_records_lost_total", self.ledger.line(Entry::LostFlows));
        count("wardline_flows_cut_short_total", self.flows_cut_short);
        count("wardline_notices_lost_total", self.ledger.line(Entry::LostNotices));
        count("wardline_payloads_inspected_total", self.ledger.line(Entry::Inspected));
        count("wardline_biflows", self.biflows as u64);
        count("wardline_clock_jumps_total", self.clock_jumps);
        count("wardline_devices", self.devices as u64);
        count("wardline_devices_refused_total", self.devices_refused);
        count("wardline_endpoints", self.endpoints as u64);
        count("wardline_endpoints_capacity", u64::from(self.endpoints_capacity));
        count("wardline_endpoints_refused_total", self.ledger.line(Entry::EndpointsRefused));
        count("wardline_threshold_overflow_total", self.threshold_overflow);
        count("wardline_flows_unattributed_total", self.flows_unattributed);
        count("wardline_detection_overflow_total", self.detection_overflow);
        count("wardline_alerts_acknowledged_total", self.alerts_acknowledged);
        count("wardline_alert_desk_overflow_total", self.desk_overflow);
        count("wardline_suppressions", self.suppressions as u64);
        count("wardline_maintenance_windows", self.maintenance_windows as u64);
        count("wardline_roles_expired", self.expired_roles as u64);
        count("wardline_stored_alerts_dropped_total", self.stored_alerts_dropped);
        count("wardline_profiles_refused_total", self.profiles_refused);
        count("wardline_profiles_tainted_total", self.hours_not_learned);
        count("wardline_events_dropped_total", self.events_dropped);
        let alertmanager = self.sinks.iter().find(|counts| counts.sink == "alertmanager");
        let queue = alertmanager.and_then(|counts| counts.waiting).unwrap_or(0);
        count("wardline_alertmanager_queue", queue);
        page.add("wardline_cycle_duration_seconds", &[], self.cycle_seconds);
        page.add("wardline_cycle_duration_maximum_seconds", &[], self.longest_cycle_seconds);
        for (table, ratio) in &self.fill_ratios {
            page.add("wardline_fill_ratio", &[("table", table)], *ratio);
        }
        for (part, is_in_force) in self.confinement.parts() {
            page.add(
                "wardline_worker_confined",
                &[("part", part)],
                f64::from(u8::from(is_in_force)),
            );
        }
        self.fill_books(page);
        self.fill_interfaces(page);
        self.fill_devices(page);
        self.fill_alerts(page);
        self.fill_ipfix(page);
        if let Some((seconds, runs)) = self.program_runs {
            page.add("wardline_program_run_seconds_total", &[], seconds);
            page.add("wardline_program_runs_total", &[], runs as f64);
        }
    }

    /// Frames received and undissected, by reason, on all interfaces.
    pub fn undissected(&self) -> impl Iterator<Item = (Undissected, u64)> + '_ {
        Undissected::ALL.into_iter().map(|reason| {
            let frames = |line: &InterfaceTotals| line.row.undissected_frames[reason as usize];
            (reason, self.interfaces.iter().map(frames).sum())
        })
    }

    pub fn received_frames(&self) -> u64 {
        self.interfaces.iter().map(|line| line.row.received_frames).sum()
    }

    fn fill_books(&self, page: &mut Page) {
        let received: u64 = self.interfaces.iter().map(|line| line.row.received_octets).sum();
        page.add("wardline_frames_received_total", &[], self.received_frames() as f64);
        page.add("wardline_bytes_received_total", &[], received as f64);
        let undissected: u64 = self.undissected().map(|(_, frames)| frames).sum();
        let inner = self.ledger.line(Entry::Encapsulated);
        page.add("wardline_frames_encapsulated_total", &[], inner as f64);
        let inner = self.ledger.line(Entry::EncapsulatedOctets);
        page.add("wardline_bytes_encapsulated_total", &[], inner as f64);
        let inner = self.ledger.line(Entry::EncapsulatedUndissected);
        page.add("wardline_frames_encapsulated_undissected_total", &[], inner as f64);
        let fates = [
            ("counted", self.books.counted_packets),
            ("undissected", undissected),
            ("lost", self.books.lost_packets),
        ];
        for (fate, frames) in fates {
            page.add("wardline_frames_total", &[("fate", fate)], frames as f64);
        }
        for (reason, frames) in self.undissected() {
            let labels = [("reason", reason.name())];
            page.add("wardline_frames_undissected_total", &labels, frames as f64);
        }
        for (outcome, flows) in self.announcements {
            let labels = [("outcome", outcome)];
            page.add("wardline_announced_flows_total", &labels, flows as f64);
        }
        for (reason, samples) in self.samples_unread {
            let labels = [("reason", reason)];
            page.add("wardline_samples_unread_total", &labels, samples as f64);
        }
        let samples = [
            ("taken", Entry::Samples),
            ("limited", Entry::SamplesLimited),
            ("header_limited", Entry::HeaderSamplesLimited),
            ("lost", Entry::SamplesLost),
        ];
        for (outcome, entry) in samples {
            let value = self.ledger.line(entry) as f64;
            page.add("wardline_samples_total", &[("outcome", outcome)], value);
        }
        for (reason, records) in &self.records_by_reason {
            page.add("wardline_flow_records_total", &[("reason", reason)], *records as f64);
        }
    }

    fn fill_interfaces(&self, page: &mut Page) {
        for line in &self.interfaces {
            let labels = [("interface", line.name.as_str())];
            let row = &line.row;
            page.add("wardline_interface_frames_total", &labels, row.received_frames as f64);
            page.add("wardline_interface_bytes_total", &labels, row.received_octets as f64);
            let undissected: u64 = row.undissected_frames.iter().sum();
            let name = "wardline_interface_undissected_frames_total";
            page.add(name, &labels, undissected as f64);
            if let Some(mode) = line.mode {
                let labels = [("interface", line.name.as_str()), ("mode", mode)];
                page.add("wardline_interface_info", &labels, 1.0);
            }
        }
        for name in &self.interfaces_held_off {
            page.add("wardline_interface_held_off", &[("interface", name)], 1.0);
        }
    }

    fn fill_devices(&self, page: &mut Page) {
        let mut add = |device: &str, totals: &[Totals; 2]| {
            for (direction, totals) in ["sent", "received"].into_iter().zip(totals) {
                let labels = [("device", device), ("direction", direction)];
                page.add("wardline_device_packets_total", &labels, totals.packets as f64);
                page.add("wardline_device_bytes_total", &labels, totals.octets as f64);
            }
        };
        for device in &self.device_totals {
            add(&device.id.0.to_string(), &device.totals);
        }
        add("overflow", &self.overflow);
        add("elsewhere", &self.elsewhere);
        for device in &self.device_totals {
            let id = device.id.0.to_string();
            let labels = [("device", id.as_str()), ("vendor", device.vendor.as_str())];
            page.add("wardline_device_info", &labels, 1.0);
        }
        for (role, devices) in &self.roles {
            let labels = [("role", role.as_str())];
            page.add("wardline_role_devices", &labels, devices.known as f64);
            page.add("wardline_role_devices_silent", &labels, devices.silent as f64);
        }
        for (application, totals) in &self.applications {
            let labels = [("application", application.name())];
            page.add("wardline_application_packets_total", &labels, totals.packets as f64);
            page.add("wardline_application_bytes_total", &labels, totals.octets as f64);
        }
    }

    fn fill_ipfix(&self, page: &mut Page) {
        for counts in &self.ipfix {
            let exporter = counts.exporter.as_str();
            let labels = [("exporter", exporter)];
            page.add("wardline_ipfix_records_total", &labels, counts.sent as f64);
            page.add("wardline_ipfix_queue", &labels, counts.waiting as f64);
            let lost = [("queue_full", counts.queue_full), ("unreachable", counts.unreachable)];
            for (reason, records) in lost {
                let labels = [("exporter", exporter), ("reason", reason)];
                page.add("wardline_ipfix_records_lost_total", &labels, records as f64);
            }
        }
    }

    fn fill_alerts(&self, page: &mut Page) {
        for (state, devices) in self.profiles {
            page.add("wardline_profiles", &[("state", state)], devices as f64);
        }
        for (reason, findings) in self.findings_passed_over {
            let labels = [("reason", reason)];
            page.add("wardline_findings_passed_over_total", &labels, findings as f64);
        }
        let severities =
            [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];
        for severity in severities {
            let firing = self.firing.get(&severity).copied().unwrap_or(0);
            let labels = [("severity", severity.name())];
            page.add("wardline_alerts_firing", &labels, firing as f64);
        }
        for cause in [Cause::Suppression, Cause::Maintenance, Cause::Digest] {
            let withheld = self.alerts_withheld.get(&cause).copied().unwrap_or(0);
            let labels = [("cause", cause.name())];
            page.add("wardline_alerts_withheld_total", &labels, withheld as f64);
        }
        for (severity, digested) in &self.alerts_digested {
            let labels = [("severity", severity.name())];
            page.add("wardline_alerts_digested_total", &labels, *digested as f64);
        }
        for (rule, fired) in &self.fired_by_rule {
            page.add("wardline_alerts_total", &[("rule", rule)], *fired as f64);
        }
        for counts in &self.sinks {
            let labels = [("sink", counts.sink.as_str())];
            page.add("wardline_events_written_total", &labels, counts.written as f64);
            page.add("wardline_events_failed_total", &labels, counts.failed as f64);
            if let Some(waiting) = counts.waiting {
                page.add("wardline_outbox_entries", &labels, waiting as f64);
            }
        }
        for (reason, dropped) in &self.undeliverable {
            page.add("wardline_outbox_dropped_total", &[("reason", reason)], *dropped as f64);
        }
    }
}
