//! A device tries addresses of the site that nobody has.

use std::time::Duration;

use super::Detection;
use crate::detect::{
    Severity,
    darknet::Search,
    description::{Description, Parameter, Source, Unit},
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(Search::new(parameters, "")),
};

static DESCRIPTION: Description = Description {
    id: "WL-014",
    name: "darknet_touch",
    title: "Unused addresses tried",
    severity: Severity::Low,
    sees: "A device that within the window asks by ARP for addresses that nobody has, or opens conversations \
           with such in a network where other devices are known. DHCP servers, which ask before they \
           lend an address, and routers are left out. How much of a network is unused only shows \
           where its devices are seen.",
    clinical_note: "Mostly a list of devices that is out of date: a printer that is gone, a poller of devices that are \
                    switched off. Together with a scan it says that the device is looking for victims.",
    techniques: &["T1046", "T1018"],
    parameters: &[
        Parameter {
            name: "addresses",
            meaning: "unused addresses that one device tries",
            default: 3.0,
            minimum: 1.0,
            maximum: 256.0,
            unit: Unit::Count,
            source: Source::Published("bro-simple-scan: 3 hosts"),
        },
        Parameter {
            name: "window",
            meaning: "time within which they are tried",
            default: 300.0,
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
    use sensor_common::application::Application;

    use crate::detect::segment::{Frame, Host, ROUTER, Segment, host};

    fn tried(addresses: u32, step: f64) -> usize {
        let mut segment = Segment::watched_by("darknet_touch");
        for number in 0..addresses {
            let ask = Frame::arp_request(host(200), host(number + 1).1);
            segment.feed(ask, f64::from(number) * step);
        }
        let found = segment.advance(f64::from(addresses) * step + 4.0);
        assert!(found.iter().all(|each| each.device == segment.device(host(200))));
        found.len()
    }

    #[test]
    fn three_unused_addresses_are_told() {
        assert_eq!(tried(2, 1.0), 0);
        assert_eq!(tried(3, 1.0), 1);
        assert_eq!(tried(4, 1.0), 1);
        // Farther apart than the window.
        assert_eq!(tried(9, 151.0), 0);
    }

    #[test]
    fn an_address_is_in_use_if_it_is_heard_soon() {
        let mut segment = Segment::watched_by("darknet_touch");
        for number in 1..=9 {
            segment.feed(Frame::arp_request(host(200), host(number).1), 1.0);
            segment.feed(Frame::arp_reply(host(number), host(200)), 3.0);
        }
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn conversations_count_where_other_devices_are_known() {
        for (third, expected) in [(0, 1), (1, 0)] {
            let mut segment = Segment::watched_by("darknet_touch");
            segment.feed(Frame::announcement(host(200)), 0.0);
            for number in 1..=3 {
                let nobody = Host(ROUTER.0, host(third * 256 + number).1);
                segment.feed(Frame::tcp(host(200), nobody, 22), 1.0);
            }
            assert_eq!(segment.advance(5.0).len(), expected, "{third}");
        }
    }

    #[test]
    fn who_lends_addresses_and_who_forwards_ask_for_free_ones() {
        let mut segment = Segment::watched_by("darknet_touch");
        for number in 1..=60 {
            segment.feed(Frame::arp_request(host(200), host(number).1), 1.0);
            segment.feed(Frame::arp_request(ROUTER, host(number).1), 1.0);
        }
        let offer = Frame::udp(host(200), host(1), (67, 68)).speaking(Application::Dhcp);
        segment.feed(offer, 3.5);
        assert_eq!(segment.advance(9.0), []);
    }

    #[test]
    fn addresses_beyond_the_bound_are_counted() {
        let mut segment = Segment::watched_by("darknet_touch");
        for number in 0..400 {
            segment.feed(Frame::arp_request(host(2000), host(number * 2 + 1).1), 1.0);
        }
        // One address in 256 ends in 255, which is taken for a broadcast.
        assert!(segment.overflowed() > 140);
    }
}
