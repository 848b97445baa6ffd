//! BACnet/IP (ANSI/ASHRAE 135 annex J and clause 20): Who-Is, I-Am and
//! ReadProperty of an object name.

use std::io;
use std::net::SocketAddr;

use super::call::Spoken;
use super::datagrams;

pub const PORT: u16 = 47_808;

const ORIGINAL_UNICAST: u8 = 0x0a;
const ORIGINAL_BROADCAST: u8 = 0x0b;
const DEVICE_INSTANCE: u32 = 20_061;
const OBJECT_NAME: u8 = 77;

fn message(function: u8, network: &[u8], application: &[u8]) -> Vec<u8> {
    let length = (4 + network.len() + application.len()) as u16;
    let mut message = vec![0x81, function];
    message.extend(length.to_be_bytes());
    message.extend_from_slice(network);
    message.extend_from_slice(application);
    message
}

/// Object type "device" (8) and instance in one word.
fn device_identifier(instance: u32) -> [u8; 4] {
    (8 << 22 | instance).to_be_bytes()
}

/// Who is there? To every network.
pub fn bacnet_who_is_broadcast() -> Vec<u8> {
    message(ORIGINAL_BROADCAST, &[1, 0x20, 0xff, 0xff, 0, 0xff], &[0x10, 8])
}

/// Who is there? To one device, across a router.
pub fn bacnet_who_is() -> Vec<u8> {
    message(ORIGINAL_UNICAST, &[1, 0], &[0x10, 8])
}

pub fn bacnet_i_am(instance: u32, vendor: u8) -> Vec<u8> {
    let mut application = vec![0x10, 0, 0xc4];
    application.extend(device_identifier(instance));
    application.extend([0x22, 0x05, 0xc4, 0x91, 0x03, 0x21, vendor]);
    message(ORIGINAL_UNICAST, &[1, 0], &application)
}

pub fn bacnet_read_object_name(invoke: u8, instance: u32) -> Vec<u8> {
    let mut application = vec![0x00, 0x05, invoke, 0x0c, 0x0c];
    application.extend(device_identifier(instance));
    application.extend([0x19, OBJECT_NAME]);
    message(ORIGINAL_UNICAST, &[1, 4], &application)
}

pub fn bacnet_object_name(invoke: u8, instance: u32, name: &str) -> Vec<u8> {
    let mut application = vec![0x30, invoke, 0x0c, 0x0c];
    application.extend(device_identifier(instance));
    application.extend([0x19, OBJECT_NAME, 0x3e, 0x75, name.len() as u8 + 1, 0]);
    application.extend_from_slice(name.as_bytes());
    application.push(0x3f);
    message(ORIGINAL_UNICAST, &[1, 0], &application)
}

/// The controller's side.
pub fn control(request: &[u8]) -> Option<Vec<u8>> {
    match request {
        [0x81, _, _, _, 1, 0, 0x10, 8, ..] => Some(bacnet_i_am(DEVICE_INSTANCE, 7)),
        [0x81, _, _, _, 1, 4, 0x00, _, invoke, 0x0c, ..] => {
            Some(bacnet_object_name(*invoke, DEVICE_INSTANCE, "AHU-2 THEATRE"))
        }
        _ => None,
    }
}

/// Finds the controller and reads its name.
pub fn discover(server: SocketAddr) -> io::Result<Spoken> {
    let (_, mut spoken) = datagrams::ask(server, &bacnet_who_is())?;
    let (_, read) = datagrams::ask(server, &bacnet_read_object_name(1, DEVICE_INSTANCE))?;
    spoken += read;
    Ok(spoken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_field_covers_the_whole_message() {
        for message in [bacnet_who_is(), bacnet_i_am(1, 7), bacnet_read_object_name(1, 1)] {
            assert_eq!(usize::from(u16::from_be_bytes([message[2], message[3]])), message.len());
        }
    }
}
