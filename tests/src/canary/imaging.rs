//! Patients and users in DICOM.

use super::planted::{Plan, Scene, Turns};
use crate::frames::Side::{Client, Server};
use crate::speakers::dicom::*;
use crate::speakers::http::{http_get, http_ok};

pub(super) fn plans() -> Vec<Plan> {
    vec![
        Plan::tcp("DICOM", "dicom", (104, 4242), find_and_store),
        Plan::tcp("DICOMHEADERS", "dicom", (11_112, 4243), store_with_headers_apart),
        Plan::tcp("DICOMMIDDLE", "dicom", (105, 4244), store_seen_from_the_middle),
        Plan::tcp("DICOMUSER", "dicom", (106, 4245), association_of_a_user),
        Plan::tcp("DICOMCOMMENT", "dicom", (107, 4246), refused_store),
        Plan::tcp("DICOMWEB", "dicomweb", (8042, 31_010), search_for_studies),
    ]
}

const FIND: &str = "1.2.840.10008.5.1.4.1.2.2.1";
const C_FIND: u16 = 0x0020;
const PENDING: u16 = 0xff00;

fn opened() -> Turns {
    vec![
        (Client, dicom_association_request("PACS_MAIN", "CT_ROOM_1")),
        (Server, dicom_association_acceptance("PACS_MAIN", "CT_ROOM_1", 3)),
    ]
}

fn find_request() -> Vec<u8> {
    command(&[
        element(0, 0x0002, FIND.as_bytes()),
        element(0, 0x0100, &C_FIND.to_le_bytes()),
        element(0, 0x0110, &1_u16.to_le_bytes()),
        element(0, 0x0700, &0_u16.to_le_bytes()),
        element(0, 0x0800, &1_u16.to_le_bytes()),
    ])
}

fn find_response() -> Vec<u8> {
    command(&[
        element(0, 0x0002, FIND.as_bytes()),
        element(0, 0x0100, &(C_FIND | 0x8000).to_le_bytes()),
        element(0, 0x0120, &1_u16.to_le_bytes()),
        element(0, 0x0800, &1_u16.to_le_bytes()),
        element(0, 0x0900, &PENDING.to_le_bytes()),
    ])
}

fn patient(name: &str) -> Vec<u8> {
    [element(0x0008, 0x0052, b"STUDY"), element(0x0010, 0x0010, name.as_bytes())].concat()
}

/// Command and data set in one segment, in two PDUs and in one.
fn find_and_store(scene: &Scene<'_>) -> Turns {
    let data_set = patient(scene.name);
    let mut turns = opened();
    let in_two = [dicom_data(1, 3, &find_request()), dicom_data(1, 2, &data_set)].concat();
    turns.push((Client, in_two));
    let value = |control, content: &[u8]| {
        let length = (content.len() as u32 + 2).to_be_bytes();
        [&length[..], &[1, control], content].concat()
    };
    turns.push((Server, pdu(4, &[value(3, &find_response()), value(2, &data_set)].concat())));
    turns.push((Client, dicom_store_request(1, 2, uid::CT_IMAGE_STORAGE, "2.25.1")));
    turns.push((Client, dicom_data(1, 2, &data_set)));
    turns
}

/// The PDU's header and the PDV's in a segment of their own, as some implementations send them.
fn store_with_headers_apart(scene: &Scene<'_>) -> Turns {
    const HEADERS: usize = 12;
    let mut turns = opened();
    let store = dicom_store_request(1, 2, uid::CT_IMAGE_STORAGE, "2.25.1");
    for message in [store, dicom_data(1, 2, &patient(scene.name))] {
        let (headers, rest) = message.split_at(HEADERS);
        turns.extend([(Client, headers.to_vec()), (Client, rest.to_vec())]);
    }
    turns
}

/// An association that was opened before. The header of the first PDU comes alone, and the data set
/// right behind the command.
fn store_seen_from_the_middle(scene: &Scene<'_>) -> Turns {
    let store = dicom_store_request(1, 2, uid::CT_IMAGE_STORAGE, "2.25.1");
    let name = element(0x0010, 0x0010, scene.name.as_bytes());
    let mut whole = store.clone();
    // A second value in the same PDU.
    whole.extend((name.len() as u32 + 2).to_be_bytes());
    whole.extend([1, 2]);
    whole.extend(name);
    let length = (whole.len() as u32 - 6).to_be_bytes();
    whole[2..6].copy_from_slice(&length);
    vec![(Client, whole[..6].to_vec()), (Client, whole[6..].to_vec())]
}

/// User identity negotiation (PS3.7 annex D.3.3.7): type 1, a user name.
fn association_of_a_user(scene: &Scene<'_>) -> Turns {
    let mut request = dicom_association_request("PACS_MAIN", "CT_ROOM_1");
    let mut identity = vec![1, 0];
    identity.extend((scene.name.len() as u16).to_be_bytes());
    identity.extend(scene.name.as_bytes());
    identity.extend([0, 0]);
    let identity = item(0x58, &identity);
    // The user information is the last item; it and the PDU grow.
    if let Some(at) = request.windows(2).rposition(|octets| octets == [0x50, 0]) {
        let length = request.len() - at - 4 + identity.len();
        request[at + 2..at + 4].copy_from_slice(&(length as u16).to_be_bytes());
    }
    request.extend(identity);
    let length = request.len() as u32 - 6;
    request[2..6].copy_from_slice(&length.to_be_bytes());
    vec![
        (Client, request),
        (Server, dicom_association_acceptance("PACS_MAIN", "CT_ROOM_1", 3)),
        (Client, dicom_echo_request(1)),
    ]
}

/// A response with an error comment (0000,0902), PS3.7 annex C.
fn refused_store(scene: &Scene<'_>) -> Turns {
    let mut turns = opened();
    turns.push((Client, dicom_store_request(1, 2, uid::CT_IMAGE_STORAGE, "2.25.1")));
    let response = command(&[
        element(0, 0x0002, uid::CT_IMAGE_STORAGE.as_bytes()),
        element(0, 0x0100, &(C_STORE | 0x8000).to_le_bytes()),
        element(0, 0x0120, &2_u16.to_le_bytes()),
        element(0, 0x0800, &0x0101_u16.to_le_bytes()),
        element(0, 0x0900, &0xc000_u16.to_le_bytes()),
        element(0, 0x0902, format!("no patient {}", scene.name).as_bytes()),
    ]);
    turns.push((Server, dicom_data(1, 3, &response)));
    turns
}

fn search_for_studies(scene: &Scene<'_>) -> Turns {
    let path = format!("/dicom-web/studies?PatientName={}", scene.name);
    let answer = format!("[{{\"00100010\":{{\"vr\":\"PN\",\"Value\":[\"{}\"]}}}}]", scene.name);
    vec![
        (Client, http_get("pacs.example", &path)),
        (Server, http_ok("application/dicom+json", &answer)),
    ]
}
