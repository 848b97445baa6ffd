//! Which readings of flows a detection has to be told of. Flows that last are read again and again;
//! most detections look at how a flow begins, or at a few applications.

use sensor_common::{
    application::{Application, CAPACITY},
    wire::transport::protocol,
};

use crate::observation::FlowDelta;

/// The readings that a detection looks at: of all it is told that pass every part that is given.
#[derive(Clone, Copy, Debug)]
pub struct Interest {
    /// Only the first reading of a flow.
    is_in_openings: bool,
    /// IP protocol numbers.
    protocols: Option<&'static [u8]>,
    applications: Option<&'static [Application]>,
}

impl Interest {
    pub const ALL: Self = Self { is_in_openings: false, protocols: None, applications: None };
    pub const NONE: Self = Self { applications: Some(&[]), ..Self::ALL };
    /// Flows that were not read before.
    pub const OPENINGS: Self = Self { is_in_openings: true, ..Self::ALL };
    pub const TCP: Self = Self::in_protocols(&[protocol::TCP]);

    pub const fn in_protocols(protocols: &'static [u8]) -> Self {
        Self { protocols: Some(protocols), ..Self::ALL }
    }

    pub const fn in_applications(applications: &'static [Application]) -> Self {
        Self { applications: Some(applications), ..Self::ALL }
    }

    fn holds(&self, transport: usize, application: Application, is_new: bool) -> bool {
        (is_new || !self.is_in_openings)
            && self
                .protocols
                .is_none_or(|all| all.iter().any(|&number| transport_of(number) == transport))
            && self.applications.is_none_or(|all| all.contains(&application))
    }
}

/// Protocols that are told apart; all others are one.
const TRANSPORTS: [u8; 2] = [protocol::TCP, protocol::UDP];
const OTHERS: usize = TRANSPORTS.len();
const KINDS: usize = (OTHERS + 1) * 2 * CAPACITY as usize;

/// Detections by their places, one bit each.
pub type Places = u128;

/// Who is told of which reading.
#[derive(Debug)]
pub struct Roster(Vec<Places>);

impl Roster {
    /// For detections with these interests, of which there are at most as many as [`Places`] has bits.
    pub fn of(interests: impl Iterator<Item = Interest>) -> Self {
        let mut told = vec![0; KINDS];
        for (place, interest) in interests.enumerate() {
            for transport in 0..=OTHERS {
                for is_new in [false, true] {
                    for &application in Application::ALL {
                        if interest.holds(transport, application, is_new) {
                            told[kind(transport, application, is_new)] |= 1 << place;
                        }
                    }
                }
            }
        }
        Self(told)
    }

    /// Who is to be told of `delta`.
    pub fn told_of(&self, delta: &FlowDelta) -> Places {
        let transport = transport_of(delta.key.protocol());
        self.0[kind(transport, delta.opinion.application, delta.is_new)]
    }
}

fn transport_of(number: u8) -> usize {
    TRANSPORTS.iter().position(|&one| one == number).unwrap_or(OTHERS)
}

fn kind(transport: usize, application: Application, is_new: bool) -> usize {
    (transport * 2 + usize::from(is_new)) * CAPACITY as usize + application as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::{icmp, tcp, udp};

    fn told(interest: Interest, delta: &FlowDelta) -> bool {
        Roster::of([Interest::NONE, interest].into_iter()).told_of(delta) == 0b10
    }

    #[test]
    fn each_is_told_of_what_it_looks_at_and_of_nothing_else() {
        let opening = tcp(1, 2, 40_000, 80).delta;
        let again = FlowDelta { is_new: false, ..opening };
        let (datagram, echo) = (udp(1, 2, 40_000, 53).delta, icmp(1, 2, 8).delta);
        for delta in [&opening, &again, &datagram, &echo] {
            assert!(told(Interest::ALL, delta));
            assert!(!told(Interest::NONE, delta));
            assert_eq!(told(Interest::OPENINGS, delta), delta.is_new);
            assert_eq!(told(Interest::TCP, delta), delta.key.protocol() == protocol::TCP);
            let is_echo = delta.key.protocol() == protocol::ICMP;
            assert_eq!(told(Interest::in_protocols(&[protocol::ICMP]), delta), is_echo);
        }
        let mut spoken = again;
        spoken.opinion.application = Application::Telnet;
        let in_telnet = Interest::in_applications(&[Application::Telnet]);
        assert!(told(in_telnet, &spoken) && !told(in_telnet, &again));
    }
}
