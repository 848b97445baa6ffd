//! A host that asks the whole segment for addresses and opens SMB to each that answers: a worm on its
//! own network, where most of its targets do not exist and no connection shows them.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use sensor_common::{flow::Network, wire::transport::protocol};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        opening::Part,
        settings::Parameters,
        table::Table,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(SmbSweep::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-002",
    name: "smb_sweep",
    title: "SMB sweep of the own segment",
    severity: Severity::Critical,
    sees: "A host that within the window asks by ARP for many addresses which it did not ask for \
           before, gets no answer from most of them, and opens TCP 445 or 139 to nearly every one \
           that answers. High at first, critical from three such targets or 64 \
           addresses on.",
    clinical_note: "This is how a worm such as WannaCry looks for its next victims on a ward's own \
                    network. Isolate the host that is named, unless it keeps a patient alive: then \
                    isolate what it can reach. An inventory tool does the same: give it the role \
                    scanner.",
    techniques: &["T1021.002", "T1210", "T1018"],
    parameters: &[
        Parameter {
            name: "addresses",
            meaning: "addresses asked for, for the first time within an hour",
            default: 16.0,
            minimum: 4.0,
            maximum: 254.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "targets",
            meaning: "of those that answer, how many are contacted over SMB",
            default: 2.0,
            minimum: 2.0,
            maximum: 64.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "share",
            meaning: "of those that answer, the share that is contacted over SMB",
            default: 0.8,
            minimum: 0.1,
            maximum: 1.0,
            unit: Unit::Ratio,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "time within which addresses are asked for",
            default: 60.0,
            minimum: 1.0,
            maximum: 600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &["scanner", "management_server"],
    clears_after: Duration::from_secs(600),
};

/// Hosts that ask, and addresses that are remembered of each.
const HOSTS: usize = 2048;
const ADDRESSES: usize = 512;
/// An address that was asked for within this time is not asked for anew.
const MEMORY: Duration = Duration::from_secs(3600);
/// Targets, or addresses, from which on it is critical.
const MANY_TARGETS: usize = 3;
const MANY_ADDRESSES: usize = 64;

/// What became of an address that a host asked for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    first: Moment,
    last: Moment,
    answered: bool,
    contacted: bool,
}

#[derive(Debug, Default)]
struct Sweep {
    asked: HashMap<IpAddr, Asked>,
    /// Something was added since it was looked at.
    has_grown: bool,
    /// What was told last: targets, and whether as critical.
    told: (usize, bool),
    overflowed: u64,
}

impl Sweep {
    fn ask(&mut self, address: IpAddr, at: Moment) {
        if let Some(asked) = self.asked.get_mut(&address) {
            asked.last = asked.last.max(at);
            return;
        }
        if self.asked.len() >= ADDRESSES {
            self.asked.retain(|_, asked| at.since(asked.last) <= MEMORY);
        }
        if self.asked.len() >= ADDRESSES {
            self.overflowed += 1;
            return;
        }
        let asked = Asked { first: at, last: at, answered: false, contacted: false };
        self.asked.insert(address, asked);
        self.has_grown = true;
    }
}

#[derive(Debug)]
struct SmbSweep {
    addresses: usize,
    targets: usize,
    share: f64,
    window: Duration,
    sweeps: Table<DeviceId, Sweep>,
    overflowed: u64,
}

impl SmbSweep {
    fn new(parameters: &Parameters) -> Self {
        Self {
            addresses: parameters.count("addresses"),
            targets: parameters.count("targets"),
            share: parameters.number("share"),
            window: parameters.duration("window"),
            sweeps: Table::new(HOSTS, MEMORY),
            overflowed: 0,
        }
    }

    fn observe_arp(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>) {
        let key = &flow.delta.key;
        let (Some(source), Some(target)) = (key.source_address(), key.destination_address()) else {
            return;
        };
        let at = flow.delta.last_seen;
        if flow.part == Part::Initiator {
            let station = key.source_station().unwrap_or(0);
            let asker = estate.inventory.device_of_station(station, key.vlans());
            let Some(asker) = asker.filter(|&id| is_host(estate, id)) else { return };
            if source != target
                && let Some(sweep) = self.sweeps.touch(asker, at, Sweep::default)
            {
                let overflowed = sweep.overflowed;
                sweep.ask(target, at);
                self.overflowed += sweep.overflowed - overflowed;
            }
        } else {
            let station = key.destination_station().unwrap_or(0);
            let asker = estate.inventory.device_of_station(station, key.vlans());
            let sweep = asker.and_then(|asker| self.sweeps.get_mut(&asker));
            if let Some(sweep) = sweep
                && let Some(asked) = sweep.asked.get_mut(&source)
            {
                sweep.has_grown |= !asked.answered;
                asked.answered = true;
            }
        }
    }

    fn observe_tcp(&mut self, flow: &FlowSeen<'_>) {
        let (Some(source), Some(target)) = (flow.source, flow.delta.key.destination_address())
        else {
            return;
        };
        if let Some(sweep) = self.sweeps.get_mut(&source)
            && let Some(asked) = sweep.asked.get_mut(&target)
        {
            sweep.has_grown |= !asked.contacted;
            asked.contacted = true;
            // The answer may have been missed.
            asked.answered = true;
        }
    }
}

/// A router asks for whatever is sent through it.
fn is_host(estate: &Estate<'_>, id: DeviceId) -> bool {
    estate.device(id).is_some_and(|device| !device.is_router)
}

impl Detector for SmbSweep {
    fn interest(&self) -> Interest {
        Interest::OPENINGS
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, _: &mut Findings) {
        let key = &flow.delta.key;
        if !flow.delta.is_new {
            return;
        }
        if key.network() == Some(Network::Arp) {
            self.observe_arp(flow, estate);
        } else if key.protocol() == protocol::TCP
            && matches!(key.destination_port(), 139 | 445)
            && flow.part == Part::Initiator
        {
            self.observe_tcp(flow);
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, findings: &mut Findings) {
        for (&device, sweep) in self.sweeps.iter_mut() {
            if !std::mem::take(&mut sweep.has_grown) || sweep.asked.len() < self.addresses {
                continue;
            }
            let recent = || {
                let all = sweep.asked.iter();
                all.filter(|(_, asked)| now.since(asked.first) <= self.window)
            };
            let asked = recent().count();
            let answered = recent().filter(|(_, asked)| asked.answered).count();
            let contacted = recent().filter(|(_, asked)| asked.contacted).count();
            if asked < self.addresses
                || contacted < self.targets
                || (contacted as f64) < self.share * answered as f64
                || answered * 2 > asked
            {
                continue;
            }
            let is_certain = contacted >= MANY_TARGETS || asked >= MANY_ADDRESSES;
            if sweep.told == (contacted, is_certain) {
                continue;
            }
            sweep.told = (contacted, is_certain);
            let mut evidence = Evidence::default()
                .number("asked_for", asked as f64)
                .number("answered", answered as f64)
                .number("smb_targets", contacted as f64);
            let mut targets: Vec<_> = recent()
                .filter(|(_, asked)| asked.contacted)
                .map(|(&address, _)| address)
                .collect();
            targets.sort_unstable();
            evidence.add_peers(targets);
            findings.report(Finding {
                device,
                severity: (!is_certain).then_some(Severity::High),
                metric: "asked_for",
                value: asked as f64,
                limit: self.addresses as f64,
                window: self.window,
                sentence: format!(
                    "asks for {asked} addresses of its segment and opens SMB to {contacted} of the \
                     {answered} that answer"
                ),
                evidence,
                since: recent().map(|(_, asked)| asked.first).min().unwrap_or(now),
                at: now,
            });
        }
    }

    fn overflowed(&self) -> u64 {
        self.sweeps.overflowed() + self.overflowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::segment::{Frame, Host, ROUTER, Segment, host};

    const WORM: u32 = 200;

    /// Host 200 asks for `asked` hosts, of which the first `answering` answer, and opens `port` to
    /// `contacted` of those.
    fn sweep(
        segment: &mut Segment,
        worm: Host,
        asked: u32,
        answering: u32,
        contacted: u32,
        port: u16,
    ) {
        for number in 1..=asked {
            let at = f64::from(number) * 0.02;
            segment.feed(Frame::arp_request(worm, host(number).1), at);
            if number <= answering {
                segment.feed(Frame::arp_reply(host(number), worm), at + 0.001);
            }
            if number <= contacted {
                segment.feed(Frame::tcp(worm, host(number), port), at + 0.002);
            }
        }
    }

    fn severities(asked: u32, answering: u32, contacted: u32, port: u16) -> Vec<Option<Severity>> {
        let mut segment = Segment::watched_by("smb_sweep");
        sweep(&mut segment, host(WORM), asked, answering, contacted, port);
        let found = segment.advance(10.0);
        assert!(found.iter().all(|finding| finding.device == segment.device(host(WORM))));
        found.into_iter().map(|finding| finding.severity).collect()
    }

    #[test]
    fn who_asks_for_many_and_opens_smb_to_those_that_answer_sweeps() {
        assert_eq!(severities(15, 3, 3, 445), []);
        assert_eq!(severities(16, 3, 3, 445), [None]);
        assert_eq!(severities(17, 3, 3, 139), [None]);
        assert_eq!(severities(16, 2, 2, 445), [Some(Severity::High)]);
        assert_eq!(severities(63, 2, 2, 445), [Some(Severity::High)]);
        assert_eq!(severities(64, 2, 2, 445), [None]);
    }

    #[test]
    fn the_alert_comes_before_the_thirty_second_target() {
        let mut segment = Segment::watched_by("smb_sweep");
        sweep(&mut segment, host(WORM), 31, 3, 3, 445);
        assert_eq!(segment.advance(0.7).len(), 1);
    }

    #[test]
    fn one_file_server_and_many_silent_printers_are_an_office() {
        assert_eq!(severities(60, 1, 1, 445), []);
        // Of ten that answer, seven are no servers.
        assert_eq!(severities(60, 10, 7, 445), []);
        assert_eq!(severities(60, 10, 8, 445), [None]);
        assert_eq!(severities(60, 3, 3, 9100), []);
    }

    #[test]
    fn a_client_of_many_servers_that_are_all_there_is_no_sweep() {
        assert_eq!(severities(20, 20, 20, 445), []);
    }

    #[test]
    fn who_asks_for_the_same_addresses_all_day_asks_for_nothing_new() {
        let mut segment = Segment::watched_by("smb_sweep");
        for minute in 0..30 {
            for number in 1..=20 {
                let ask = Frame::arp_request(host(WORM), host(100 + number).1);
                segment.feed(ask, f64::from(minute) * 60.0);
            }
        }
        for number in 1..=3 {
            segment.feed(Frame::arp_request(host(WORM), host(number).1), 1801.0);
            segment.feed(Frame::arp_reply(host(number), host(WORM)), 1801.1);
            segment.feed(Frame::tcp(host(WORM), host(number), 445), 1801.2);
        }
        assert_eq!(segment.advance(1802.0), []);
    }

    #[test]
    fn a_router_asks_for_whatever_is_sent_through_it() {
        let mut segment = Segment::watched_by("smb_sweep");
        sweep(&mut segment, ROUTER, 60, 3, 3, 445);
        assert_eq!(segment.advance(10.0), []);
    }

    #[test]
    fn addresses_beyond_the_bound_are_counted() {
        let mut segment = Segment::watched_by("smb_sweep");
        sweep(&mut segment, host(4000), 600, 3, 3, 445);
        assert_eq!(segment.overflowed(), 88);
    }
}
