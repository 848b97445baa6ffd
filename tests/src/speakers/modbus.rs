//! Modbus/TCP (Modbus application protocol 1.1b3, messaging on TCP/IP 1.0b).

use std::io;
use std::net::SocketAddr;

use super::call::{Call, Spoken};

const READ_HOLDING_REGISTERS: u8 = 0x03;
const ENCAPSULATED_INTERFACE: u8 = 0x2b;
const READ_DEVICE_IDENTIFICATION: u8 = 0x0e;

fn message(transaction: u16, unit: u8, body: &[u8]) -> Vec<u8> {
    let mut message = transaction.to_be_bytes().to_vec();
    message.extend([0, 0]);
    message.extend((body.len() as u16 + 1).to_be_bytes());
    message.push(unit);
    message.extend_from_slice(body);
    message
}

pub fn modbus_read_holding_registers(
    transaction: u16,
    unit: u8,
    first: u16,
    count: u16,
) -> Vec<u8> {
    let [first_high, first_low] = first.to_be_bytes();
    let [count_high, count_low] = count.to_be_bytes();
    message(
        transaction,
        unit,
        &[READ_HOLDING_REGISTERS, first_high, first_low, count_high, count_low],
    )
}

pub fn modbus_holding_registers(transaction: u16, unit: u8, registers: &[u16]) -> Vec<u8> {
    let mut body = vec![READ_HOLDING_REGISTERS, 2 * registers.len() as u8];
    body.extend(registers.iter().flat_map(|register| register.to_be_bytes()));
    message(transaction, unit, &body)
}

pub fn modbus_write_register(transaction: u16, unit: u8, register: u16, value: u16) -> Vec<u8> {
    let [register_high, register_low] = register.to_be_bytes();
    let [value_high, value_low] = value.to_be_bytes();
    message(transaction, unit, &[0x06, register_high, register_low, value_high, value_low])
}

pub fn modbus_identification_request(transaction: u16, unit: u8) -> Vec<u8> {
    message(transaction, unit, &[ENCAPSULATED_INTERFACE, READ_DEVICE_IDENTIFICATION, 1, 0])
}

/// Vendor, product and revision.
pub fn modbus_identification(transaction: u16, unit: u8) -> Vec<u8> {
    let mut body = vec![ENCAPSULATED_INTERFACE, READ_DEVICE_IDENTIFICATION, 1, 1, 0, 0, 3];
    for (object, text) in [(0, "Example Controls"), (1, "AHU-200"), (2, "v2.11")] {
        body.extend([object, text.len() as u8]);
        body.extend_from_slice(text.as_bytes());
    }
    message(transaction, unit, &body)
}

pub fn modbus_exception(transaction: u16, unit: u8, function: u8, code: u8) -> Vec<u8> {
    message(transaction, unit, &[function | 0x80, code])
}

/// Framing: the length field counts from the unit identifier on.
pub fn adu_length(heard: &[u8]) -> Option<usize> {
    Some(6 + usize::from(u16::from_be_bytes([*heard.get(4)?, *heard.get(5)?])))
}

/// The controller's side: holding registers and identification.
pub fn control(call: &mut Call) -> io::Result<()> {
    while let Some(request) = call.hear(adu_length)? {
        let &[high, low, _, _, _, _, unit, function, ref rest @ ..] = request.as_slice() else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let transaction = u16::from_be_bytes([high, low]);
        let answer = match (function, rest) {
            (READ_HOLDING_REGISTERS, &[_, _, _, count]) if count <= 125 => {
                let registers: Vec<u16> =
                    (0..u16::from(count)).map(|register| 200 + register).collect();
                modbus_holding_registers(transaction, unit, &registers)
            }
            (ENCAPSULATED_INTERFACE, _) => modbus_identification(transaction, unit),
            _ => modbus_exception(transaction, unit, function, 1),
        };
        call.say(&answer)?;
    }
    Ok(())
}

/// Identifies the controller, then polls its registers.
pub fn poll(server: SocketAddr, times: u16) -> io::Result<Spoken> {
    let mut call = Call::to(server)?;
    call.say(&modbus_identification_request(1, 1))?;
    call.expect_answer(adu_length)?;
    for transaction in 2..2 + times {
        call.say(&modbus_read_holding_registers(transaction, 1, 100, 10))?;
        call.expect_answer(adu_length)?;
    }
    call.hang_up()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_field_covers_unit_and_body() {
        let request = modbus_read_holding_registers(0x1234, 1, 100, 10);
        assert_eq!(request, [0x12, 0x34, 0, 0, 0, 6, 1, 3, 0, 100, 0, 10]);
        assert_eq!(adu_length(&request), Some(request.len()));
    }
}
