//! One biflow while it lasts, and the record that is made of it.

use sensor_common::{
    application::Application,
    flow::Network,
    wire::transport::{protocol, tcp_flags},
};

use super::{
    bare,
    key::BiflowKey,
    opinion::{Method, Opinion, Reason, VerdictChange},
    record::{FlowEndReason, FlowRecord, HalfFlow},
};
use crate::{inventory::DeviceId, observation::FlowDelta, prefetch::prefetch, time::Moment};

/// What one end sent. Moments are microseconds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Half {
    /// Since the last record.
    packets: u64,
    octets: u64,
    first_seen: u64,
    /// 0 where the key holds none.
    station: u64,
    /// The number of the device and one more, 0 where none is known: half of an option's memory.
    device: u32,
    interface: u32,
    outer_vlan: u16,
    inner_vlan: u16,
    icmp_type_code: u16,
    tcp_flags: u8,
    claim: Claim,
    opinion: Opinion,
    /// Whether it sent anything since the biflow began.
    pub has_sent: bool,
    /// The kernel's flow was opened within this biflow, so that its control bits are of this
    /// connection and not of one before it.
    is_whole: bool,
}

/// What the first packet says of who began: time stamps are coarse, and a capture may begin late.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Answered,
    #[default]
    Open,
    Opened,
}

