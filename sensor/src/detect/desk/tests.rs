//! What the desk lets through.

use super::{fixture::*, *};
use crate::detect::fixture::device;

/// A desk, and what its devices are.
struct Bench {
    desk: Desk,
    devices: Vec<Device>,
    roles: Vec<Role>,
    firing: Vec<Alert>,
}

impl Bench {
    fn new(per_minute: u32, suppressions: &str) -> Self {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            suppression: Vec<Suppression>,
            #[serde(default)]
            maintenance: Vec<Maintenance>,
        }
        let file: File = toml::from_str(suppressions).unwrap();
        Self {
            desk: Desk::new(per_minute, file.suppression, file.maintenance),
            devices: (0..20).map(device).collect(),
            roles: Vec::new(),
            firing: Vec::new(),
        }
    }

    /// One step: `alerts` fire, have grown or are over.
    fn step(&mut self, seconds: u64, alerts: Vec<Alert>) -> Vec<Handed> {
        for alert in &alerts {
            self.firing.retain(|each| each.id != alert.id);
            if alert.state == AlertState::Firing {
                self.firing.push(alert.clone());
            }
        }
        let mut handed = Vec::new();
        let devices = &self.devices;
        let look = |id: DeviceId| devices.get(id.0 as usize);
        let wall = WallClock::since_1970();
        let now = Now { moment: at(seconds), wall, roles: &self.roles, device: &look };
        self.desk.advance(self.firing.iter(), &now, &mut handed);
        self.desk.take(alerts, &now, &mut handed);
        handed
    }

    fn acknowledge(&mut self, seconds: u64, alert: &Alert) -> Result<Vec<Handed>, DeskError> {
        let look = |_| None;
        let wall = WallClock::since_1970();
        let now = Now { moment: at(seconds), wall, roles: &[], device: &look };
        let mut handed = Vec::new();
        self.desk.acknowledge(alert, "Ada", "known scanner", &now, &mut handed)?;
        Ok(handed)
    }
}

fn told(handed: &[Handed]) -> Vec<(u64, AlertState)> {
    let told = handed.iter().filter_map(|each| match each {
        Handed::Told(alert) => Some((alert.id, alert.state)),
        Handed::Recorded(_) => None,
    });
    told.collect()
}

fn kept(handed: &[Handed]) -> Vec<&Alert> {
    let kept = handed.iter().filter_map(|each| match each {
        Handed::Recorded(Record::Kept(alert)) => Some(alert),
        _ => None,
    });
    kept.collect()
}

fn deeds(handed: &[Handed]) -> Vec<Deed> {
    let deeds = handed.iter().filter_map(|each| match each {
        Handed::Recorded(Record::Noted(note)) => Some(note.deed),
        _ => None,
    });
    deeds.collect()
}

fn over(alert: &Alert, seconds: u64) -> Alert {
    Alert { state: AlertState::Resolved, resolved_at: Some(at(seconds)), ..alert.clone() }
}

const FIRING: AlertState = AlertState::Firing;
const RESOLVED: AlertState = AlertState::Resolved;

const OF_DEVICE_7: &str = "[[suppression]]\nrule = \"port_scan\"\ndevice = \"10.20.0.7\"\n\
    owner = \"IT\"\nreason = \"known\"\nuntil = \"1970-01-01T00:01:00Z\"\n";

#[test]
fn what_is_suppressed_goes_to_the_store_alone_and_is_counted() {
    let mut bench = Bench::new(60, OF_DEVICE_7);
    let handed = bench.step(1, vec![alert(1, "port_scan", 7), alert(2, "port_scan", 8)]);
    assert_eq!(told(&handed), [(2, FIRING)]);
    let withheld = kept(&handed)[0].marks.withheld.clone().unwrap();
    assert_eq!((withheld.cause, withheld.owner.as_str()), (Cause::Suppression, "IT"));
    assert_eq!(kept(&handed)[0].marks.story, None, "an excused device has no story");
    assert_eq!(bench.desk.counts().withheld, BTreeMap::from([(Cause::Suppression, 1)]));
    let handed = bench.step(5, vec![over(&alert(1, "port_scan", 7), 5)]);
    assert_eq!((told(&handed).len(), kept(&handed).len()), (0, 1), "nobody knew of it");
}

#[test]
fn what_still_fires_when_the_suppression_ends_is_told() {
    let mut bench = Bench::new(60, OF_DEVICE_7);
    bench.step(1, vec![alert(1, "port_scan", 7)]);
    assert_eq!(bench.step(59, vec![]), []);
    let handed = bench.step(60, vec![]);
    assert_eq!((told(&handed), deeds(&handed)), (vec![(1, FIRING)], vec![Deed::Released]));
    assert_eq!(bench.desk.marks(&alert(1, "port_scan", 7), WallClock::default()).withheld, None);
}

