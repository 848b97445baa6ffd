//! Calls home: conversations with one address outside that begin like clockwork.

mod row;
mod score;

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use sensor_common::application::Application;

use self::{row::Row, score::Call};
use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Interest, Severity,
        border::Crossing,
        description::{DAY, Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    flow::{FlowEndReason, FlowRecord, community::community_id},
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(Beaconing::new(parameters)),
};

/// A row is looked at this often at most.
const PAUSE: Duration = Duration::from_secs(10 * 60);
/// Rows: a device and what it calls. At most 2 KiB each.
const ROWS: usize = 8192;
/// Destinations of which it is known who calls them, devices that call, and callers counted of one
/// destination.
const DESTINATIONS: usize = 16_384;
const DEVICES: usize = 16_384;
const CALLERS: usize = 64;
/// Devices before what most of them do, or hardly one, says anything.
const A_CROWD: usize = 20;
/// RITA's: what at most so many call is rarer than a service of the house, and what at least so many
/// call is one.
const RARE: f64 = 0.02;
const COMMON: f64 = 0.5;
const PREVALENCE: f64 = 0.15;
const RITA: Source = Source::Published("RITA, defaults of beacon scoring");

const fn share(name: &'static str, meaning: &'static str, default: f64) -> Parameter {
    Parameter {
        name,
        meaning,
        default,
        minimum: 0.1,
        maximum: 1.0,
        unit: Unit::Ratio,
        source: RITA,
    }
}

