//! One station that opens connections in the names of very many addresses, none of which goes on: a
//! flood with forged sources, told of the station that sends it.

use std::{collections::HashSet, time::Duration};

use sensor_common::{
    flow::Network,
    wire::transport::{protocol, tcp_flags},
};

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        opening::Part,
        settings::Parameters,
        table::Table,
    },
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(ForgedSources::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-032",
    name: "forged_sources",
    title: "Flood with forged sources",
    severity: Severity::High,
    sees: "A station that within the window sends TCP SYNs from very many IPv4 addresses, nearly \
           none of which acknowledges anything. Told of the station, whose addresses they are not. \
           Of a router it says that the flood comes in through it.",
    clinical_note: "The device that is the target may stop answering, and so may a firewall on the \
                    way. The addresses are made up: do not block them. Find the switch port of the \
                    station; if it is a router, the source lies behind it.",
    techniques: &["T1498.001", "T0814"],
    parameters: &[
        Parameter {
            name: "sources",
            meaning: "addresses from which one station opens connections",
            default: 200.0,
            minimum: 20.0,
            maximum: 4096.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "acknowledged",
            meaning: "the share of them that may go on with a connection",
            default: 0.1,
            minimum: 0.0,
            maximum: 0.9,
            unit: Unit::Ratio,
            source: Source::Ours,
        },
        Parameter {
            name: "window",
            meaning: "time within which they count",
            default: 10.0,
            minimum: 1.0,
            maximum: 300.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(120),
};

/// Stations at a time, and sources that are told apart of each.
const STATIONS: usize = 1024;
const SOURCES: usize = 4096;

#[derive(Debug)]
struct Flood {
    since: Moment,
    sources: HashSet<u32>,
    acknowledged: HashSet<u32>,
    told: usize,
}

#[derive(Debug)]
struct ForgedSources {
    sources: usize,
    acknowledged: f64,
    window: Duration,
    /// By station and VLANs.
    floods: Table<(u64, u64), Flood>,
}

impl ForgedSources {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            sources: parameters.count("sources"),
            acknowledged: parameters.number("acknowledged"),
            window,
            floods: Table::new(STATIONS, window),
        }
    }
}

impl Detector for ForgedSources {
    fn interest(&self) -> Interest {
        Interest::TCP
    }

    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let (key, at) = (&flow.delta.key, flow.delta.last_seen);
        if key.protocol() != protocol::TCP
            || key.network() != Some(Network::Ipv4)
            || flow.part != Part::Initiator
        {
            return;
        }
        let (Some(station), [_, address]) = (key.source_station(), key.source_words()) else {
            return;
        };
        let address = address as u32;
        let make =
            || Flood { since: at, sources: HashSet::new(), acknowledged: HashSet::new(), told: 0 };
        let Some(flood) = self.floods.touch((station, key.vlans()), at, make) else { return };
        if at.since(flood.since) > self.window {
            *flood = make();
        }
        if flow.delta.tcp_flags & tcp_flags::ACK != 0 {
            if flood.sources.contains(&address) {
                flood.acknowledged.insert(address);
            }
        } else if flow.delta.is_new && flood.sources.len() < SOURCES {
            flood.sources.insert(address);
        }
        let (sources, acknowledged) = (flood.sources.len(), flood.acknowledged.len());
        let has_doubled = sources >= flood.told * 2;
        if sources < self.sources
            || !has_doubled
            || acknowledged as f64 > self.acknowledged * sources as f64
        {
            return;
        }
        let Some(device) = estate.inventory.device_of_station(station, key.vlans()) else {
            return;
        };
        flood.told = sources;
        findings.report(Finding {
            device,
            severity: None,
            metric: "distinct_sources",
            value: sources as f64,
            limit: self.sources as f64,
            window: self.window,
            sentence: format!(
                "opens connections in the names of {sources} addresses, of which {acknowledged} go on"
            ),
            evidence: Evidence::default()
                .number("acknowledged", acknowledged as f64)
                .peer(key.destination_address()),
            since: flood.since,
            at,
        });
    }

    fn overflowed(&self) -> u64 {
        self.floods.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::segment::{Frame, Host, Segment, address, host};

    fn forge(segment: &mut Segment, station: u64, sources: u32, answered: u32, over: f64) {
        for number in 0..sources {
            let from = Host(station, address(0x1_0000 + number));
            let at = over * f64::from(number) / f64::from(sources);
            segment.feed(Frame::tcp(from, host(1), 445), at);
            if number < answered {
                segment.feed(Frame::tcp(from, host(1), 445).answered(), at);
            }
        }
    }

    #[test]
    fn a_station_that_forges_its_sources_is_named() {
        for (sources, expected) in [(199, 0), (200, 1), (201, 1)] {
            let mut segment = Segment::watched_by("forged_sources");
            forge(&mut segment, host(9).0, sources, 0, 5.0);
            let found = segment.advance(5.0);
            assert_eq!(found.len(), expected, "{sources}");
            assert!(found.iter().all(|each| each.device == segment.device(host(9))));
        }
    }

    #[test]
    fn a_router_with_many_hosts_that_are_answered_floods_nobody() {
        let mut segment = Segment::watched_by("forged_sources");
        forge(&mut segment, host(9).0, 400, 400, 9.0);
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn sources_over_a_longer_time_do_not_add_up() {
        let mut segment = Segment::watched_by("forged_sources");
        forge(&mut segment, host(9).0, 400, 0, 30.0);
        assert_eq!(segment.advance(30.0), []);
    }

    #[test]
    fn what_one_station_forges_is_bounded() {
        let mut segment = Segment::watched_by("forged_sources");
        forge(&mut segment, host(9).0, 20_000, 0, 9.0);
        let found = segment.advance(9.0);
        assert_eq!(found.iter().map(|each| each.value).fold(0.0, f64::max), 3200.0);
        assert_eq!(segment.overflowed(), 0);
    }
}
