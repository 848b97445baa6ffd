//! Modbus over TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b section 3.1.3).

use super::{Application, Context, Identification};
use crate::payload::Payload;

const PORT: u16 = 502;

/// Transaction, protocol identifier 0, length, unit; then the function code.
#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let length = payload.be_u16(4) as usize;
    // Section 4.1 of the application protocol: a PDU has at most 253 octets, plus the unit.
    if payload.be_u16(2) != 0 || !(3..=254).contains(&length) || length + 6 != payload.length() {
        return None;
    }
    let function = payload.octet(7);
    // Public function codes (MODBUS Application Protocol V1.1b3 section 5.1), exceptions with
    // the high bit and one code.
    let is_exception = function & 0x80 != 0 && length == 3;
    let code = function & 0x7f;
    let is_public = (1..=8).contains(&code)
        || matches!(code, 11 | 12 | 15 | 16 | 17 | 20 | 21 | 22 | 23 | 24 | 43);
    // Reserved for products that have it (annex A of the same); 90 is Schneider Electric's UMAS, by
    // which its controllers are programmed.
    let is_reserved = code == 90;
    if !(is_public || is_reserved) || (function & 0x80 != 0 && !is_exception) {
        return None;
    }
    // A read request or answer has a length that follows from its fields.
    let is_request = (1..=6).contains(&code) && length == 6;
    let on_port = context.has_port(PORT);
    // Eight coils fit one octet, but so does a refusal of DICOM's.
    let is_answer = code <= 4 && payload.octet(8) as usize + 3 == length && (length > 4 || on_port);
    let is_write_many =
        matches!(code, 15 | 16) && (length == 6 || payload.octet(12) as usize + 7 == length);
    // Unit 0 has one condition less, and stands where other protocols have zeros.
    let is_addressed = payload.octet(6) != 0 || on_port;
    let is_consistent = is_exception || is_request || is_answer || is_write_many;
    Some(Identification::marked(Application::Modbus, is_consistent && is_addressed))
}

/// Octets that may leave the kernel: of requests that write (MODBUS Application Protocol V1.1b3 section
/// 6), up to the function, without address and value. Answers repeat it.
#[inline(always)]
pub(super) fn sample_length(payload: &Payload) -> usize {
    const HEADER_AND_FUNCTION: usize = 8;
    let is_write = matches!(payload.octet(7), 5 | 6 | 15 | 16 | 22 | 23);
    if is_write && payload.be_u16(2) == 0 { HEADER_AND_FUNCTION } else { 0 }
}

#[cfg(test)]
mod of_units {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    #[test]
    fn a_message_to_unit_0_is_confirmed_on_the_port_only() {
        let mut read = [0, 1, 0, 0, 0, 6, 1, 4, 0, 23, 0, 24];
        assert_eq!(stream(&read), confirmed(Application::Modbus));
        read[6] = 0;
        assert_eq!(stream(&read), likely(Application::Modbus));
        let on_port = spoken(protocol::TCP, [50_001, PORT], &read);
        assert_eq!(on_port, confirmed(Application::Modbus));
    }

    #[test]
    fn an_answer_of_one_octet_at_most_is_confirmed_on_the_port_only() {
        assert_eq!(stream(&[0, 1, 0, 0, 0, 3, 1, 2, 0]), likely(Application::Modbus));
        let coils = [0, 1, 0, 0, 0, 4, 1, 2, 1, 0];
        assert_eq!(stream(&coils), likely(Application::Modbus));
        let on_port = spoken(protocol::TCP, [PORT, 50_001], &coils);
        assert_eq!(on_port, confirmed(Application::Modbus));
        assert_eq!(stream(&[0, 1, 0, 0, 0, 5, 1, 3, 2, 0, 7]), confirmed(Application::Modbus));
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    /// Reads ten holding registers of unit 1.
    const READ: [u8; 12] = [0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 10];

    #[test]
    fn a_request_is_confirmed_by_its_length() {
        assert_eq!(stream(&READ), confirmed(Application::Modbus));
        no_prefix_is_confirmed(&READ, stream);
        assert_eq!(stream(&[0, 1, 0, 0, 0, 3, 1, 0x83, 2]), confirmed(Application::Modbus));
    }

    #[test]
    fn a_function_that_is_reserved_for_a_product_is_likely() {
        assert_eq!(stream(&[0, 0, 0, 0, 0, 4, 0, 90, 0, 2]), likely(Application::Modbus));
        assert_eq!(stream(&[0, 0, 0, 0, 0, 4, 0, 92, 0, 2]), unknown());
    }

    #[test]
    fn of_writes_the_function_leaves_and_nothing_else() {
        for function in 0..=255 {
            let mut message = READ;
            message[7] = function;
            let is_write = [5, 6, 15, 16, 22, 23].contains(&function);
            let wanted = if is_write { 8 } else { 0 };
            assert_eq!(sample_length(&Payload::from_octets(&message)), wanted, "{function}");
        }
    }

    #[test]
    fn other_identifiers_lengths_and_functions_are_refused() {
        for (at, octet) in [(2, 1), (3, 1), (5, 7), (7, 9), (7, 0)] {
            let mut near_miss = READ;
            near_miss[at] = octet;
            assert_ne!(stream(&near_miss).application, Application::Modbus, "{at}");
        }
    }
}
