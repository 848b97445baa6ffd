use std::net::{IpAddr, Ipv4Addr};

use sensor_common::{
    application::{Application, Evidence},
    wire::transport::protocol,
};

use super::*;
use crate::flow::Opinion;
use crate::flow::fixture::record;

const DEVICE: DeviceId = DeviceId(1);
const DAY: Hour = 24;
const LEARNING: Hour = 14 * DAY;

fn peer(host: u8) -> IpAddr {
    Ipv4Addr::new(10, 20, 0, host).into()
}

fn dicom_of(host: u8) -> Service {
    Service::Uses { peer: peer(host), protocol: protocol::TCP, port: 104 }
}

/// Device `from` asks device `to` on port 104, and is answered.
fn conversation(from: u32, to: u32) -> FlowRecord {
    let mut record = record();
    record.initiator = Some(peer(from as u8));
    record.responder = Some(IpAddr::from(Ipv4Addr::from_bits(0x0a14_0000 | to)));
    record.responder_port = 104;
    record.initiator_device = Some(DeviceId(from));
    record.responder_device = Some(DeviceId(to));
    record.opinion = Opinion::of_packet_path(Application::Dicom, Evidence::Confirmed);
    record
}

fn learned(devices: &[u32]) -> Baselines {
    let mut baselines = Baselines::default();
    for hour in 0..=LEARNING {
        baselines.advance(hour, |_| vec![0]);
        for &device in devices {
            baselines.observe_record(&conversation(device, 200));
        }
    }
    baselines.advance(LEARNING + 1, |_| vec![0]);
    baselines
}

#[test]
fn what_was_seen_while_learning_is_usual_and_nothing_else() {
    let baselines = learned(&[1]);
    assert_eq!(baselines.state(DEVICE), Some(State::Active { since: LEARNING }));
    assert_eq!(baselines.judge(DEVICE, &dicom_of(200)), Judgement::Usual);
    let speaks = Service::Speaks(Application::Dicom);
    assert_eq!(baselines.judge(DEVICE, &speaks), Judgement::Usual);
    let unusual = Judgement::Unusual { is_usual_of_role: None };
    assert_eq!(baselines.judge(DEVICE, &dicom_of(201)), unusual);
    let serves = Service::Serves { protocol: protocol::TCP, port: 104 };
    assert_eq!(baselines.judge(DEVICE, &serves), unusual);
    assert_eq!(baselines.judge(DeviceId(200), &serves), Judgement::Usual);
}

#[test]
fn before_learning_has_ended_nothing_is_unusual() {
    let mut baselines = Baselines::default();
    for hour in 0..LEARNING {
        baselines.advance(hour, |_| Vec::new());
        baselines.observe_record(&conversation(1, 200));
    }
    assert_eq!(baselines.state(DEVICE), Some(State::Learning { until: LEARNING }));
    let learning = Judgement::Learning { is_usual_of_role: None };
    assert_eq!(baselines.judge(DEVICE, &dicom_of(9)), learning);
}

#[test]
fn an_hour_with_an_alert_is_not_learned() {
    let mut baselines = Baselines::default();
    baselines.advance(0, |_| Vec::new());
    baselines.observe_record(&conversation(1, 200));
    baselines.advance(1, |_| Vec::new());
    baselines.observe_record(&conversation(1, 201));
    baselines.taint(DEVICE);
    // Seen after the alert, in the same hour.
    baselines.observe_record(&conversation(1, 202));
    baselines.advance(2, |_| Vec::new());
    let profile = baselines.profile(DEVICE).unwrap();
    assert!(profile.is_usual(&dicom_of(200)));
    assert!(!profile.is_usual(&dicom_of(201)) && !profile.is_usual(&dicom_of(202)));
    assert_eq!(baselines.tainted(), 1);
}

