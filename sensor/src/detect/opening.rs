//! Who opened a conversation, decided from one direction of it.
//!
//! TCP (RFC 9293 section 3.10.7): the first segment of a direction is a SYN without ACK from an
//! initiator; every other segment of an honest stack carries ACK, or is a reset. A first segment
//! that is neither (no flags, FIN alone, SYN with FIN or RST) is a probe, so its sender initiates
//! too. Any other first segment (ACK without SYN) belongs to a conversation older than the flow.
//!
//! ARP: a request goes to a group address, a reply to one station. ICMP: echo, timestamp, address
//! mask and information requests; everything else answers something. Other protocols: the side
//! with the lower port is the service, and a port below 1024 is one whatever the other is. That is
//! a guess, wrong where a service stands above its clients' ports.

use sensor_common::{
    application::Application,
    flow::Network,
    wire::transport::{
        protocol,
        tcp_flags::{ACK, FIN, RST, SYN},
    },
};

use crate::observation::FlowDelta;

/// The part that the sender of a flow plays in the conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Initiator,
    Responder,
    /// The conversation is older than the flow.
    Undecided,
}

const GROUP_STATION: u64 = 1 << 40;

pub fn part(delta: &FlowDelta) -> Part {
    let key = &delta.key;
    match (key.network(), key.protocol()) {
        (None | Some(Network::Link), _) => Part::Undecided,
        (Some(Network::Arp), _) => {
            let target = key.destination_station().unwrap_or(0);
            of(target & GROUP_STATION != 0)
        }
        (_, protocol::TCP) => {
            if is_invalid_opening(delta) {
                return Part::Initiator;
            }
            match delta.first_tcp_flags & (SYN | RST | ACK) {
                SYN => Part::Initiator,
                ACK => Part::Undecided,
                _ => Part::Responder,
            }
        }
        // RFC 792, RFC 950: echo, timestamp, information, address mask.
        (_, protocol::ICMP) => of(matches!(delta.icmp_type_code >> 8, 8 | 13 | 15 | 17)),
        // RFC 4443: echo request.
        (_, protocol::ICMPV6) => of(delta.icmp_type_code >> 8 == 128),
        _ => {
            let (source, destination) = (key.source_port(), key.destination_port());
            of(destination < 1024 || source >= 1024 && destination <= source)
        }
    }
}

const fn of(is_initiator: bool) -> Part {
    if is_initiator { Part::Initiator } else { Part::Responder }
}

/// Whether the first segment is one that no honest stack sends (null, FIN, Xmas, SYN with FIN).
pub fn is_invalid_opening(delta: &FlowDelta) -> bool {
    let key = &delta.key;
    // Fragments behind the first have neither ports nor flags.
    let has_header = delta.opinion.application != Application::Fragment
        && (key.source_port() != 0 || key.destination_port() != 0);
    let is_invalid = match delta.first_tcp_flags & (SYN | FIN | RST | ACK) {
        0 | FIN => true,
        flags => flags & SYN != 0 && flags & (FIN | RST) != 0,
    };
    key.protocol() == protocol::TCP && has_header && is_invalid
}

/// Whether the initiator of a TCP connection has acknowledged anything, so was answered.
pub const fn is_answered(delta: &FlowDelta) -> bool {
    delta.tcp_flags & ACK != 0
}

/// SYN segments in `delta`: every packet of a direction that never acknowledged, else its first.
pub fn syn_segments(delta: &FlowDelta) -> u64 {
    if delta.key.protocol() != protocol::TCP || delta.first_tcp_flags & (SYN | ACK) != SYN {
        return 0;
    }
    if delta.tcp_flags & (ACK | FIN | RST) == 0 { delta.packets } else { u64::from(delta.is_new) }
}

#[cfg(test)]
mod tests {
    use super::{super::fixture::*, *};

    #[test]
    fn tcp_is_told_by_the_first_segment() {
        let first = |flags| part(&tcp(1, 2, 40_000, 445).flags(flags, flags | ACK).delta);
        assert_eq!(first(SYN), Part::Initiator);
        assert_eq!(first(SYN | 0xc0), Part::Initiator);
        assert_eq!(first(SYN | ACK), Part::Responder);
        assert_eq!(first(RST | ACK), Part::Responder);
        assert_eq!(first(RST), Part::Responder);
        assert_eq!(first(ACK), Part::Undecided);
        assert_eq!(first(FIN | ACK), Part::Undecided);
        assert_eq!(first(0), Part::Initiator);
        assert_eq!(first(FIN | 0x28), Part::Initiator);
        assert_eq!(first(SYN | FIN), Part::Initiator);
    }

    #[test]
    fn a_fragment_is_no_probe() {
        let mut fragment = tcp(1, 2, 0, 0).flags(0, 0).delta;
        assert!(!is_invalid_opening(&fragment));
        fragment.opinion.application = Application::Fragment;
        assert!(!is_invalid_opening(&fragment));
        assert!(is_invalid_opening(&tcp(1, 2, 9, 9).flags(0, 0).delta));
    }

    #[test]
    fn udp_services_answer_their_clients() {
        let told = |source, destination| part(&udp(1, 2, source, destination).delta);
        assert_eq!(told(40_000, 161), Part::Initiator);
        assert_eq!(told(161, 40_000), Part::Responder);
        assert_eq!(told(40_000, 3702), Part::Initiator);
        assert_eq!(told(3702, 40_000), Part::Responder);
        assert_eq!(told(123, 123), Part::Initiator);
    }

    #[test]
    fn echo_replies_and_arp_replies_initiate_nothing() {
        assert_eq!(part(&icmp(1, 2, 8).delta), Part::Initiator);
        assert_eq!(part(&icmp(1, 2, 0).delta), Part::Responder);
        assert_eq!(part(&icmp(1, 2, 3).delta), Part::Responder);
        assert_eq!(part(&arp(1, 2, true).delta), Part::Initiator);
        assert_eq!(part(&arp(1, 2, false).delta), Part::Responder);
    }

    #[test]
    fn syn_segments_are_counted_without_what_follows_them() {
        let flood = tcp(1, 2, 9, 80).flags(SYN, SYN).packets(4000).delta;
        assert_eq!(syn_segments(&flood), 4000);
        let opened = tcp(1, 2, 9, 80).flags(SYN, SYN | ACK).packets(50).delta;
        assert_eq!(syn_segments(&opened), 1);
        let answer = tcp(1, 2, 80, 9).flags(SYN | ACK, SYN | ACK).delta;
        assert_eq!(syn_segments(&answer), 0);
    }
}
