//! What connections that carried no payload are called.

use super::*;

const HEARD: [u8; 2] = [SYN | ACK | RST, SYN | ACK];

/// What becomes of a connection to `port` whose ends set these control bits; 0 of an end that is
/// silent.
fn called(port: u16, flags: [u8; 2]) -> (Application, Evidence) {
    called_from(40_000, port, flags)
}

fn called_from(
    source_port: u16,
    port: u16,
    [asking, answering]: [u8; 2],
) -> (Application, Evidence) {
    let mut table = FlowTable::new(settings());
    let there = fields((1, source_port), (2, port));
    let back = fields((2, port), (1, source_port));
    for (fields, first, tcp_flags) in
        [(there, asking & SYN, asking), (back, answering & (SYN | ACK), answering)]
    {
        if tcp_flags != 0 {
            let delta = FlowDelta { tcp_flags, ..delta(&fields, 10, first) };
            table.observe(&delta, None, None);
        }
    }
    let record = finished(&mut table, 30).remove(0);
    (record.opinion.application, record.opinion.evidence)
}

#[test]
fn a_connection_that_stood_and_carried_nothing_is_judged_by_its_port() {
    assert_eq!(called(445, HEARD), (Application::Smb2, Evidence::Port));
    assert_eq!(called(104, [SYN | ACK | FIN; 2]), (Application::Dicom, Evidence::Port));
    assert_eq!(called(104, [ACK; 2]), (Application::Dicom, Evidence::Port));
}

#[test]
fn no_service_is_registered_at_most_ports() {
    assert_eq!(called(50_000, HEARD), (Application::Unknown, Evidence::None));
}

#[test]
fn a_port_from_which_a_connection_was_opened_says_nothing() {
    let unknown = (Application::Unknown, Evidence::None);
    assert_eq!(called_from(44_818, 50_000, HEARD), unknown);
    assert_eq!(called_from(104, 445, HEARD), (Application::Smb2, Evidence::Port));
    // Nobody saw who opened it.
    assert_eq!(called_from(44_818, 50_000, [ACK; 2]), (Application::Enip, Evidence::Port));
}

#[test]
fn what_was_not_granted_or_not_taken_up_stays_unknown() {
    let unknown = (Application::Unknown, Evidence::None);
    for flags in [
        [SYN, 0],
        [SYN, RST | ACK],
        // A scan that resets what is granted.
        [SYN | RST, SYN | ACK],
        // Probes that belong to no connection.
        [ACK, RST],
        [FIN, RST | ACK],
        [0, SYN | ACK],
    ] {
        assert_eq!(called(445, flags), unknown, "{flags:?}");
    }
}

#[test]
fn a_marker_outweighs_the_port() {
    let mut table = FlowTable::new(settings());
    for fields in [fields((1, 40000), (2, 445)), fields((2, 445), (1, 40000))] {
        let marked = FlowDelta {
            opinion: Opinion::of_packet_path(Application::Hl7, Evidence::Likely),
            ..delta(&fields, 10, ACK)
        };
        table.observe(&marked, None, None);
    }
    let record = finished(&mut table, 30).remove(0);
    assert_eq!(
        (record.opinion.application, record.opinion.evidence),
        (Application::Hl7, Evidence::Likely)
    );
}
