//! Conversations of which the sensor sees one direction only.

use std::time::Duration;

use sensor_common::wire::transport::{protocol, tcp_flags::ACK};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
        window::Sums,
    },
    flow::{FlowEndReason, FlowRecord},
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(OneWayTraffic::new(parameters)),
};

const MINUTE: Duration = Duration::from_secs(60);
const WINDOW: Duration = Duration::from_secs(10 * 60);
/// Devices of which one-way conversations are counted, to name one.
const DEVICES: usize = 4096;
/// Packets of a conversation that surely had an answer.
const LEAST_PACKETS: u64 = 3;

static DESCRIPTION: Description = Description {
    id: "WL-048",
    name: "one_way_traffic",
    title: "Sensor sees one direction only",
    severity: Severity::Medium,
    sees: "More than `share` of the TCP conversations that ended within ten minutes were seen in one \
           direction only, though their acknowledgements show that there was another; of at least \
           `connections`. The alert names the device with most of them, which did nothing wrong. \
           Losses of the sensor itself are metrics with rules for Prometheus \
           (`deploy/rules/sensor.yml`), not detections.",
    clinical_note: "The first thing to rule out before any other alert is believed: half of the \
                    detections need both directions. Usual causes: a mirror port that copies one \
                    direction, two routers of which one is watched, a tap with a cable unplugged.",
    techniques: &[],
    parameters: &[
        Parameter {
            name: "share",
            meaning: "of conversations seen in one direction",
            default: 0.3,
            minimum: 0.01,
            maximum: 1.0,
            unit: Unit::Ratio,
            source: Source::Ours,
        },
        Parameter {
            name: "connections",
            meaning: "before a share is measured",
            default: 100.0,
            minimum: 10.0,
            maximum: 1e6,
            unit: Unit::Count,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(30 * 60),
};

#[derive(Debug)]
struct OneWayTraffic {
    share: f64,
    connections: u64,
    all: Sums,
    one_way: Sums,
    devices: Table<DeviceId, Sums>,
    reported: Option<Moment>,
}

impl OneWayTraffic {
    fn new(parameters: &Parameters) -> Self {
        Self {
            share: parameters.number("share"),
            connections: parameters.count("connections") as u64,
            all: Sums::new(WINDOW),
            one_way: Sums::new(WINDOW),
            devices: Table::new(DEVICES, WINDOW),
            reported: None,
        }
    }
}

impl Detector for OneWayTraffic {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, _: &mut Findings) {
        let is_over = !matches!(
            record.end_reason,
            FlowEndReason::ActiveTimeout
                | FlowEndReason::ForcedEnd
                | FlowEndReason::LackOfResources
        );
        let halves = [&record.forward, &record.reverse];
        let [most, least] = match record.forward.packets >= record.reverse.packets {
            true => halves,
            false => [halves[1], halves[0]],
        };
        let had_answer = most.packets >= LEAST_PACKETS && most.tcp_flags & ACK != 0;
        if record.protocol != protocol::TCP || !is_over || !had_answer {
            return;
        }
        self.all.add(record.end, 1);
        if least.packets > 0 {
            return;
        }
        self.one_way.add(record.end, 1);
        if let Some(device) = record.initiator_device.or(record.responder_device) {
            let sums = self.devices.touch(device, record.end, || Sums::new(WINDOW));
            sums.into_iter().for_each(|sums| sums.add(record.end, 1));
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, findings: &mut Findings) {
        self.all.advance(now);
        self.one_way.advance(now);
        let (all, one_way) = (self.all.total(), self.one_way.total());
        let share = one_way as f64 / all.max(1) as f64;
        let is_due = self.reported.is_none_or(|reported| now.since(reported) >= MINUTE);
        if all < self.connections || share <= self.share || !is_due {
            return;
        }
        self.reported = Some(now);
        let most = self.devices.iter().max_by_key(|(device, sums)| (sums.total(), device.0));
        let Some((&device, _)) = most else { return };
        let percent = share * 100.0;
        findings.report(Finding {
            device,
            severity: None,
            metric: "one_way_share",
            value: share,
            limit: self.share,
            window: WINDOW,
            sentence: format!(
                "is among those of whose conversations the sensor sees one direction only: \
                 {percent:.0} % of {all} within ten minutes"
            ),
            evidence: Evidence::default()
                .number("one_way", one_way as f64)
                .number("conversations", all as f64),
            since: now - WINDOW,
            at: now,
        });
    }

    fn overflowed(&self) -> u64 {
        self.devices.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::trial::*;

    fn share(one_way: u32, both_ways: u32) -> Vec<Finding> {
        let mut trial = Trial::new(&DETECTION, &[]);
        for _ in 0..one_way {
            assert!(trial.record(talk("10.20.0.7", "10.20.0.8").packets(3, 0)).is_empty());
        }
        for _ in 0..both_ways {
            trial.record(talk("10.20.0.1", "10.20.0.8"));
        }
        trial.advance(1.0)
    }

    #[test]
    fn more_than_three_in_ten_are_too_many() {
        assert!(share(29, 71).is_empty());
        assert!(share(30, 70).is_empty());
        let found = share(31, 69);
        assert_eq!((found[0].value, found[0].device.0), (0.31, 7));
        assert!(share(99, 0).is_empty(), "too few to say");
    }

    #[test]
    fn what_nobody_answers_is_no_blindness() {
        let mut trial = Trial::new(&DETECTION, &[]);
        for _ in 0..200 {
            trial.record(talk("10.20.0.7", "10.20.0.8").packets(2, 0));
            trial.changed(talk("10.20.0.7", "10.20.0.8").packets(9, 0), |record| {
                record.forward.tcp_flags = 2;
            });
            trial.record(talk("10.20.0.7", "10.20.0.8").udp(40_000, 514).packets(9, 0));
        }
        assert!(trial.advance(1.0).is_empty());
    }

    #[test]
    fn it_is_said_once_a_minute_and_forgotten_after_ten() {
        let mut trial = Trial::new(&DETECTION, &[]);
        for _ in 0..100 {
            trial.record(talk("10.20.0.7", "10.20.0.8").packets(3, 0));
        }
        assert_eq!(trial.advance(1.0).len(), 1);
        assert!(trial.advance(30.0).is_empty());
        assert_eq!(trial.advance(61.0).len(), 1);
        assert!(trial.advance(661.0).is_empty());
    }
}