static DESCRIPTION: Description = Description {
    id: "WL-016",
    name: "beaconing",
    title: "Calls home like clockwork",
    severity: Severity::Medium,
    sees: "A device that opens conversations with one address (or TLS server name) and port outside \
           the site for at least `span`, regular in intervals, octets sent, durations and hours: four \
           scores of a quarter each, of the last 96 conversations and the last 24 hours. 0.15 more \
           if at most 2 % of at least 20 devices call the same, 0.15 less if at least half do. High \
           from `high_score` on; info only where `shared_by` devices or more call the same, as \
           with the telemetry of a product. DNS, NTP and groups are left out; with `inside = 1` destinations \
           inside the site count too, without SNMP and syslog. Rows are kept in memory.",
    clinical_note: "Remote control asks its master for orders at set times, but so do virus scanners, \
                    software updates and suppliers' telemetry. Look who runs the address, whether it \
                    is new, and whether only this device calls it. Nothing has to be switched off \
                    for that.",
    techniques: &["T1071", "T1573"],
    parameters: &[
        share("score", "from which it is reported", 0.7),
        share("high_score", "from which it is high", 0.9),
        Parameter {
            name: "conversations",
            meaning: "before a score is made",
            default: 8.0,
            minimum: 4.0,
            maximum: 96.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "span",
            meaning: "between the first of them and the last",
            default: 6.0 * 3600.0,
            minimum: 10.0,
            maximum: 7.0 * 86_400.0,
            unit: Unit::Seconds,
            source: RITA,
        },
        Parameter {
            name: "shared_by",
            meaning: "devices that call the same, from which on it is a service and not a secret",
            default: 10.0,
            minimum: 2.0,
            maximum: CALLERS as f64,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "inside",
            meaning: "1 if destinations in the site count too",
            default: 0.0,
            minimum: 0.0,
            maximum: 1.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
    ],
    excused_roles: &["monitoring"],
    clears_after: DAY,
};

/// What is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Destination {
    service: Service,
    protocol: u8,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Service {
    /// The name in a client's hello, which stays when addresses move.
    Named(Box<str>),
    At(IpAddr),
}

#[derive(Debug)]
struct Beaconing {
    score: f64,
    high_score: f64,
    conversations: usize,
    span: Duration,
    shared_by: usize,
    counts_inside: bool,
    rows: Table<(DeviceId, Destination), Row>,
    callers: Table<Destination, BTreeSet<DeviceId>>,
    devices: Table<DeviceId, ()>,
}

impl Beaconing {
    fn new(parameters: &Parameters) -> Self {
        Self {
            score: parameters.number("score"),
            high_score: parameters.number("high_score"),
            conversations: parameters.count("conversations"),
            span: parameters.duration("span"),
            shared_by: parameters.count("shared_by"),
            counts_inside: parameters.count("inside") == 1,
            rows: Table::new(ROWS, DAY),
            callers: Table::new(DESTINATIONS, DAY),
            devices: Table::new(DEVICES, DAY),
        }
    }

    /// Who called, if it is a call that counts.
    fn caller(&self, record: &FlowRecord, estate: &Estate<'_>) -> Option<(DeviceId, IpAddr)> {
        let (initiator, responder) = (record.initiator?, record.responder?);
        let is_left_out = match record.opinion.application {
            Application::Dns | Application::Ntp | Application::Icmp | Application::Icmpv6 => true,
            Application::Snmp | Application::Syslog => estate.is_internal(responder),
            _ => false,
        };
        let is_group = responder.is_multicast() || responder == IpAddr::from([255; 4]);
        let crosses = Crossing::of(record, estate).is_some_and(|crossing| crossing.is_outward);
        let is_inner = self.counts_inside && estate.is_internal(initiator);
        let counts = !is_left_out && !is_group && (crosses || is_inner);
        record.initiator_device.filter(|_| counts).map(|device| (device, responder))
    }

    /// What to add for how many devices call the same.
    fn correction(&self, destination: &Destination) -> f64 {
        let callers = self.callers.get(destination).map_or(0, BTreeSet::len);
        let devices = self.devices.len();
        if devices < A_CROWD || callers == 0 {
            return 0.0;
        }
        match callers as f64 / devices as f64 {
            share if share <= RARE => PREVALENCE,
            share if share >= COMMON || callers >= CALLERS => -PREVALENCE,
            _ => 0.0,
        }
    }
}

fn destination_of(record: &FlowRecord, address: IpAddr) -> Destination {
    let tls = record.detail.as_ref().and_then(|detail| detail.tls.as_ref());
    let service = match tls.and_then(|tls| tls.server_name.as_deref()) {
        Some(name) => Service::Named(name.to_ascii_lowercase().into()),
        None => Service::At(address),
    };
    Destination { service, protocol: record.protocol, port: record.responder_port }
}

impl Detector for Beaconing {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_record(
        &mut self,
        record: &FlowRecord,
        estate: &Estate<'_>,
        findings: &mut Findings,
    ) {
        // What lasts is another detection's.
        if record.end_reason == FlowEndReason::ActiveTimeout {
            return;
        }
        let Some((device, address)) = self.caller(record, estate) else { return };
        let destination = destination_of(record, address);
        let at = record.end;
        self.devices.touch(device, at, || ());
        if let Some(callers) = self.callers.touch(destination.clone(), at, BTreeSet::new)
            && callers.len() < CALLERS
        {
            callers.insert(device);
        }
        let Some(row) = self.rows.touch((device, destination.clone()), at, Row::default) else {
            return;
        };
        row.add(Call {
            start: record.start.as_micros(),
            octets: record.forward.octets,
            milliseconds: record.end.since(record.start).as_millis() as u64,
        });
        if row.len() < self.conversations || row.span() < self.span || !row.is_due(at, PAUSE) {
            return;
        }
        let scores = row.scores();
        let (count, since) = (row.len(), row.first());
        let score = (scores.mean() + self.correction(&destination)).clamp(0.0, 1.0);
        if score < self.score {
            return;
        }
        let callers = self.callers.get(&destination).map_or(0, BTreeSet::len);
        let severity = if callers >= self.shared_by {
            Some(Severity::Info)
        } else {
            (score >= self.high_score).then_some(Severity::High)
        };
        let percent = score * 100.0;
        let whom = match &destination.service {
            Service::Named(name) => format!("`{name}`"),
            Service::At(address) => address.to_string(),
        };
        let evidence = Evidence::default()
            .number("intervals", scores.intervals)
            .number("sizes", scores.sizes)
            .number("durations", scores.durations)
            .number("hours", scores.hours)
            .number("conversations", count as f64)
            .peer(Some(address))
            .flow(community_id(record));
        findings.report(Finding {
            device,
            severity,
            metric: "beacon_score",
            value: score,
            limit: self.score,
            window: at.since(since),
            sentence: format!("calls {whom} like clockwork ({percent:.0} of 100)"),
            evidence,
            since,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.rows.make_room(now);
        self.callers.make_room(now);
        self.devices.make_room(now);
    }

    fn overflowed(&self) -> u64 {
        self.rows.overflowed() + self.callers.overflowed() + self.devices.overflowed()
    }
}

#[cfg(test)]
mod tests;
