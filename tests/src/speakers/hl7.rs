//! HL7 version 2 messages in MLLP blocks (HL7 MLLP release 1).

use std::io;
use std::net::SocketAddr;

use super::CANARY_PATIENT;
use super::call::{Call, Spoken};

const START_BLOCK: u8 = 0x0b;
const END_BLOCK: [u8; 2] = [0x1c, 0x0d];

/// Sending and receiving application and facility (MSH-3 to MSH-6).
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    pub sending_application: &'a str,
    pub sending_facility: &'a str,
    pub receiving_application: &'a str,
    pub receiving_facility: &'a str,
}

pub const MONITOR_TO_ENGINE: Route<'static> = Route {
    sending_application: "BENEVISION",
    sending_facility: "ICU3",
    receiving_application: "ENGINE",
    receiving_facility: "HOSP",
};

pub const ANALYSER_TO_ENGINE: Route<'static> = Route {
    sending_application: "ANALYSER",
    sending_facility: "PATHOLOGY",
    receiving_application: "ENGINE",
    receiving_facility: "HOSP",
};

pub const ENGINE_TO_RECORD: Route<'static> = Route {
    sending_application: "ENGINE",
    sending_facility: "HOSP",
    receiving_application: "EPR",
    receiving_facility: "HOSP",
};

fn block(segments: &[String]) -> Vec<u8> {
    let mut block = vec![START_BLOCK];
    for segment in segments {
        block.extend_from_slice(segment.as_bytes());
        block.push(b'\r');
    }
    block.extend(END_BLOCK);
    block
}

fn header(route: Route<'_>, message_type: &str, control_id: u32) -> String {
    format!(
        "MSH|^~\\&|{}|{}|{}|{}|20260102030405||{message_type}|WL{control_id:06}|P|2.5.1",
        route.sending_application,
        route.sending_facility,
        route.receiving_application,
        route.receiving_facility
    )
}

fn patient() -> String {
    format!("PID|1||CANARY-0001^^^LAB^MR||{CANARY_PATIENT}||19000101|U")
}

/// An admission: ADT^A01.
pub fn hl7_admission(control_id: u32) -> Vec<u8> {
    block(&[
        header(ENGINE_TO_RECORD, "ADT^A01^ADT_A01", control_id),
        "EVN|A01|20260102030405".to_owned(),
        patient(),
        "PV1|1|I|ICU3^BED03^1".to_owned(),
    ])
}

/// Vital signs of a bedside monitor: ORU^R01.
pub fn hl7_vital_signs(control_id: u32) -> Vec<u8> {
    block(&[
        header(MONITOR_TO_ENGINE, "ORU^R01^ORU_R01", control_id),
        patient(),
        "OBR|1|||182777000^monitoring of patient^SCT|||20260102030405".to_owned(),
        "OBX|1|NM|147842^MDC_ECG_HEART_RATE^MDC|1.7.4.147842|72|264864^MDC_DIM_BEAT_PER_MIN^MDC|||||F".to_owned(),
        "OBX|2|NM|150456^MDC_PULS_OXIM_SAT_O2^MDC|1.7.4.150456|97|262688^MDC_DIM_PERCENT^MDC|||||F".to_owned(),
    ])
}

/// A potassium result of a blood analyser: ORU^R01.
pub fn hl7_laboratory_result(control_id: u32) -> Vec<u8> {
    block(&[
        header(ANALYSER_TO_ENGINE, "ORU^R01^ORU_R01", control_id),
        "SFT|Example Diagnostics|4.2|Analyser Control|CANARY".to_owned(),
        patient(),
        "OBR|1|||2823-3^Potassium^LN|||20260102030405".to_owned(),
        "OBX|1|NM|2823-3^Potassium^LN||4.1|mmol/L|3.5-5.1|N|||F".to_owned(),
    ])
}

/// Application accept for the message with this control id.
pub fn hl7_acknowledgement(control_id: &str) -> Vec<u8> {
    block(&[
        "MSH|^~\\&|ENGINE|HOSP|||20260102030405||ACK^R01^ACK|ACK000001|P|2.5.1".to_owned(),
        format!("MSA|AA|{control_id}"),
    ])
}

/// Framing: up to and including the end block octets.
pub fn mllp_length(heard: &[u8]) -> Option<usize> {
    heard.windows(2).position(|pair| pair == END_BLOCK).map(|position| position + 2)
}

/// MSH-10 of a message in a block.
fn control_id(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message);
    text.split('|').nth(9).unwrap_or_default().to_owned()
}

/// The receiver's side: acknowledges each message until the sender hangs up.
pub fn acknowledge(call: &mut Call) -> io::Result<()> {
    while let Some(message) = call.hear(mllp_length)? {
        call.say(&hl7_acknowledgement(&control_id(&message)))?;
    }
    Ok(())
}

/// Sends the messages one after another, each after the acknowledgement of the
/// one before.
pub fn send(server: SocketAddr, messages: &[Vec<u8>]) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    for message in messages {
        call.say(message)?;
        call.expect_answer(mllp_length)?;
    }
    call.hang_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn block_starts_and_ends_as_mllp_says_and_the_control_id_is_found() {
        let message = hl7_admission(42);
        assert!(message.starts_with(b"\x0bMSH|^~\\&|"));
        assert_eq!(mllp_length(&message), Some(message.len()));
        assert_eq!(control_id(&message), "WL000042");
    }
}