impl Claim {
    fn of(delta: &FlowDelta) -> Self {
        /// The group bit of a station address.
        const GROUP: u64 = 1 << 40;
        let key = &delta.key;
        let message = (delta.icmp_type_code >> 8) as u8;
        match (key.network(), key.protocol()) {
            (Some(Network::Arp), _) => {
                let is_asked_of_all = key.destination_station().is_some_and(|to| to & GROUP != 0);
                if is_asked_of_all { Self::Opened } else { Self::Open }
            }
            (Some(Network::Ipv4 | Network::Ipv6), protocol::TCP) => {
                match delta.first_tcp_flags & (tcp_flags::SYN | tcp_flags::ACK) {
                    tcp_flags::SYN => Self::Opened,
                    flags if flags == tcp_flags::SYN | tcp_flags::ACK => Self::Answered,
                    _ => Self::Open,
                }
            }
            (Some(Network::Ipv4), protocol::ICMP) => match message {
                8 | 10 | 13 | 15 | 17 => Self::Opened,
                0 | 9 | 14 | 16 | 18 => Self::Answered,
                _ => Self::Open,
            },
            (Some(Network::Ipv6), protocol::ICMPV6) => match message {
                128 | 130 | 133 | 135 | 139 | 144 => Self::Opened,
                129 | 131 | 134 | 136 | 140 | 145 => Self::Answered,
                _ => Self::Open,
            },
            _ => Self::Open,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Biflow {
    pub key: BiflowKey,
    pub id: u64,
    halves: [Half; 2],
    start: u64,
    pub last_seen: u64,
    /// When there was last something to record, or nothing to; at first the start.
    pub recorded: u64,
    /// The deadline at which it is queued.
    pub queued: u64,
    /// When it was seen to be closed or reset, [`u64::MAX`] while it was not: half of an option's
    /// memory.
    closed_at: u64,
    /// Which end is the initiator, once a record has said so.
    settled_initiator: Option<u8>,
    /// Whether its connection may still turn out to be half open.
    pub awaits_outcome: bool,
    pub had_outcome: bool,
    /// Of the first octets of the first payload, keyed; 0 if there was none.
    digest: u32,
    /// The last opinion of a direction that was given up, and why.
    earlier: Option<(Opinion, Reason)>,
}

impl Biflow {
    /// A biflow that begins with `delta`, of which nothing is counted yet.
    pub fn new(key: BiflowKey, id: u64, delta: &FlowDelta) -> Self {
        // A flow that goes on after its biflow ended began at an unknown moment since then.
        let start = if delta.is_new { delta.first_seen } else { delta.last_seen };
        Self {
            key,
            id,
            halves: [Half::default(); 2],
            start: start.as_micros(),
            last_seen: delta.last_seen.as_micros(),
            recorded: start.as_micros(),
            queued: u64::MAX,
            closed_at: u64::MAX,
            settled_initiator: None,
            awaits_outcome: false,
            had_outcome: false,
            digest: 0,
            earlier: None,
        }
    }

    pub fn add(
        &mut self,
        from: usize,
        delta: &FlowDelta,
        source: Option<DeviceId>,
        destination: Option<DeviceId>,
    ) {
        if delta.is_new && self.settled_initiator.is_none() {
            self.start = self.start.min(delta.first_seen.as_micros());
            self.recorded = self.recorded.min(self.start);
        }
        self.last_seen = self.last_seen.max(delta.last_seen.as_micros());
        self.halves[from].add(delta);
        if let Some(earlier) = self.halves[from].consider(delta) {
            self.earlier = Some(earlier);
        }
        if self.digest == 0 {
            self.digest = delta.digest;
        }
        if source.is_some() {
            self.halves[from].set_device(source);
        }
        let other = &mut self.halves[1 - from];
        if destination.is_some() {
            other.set_device(destination);
        }
        if !other.has_sent {
            // Until it answers: where the frames for it were sent.
            other.station = delta.key.destination_station().unwrap_or(0);
        }
        if self.key.protocol == protocol::TCP && self.closed().is_none() && self.is_closed() {
            self.closed_at = self.last_seen;
        }
        self.awaits_outcome = !self.had_outcome && self.opener().is_some();
    }

    /// Has the processor fetch it.
    pub fn expect(&self) {
        prefetch(&self.key);
        prefetch(&self.last_seen);
        self.halves.iter().for_each(prefetch);
    }

    /// The ends have agreed on an application: that of both directions.
    pub fn settle_application(&mut self, application: Application) {
        let agreed = Opinion::announced(application);
        for half in &mut self.halves {
            if half.opinion.application != application && agreed.outweighs(half.opinion) {
                let before = std::mem::replace(&mut half.opinion, agreed);
                self.earlier = Some((before, Reason::Control));
            }
        }
    }

    pub fn closed(&self) -> Option<u64> {
        (self.closed_at != u64::MAX).then_some(self.closed_at)
    }

    fn is_closed(&self) -> bool {
        let [a, b] = self.halves.each_ref().map(Half::trusted_flags);
        (a | b) & tcp_flags::RST != 0 || a & b & tcp_flags::FIN != 0
    }

    /// The end that was seen to open a TCP connection.
    pub fn opener(&self) -> Option<usize> {
        (0..2).find(|&end| {
            self.key.protocol == protocol::TCP && self.halves[end].claim == Claim::Opened
        })
    }

    pub fn half(&self, end: usize) -> &Half {
        &self.halves[end]
    }

    /// Whether something was counted since the last record.
    pub fn has_news(&self) -> bool {
        self.halves.iter().any(|half| half.packets > 0)
    }

    pub fn start(&self) -> u64 {
        self.start
    }

    /// Of TCP the end whose first packet says that it began; else whose first packet came first;
    /// within one tick whose first packet says so; else that with the higher port.
    fn initiator(&self) -> usize {
        if let Some(end) = self.settled_initiator {
            return end as usize;
        }
        let [a, b] = &self.halves;
        let is_tcp = self.key.protocol == protocol::TCP;
        let (port_a, port_b) = self.key.ports_from(0);
        let second = match (a.has_sent, b.has_sent) {
            (true, false) => is_tcp && a.claim == Claim::Answered,
            (false, true) => !is_tcp || b.claim != Claim::Answered,
            _ if is_tcp && a.claim != b.claim => b.claim > a.claim,
            _ if a.first_seen != b.first_seen => b.first_seen < a.first_seen,
            _ if a.claim != b.claim => b.claim > a.claim,
            _ => self.key.network != Network::Link && port_b > port_a,
        };
        usize::from(second)
    }

    /// What was counted since the last record.
    pub fn record(&self, end_reason: FlowEndReason) -> FlowRecord {
        let initiator = self.initiator();
        let (forward, reverse) = (&self.halves[initiator], &self.halves[1 - initiator]);
        let first = if forward.has_sent { forward } else { reverse };
        let opinion = match best_opinion(forward, reverse) {
            unmarked if unmarked.application == Application::Unknown => {
                self.by_port().unwrap_or(unmarked)
            }
            marked => marked,
        };
        let (initiator_port, responder_port) = self.key.ports_from(initiator);
        let station = |half: &Half| (half.station != 0).then_some(half.station);
        FlowRecord {
            id: self.id,
            network: self.key.network,
            encapsulation: self.key.encapsulation,
            protocol: self.key.protocol,
            initiator: self.key.address(initiator),
            responder: self.key.address(1 - initiator),
            initiator_port,
            responder_port,
            initiator_station: station(forward),
            responder_station: station(reverse),
            initiator_device: forward.device(),
            responder_device: reverse.device(),
            outer_vlan: first.outer_vlan,
            inner_vlan: first.inner_vlan,
            interface: first.interface,
            icmp_type_code: first.icmp_type_code,
            opinion,
            change: self.earlier.map(|(from, reason)| VerdictChange {
                from: (from.application, from.evidence),
                to: (opinion.application, opinion.evidence),
                reason,
            }),
            detail: None,
            digest: self.digest,
            forward: forward.counted(),
            reverse: reverse.counted(),
            start: Moment::from_micros(self.start),
            end: Moment::from_micros(self.last_seen),
            end_reason,
        }
    }

    /// Of a connection without a marker, what its port says, if it stood. The port of an end that
    /// was seen to open it was drawn at random.
    fn by_port(&self) -> Option<Opinion> {
        let [a, b] = self.halves.each_ref().map(|half| half.tcp_flags);
        let ports = match self.opener() {
            Some(end) => (0, self.key.ports_from(end).1),
            None => self.key.ports_from(0),
        };
        let found = bare::by_port(self.key.protocol, ports, [a, b])?;
        Some(Opinion::of_packet_path(found.application, found.evidence))
    }

    /// Marks what [`Self::record`] gave as reported; the initiator then stays what it is.
    pub fn mark_recorded(&mut self) {
        self.settled_initiator = Some(self.initiator() as u8);
        for half in &mut self.halves {
            half.packets = 0;
            half.octets = 0;
        }
    }
}

impl Half {
    fn add(&mut self, delta: &FlowDelta) {
        let first_seen = delta.first_seen.as_micros();
        if !self.has_sent || (delta.is_new && first_seen < self.first_seen) {
            self.first_seen = first_seen;
            self.claim = if delta.is_new { Claim::of(delta) } else { Claim::Open };
            self.icmp_type_code = delta.icmp_type_code;
            self.station = delta.key.source_station().unwrap_or(0);
            self.interface = delta.key.interface();
            self.outer_vlan = delta.key.outer_vlan();
            self.inner_vlan = delta.key.inner_vlan();
        }
        if !self.has_sent {
            self.is_whole = delta.is_new;
        }
        self.has_sent = true;
        self.packets += delta.packets;
        self.octets += delta.octets;
        self.tcp_flags |= delta.tcp_flags;
    }

    /// Takes over what the packets show, if it is better; the opinion that was given up for it.
    fn consider(&mut self, delta: &FlowDelta) -> Option<(Opinion, Reason)> {
        let shown = delta.opinion;
        let is_as_good = shown.application != Application::Unknown
            && (shown.evidence, shown.method) == (self.opinion.evidence, self.opinion.method);
        if shown == self.opinion || !(shown.outweighs(self.opinion) || is_as_good) {
            return None;
        }
        let before = std::mem::replace(&mut self.opinion, shown);
        if let (Method::Payload, Some(reason)) =
            (shown.method, Reason::of_packet_path(delta.change))
        {
            let earlier = &delta.earlier;
            return Some((Opinion::of_packet_path(earlier.application, earlier.evidence), reason));
        }
        let reason = match shown.method {
            Method::Control => Reason::Control,
            _ => Reason::LaterPacket,
        };
        (before.application != Application::Unknown).then_some((before, reason))
    }

    pub fn device(&self) -> Option<DeviceId> {
        self.device.checked_sub(1).map(DeviceId)
    }

    fn set_device(&mut self, device: Option<DeviceId>) {
        self.device = device.map_or(0, |device| device.0.saturating_add(1));
    }

    /// Control bits that were surely sent within this biflow.
    fn trusted_flags(&self) -> u8 {
        if self.is_whole { self.tcp_flags } else { 0 }
    }

    fn counted(&self) -> HalfFlow {
        HalfFlow { packets: self.packets, octets: self.octets, tcp_flags: self.tcp_flags }
    }
}

/// Whether a flow's first packet opens a TCP connection or answers one that opens.
pub(super) fn begins_connection(delta: &FlowDelta) -> bool {
    delta.is_new
        && delta.key.protocol() == protocol::TCP
        && delta.first_tcp_flags & tcp_flags::SYN != 0
}

/// Between equals the initiator's word counts.
fn best_opinion(forward: &Half, reverse: &Half) -> Opinion {
    if reverse.opinion.outweighs(forward.opinion) { reverse.opinion } else { forward.opinion }
}
