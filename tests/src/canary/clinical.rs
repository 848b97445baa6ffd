//! Patients in what monitors, analysers and records say of them.

use super::planted::{Plan, Scene, Turns};
use crate::frames::Side::{Client, Server};
use crate::speakers::hl7::hl7_acknowledgement;
use crate::speakers::http::{http_get, http_ok, http_post};

pub(super) fn plans() -> Vec<Plan> {
    vec![
        Plan::tcp("HL7", "hl7", (2575, 20_700), admission),
        Plan::tcp("HL7SPLIT", "hl7", (2576, 20_701), admission_in_pieces),
        Plan::tcp("HL7BARE", "hl7", (2577, 20_702), admission_without_framing),
        Plan::tcp("ASTM", "astm", (4000, 15_200), result_in_frames),
        Plan::tcp("LIS", "astm", (4001, 15_201), result_in_records),
        Plan::tcp("POCT", "poct1a", (3001, 15_202), observation),
        Plan::udp("GE", "ge_unity", (7000, 0), ge_announcement),
        Plan::udp("GEALARM", "ge_unity", (7001, 0), ge_alarm),
        Plan::udp("PHILIPS", "intellivue", (24_105, 31_001), monitor_data),
        Plan::tcp("PHD", "ieee11073_20601", (6024, 31_002), personal_health_data),
        Plan::tcp("FHIR", "fhir", (80, 31_003), patient_resource),
        Plan::tcp("FHIRQUERY", "fhir", (8080, 31_004), patient_search),
        // Nobody knows what these are.
        Plan::tcp("UNKNOWN", "unknown", (31_005, 0), own_protocol),
        Plan::udp("UNKNOWNUDP", "unknown", (31_006, 0), own_datagrams),
        Plan::udp("ML", "unknown", (31_007, 0), own_documents),
        // What the port says is no reason to read them.
        Plan::udp("ATLEASES", "dhcp", (67, 0), like_a_lease),
        Plan::udp("ATDISCOVERY", "wsd", (3702, 0), like_an_envelope),
        Plan::udp("ATMEDIA", "sip", (5060, 0), like_an_invitation),
    ]
}

const MESSAGE_HEADER: &str =
    "MSH|^~\\&|MONITOR|ICU3|ENGINE|HOSP|20260102030405||ADT^A01^ADT_A01|WL1|P|2.5.1\r";

fn patient_segments(name: &str) -> String {
    format!("PID|1||4711^^^HOSP^MR||{name}^ADA||19000101|F\rNK1|1|{name}^CHARLES|SPO\r")
}

fn admission(scene: &Scene<'_>) -> Turns {
    let message = format!("\x0b{MESSAGE_HEADER}{}\x1c\r", patient_segments(scene.name));
    vec![(Client, message.into()), (Server, hl7_acknowledgement("WL1"))]
}

fn admission_in_pieces(scene: &Scene<'_>) -> Turns {
    let patient = patient_segments(scene.name);
    let (identification, kin) = patient.split_at(patient.find("NK1").unwrap_or(0));
    let pieces = ["\x0b", &MESSAGE_HEADER[..20], &MESSAGE_HEADER[20..], identification, kin];
    let mut turns: Turns = pieces.map(|piece| (Client, piece.into())).into();
    turns.extend([(Client, b"\x1c\r".to_vec()), (Server, hl7_acknowledgement("WL1"))]);
    turns
}

fn admission_without_framing(scene: &Scene<'_>) -> Turns {
    vec![(Client, format!("{MESSAGE_HEADER}{}", patient_segments(scene.name)).into())]
}

const ASTM_HEADER: &str = "H|\\^&|||Analyser^1.0|||||||P|LIS2-A2|20260102030405\r";

fn result_in_frames(scene: &Scene<'_>) -> Turns {
    let name = scene.name;
    let mut turns = vec![(Client, vec![0x05]), (Server, vec![0x06])];
    let records = [
        ASTM_HEADER.to_owned(),
        format!("P|1|4711|||{name}^ADA||19000101|F\r"),
        format!("O|1|{name}||^^^K|R\r"),
        "L|1|N\r".to_owned(),
    ];
    for (number, record) in records.iter().enumerate() {
        turns.push((Client, format!("\x02{}{record}\x03A5\r\n", number + 1).into()));
        turns.push((Server, vec![0x06]));
    }
    turns.push((Client, vec![0x04]));
    turns
}

