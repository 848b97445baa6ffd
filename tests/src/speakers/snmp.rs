//! SNMPv2c (RFC 1901, RFC 3416): get the system description, and its answer.

use std::io;
use std::net::SocketAddr;

use super::ber;
use super::call::Spoken;
use super::datagrams;

pub const COMMUNITY: &str = "hospital-ro";

const GET_REQUEST: u8 = 0xa0;
const GET_RESPONSE: u8 = 0xa2;
const SYSTEM_DESCRIPTION: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 1, 0];

fn message(community: &str, kind: u8, request_id: u32, bound: Vec<u8>) -> Vec<u8> {
    let binding = ber::sequence(&[ber::object_identifier(&SYSTEM_DESCRIPTION), bound]);
    let request =
        [ber::integer(request_id), ber::integer(0), ber::integer(0), ber::sequence(&[binding])];
    ber::sequence(&[
        ber::integer(1),
        ber::value(ber::OCTET_STRING, community.as_bytes()),
        ber::value(kind, &request.concat()),
    ])
}

pub fn snmp_get(community: &str, request_id: u32) -> Vec<u8> {
    message(community, GET_REQUEST, request_id, ber::value(ber::NULL, &[]))
}

pub fn snmp_response(community: &str, request_id: u32, description: &str) -> Vec<u8> {
    message(
        community,
        GET_RESPONSE,
        request_id,
        ber::value(ber::OCTET_STRING, description.as_bytes()),
    )
}

/// The request id behind version and community (lengths below 128).
fn request_id(request: &[u8]) -> Option<u32> {
    let community_length = usize::from(*request.get(6)?);
    let integer = request.get(7 + community_length + 2..)?;
    let &[ber::INTEGER, length, ref rest @ ..] = integer else {
        return None;
    };
    let octets = rest.get(..usize::from(length)).filter(|octets| octets.len() <= 4)?;
    Some(octets.iter().fold(0, |number, &octet| number << 8 | u32::from(octet)))
}

/// The agent's side: every get is answered with the system description.
pub fn answer(request: &[u8]) -> Option<Vec<u8>> {
    request_id(request)
        .map(|id| snmp_response(COMMUNITY, id, "Example LaserPrint 4000, firmware 2.7"))
}

pub fn describe(agent: SocketAddr) -> io::Result<Spoken> {
    datagrams::ask(agent, &snmp_get(COMMUNITY, 0x5741_5244)).map(|(_, spoken)| spoken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answer_carries_the_request_id_of_the_question() {
        let response = answer(&snmp_get(COMMUNITY, 0x1234)).unwrap();
        assert_eq!(request_id(&response), Some(0x1234));
        assert_eq!(answer(b"0"), None);
    }
}
