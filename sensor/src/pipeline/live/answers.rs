//! Answers to questions, from the state between two cycles.

use sensor_common::{
    books::{Entry, InterfaceRow},
    endpoint::{ELSEWHERE, OVERFLOW, Totals},
};
use serde_json::{Value, json};

use super::{Live, wall_clock};
use crate::{
    capture::{Datapath as _, totals::TotalsReader, xdp::monotonic},
    detect::{Alert, Severity},
    export::eve::{EventContext, alert_value, device_value, flow_value, unclassified_value},
    question::{Readiness, Subject},
    snapshot::{DeviceTotals, InterfaceTotals, Snapshot},
};

/// Flows in one answer; the answer says how many there are.
const FLOWS: usize = 10_000;
const ALERTS: usize = 1000;
const UNKNOWN: usize = 200;

impl Live {
    pub(super) fn snapshot(&self) -> Snapshot {
        let totals = self.totals.latest();
        let mut snapshot = Snapshot {
            overflow: totals.of_endpoint(OVERFLOW),
            elsewhere: totals.of_endpoint(ELSEWHERE),
            applications: totals.by_application(),
            ..self.figures()
        };
        self.fill_devices(&totals, &mut snapshot);
        snapshot
    }

    pub(super) fn readiness(&self) -> Readiness {
        let interfaces_missing = self.seat.line.missing();
        let is_ready = interfaces_missing == 0 && !self.seat.line.attached().is_empty();
        Readiness { is_ready, interfaces_missing }
    }

    /// All but the totals, for which every flow is read.
    fn figures(&self) -> Snapshot {
        let ledger = self.datapath.ledger();
        let Readiness { is_ready, interfaces_missing } = self.readiness();
        Snapshot {
            is_ready,
            is_resumed: self.seat.is_resumed,
            worker_restarts: self.seat.restarts,
            confinement: self.seat.confinement,
            interfaces: self.interface_totals(),
            interfaces_missing,
            interfaces_held_off: self.seat.line.held_off(),
            pins_restored: self.seat.line.pins_restored(),
            books: self.reader.books(),
            flows_cut_short: self.reader.cut_short(),
            ledger,
            flow_slots: self.datapath.slots(),
            biflows: self.core.flows.len(),
            fill_ratios: self.fill_ratios(),
            clock_jumps: self.core.clock_jumps.count(),
            announcements: self.core.announcements(),
            samples_unread: self.core.samples_unread(),
            records_by_reason: self.core.records_by_reason().clone(),
            devices: self.core.inventory.devices().len(),
            devices_refused: self.core.inventory.refused(),
            roles: self.core.devices_by_role(monotonic()),
            endpoints: self.reader.endpoints_seen() as usize,
            endpoints_capacity: self.datapath.endpoint_capacity(),
            firing: self.core.firing_by_severity(),
            fired_by_rule: self.core.fired_by_rule().clone(),
            threshold_overflow: self.core.thresholds.overflowed(),
            profiles: self.core.baselines.counts(),
            profiles_refused: self.core.baselines.refused(),
            hours_not_learned: self.core.baselines.tainted(),
            flows_unattributed: self.core.thresholds.unattributed(),
            detection_overflow: self.core.watch.overflowed(),
            findings_passed_over: self.core.findings_passed_over(),
            alerts_withheld: self.core.desk.counts().withheld,
            alerts_acknowledged: self.core.desk.counts().acknowledged,
            desk_overflow: self.core.desk.counts().overflowed,
            alerts_digested: digested(self.core.desk.digested()),
            suppressions: self.core.desk.suppressions().count(),
            maintenance_windows: self.core.desk.maintenance().count(),
            expired_roles: self.core.expired_roles(),
            stored_alerts_dropped: self.sinks.alerts_dropped(),
            sinks: self.sinks.counts(),
            events_dropped: self.sinks.dropped(),
            ipfix: self.sinks.ipfix(),
            undeliverable: self.sinks.undeliverable(),
            program_runs: self
                .seat
                .line
                .run_statistics()
                .map(|(time, runs)| (time.as_secs_f64(), runs)),
            cycle_seconds: self.cycle.as_secs_f64(),
            longest_cycle_seconds: self.longest_cycle.as_secs_f64(),
            ..Snapshot::default()
        }
    }

    fn fill_devices(&self, all: &TotalsReader, snapshot: &mut Snapshot) {
        let limit = self.config.web.maximum_device_series as usize;
        for (device, endpoints) in self.endpoints_by_device() {
            let totals = sum(all, &endpoints);
            let device = device.and_then(|id| self.core.inventory.device(id));
            match device {
                Some(device) if snapshot.device_totals.len() < limit => {
                    let vendor = device.vendor.clone().unwrap_or_default();
                    snapshot.device_totals.push(DeviceTotals { id: device.id, vendor, totals });
                }
                Some(_) => add(&mut snapshot.overflow, &totals),
                None => add(&mut snapshot.elsewhere, &totals),
            }
        }
    }