#[test]
fn an_alert_that_was_told_is_over_for_receivers_when_it_is_suppressed_and_comes_back() {
    let mut bench = Bench::new(60, "");
    let scan = alert(1, "port_scan", 7);
    bench.step(1, vec![scan.clone()]);
    let suppression = Suppression {
        rule: Some("port_scan".to_owned()),
        device: None,
        role: None,
        network: None,
        owner: "Ada".to_owned(),
        reason: "pen test".to_owned(),
        until: Timestamp::from_micros(3_600_000_000),
    };
    let mut handed = Vec::new();
    let id = bench.desk.suppress(suppression, Timestamp::from_micros(2), &mut handed).unwrap();
    assert!(matches!(&handed[..], [Handed::Recorded(Record::Suppressed(each))] if each.id == id));
    let handed = bench.step(3, vec![]);
    assert_eq!((told(&handed), deeds(&handed)), (vec![(1, RESOLVED)], vec![Deed::Withheld]));
    assert_eq!(kept(&handed)[0].state, FIRING, "it fires on in the store");
    let mut handed = Vec::new();
    bench.desk.lift(id, &mut handed).unwrap();
    assert_eq!(handed, [Handed::Recorded(Record::Lifted(id))]);
    assert_eq!(told(&bench.step(4, vec![])), [(1, FIRING)]);
    assert_eq!(bench.desk.lift(id, &mut Vec::new()), Err(OrderError::Unknown(id)));
}

#[test]
fn a_maintenance_window_withholds_while_it_lasts() {
    let mut bench = Bench::new(
        60,
        "[[maintenance]]\nrole = \"pumps\"\nrules = [\"port_scan\"]\nowner = \"Ward 3\"\n\
         reason = \"updates\"\nfrom = \"1970-01-01T00:00:10Z\"\nuntil = \"1970-01-01T00:00:20Z\"\n",
    );
    bench.roles = vec![toml::from_str("name = \"pumps\"\ndevices = [\"10.20.0.7\"]").unwrap()];
    assert_eq!(told(&bench.step(9, vec![alert(1, "port_scan", 7)])), [(1, FIRING)]);
    let handed = bench.step(10, vec![alert(2, "udp_flood", 7), alert(3, "port_scan", 7)]);
    assert_eq!(told(&handed), [(1, RESOLVED), (2, FIRING)]);
    assert_eq!(bench.desk.counts().withheld, BTreeMap::from([(Cause::Maintenance, 2)]));
    assert_eq!(told(&bench.step(20, vec![])), [(1, FIRING), (3, FIRING)]);
}

#[test]
fn an_acknowledged_alert_is_told_again_only_if_it_gets_worse() {
    let mut bench = Bench::new(60, "");
    let scan = alert(1, "port_scan", 7);
    bench.step(1, vec![scan.clone()]);
    let handed = bench.acknowledge(2, &scan).unwrap();
    assert_eq!(deeds(&handed), [Deed::Acknowledged]);
    assert_eq!(kept(&handed)[0].marks.acknowledged.as_ref().unwrap().by, "Ada");
    let grown = Alert { value: 19.0, ..scan.clone() };
    let handed = bench.step(60, vec![grown]);
    assert_eq!((told(&handed).len(), kept(&handed).len()), (0, 1));
    let worse = Alert { value: 20.0, ..scan.clone() };
    let handed = bench.step(120, vec![worse]);
    assert_eq!((told(&handed), deeds(&handed)), (vec![(1, FIRING)], vec![Deed::Worsened]));
    let mark = bench.desk.marks(&scan, WallClock::default()).acknowledged.unwrap();
    assert!(mark.is_outdated);
    assert_eq!(told(&bench.step(130, vec![over(&scan, 130)])), [(1, RESOLVED)]);
    assert_eq!(bench.acknowledge(131, &scan), Err(DeskError::NotFiring(1)));
}

#[test]
fn a_higher_severity_outdates_an_acknowledgement() {
    let mut bench = Bench::new(60, "");
    let scan = alert(1, "port_scan", 7);
    bench.step(1, vec![scan.clone()]);
    bench.acknowledge(2, &scan).unwrap();
    let handed = bench.step(3, vec![Alert { severity: Severity::High, ..scan }]);
    assert_eq!(told(&handed), [(1, FIRING)]);
}

#[test]
fn the_marks_of_an_earlier_run_hold() {
    let mut bench = Bench::new(60, "");
    let scan = alert(1, "port_scan", 7);
    bench.step(1, vec![scan.clone()]);
    bench.acknowledge(2, &scan).unwrap();
    let marks = bench.desk.marks(&scan, WallClock::since_1970());
    let stored = Alert { marks: Box::new(marks.clone()), ..scan.clone() };
    let mut next = Bench::new(60, "");
    next.desk.adopt(&stored);
    next.firing.push(scan.clone());
    assert_eq!(told(&next.step(3, vec![Alert { value: 11.0, ..scan.clone() }])), []);
    let again = next.desk.marks(&scan, WallClock::since_1970());
    assert_eq!(again.acknowledged, marks.acknowledged);
    assert_eq!(again.story.unwrap().id, marks.story.unwrap().id);
    assert_eq!(told(&next.step(4, vec![over(&scan, 4)])), [(1, RESOLVED)]);
}

