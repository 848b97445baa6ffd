//! A device tries many addresses of the site that nobody has: it does not know what is there.

use std::time::Duration;

use super::Detection;
use crate::detect::{
    Severity,
    darknet::Search,
    description::{Description, Parameter, Source, Unit},
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(Search::new(parameters, ", one after another")),
};

static DESCRIPTION: Description = Description {
    id: "WL-015",
    name: "knock_pattern",
    title: "Search through unused addresses",
    severity: Severity::Medium,
    sees: "As WL-014, with many addresses: a search, at whatever speed within the window. DHCP servers and \
           routers are left out.",
    clinical_note: "Somebody is mapping the network from this device. If it is not an inventory tool (give it the role \
                    scanner), have a look at the device; isolate it if it is no medical device in use.",
    techniques: &["T1046", "T1018"],
    parameters: &[
        Parameter {
            name: "addresses",
            meaning: "unused addresses that one device tries",
            default: 20.0,
            minimum: 1.0,
            maximum: 256.0,
            unit: Unit::Count,
            source: Source::Published("bro-simple-scan: 20 hosts"),
        },
        Parameter {
            name: "window",
            meaning: "time within which they are tried",
            default: 900.0,
            minimum: 10.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &["monitoring", "management_server", "scanner"],
    clears_after: Duration::from_secs(900),
};

#[cfg(test)]
mod tests {
    use crate::detect::segment::{Frame, Segment, host};

    #[test]
    fn twenty_unused_addresses_are_a_search_even_if_it_is_slow() {
        for (addresses, expected) in [(19, 0), (20, 1), (21, 1)] {
            let mut segment = Segment::watched_by("knock_pattern");
            for number in 1..=addresses {
                let ask = Frame::arp_request(host(200), host(number).1);
                segment.feed(ask, f64::from(number) * 40.0);
            }
            let found = segment.advance(f64::from(addresses) * 40.0 + 4.0);
            assert_eq!(found.len(), expected, "{addresses}");
        }
    }

    #[test]
    fn sixty_devices_that_are_there_are_polled_not_searched() {
        let mut segment = Segment::watched_by("knock_pattern");
        for number in 1..=60 {
            segment.feed(Frame::arp_request(host(200), host(number).1), 1.0);
            segment.feed(Frame::arp_reply(host(number), host(200)), 1.1);
        }
        assert_eq!(segment.advance(9.0), []);
    }
}
