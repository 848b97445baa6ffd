//! A device that sends much more out of the site than it gets from there.

use std::net::IpAddr;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        border::Passage,
        description::{DAY, Description, HOUR, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
        window::Sums,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(ExfiltrationVolume::new(parameters)),
};

/// Devices that speak with the outside.
const DEVICES: usize = 16_384;
/// Peers whose octets are kept apart for a device: those that got most.
const PEERS: usize = 8;
/// So many times the limit is high.
const HIGH: f64 = 10.0;

static DESCRIPTION: Description = Description {
    id: "WL-031",
    name: "exfiltration_volume",
    title: "Much data leaves the site",
    severity: Severity::Medium,
    sees: "A device that within a day sent at least `octets` to addresses outside the site, and more \
           than `ratio` times what it got from there; frame octets, in sub-windows of 144 minutes. \
           High at ten times `octets`, and for devices of role `medical` or `life_critical`. What is \
           usual for a device or a role is not taken into account.",
    clinical_note: "Ransomware gangs copy data out before they encrypt it. Usual causes: images sent \
                    to another hospital or a cloud archive, backups, a video call, a large e-mail \
                    attachment. Look who the peers are; give routers of images and backup servers \
                    their roles.",
    techniques: &["T1041", "T1048"],
    parameters: &[
        Parameter {
            name: "octets",
            meaning: "sent out of the site in a day",
            default: 50e6,
            minimum: 1e6,
            maximum: 1e13,
            unit: Unit::Octets,
            source: Source::Ours,
        },
        Parameter {
            name: "ratio",
            meaning: "of octets sent to octets received",
            default: 10.0,
            minimum: 1.0,
            maximum: 1000.0,
            unit: Unit::Ratio,
            source: Source::Ours,
        },
    ],
    excused_roles: &["backup_server", "imaging_router"],
    clears_after: DAY,
};

#[derive(Debug)]
struct Traffic {
    sent: Sums,
    received: Sums,
    /// Octets by peer, since it came in here.
    peers: Vec<(IpAddr, u64)>,
    reported: Option<Moment>,
}

impl Traffic {
    fn new() -> Self {
        Self { sent: Sums::new(DAY), received: Sums::new(DAY), peers: Vec::new(), reported: None }
    }

    /// The peer that got least makes room, and leaves its octets to the one that comes: who got most
    /// is never left out (Metwally and others, Space-Saving, 2005).
    fn count_peer(&mut self, peer: IpAddr, octets: u64) {
        if let Some((_, sum)) = self.peers.iter_mut().find(|(known, _)| *known == peer) {
            *sum = sum.saturating_add(octets);
        } else if self.peers.len() < PEERS {
            self.peers.push((peer, octets));
        } else if let Some(least) = self.peers.iter_mut().min_by_key(|(_, octets)| *octets) {
            *least = (peer, least.1.saturating_add(octets));
        }
    }
}

#[derive(Debug)]
struct ExfiltrationVolume {
    octets: f64,
    ratio: f64,
    devices: Table<DeviceId, Traffic>,
}

impl ExfiltrationVolume {
    fn new(parameters: &Parameters) -> Self {
        Self {
            octets: parameters.number("octets"),
            ratio: parameters.number("ratio"),
            devices: Table::new(DEVICES, DAY),
        }
    }
}

