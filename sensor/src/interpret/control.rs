//! Requests that change what a building or a plant does: the function that is asked for, never the
//! value. What is sampled ends with the function.

use sensor_common::application::Application;

use super::{message::Message, octets::be_u16};

/// The write in a sample of `application`, sent from `source_port`.
pub fn read(application: Application, octets: &[u8], source_port: u16) -> Option<Message> {
    let function = match application {
        Application::Modbus => modbus(octets, source_port),
        Application::Bacnet => bacnet(octets),
        Application::S7comm => s7comm(octets),
        Application::Knx => knx(octets),
        _ => None,
    }?;
    Some(Message::ControlWrite { protocol: application, function })
}

/// Function codes (MODBUS Application Protocol V1.1b3 section 6). An answer repeats that of its
/// request, so what a server sends from the registered port is none.
fn modbus(octets: &[u8], source_port: u16) -> Option<&'static str> {
    const PORT: u16 = 502;
    if source_port == PORT || be_u16(octets, 2)? != 0 {
        return None;
    }
    match octets.get(7)? {
        5 => Some("write single coil"),
        6 => Some("write single register"),
        15 => Some("write multiple coils"),
        16 => Some("write multiple registers"),
        22 => Some("mask write register"),
        23 => Some("read/write multiple registers"),
        _ => None,
    }
}

/// BVLL (ANSI/ASHRAE 135 annex J), NPDU (clause 6.2) and confirmed request (clause 20.1.2).
fn bacnet(octets: &[u8]) -> Option<&'static str> {
    const UNICAST: [u8; 2] = [0x81, 0x0a];
    const NPDU: usize = 4;
    const NETWORK_MESSAGE: u8 = 0x80;
    const DESTINATION: u8 = 0x20;
    const SOURCE: u8 = 0x08;
    const SEGMENTED: u8 = 0x08;
    if octets.get(..2)? != UNICAST || *octets.get(NPDU)? != 1 {
        return None;
    }
    let control = *octets.get(NPDU + 1)?;
    if control & NETWORK_MESSAGE != 0 {
        return None;
    }
    let mut at = NPDU + 2;
    // Network, length of the address, address.
    for address in [DESTINATION, SOURCE] {
        if control & address != 0 {
            at += 3 + usize::from(*octets.get(at + 2)?);
        }
    }
    // The hop count.
    at += usize::from(control & DESTINATION != 0);
    let kind = *octets.get(at)?;
    let service = at + if kind & SEGMENTED != 0 { 5 } else { 3 };
    match (kind >> 4, octets.get(service)?) {
        (0, 15) => Some("WriteProperty"),
        (0, 16) => Some("WritePropertyMultiple"),
        (0, 17) => Some("DeviceCommunicationControl"),
        (0, 20) => Some("ReinitializeDevice"),
        _ => None,
    }
}

/// A job (kind 1) of the S7 protocol, by the description in public dissectors.
fn s7comm(octets: &[u8]) -> Option<&'static str> {
    if octets.get(4..9)? != [2, 0xf0, 0x80, 0x32, 1] {
        return None;
    }
    match octets.get(17)? {
        0x05 => Some("write variable"),
        0x1a => Some("request download"),
        0x1b => Some("download block"),
        0x1c => Some("download ended"),
        0x28 => Some("program invocation"),
        0x29 => Some("stop"),
        _ => None,
    }
}

