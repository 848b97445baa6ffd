//! Which devices may serve: those that have the role for it, or where no device has it, those that
//! served while the sensor learned. For detections of servers that nobody expects.

use std::time::Duration;

use super::{
    Detector, Estate, Evidence, Finding, Findings, FlowSeen,
    description::{DAY, HOUR, Parameter, Source, Unit},
    learning::Learning,
    reminder::Reminder,
    settings::Parameters,
    table::Table,
};
use crate::{inventory::DeviceId, time::Moment};

/// Servers that are remembered, and for how long after they served last.
const SERVERS: usize = 4096;
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);

/// The parameter of detections that learn servers.
pub const LEARNING: Parameter = Parameter {
    name: "learning",
    meaning: "time after the start in which servers are learned, where no device has the role",
    default: 86_400.0,
    minimum: 0.0,
    maximum: 2_592_000.0,
    unit: Unit::Seconds,
    source: Source::Ours,
};

/// What is known of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It has the role.
    Listed,
    /// It served while the sensor learned.
    Learned,
    /// Neither.
    Unlisted,
}

#[derive(Debug)]
pub struct Servers {
    role: &'static str,
    learning: Learning,
    known: Table<DeviceId, ()>,
    told: Reminder<DeviceId>,
}

impl Servers {
    /// Without a device in `role`, whoever serves within [`LEARNING`] after the start is known.
    pub fn new(role: &'static str, parameters: &Parameters) -> Self {
        Self {
            role,
            learning: Learning::new(parameters.duration(LEARNING.name)),
            known: Table::new(SERVERS, MEMORY),
            told: Reminder::every(HOUR, SERVERS),
        }
    }

    /// The sensor is at work; learning begins with the first call.
    pub fn begin(&mut self, now: Moment) {
        self.learning.is_learning(now);
    }

    /// Whether somebody said which devices have the role.
    fn are_listed(&self, estate: &Estate<'_>) -> bool {
        estate.roles.iter().any(|role| role.name == self.role && !role.is_empty())
    }

    /// What is known of a device that serves at `at`.
    pub fn standing(&mut self, server: DeviceId, at: Moment, estate: &Estate<'_>) -> Standing {
        let is_learning = self.learning.is_learning(at);
        if self.are_listed(estate) {
            let is_listed = estate.has_role(server, self.role);
            return if is_listed { Standing::Listed } else { Standing::Unlisted };
        }
        if is_learning || self.known.get(&server).is_some() {
            self.known.touch(server, at, || ());
            return Standing::Learned;
        }
        Standing::Unlisted
    }

    /// Whether to tell of a server now: not as long as it was told of a while ago.
    pub fn is_to_be_told(&mut self, server: DeviceId, at: Moment) -> bool {
        self.told.is_due(server, at)
    }

    pub fn overflowed(&self) -> u64 {
        self.known.overflowed() + self.told.overflowed()
    }
}

/// The detector of servers that may not serve, whatever they serve.
#[derive(Debug)]
pub struct UnexpectedServer {
    servers: Servers,
    /// Whether a flow shows its source serve.
    serves: fn(&FlowSeen<'_>) -> bool,
    metric: &'static str,
    sentence: &'static str,
}

impl UnexpectedServer {
    pub fn new(
        servers: Servers,
        serves: fn(&FlowSeen<'_>) -> bool,
        metric: &'static str,
        sentence: &'static str,
    ) -> Self {
        Self { servers, serves, metric, sentence }
    }
}

impl Detector for UnexpectedServer {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let (delta, key) = (flow.delta, &flow.delta.key);
        if !(self.serves)(flow) {
            return;
        }
        let (Some(device), Some(address)) = (flow.source, key.source_address()) else { return };
        let at = delta.last_seen;
        if !estate.is_internal(address)
            || self.servers.standing(device, at, estate) != Standing::Unlisted
            || !self.servers.is_to_be_told(device, at)
        {
            return;
        }
        findings.report(Finding {
            device,
            severity: None,
            metric: self.metric,
            value: 1.0,
            limit: 1.0,
            window: DAY,
            sentence: self.sentence.to_owned(),
            evidence: Evidence::default().peer(key.destination_address()),
            since: delta.first_seen,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.servers.begin(now);
    }

    fn overflowed(&self) -> u64 {
        self.servers.overflowed()
    }
}
