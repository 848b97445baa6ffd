//! Dynamic Host Configuration Protocol for IPv6 (RFC 8415 sections 8 and 9).

use super::{Application, Context, Identification};
use crate::payload::Payload;

const CLIENT_PORT: u16 = 546;
const SERVER_PORT: u16 = 547;
const CLIENT_IDENTIFIER: u16 = 1;
const RELAY_FORWARD: u8 = 12;
const RELAY_REPLY: u8 = 13;

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let kind = payload.octet(0);
    if kind.wrapping_sub(1) >= RELAY_REPLY {
        return None;
    }
    let is_relayed = kind >= RELAY_FORWARD;
    // Type and transaction, or type, hops and two addresses; then options.
    let (header, option) =
        if is_relayed { (34, payload.be_u64_at(34)) } else { (4, payload.be_u64_at(4)) };
    let code = (option >> 48) as u16;
    let end = (option >> 32) as usize & 0xffff;
    if code.wrapping_sub(1) >= 150 || header + 4 + end > payload.length() {
        return None;
    }
    let on_port = context.has_port(CLIENT_PORT) || context.has_port(SERVER_PORT);
    // Unique identifiers (section 11): time and link address, of 6 to 20 octets; an enterprise's
    // number and its own; link address; UUID.
    let is_identifier = match option >> 16 & 0xffff {
        1 => (14..=28).contains(&end),
        2 => (7..=130).contains(&end),
        3 => (10..=24).contains(&end),
        4 => end == 18,
        _ => false,
    };
    let is_identified = code == CLIENT_IDENTIFIER && is_identifier && !is_relayed;
    (on_port || is_identified)
        .then_some(Identification::marked(Application::Dhcpv6, on_port && is_identified))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    const SOLICIT: [u8; 18] = [1, 7, 7, 7, 0, 1, 0, 10, 0, 3, 0, 1, 0, 9, 0xfb, 1, 2, 3];

    fn on_port(octets: &[u8]) -> Identification {
        spoken(protocol::UDP, [546, 547], octets)
    }

    #[test]
    fn a_solicit_is_confirmed_on_its_port_and_likely_elsewhere() {
        assert_eq!(on_port(&SOLICIT), confirmed(Application::Dhcpv6));
        no_prefix_is_confirmed(&SOLICIT, on_port);
        assert_eq!(datagram(&SOLICIT), likely(Application::Dhcpv6));
    }

    #[test]
    fn other_types_and_options_are_refused() {
        for (at, octet) in [(0, 14), (4, 1), (5, 2), (7, 11), (9, 5)] {
            let mut near_miss = SOLICIT;
            near_miss[at] = octet;
            assert_ne!(datagram(&near_miss).application, Application::Dhcpv6, "{at}");
        }
    }

    #[test]
    fn identifiers_have_the_lengths_of_their_types() {
        let mut wide = [0; 60];
        wide[..10].copy_from_slice(&[1, 7, 7, 7, 0, 1, 0, 14, 0, 1]);
        assert_eq!(on_port(&wide), confirmed(Application::Dhcpv6));
        for (length, kind) in [(13, 1), (29, 1), (6, 2), (25, 3), (17, 4)] {
            wide[7] = length;
            wide[9] = kind;
            assert_eq!(on_port(&wide), likely(Application::Dhcpv6), "{kind}");
        }
    }
}
