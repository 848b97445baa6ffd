//! IntelliVue data export (Data Export Interface Programming Guide) and LIS01-A2 frames.

use crate::frames::SeededRandom;

/// Ports of the monitor and of the central station for data export.
pub const MONITOR_PORT: u16 = 24_105;
pub const CENTRAL_PORT: u16 = 24_005;

/// An association request: session data, then presentation and user data.
pub fn intellivue_association(is_answer: bool) -> Vec<u8> {
    let content =
        [&[0x05, 0x08, 0x13, 0x01, 0x00, 0x16, 0x01, 0x02][..], &[0x80, 0, 0x14, 2, 0, 2]];
    let mut content = content.concat();
    content.resize(120, 0);
    [&[if is_answer { 0x0e } else { 0x0d }, content.len() as u8], content.as_slice()].concat()
}

/// Session E100, context 2; remote operation with its length.
fn operation(kind: u16, content: &[u8]) -> Vec<u8> {
    let mut message = vec![0xe1, 0, 0, 2];
    message.extend(kind.to_be_bytes());
    message.extend((content.len() as u16).to_be_bytes());
    message.extend_from_slice(content);
    message
}

/// Extended poll for numerics: invoke (1), confirmed action (7).
pub fn intellivue_poll(invoke: u16) -> Vec<u8> {
    let mut content = invoke.to_be_bytes().to_vec();
    content.extend([0, 7, 0, 0x16, 0, 0x21, 0, 0, 0, 0, 0, 0, 0, 0, 0xf1, 0x3b, 0, 0x0c]);
    content.extend(invoke.to_be_bytes());
    content.extend([0, 1, 0, 6, 0, 0, 0, 0]);
    operation(1, &content)
}

/// The poll's result (2) with waves or numerics of this many octets.
pub fn intellivue_result(invoke: u16, octets: usize, random: &mut SeededRandom) -> Vec<u8> {
    let mut content = invoke.to_be_bytes().to_vec();
    content.extend([0, 7]);
    content.extend((octets as u16).to_be_bytes());
    content.extend(random.octets(octets));
    operation(2, &content)
}

/// The records of one potassium result, each in a frame with its check sum.
pub fn astm_frames(sample: u32) -> Vec<Vec<u8>> {
    let records = [
        "H|\\^&|||Analyser^1.0|||||||P|LIS2-A2|20260310120000\r".to_owned(),
        format!("P|1|{sample}\r"),
        format!("O|1|{sample}||^^^K|R\r"),
        "R|1|^^^K|4.1|mmol/L\r".to_owned(),
        "L|1|N\r".to_owned(),
    ];
    let frame = |(index, record): (usize, &String)| {
        let content = format!("{}{record}\x03", (index + 1) % 8);
        let sum = content.bytes().fold(0_u8, u8::wrapping_add);
        format!("\x02{content}{sum:02X}\r\n").into_bytes()
    };
    records.iter().enumerate().map(frame).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_an_operation_covers_the_rest() {
        let mut random = SeededRandom::new(1);
        for message in [intellivue_poll(7), intellivue_result(7, 400, &mut random)] {
            assert_eq!(
                usize::from(u16::from_be_bytes([message[6], message[7]])) + 8,
                message.len()
            );
        }
    }
}