#[test]
fn a_new_service_becomes_usual_on_its_third_day() {
    let mut baselines = learned(&[1]);
    for day in 1..=3 {
        let judged = baselines.judge(DEVICE, &dicom_of(201));
        assert_eq!(judged, Judgement::Unusual { is_usual_of_role: None }, "day {day}");
        baselines.observe_record(&conversation(1, 201));
        baselines.advance(LEARNING + 1 + day * DAY, |_| vec![0]);
    }
    assert_eq!(baselines.judge(DEVICE, &dicom_of(201)), Judgement::Usual);
}

#[test]
fn a_new_device_is_judged_by_its_role_once_that_is_known() {
    let mut baselines = learned(&[1, 2, 3]);
    let new = DeviceId(4);
    baselines.observe_record(&conversation(4, 200));
    baselines.advance(LEARNING + 2, |_| vec![0]);
    let judged = |service| baselines.judge(new, &service);
    assert_eq!(judged(dicom_of(9)), Judgement::Learning { is_usual_of_role: Some(true) });
    let telnet = Service::Uses { peer: peer(9), protocol: protocol::TCP, port: 23 };
    assert_eq!(judged(telnet), Judgement::Learning { is_usual_of_role: Some(false) });
}

#[test]
fn a_device_with_too_many_services_has_none_that_are_unusual() {
    let mut baselines = Baselines::default();
    for hour in 0..=LEARNING {
        baselines.advance(hour, |_| Vec::new());
        baselines.observe_record(&conversation(1, 2 + hour));
    }
    baselines.advance(LEARNING + 1, |_| Vec::new());
    assert_eq!(baselines.judge(DEVICE, &dicom_of(1)), Judgement::Unbounded);
}

#[test]
fn what_nobody_answered_is_no_service() {
    let mut baselines = Baselines::default();
    baselines.advance(0, |_| Vec::new());
    let mut attempt = conversation(1, 200);
    attempt.reverse.packets = 0;
    baselines.observe_record(&attempt);
    baselines.advance(1, |_| Vec::new());
    assert!(!baselines.profile(DEVICE).unwrap().is_usual(&dicom_of(200)));
}

#[test]
fn an_amount_is_held_against_the_hours_of_the_week() {
    let mut baselines = learned(&[1]);
    let (sent, limit) = baselines.sent_in_hour(DEVICE);
    assert_eq!(sent, 0);
    let limit = limit.unwrap();
    let mut copy = conversation(1, 200);
    copy.forward.octets = limit + 1;
    baselines.observe_record(&copy);
    assert!(baselines.sent_in_hour(DEVICE).0 > limit);
}

#[test]
fn what_was_saved_is_what_is_restored() {
    let baselines = learned(&[1]);
    let profile = baselines.profile(DEVICE).unwrap();
    assert_eq!(Profile::load(&profile.save()).as_ref(), Some(profile));
    let mut restored = Baselines::default();
    let saved = vec![(DEVICE, profile.save()), (DeviceId(2), "{}".to_owned())];
    assert_eq!(restored.restore(saved), 1);
    restored.advance(LEARNING + 1, |_| Vec::new());
    assert_eq!(restored.judge(DEVICE, &dicom_of(200)), Judgement::Usual);
}

#[test]
fn a_reset_begins_anew_and_keeps_its_reason() {
    let mut baselines = learned(&[1]);
    assert!(baselines.reset(DEVICE, "new\nfirmware"));
    assert!(!baselines.reset(DeviceId(77), "unknown"));
    let until = LEARNING + 1 + LEARNING;
    assert_eq!(baselines.state(DEVICE), Some(State::Learning { until }));
    let profile = baselines.profile(DEVICE).unwrap();
    assert_eq!(profile.reset_reason(), Some("newfirmware"));
}

#[test]
fn more_devices_than_there_is_room_for_are_counted() {
    let settings = BaselineSettings { maximum_devices: 2, ..BaselineSettings::default() };
    let mut baselines = Baselines::new(settings);
    baselines.advance(0, |_| Vec::new());
    baselines.observe_record(&conversation(1, 200));
    baselines.observe_record(&conversation(2, 200));
    baselines.advance(1, |_| Vec::new());
    assert_eq!(baselines.refused(), 1);
    assert_eq!(baselines.counts(), [("learning", 2), ("active", 0)]);
}