fn result_in_records(scene: &Scene<'_>) -> Turns {
    let records = format!("{ASTM_HEADER}P|1|4711|||{}^ADA\rL|1|N\r", scene.name);
    vec![(Client, records.into())]
}

fn observation(scene: &Scene<'_>) -> Turns {
    let header = |kind: &str| format!("<{kind}><HDR><HDR.control_id V=\"1\"/></HDR>");
    let patient = format!("<PT><PT.patient_id V=\"{}\"/></PT></OBS.R01>", scene.name);
    vec![
        (Client, (header("HEL.R01") + "</HEL.R01>").into()),
        (Server, (header("ACK.R01") + "</ACK.R01>").into()),
        (Client, (header("OBS.R01") + &patient).into()),
    ]
}

/// The name stands behind the address and the bed, at octet 28.
fn ge_announcement(scene: &Scene<'_>) -> Turns {
    let mut octets = vec![0; 88];
    octets[4..8].copy_from_slice(&scene.client.octets());
    octets[12..20].copy_from_slice(b"ICU|BED1");
    octets[28..28 + scene.name.len()].copy_from_slice(scene.name.as_bytes());
    vec![(Client, octets.clone()), (Client, octets)]
}

fn ge_alarm(scene: &Scene<'_>) -> Turns {
    let mut octets = vec![0; 84];
    octets[6..10].copy_from_slice(&scene.client.octets());
    octets[28..28 + scene.name.len()].copy_from_slice(scene.name.as_bytes());
    vec![(Client, octets)]
}

/// A poll's result (remote operations: 2), with a name as IntelliVue writes it.
fn monitor_data(scene: &Scene<'_>) -> Turns {
    let text: Vec<u8> = scene.name.bytes().flat_map(|octet| [0, octet]).collect();
    let content = [&[0, 1, 0, 7, 0, 0, 0, 1], text.as_slice()].concat();
    let mut octets = vec![0xe1, 0, 0, 2, 0, 2];
    octets.extend((content.len() as u16).to_be_bytes());
    octets.extend(content);
    vec![(Server, octets)]
}

/// A presentation APDU: the choice, its length, an octet string.
fn personal_health_data(scene: &Scene<'_>) -> Turns {
    let name = scene.name.as_bytes();
    let mut octets = vec![0xe7, 0];
    octets.extend((name.len() as u16 + 2).to_be_bytes());
    octets.extend((name.len() as u16).to_be_bytes());
    octets.extend(name);
    vec![(Client, octets)]
}

fn patient_resource(scene: &Scene<'_>) -> Turns {
    let resource = format!(
        "{{\"resourceType\":\"Patient\",\"name\":[{{\"family\":\"{}\",\"given\":[\"Ada\"]}}]}}",
        scene.name
    );
    vec![
        (Client, http_post("epr.example", "/fhir/Patient", "application/fhir+json", &resource)),
        (Server, http_ok("application/fhir+json", &resource)),
    ]
}

fn patient_search(scene: &Scene<'_>) -> Turns {
    let path = format!("/fhir/Patient?family={}&given=Ada", scene.name);
    vec![(Client, http_get("epr.example", &path)), (Server, http_ok("text/plain", scene.name))]
}

/// Six octets, then the rest, then an answer.
fn own_protocol(scene: &Scene<'_>) -> Turns {
    let (beginning, rest) = scene.name.split_at(6);
    vec![
        (Client, beginning.into()),
        (Client, rest.into()),
        (Server, scene.name.into()),
        (Client, scene.name.into()),
    ]
}

fn own_datagrams(scene: &Scene<'_>) -> Turns {
    datagrams("", scene)
}

fn like_a_lease(scene: &Scene<'_>) -> Turns {
    datagrams("\x01\x01\x06", scene)
}

fn like_an_envelope(scene: &Scene<'_>) -> Turns {
    datagrams("<", scene)
}

fn like_an_invitation(scene: &Scene<'_>) -> Turns {
    datagrams("INVITE ", scene)
}

fn datagrams(beginning: &str, scene: &Scene<'_>) -> Turns {
    let text = format!("{beginning}{} is about to be discharged from ward 3", scene.name);
    (0..8).map(|_| (Client, text.clone().into())).collect()
}

fn own_documents(scene: &Scene<'_>) -> Turns {
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><observation><patient>{}</patient></observation>",
        scene.name
    );
    vec![(Client, text.clone().into()), (Client, text.into())]
}