impl Detector for ExfiltrationVolume {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, findings: &mut Findings) {
        let Some(passage) = Passage::of(flow, estate) else { return };
        let Some(device) = passage.device else { return };
        let (at, octets) = (flow.delta.last_seen, flow.delta.octets);
        let Some(traffic) = self.devices.touch(device, at, Traffic::new) else { return };
        if !passage.is_leaving {
            traffic.received.add(at, octets);
            return;
        }
        traffic.sent.add(at, octets);
        traffic.count_peer(passage.outside, octets);
        traffic.received.advance(at);
        let (sent, received) = (traffic.sent.total() as f64, traffic.received.total() as f64);
        let is_much = sent >= self.octets && sent > self.ratio * received;
        let is_due = traffic.reported.is_none_or(|reported| at.since(reported) >= HOUR);
        if !is_much || !is_due {
            return;
        }
        traffic.reported = Some(at);
        traffic.peers.sort_by_key(|&(_, octets)| std::cmp::Reverse(octets));
        let is_clinical =
            estate.has_role(device, "medical") || estate.has_role(device, "life_critical");
        let is_high = is_clinical || sent >= HIGH * self.octets;
        let mut evidence =
            Evidence::default().number("octets_sent", sent).number("octets_received", received);
        evidence.add_peers(traffic.peers.iter().map(|&(peer, _)| peer));
        let megabytes = sent / 1e6;
        findings.report(Finding {
            device,
            severity: is_high.then_some(Severity::High),
            metric: "octets_sent_outside",
            value: sent,
            limit: self.octets,
            window: DAY,
            sentence: format!(
                "sent {megabytes:.0} MB out of the site within a day, and got less than one part in \
                 {} back",
                self.ratio
            ),
            evidence,
            since: at - DAY,
            at,
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

    fn upload(octets: u64, at: f64) -> Talk {
        talk("10.20.0.7", "203.0.113.9").octets(octets, 0).at(at)
    }

    #[test]
    fn the_limit_is_reached_exactly() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.forward(upload(49_999_999, 0.0)).is_empty());
        let found = trial.forward(upload(1, 3600.0));
        assert_eq!((found[0].value, found[0].severity), (50e6, None));
        assert_eq!(found[0].evidence.peers, ["203.0.113.9".parse::<IpAddr>().unwrap()]);
        assert!(trial.forward(upload(1, 7199.0)).is_empty(), "said within the hour");
        assert_eq!(trial.forward(upload(1, 7200.0)).len(), 1);
    }

    #[test]
    fn who_gets_as_much_as_a_tenth_back_is_no_leak() {
        let mut trial = Trial::new(&DETECTION, &[]);
        trial.reply(talk("10.20.0.7", "203.0.113.9").octets(0, 6_000_000));
        assert!(trial.forward(upload(60_000_000, 1.0)).is_empty());
        assert_eq!(trial.forward(upload(1, 2.0)).len(), 1);
    }

    #[test]
    fn a_day_later_it_is_forgotten() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.forward(upload(49_000_000, 0.0)).is_empty());
        assert!(trial.forward(upload(1_000_000, 86_400.0)).is_empty());
    }

    #[test]
    fn ten_times_the_limit_is_high_and_so_is_a_medical_device() {
        let mut trial = Trial::new(&DETECTION, &[]);
        let found = trial.forward(upload(500_000_000, 0.0));
        assert_eq!(found[0].severity, Some(Severity::High));
        let mut trial = Trial::new(&DETECTION, &[]).role("medical", "10.20.0.7");
        assert_eq!(trial.forward(upload(50_000_000, 0.0))[0].severity, Some(Severity::High));
    }

    #[test]
    fn an_archive_inside_may_get_as_much_as_it_likes() {
        let mut trial = Trial::new(&DETECTION, &[]);
        assert!(trial.forward(talk("10.20.0.7", "10.20.0.8").octets(1 << 40, 0)).is_empty());
    }

    #[test]
    fn the_peer_that_got_most_is_named_among_many() {
        let mut trial = Trial::new(&DETECTION, &[]);
        trial.forward(upload(40_000_000, 0.0));
        for host in 0..50 {
            let peer = format!("198.51.100.{host}");
            trial.forward(talk("10.20.0.7", &peer).octets(100_000, 0));
        }
        let found = trial.forward(upload(10_000_000, 1.0));
        assert_eq!(found[0].evidence.peers[0], "203.0.113.9".parse::<IpAddr>().unwrap());
    }
}
