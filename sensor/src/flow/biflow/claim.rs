//! What the first packet says of who began.

use sensor_common::{
    flow::Network,
    wire::transport::{protocol, tcp_flags},
};

use crate::observation::FlowDelta;

/// What the first packet says of who began: time stamps are coarse, and a capture may begin late.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::flow) enum Claim {
    Answered,
    Open,
    Opened,
}

impl Claim {
    /// In two bits; 0 for an end that has sent nothing.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Open => 0,
            Self::Answered => 1,
            Self::Opened => 2,
        }
    }

    pub const fn from_bits(bits: u8) -> Self {
        match bits {
            1 => Self::Answered,
            2 => Self::Opened,
            _ => Self::Open,
        }
    }

    pub fn of(delta: &FlowDelta) -> Self {
        /// The group bit of a station address.
        const GROUP: u64 = 1 << 40;
        let key = &delta.key;
        let message = (delta.icmp_type_code >> 8) as u8;
        match (key.network(), key.protocol()) {
            (Some(Network::Arp), _) => {
                let is_asked_of_all = key.destination_station().is_some_and(|to| to & GROUP != 0);
                if is_asked_of_all { Self::Opened } else { Self::Open }
            }
            (Some(Network::Ipv4 | Network::Ipv6), protocol::TCP) => {
                match delta.first_tcp_flags & (tcp_flags::SYN | tcp_flags::ACK) {
                    tcp_flags::SYN => Self::Opened,
                    flags if flags == tcp_flags::SYN | tcp_flags::ACK => Self::Answered,
                    _ => Self::Open,
                }
            }
            (Some(Network::Ipv4), protocol::ICMP) => match message {
                8 | 10 | 13 | 15 | 17 => Self::Opened,
                0 | 9 | 14 | 16 | 18 => Self::Answered,
                _ => Self::Open,
            },
            (Some(Network::Ipv6), protocol::ICMPV6) => match message {
                128 | 130 | 133 | 135 | 139 | 144 => Self::Opened,
                129 | 131 | 134 | 136 | 140 | 145 => Self::Answered,
                _ => Self::Open,
            },
            _ => Self::Open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_come_back_from_their_bits_and_are_in_order() {
        let claims = [Claim::Answered, Claim::Open, Claim::Opened];
        assert_eq!(claims.map(|claim| Claim::from_bits(claim.bits())), claims);
        assert!(claims.is_sorted());
    }
}
