//! The identifiers that the specification publishes for its own captures
//! (`baseline/baseline_deflt.json`, seed 0), asked of whole records.

use sensor_common::flow::Network;

use super::community_id;
use crate::flow::fixture;

/// Protocol, source, destination, their ports (of ICMP type and counterpart or code), identifier.
type Vector = (u8, &'static str, &'static str, [u16; 2], &'static str);

const A: &str = "fe80::200:86ff:fe05:80da";
const B: &str = "fe80::260:97ff:fe07:69ea";
const C: &str = "3ffe:507:0:1:200:86ff:fe05:80da";
const D: &str = "2001:470:e5bf:dead:4957:2174:e82c:4887";
const E: &str = "2607:f8b0:400c:c03::1a";

#[rustfmt::skip] // A vector is one line.
const VECTORS: [Vector; 23] = [
    (58, A, B, [135, 136], "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="),
    (58, B, A, [136, 135], "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="),
    (58, B, A, [135, 136], "1:zavyT/cezQr1fmImYCwYnMXbgck="),
    (58, A, B, [136, 135], "1:zavyT/cezQr1fmImYCwYnMXbgck="),
    (58, "3ffe:501:1800:2345::2", C, [3, 0], "1:2ObVBgIn28oZvibYZhZMBgh7WdQ="),
    (58, "3ffe:501:410:0:2c0:dfff:fe47:33e", C, [1, 4], "1:hLZd0XGWojozrvxqE0dWB1iM6R0="),
    (58, C, "3ffe:501:0:1001::2", [128, 129], "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="),
    (58, "3ffe:501:0:1001::2", C, [129, 128], "1:+TW+HtLHvV1xnGhV1lv7XoJrqQg="),
    (58, A, "ff02::2", [133, 134], "1:hO+sN4H+MG5MY/8hIrXPqc4ZQz0="),
    (58, B, "ff02::1", [134, 133], "1:pkvHqCL88/tg1k4cPigmZXUtL00="),
    (1, "192.168.0.89", "192.168.0.1", [8, 0], "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    (1, "192.168.0.1", "192.168.0.89", [0, 8], "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    (1, "10.0.0.1", "10.0.0.2", [11, 0], "1:YHxtAirCG//0OzkcVAukqKQN9xM="),
    (6, D, E, [63943, 25], "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="),
    (6, E, D, [25, 63943], "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="),
    (132, "192.168.170.8", "192.168.170.56", [7, 7], "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
    (132, "192.168.170.56", "192.168.170.8", [7, 7], "1:MP2EtRCAUIZvTw6MxJHLV7N7JDs="),
    (6, "128.232.110.120", "66.35.250.204", [34855, 80], "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    (6, "66.35.250.204", "128.232.110.120", [80, 34855], "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    (17, "192.168.1.52", "8.8.8.8", [54585, 53], "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    (17, "8.8.8.8", "192.168.1.52", [53, 54585], "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
    (46, "10.1.12.1", "10.1.12.2", [0, 0], "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="),
    (46, "10.1.12.2", "10.1.12.1", [0, 0], "1:KHlLkgoJW7ifUTyTSgyVfkFHzKw="),
];

#[test]
fn records_have_the_identifiers_of_the_specification() {
    for (protocol, source, destination, [from, to], expected) in VECTORS {
        let mut record = fixture::record();
        record.protocol = protocol;
        record.network = if source.contains(':') { Network::Ipv6 } else { Network::Ipv4 };
        record.initiator = Some(source.parse().unwrap());
        record.responder = Some(destination.parse().unwrap());
        if matches!(protocol, 1 | 58) {
            // A message that has an answer has code 0.
            let is_one_way = matches!((protocol, from), (58, 1 | 3) | (1, 11));
            record.icmp_type_code = from << 8 | if is_one_way { to } else { 0 };
            (record.initiator_port, record.responder_port) = (0, 0);
        } else {
            (record.initiator_port, record.responder_port) = (from, to);
        }
        assert_eq!(community_id(&record).as_deref(), Some(expected), "{source} {from}");
    }
}
