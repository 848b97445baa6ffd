//! GE CARESCAPE and Unity network: a monitor's broadcasts carry its own address. GE publishes no
//! description; the layout is that of one public capture of a Dash monitor, so only messages of the
//! sizes and ports seen there are recognised.
//!
//! The patient's name stands in clear from octet 28 of an announcement: nothing behind octet 27 is
//! looked at.

use super::{Application, Context, Identification};
use crate::payload::Payload;

const ANNOUNCEMENT_PORT: u16 = 7000;
const ANNOUNCEMENT: usize = 88;
const ALARM_PORT: u16 = 7001;
const ALARM: usize = 84;

#[inline(always)]
pub(super) fn recognise(payload: &Payload, context: &Context) -> Option<Identification> {
    let length = payload.length();
    if length != ANNOUNCEMENT && length != ALARM {
        return None;
    }
    let (port, address) = if length == ANNOUNCEMENT {
        (ANNOUNCEMENT_PORT, payload.be_u32(4))
    } else {
        (ALARM_PORT, payload.be_u32(6))
    };
    (context.destination_port == port && address == context.source_address && address != 0)
        .then_some(Identification::confirmed(Application::GeUnity))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::wire::transport::protocol;

    fn announcement() -> [u8; 88] {
        let mut octets = [0; 88];
        octets[4..8].copy_from_slice(&SOURCE_ADDRESS.to_be_bytes());
        octets[12..20].copy_from_slice(b"ICU|BED1");
        octets
    }

    fn announced(octets: &[u8]) -> Identification {
        spoken(protocol::UDP, [7000, 7000], octets)
    }

    #[test]
    fn an_announcement_is_confirmed_by_the_address_in_it() {
        assert_eq!(announced(&announcement()), confirmed(Application::GeUnity));
        no_prefix_is_confirmed(&announcement(), announced);
        let mut other = announcement();
        other[7] ^= 1;
        assert_ne!(announced(&other).application, Application::GeUnity);
        assert_ne!(datagram(&announcement()).application, Application::GeUnity);
    }
}