/// A cEMI frame (EN 50090-4-3, ISO 22510 section 5) in a tunnelling request or a routing indication:
/// the application layer's service (EN 50090-4-1).
fn knx(octets: &[u8]) -> Option<&'static str> {
    const TUNNELLING_REQUEST: u16 = 0x0420;
    const ROUTING_INDICATION: u16 = 0x0530;
    const CONTROL: u8 = 0x80;
    let (frame, code) = match be_u16(octets, 2)? {
        TUNNELLING_REQUEST => (10, 0x11),
        ROUTING_INDICATION => (6, 0x29),
        _ => return None,
    };
    // No additional information between code and control fields.
    if octets.get(frame..frame + 2)? != [code, 0] || octets.get(frame + 9)? & CONTROL != 0 {
        return None;
    }
    let service = be_u16(octets, frame + 9)? & 0x03ff;
    match (service & 0x03c0, service) {
        (0x080, _) => Some("GroupValue_Write"),
        (0x0c0, _) => Some("IndividualAddress_Write"),
        (0x280, _) => Some("Memory_Write"),
        (0x380, _) => Some("Restart"),
        (_, 0x3d7) => Some("PropertyValue_Write"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::mutate;
    use super::*;

    fn function(application: Application, octets: &[u8]) -> Option<&'static str> {
        match read(application, octets, 50_000)? {
            Message::ControlWrite { protocol, function } if protocol == application => {
                Some(function)
            }
            other => panic!("{other:?}"),
        }
    }

    const MODBUS: [u8; 8] = [0, 1, 0, 0, 0, 6, 1, 6];
    /// WriteProperty to a device behind a router, from another.
    const BACNET: [u8; 19] =
        [0x81, 0x0a, 0, 40, 1, 0x2c, 0, 5, 1, 7, 0, 6, 1, 9, 0xfe, 0, 4, 1, 15];
    const S7: [u8; 18] = [3, 0, 0, 36, 2, 0xf0, 0x80, 0x32, 1, 0, 0, 0, 1, 0, 14, 0, 5, 5];
    const KNX: [u8; 17] = [6, 0x10, 5, 0x30, 0, 17, 0x29, 0, 0xbc, 0xe0, 0x11, 1, 8, 1, 1, 0, 0x81];

    #[test]
    fn a_write_is_told_by_its_function() {
        assert_eq!(function(Application::Modbus, &MODBUS), Some("write single register"));
        assert_eq!(function(Application::Bacnet, &BACNET), Some("WriteProperty"));
        assert_eq!(function(Application::S7comm, &S7), Some("write variable"));
        assert_eq!(function(Application::Knx, &KNX), Some("GroupValue_Write"));
        let tunnelled = [&KNX[..6], &[4, 1, 0, 0, 0x11, 0], &KNX[8..]].concat();
        let mut tunnelled = tunnelled;
        (tunnelled[2], tunnelled[3]) = (4, 0x20);
        assert_eq!(function(Application::Knx, &tunnelled), Some("GroupValue_Write"));
        let local = [0x81, 0x0a, 0, 14, 1, 4, 8, 4, 1, 0, 0, 20];
        assert_eq!(function(Application::Bacnet, &local), Some("ReinitializeDevice"));
    }

    #[test]
    fn an_answer_of_a_modbus_server_is_no_write() {
        assert_eq!(read(Application::Modbus, &MODBUS, 502), None);
    }

    #[test]
    fn a_sample_that_ends_before_the_function_says_nothing() {
        for (application, whole) in [
            (Application::Modbus, &MODBUS[..]),
            (Application::Bacnet, &BACNET),
            (Application::S7comm, &S7),
            (Application::Knx, &KNX),
        ] {
            for length in 0..whole.len() {
                assert_eq!(function(application, &whole[..length]), None, "{length}");
            }
        }
    }

    #[test]
    fn reads_answers_and_other_messages_are_no_writes() {
        let near_misses = [
            (Application::Modbus, MODBUS.to_vec(), vec![(7, 3), (7, 0x86), (3, 1)]),
            (
                Application::Bacnet,
                BACNET.to_vec(),
                vec![(1, 0x0b), (4, 2), (5, 0xac), (15, 0x20), (18, 12)],
            ),
            (Application::S7comm, S7.to_vec(), vec![(7, 0x72), (8, 3), (17, 4)]),
            (
                Application::Knx,
                KNX.to_vec(),
                vec![(3, 0x31), (6, 0x2e), (7, 4), (15, 0x80), (16, 0x41)],
            ),
        ];
        for (application, octets, changes) in near_misses {
            for (at, octet) in changes {
                let mut near_miss = octets.clone();
                near_miss[at] = octet;
                assert_eq!(function(application, &near_miss), None, "{application:?} {at}");
            }
        }
    }

    #[test]
    fn mutated_samples_do_no_harm() {
        mutate(&[&MODBUS, &BACNET, &S7, &KNX], |octets| {
            for application in Application::ALL {
                let function = function(*application, octets);
                assert!(function.is_none() || octets.len() >= 8);
            }
        });
    }
}
