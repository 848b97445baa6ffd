//! Border Gateway Protocol version 4 (RFC 4271 section 4.1).

use super::{Application, Identification};
use crate::payload::Payload;

/// Marker of ones, length 19 to 4096, type 1 (OPEN) to 5 (ROUTE-REFRESH).
#[inline(always)]
pub(super) fn recognise(payload: &Payload) -> Option<Identification> {
    let length = payload.be_u16(16) as usize;
    if payload.be_u64_at(0) != u64::MAX
        || payload.be_u64_at(8) != u64::MAX
        || !(19..=4096).contains(&length)
        || payload.octet(18).wrapping_sub(1) > 4
    {
        return None;
    }
    Some(Identification::confirmed(Application::Bgp))
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;

    #[test]
    fn a_keepalive_is_confirmed_and_its_neighbours_are_not() {
        let mut octets = [0xff; 19];
        octets[16..].copy_from_slice(&[0, 19, 4]);
        assert_eq!(stream(&octets), confirmed(Application::Bgp));
        no_prefix_is_confirmed(&octets, stream);
        for (at, octet) in [(3, 0xfe), (12, 0), (17, 18), (16, 0x20), (18, 0), (18, 6)] {
            let mut near_miss = octets;
            near_miss[at] = octet;
            assert_eq!(stream(&near_miss), unknown(), "{at}");
        }
    }
}