    fn interface_totals(&self) -> Vec<InterfaceTotals> {
        let names = self.seat.line.names();
        let attached = self.seat.line.attached();
        let mut lines: Vec<InterfaceTotals> = Vec::new();
        let mut add_row = |index: u32, row: &InterfaceRow| {
            let known = names.get(&index);
            let name = match known {
                Some((name, _)) => name.clone(),
                None => "other".to_owned(),
            };
            let mode = known.filter(|_| attached.contains(&index)).map(|(_, mode)| *mode);
            match lines.iter_mut().find(|line| line.name == name) {
                Some(line) => {
                    line.mode = line.mode.or(mode);
                    add_rows(&mut line.row, row);
                }
                None => lines.push(InterfaceTotals { name, mode, row: *row }),
            }
        };
        for index in &attached {
            let row = InterfaceRow { interface: u64::from(*index), ..InterfaceRow::default() };
            add_row(*index, &row);
        }
        for row in self.datapath.interface_rows() {
            add_row(row.interface as u32, &row);
        }
        lines
    }

    pub(super) fn statistics(&self) -> Value {
        let snapshot = self.figures();
        let undissected: u64 = snapshot.undissected().map(|(_, frames)| frames).sum();
        json!({
            "frames": {
                "received": snapshot.received_frames(),
                "encapsulated": snapshot.ledger.line(Entry::Encapsulated),
                "counted": snapshot.books.counted_packets,
                "undissected": undissected,
                "lost": snapshot.books.lost_packets,
            },
            "flows": snapshot.books.live_flows,
            "biflows": snapshot.biflows,
            "devices": snapshot.devices,
            "alerts_firing": snapshot.firing.values().sum::<u64>(),
        })
    }

    pub(super) fn list(&mut self, subject: Subject) -> Value {
        let names = self.seat.line.names();
        let name_of = |index: u32| names.get(&index).map(|(name, _)| name.as_str());
        let wall = wall_clock();
        let context_of = |interface: u32| EventContext {
            wall,
            interface_name: &name_of,
            attach_mode: names.get(&interface).map_or("native", |(_, mode)| *mode),
            sensor: None,
        };
        match subject {
            Subject::Status => self.statistics(),
            Subject::Profiles => self.profiles(),
            Subject::Unknown => unclassified_value(&self.core.unclassified, UNKNOWN, wall),
            Subject::Alerts => {
                let mut firing: Vec<Alert> = self.core.firing().collect();
                let total = firing.len();
                firing.sort_by_key(order_of_list);
                let alerts = firing.iter().take(ALERTS).map(|alert| {
                    let device = self.core.inventory.device(alert.device);
                    let interface = device.map_or(0, |device| device.interface);
                    alert_value(alert, device, &context_of(interface))
                });
                json!({"total": total, "alerts": alerts.collect::<Vec<_>>()})
            }
            Subject::Flows => {
                let flows = self.core.flows.iter().take(FLOWS);
                let flows = flows.map(|flow| {
                    let mut value = flow_value(&flow, &context_of(flow.interface));
                    if let Some(flow) = value["flow"].as_object_mut() {
                        // It has not ended.
                        flow.remove("reason");
                    }
                    value
                });
                let flows: Vec<Value> = flows.collect();
                json!({"total": self.core.flows.len(), "flows": flows})
            }
            Subject::Devices => {
                let totals = self.totals.latest();
                let endpoints = self.endpoints_by_device();
                let devices = self.core.inventory.devices().map(|device| {
                    let mut value = device_value(device, &context_of(device.interface));
                    let own = endpoints.get(&Some(device.id)).map_or(&[][..], Vec::as_slice);
                    let [sent, received] = sum(&totals, own);
                    value["sent"] = json!({"packets": sent.packets, "bytes": sent.octets});
                    value["received"] =
                        json!({"packets": received.packets, "bytes": received.octets});
                    value
                });
                json!({"devices": devices.collect::<Vec<_>>()})
            }
        }
    }
}

fn digested(by_severity: [u64; 5]) -> Vec<(Severity, u64)> {
    Severity::ALL.into_iter().zip(by_severity).collect()
}

/// The worst stories first, each in the order in which its alerts fired.
fn order_of_list(alert: &Alert) -> impl Ord + use<> {
    let story = alert.marks.story.as_ref();
    let severity = story.map_or(alert.severity, |story| story.severity);
    let story = story.map_or((alert.fired_at.as_micros().cast_signed(), alert.id), |story| {
        (story.start.as_micros(), story.id)
    });
    (std::cmp::Reverse(severity), story, alert.fired_at, alert.id)
}

/// Of all these endpoints.
fn sum(totals: &TotalsReader, endpoints: &[u32]) -> [Totals; 2] {
    let mut sum = [Totals::default(); 2];
    for endpoint in endpoints {
        add(&mut sum, &totals.of_endpoint(*endpoint));
    }
    sum
}

fn add(sum: &mut [Totals; 2], totals: &[Totals; 2]) {
    for (sum, totals) in sum.iter_mut().zip(totals) {
        sum.packets += totals.packets;
        sum.octets += totals.octets;
    }
}

fn add_rows(sum: &mut InterfaceRow, row: &InterfaceRow) {
    sum.received_frames += row.received_frames;
    sum.received_octets += row.received_octets;
    sum.undissected_octets += row.undissected_octets;
    for (sum, frames) in sum.undissected_frames.iter_mut().zip(row.undissected_frames) {
        *sum += frames;
    }
}
