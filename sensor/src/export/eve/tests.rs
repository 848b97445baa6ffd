mod file;

use std::{collections::BTreeSet, net::IpAddr, sync::LazyLock, time::Duration};

use sensor_common::{
    application::{Application, Evidence},
    flow::{Encapsulation, Network},
};
use serde_json::Value;

use super::*;
use crate::detect::desk::{Acknowledgement, Cause, Marks, Stage, StoryMark, Withheld};
use crate::flow::fixture::record;
use crate::{
    detect::{AlertState, Severity},
    flow::{Reason, VerdictChange},
    interpret::{
        FlowDetail,
        detail::{DicomDetail, TlsDetail},
    },
    inventory::{DeviceId, DeviceKey},
    time::Moment,
};

fn context() -> EventContext<'static> {
    EventContext {
        wall: WallClock::new(Moment::from_micros(0), Timestamp::from_micros(1_000_000)),
        interface_name: &|index| (index == 3).then_some("eth3"),
        attach_mode: "native",
        sensor: Some("gateway-1"),
    }
}

fn device(text: &str) -> Device {
    Device {
        id: DeviceId(4),
        key: DeviceKey::Station { station: 0x0200_0000_0001, vlans: 10 << 16 },
        vendor: Some("Draeger".to_owned()),
        vendor_is_module_maker: false,
        is_locally_administered: true,
        host_name: Some(text.to_owned()),
        vendor_class: Some(text.to_owned()),
        addresses: BTreeSet::from(["fe80::1", "169.254.0.9", "10.20.0.5"].map(address)),
        applications: BTreeSet::from([Application::Dicom, Application::Hl7]),
        interface: 3,
        is_router: false,
        first_seen: Moment::from_micros(0),
        last_seen: Moment::from_micros(1),
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn alert(text: &str) -> Alert {
    Alert {
        id: 99,
        rule: "WL-002".to_owned(),
        name: "smb_fan_out".to_owned(),
        severity: Severity::Critical,
        state: AlertState::Firing,
        device: DeviceId(4),
        metric: "distinct_peers".to_owned(),
        value: 31.0,
        limit: 20.0,
        window: Duration::from_secs(60),
        summary: text.to_owned(),
        evidence_since: Moment::from_micros(0),
        fired_at: Moment::from_micros(1),
        found_at: Moment::from_micros(1),
        resolved_at: None,
        evidence: Default::default(),
        marks: Box::default(),
    }
}

/// The one line that `write` writes.
fn line(write: impl FnOnce(&mut EveWriter<Vec<u8>>) -> io::Result<()>) -> Value {
    let mut writer = EveWriter::new(Vec::new());
    write(&mut writer).unwrap();
    let text = String::from_utf8(writer.into_inner()).unwrap();
    let line = text.strip_suffix('\n').unwrap();
    assert!(!line.contains(|c: char| c.is_control()), "{line}");
    assert!(!line.contains(['\u{2028}', '\u{202e}']), "{line}");
    let line: Value = serde_json::from_str(line).unwrap();
    // What tests say of the counters is theirs.
    if line["event_type"] != "stats" {
        let error = VALIDATOR.iter_errors(&line).next();
        assert!(error.is_none(), "{line} is not what the schema says: {error:?}");
    }
    line
}

/// Of the published schema.
static VALIDATOR: LazyLock<jsonschema::Validator> =
    LazyLock::new(|| jsonschema::validator_for(&schema::schema()).unwrap());

fn flow_line(record: &FlowRecord) -> Value {
    line(|writer| writer.flow(record, &context()))
}

#[test]
fn a_tcp_flow_reads_as_suricata_has_it() {
    let expected = serde_json::json!({
        "timestamp": "1970-01-01T00:00:03.500000Z",
        "event_type": "flow",
        "sensor": "gateway-1",
        "flow_id": 7,
        "in_iface": "eth3",
        "vlan": [10],
        "src_mac": "02:00:00:00:00:01",
        "src_ip": "128.232.110.120",
        "src_port": 34855,
        "dest_ip": "66.35.250.204",
        "dest_port": 80,
        "proto": "TCP",
        "app_proto": "http",
        "app_evidence": "confirmed",
        "app_method": "payload",
        "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
        "attach_mode": "native",
        "src_device": 4,
        "flow": {
            "pkts_toserver": 3, "pkts_toclient": 2, "bytes_toserver": 300, "bytes_toclient": 900,
            "start": "1970-01-01T00:00:01.000000Z", "end": "1970-01-01T00:00:03.500000Z",
            "age": 2, "state": "closed", "reason": "end_of_flow"
        },
        "tcp": {"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "02"}
    });
    assert_eq!(flow_line(&record()), expected);
}

#[test]
fn a_verdict_that_was_exchanged_is_told_with_the_reason() {
    let change = VerdictChange {
        from: (Application::Ftp, Evidence::Likely),
        to: (Application::Http, Evidence::Confirmed),
        reason: Reason::LaterPacket,
    };
    let expected = serde_json::json!({
        "from": "ftp", "from_evidence": "likely", "to": "http", "to_evidence": "confirmed",
        "reason": "later_packet"
    });
    assert_eq!(flow_line(&FlowRecord { change: Some(change), ..record() })["app_change"], expected);
}

/// Such names do not pass the interpreter; here they must do no harm either.
#[test]
fn hostile_names_in_details_never_break_a_line() {
    for name in ["a\"},\"b\":{\"", "\\", "\n{}\r\n", "\u{0}\u{1b}[2J", "\u{e4}\u{1f3e5}"] {
        let tls = TlsDetail {
            server_name: Some(name.to_owned()),
            alpn: vec![name.to_owned()],
            ..TlsDetail::default()
        };
        let dicom = DicomDetail {
            calling_ae_title: Some(name.to_owned()),
            sop_classes: vec![name.to_owned()],
            ..DicomDetail::default()
        };
        let detail = FlowDetail {
            tls: Some(tls),
            dicom: Some(dicom),
            rpc_interfaces: vec![name.to_owned()],
            ..FlowDetail::default()
        };
        let found = flow_line(&FlowRecord { detail: Some(Box::new(detail)), ..record() });
        assert_eq!(found["tls"]["sni"], name);
        assert_eq!(found["dicom"]["calling_ae_title"], name);
        assert_eq!(found["dcerpc"]["interfaces"][0], name);
        assert_eq!(found["flow"]["reason"], "end_of_flow", "what follows is as it was");
    }
}

#[test]
fn protocols_have_what_belongs_to_them() {
    let icmp = flow_line(&FlowRecord { protocol: 58, icmp_type_code: 0x8701, ..record() });
    assert_eq!((&icmp["icmp_type"], &icmp["icmp_code"]), (&135.into(), &1.into()));
    assert_eq!((&icmp["proto"], icmp.get("src_port")), (&"IPv6-ICMP".into(), None));
    assert_eq!(icmp.get("tcp"), None);
    assert_eq!(flow_line(&FlowRecord { protocol: 103, ..record() })["proto"], "103");
    let lldp = FlowRecord {
        network: Network::Link,
        protocol: 0,
        initiator: None,
        responder: None,
        initiator_port: 0x88cc,
        responder_port: 0,
        ..record()
    };
    let link = flow_line(&lldp);
    assert_eq!(
        (&link["ethertype"], &link["src_mac"]),
        (&"88cc".into(), &"02:00:00:00:00:01".into())
    );
    for absent in ["src_ip", "dest_ip", "src_port", "community_id", "tcp", "access_points"] {
        assert_eq!(link.get(absent), None, "{absent}");
    }
    let bridge = flow_line(&FlowRecord { initiator_port: 0, responder_port: 0x4242, ..lldp });
    assert_eq!((&bridge["access_points"], bridge.get("ethertype")), (&"4242".into(), None));
    let arp = flow_line(&FlowRecord { network: Network::Arp, protocol: 0, ..record() });
    assert_eq!((&arp["proto"], &arp["ethertype"]), (&"ARP".into(), &"0806".into()));
    assert_eq!(arp.get("community_id"), None);
}

#[test]
fn a_flow_found_in_a_tunnel_says_in_which_kind() {
    let inner = flow_line(&FlowRecord { encapsulation: Some(Encapsulation::ErspanII), ..record() });
    assert_eq!(inner["tunnel"], serde_json::json!({"kind": "erspan2", "depth": 1}));
    assert_eq!(flow_line(&record()).get("tunnel"), None);
}

#[test]
fn an_alert_names_its_rule_and_its_device() {
    let known = device("or-3");
    let found = line(|writer| writer.alert(&alert("x"), Some(&known), &context()));
    assert_eq!(found["src_ip"], "10.20.0.5");
    assert_eq!(found["src_mac"], "02:00:00:00:00:01");
    assert_eq!(found["alert"]["id"], "WL-002");
    assert_eq!(found["alert"]["severity"], "critical");
    assert_eq!(found["alert"]["state"], "firing");
    assert_eq!(found["alert"]["window_seconds"], 60.0);
    assert_eq!(found["alert"]["resolved_at"], Value::Null);
}

#[test]
fn an_alert_does_not_call_a_device_by_an_address_that_it_claims() {
    let gateway = "10.20.0.1".parse().unwrap();
    let mut impostor = device("or-3");
    impostor.addresses.insert(gateway);
    let mut alert = alert("x");
    assert_eq!(main_of(&alert, &impostor), "10.20.0.1");
    alert.evidence.claimed = vec![gateway];
    assert_eq!(main_of(&alert, &impostor), "10.20.0.5");
    alert.evidence.claimed = impostor.addresses.iter().copied().collect();
    assert_eq!(main_of(&alert, &impostor), Value::Null);
}

fn main_of(alert: &Alert, device: &Device) -> Value {
    line(|writer| writer.alert(alert, Some(device), &context()))["src_ip"].clone()
}

#[test]
fn a_device_says_what_is_known_of_it() {
    let found = line(|writer| writer.device(DeviceChange::New, &device("or-3"), &context()));
    assert_eq!(found["event_type"], "device");
    assert_eq!(found["device"]["vlan"], serde_json::json!([10]));
    assert_eq!(found["device"]["applications"], serde_json::json!(["dicom", "hl7"]));
    assert_eq!(found["device"]["change"], "new");
    assert_eq!(found["device"]["host_name"], "or-3");
}

#[test]
fn counters_stand_as_the_caller_has_them() {
    let counters = serde_json::json!({"frames": {"received": 5}});
    let at = Timestamp::from_micros(0);
    let found = line(|writer| writer.stats(at, &counters, &context()));
    assert_eq!(found["stats"], counters);
}

#[test]
fn hostile_text_never_breaks_a_line() {
    let mut random = 1_u64;
    let alphabet: Vec<char> =
        "\"\\\n\r\t\0\u{1b}\u{7f}\u{85}\u{2028}\u{202e}\u{feff}{}[],:a\u{e4}\u{1f3e5}\u{ffff}"
            .chars()
            .collect();
    for _ in 0..500 {
        let mut text = String::new();
        for _ in 0..12 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push(alphabet[(random >> 33) as usize % alphabet.len()]);
        }
        let found = line(|writer| writer.device(DeviceChange::Updated, &device(&text), &context()));
        let kept: String =
            text.chars().filter(|c| "\"\\{}[],:a\u{e4}\u{1f3e5}\u{ffff}".contains(*c)).collect();
        assert_eq!(found["device"]["host_name"], kept);
        line(|writer| writer.alert(&alert(&text), None, &context()));
    }
}

#[test]
fn an_alert_tells_its_story_and_who_knows_of_it() {
    let at = Timestamp::from_micros(5);
    let story = StoryMark {
        id: 12,
        stage: Some(Stage::Spread),
        stages: vec![Stage::Recon, Stage::Spread],
        severity: Severity::Critical,
        start: at,
        last: at,
    };
    let (by, note) = ("Ada\u{202e}".to_owned(), "seen\u{7}".to_owned());
    let acknowledged = Acknowledgement { by, note, at, is_outdated: false };
    let withheld = Withheld {
        cause: Cause::Suppression,
        owner: "IT\u{1b}".to_owned(),
        reason: "known".to_owned(),
        until: Some(at),
    };
    let marks = Marks {
        story: Some(story),
        acknowledged: Some(acknowledged),
        withheld: Some(withheld),
        runbook_url: Some("https://wiki.example/x".to_owned()),
    };
    let alert = Alert { marks: Box::new(marks), ..alert("x") };
    let event = line(|writer| writer.alert(&alert, None, &context()));
    let time = "1970-01-01T00:00:00.000005Z";
    let expected = serde_json::json!({
        "id": 12, "stage": "spread", "stages": ["recon", "spread"], "severity": "critical",
        "start": time, "last": time
    });
    assert_eq!(event["alert"]["story"], expected);
    let expected =
        serde_json::json!({"by": "Ada", "note": "seen", "at": time, "is_outdated": false});
    assert_eq!(event["alert"]["acknowledged"], expected);
    let expected = serde_json::json!({
        "cause": "suppression", "owner": "IT", "reason": "known", "until": time
    });
    assert_eq!(event["alert"]["withheld"], expected);
    assert_eq!(event["alert"]["runbook_url"], "https://wiki.example/x");
}