#[test]
fn a_suppression_of_an_earlier_run_holds_and_its_number_is_not_given_again() {
    let mut bench = Bench::new(60, "");
    let suppression: Suppression = toml::from_str(
        "rule = \"port_scan\"\nowner = \"Ada\"\nreason = \"x\"\nuntil = \"1970-01-01T01:00:00Z\"",
    )
    .unwrap();
    let created = Timestamp::default();
    let standing = Standing { id: 4, created, suppression: suppression.clone() };
    bench.desk.adopt_suppressions(vec![standing], 9);
    assert_eq!(told(&bench.step(1, vec![alert(1, "port_scan", 7)])), []);
    let id = bench.desk.suppress(suppression, created, &mut Vec::new());
    assert_eq!(id, Ok(10));
    let handed = bench.step(3600, vec![]);
    assert!(handed.contains(&Handed::Recorded(Record::Lifted(4))), "it has ended");
}

#[test]
fn worse_alerts_come_first_and_a_storm_ends_in_one_digest() {
    let mut bench = Bench::new(2, "");
    let of = |id, severity| Alert { severity, ..alert(id, "port_scan", 7) };
    let mut alerts: Vec<Alert> = (1..=5).map(|id| of(id, Severity::Low)).collect();
    alerts.push(of(6, Severity::Critical));
    let handed = bench.step(1, alerts);
    assert_eq!(told(&handed), [(6, FIRING), (1, FIRING)]);
    assert_eq!(kept(&handed).len(), 4);
    assert!(kept(&handed).iter().all(|alert| alert.marks.withheld.is_some()));
    let digest = told(&bench.step(2, vec![]));
    assert_eq!(digest.len(), 1);
    // One that was held and gets worse than what was handed out is told.
    let handed = bench.step(3, vec![of(4, Severity::High)]);
    assert_eq!((told(&handed), deeds(&handed)), (vec![(4, FIRING)], vec![Deed::Worsened]));
    let handed = bench.step(4, vec![over(&of(5, Severity::Low), 4)]);
    assert_eq!((told(&handed).len(), kept(&handed).len()), (0, 1));
    assert_eq!(told(&bench.step(61, vec![])), [(digest[0].0, RESOLVED)]);
    assert_eq!(bench.desk.digested(), [0, 4, 0, 0, 0]);
}

/// 100,000 alerts within a minute: what is handed out is bounded, the digest has all others, each
/// is handed to the store, and nothing is left when all is over.
#[test]
fn a_hundred_thousand_alerts_in_a_minute_lose_nothing() {
    const ALERTS: u64 = 100_000;
    let mut bench = Bench::new(60, "");
    let severities = [Severity::Low, Severity::Medium, Severity::Medium, Severity::High];
    let all: Vec<Alert> = (0..ALERTS)
        .map(|id| Alert {
            severity: severities[id as usize % 4],
            ..alert(id, if id % 2 == 0 { "port_scan" } else { "udp_flood" }, id as u32)
        })
        .collect();
    let (mut handed_out, mut stored) = (0, 0);
    let mut digest = None;
    let mut count = |handed: Vec<Handed>| {
        for each in handed {
            match each {
                Handed::Told(alert) if alert.name == "alert_digest" => digest = Some(alert),
                Handed::Told(_) => handed_out += 1,
                Handed::Recorded(Record::Kept(_)) => stored += 1,
                Handed::Recorded(_) => {}
            }
        }
    };
    for (second, alerts) in all.chunks(2000).enumerate() {
        bench.firing.clear();
        count(bench.step(1 + second as u64, alerts.to_vec()));
    }
    bench.firing.clear();
    assert_eq!(bench.desk.cases.len() as u64, ALERTS);
    count(bench.step(200, vec![]));
    // 60 of the first batch, which has high ones enough.
    assert_eq!((handed_out, stored), (60, ALERTS - 60));
    let digest = digest.unwrap();
    assert_eq!((digest.state, digest.value), (RESOLVED, (ALERTS - 60) as f64));
    let number = |name: &str| {
        let numbers = &digest.evidence.numbers;
        numbers.iter().find(|(of, _)| of == name).map(|(_, count)| *count as u64)
    };
    assert_eq!(number("high"), Some(ALERTS / 4 - 60));
    assert_eq!((number("medium"), number("low")), (Some(ALERTS / 2), Some(ALERTS / 4)));
    assert_eq!(number("medium udp_flood"), Some(ALERTS / 4));
    let ends = all.iter().map(|alert| over(alert, 201)).collect();
    let handed = bench.step(201, ends);
    assert_eq!((told(&handed).len(), kept(&handed).len() as u64), (60, ALERTS - 60));
    assert!(bench.desk.cases.is_empty());
}
