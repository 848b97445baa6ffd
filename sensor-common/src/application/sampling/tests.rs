//! What leaves of which payload.

use super::*;

fn length(application: Application, octets: &[u8]) -> usize {
    sample_length(Verdict::settled(application).bits(), &Payload::from_octets(octets), 0)
}

#[test]
fn clinical_content_and_unknown_payload_never_leave() {
    let octets = [0x55; 400];
    for application in [
        Application::Unknown,
        Application::Hl7,
        Application::Astm,
        Application::Poct1a,
        Application::GeUnity,
        Application::Intellivue,
        Application::PersonalHealthDevice,
        Application::Fhir,
        Application::Dicomweb,
        Application::Http,
        Application::Jetdirect,
    ] {
        assert_eq!(application.sampling(), Sampling::Never, "{}", application.name());
        assert_eq!(length(application, &octets), 0, "{}", application.name());
        assert!(!Verdict::settled(application).is_sampled(1));
    }
}

#[test]
fn of_ftp_only_the_line_leaves_that_tells_of_a_data_connection() {
    assert_eq!(length(Application::Ftp, b"PASS secret\r\n"), 0);
    assert_eq!(length(Application::Ftp, b"PORT 10,0,0,1,4,1\r\n"), 19);
    assert_eq!(length(Application::Ftp, b"PORT 10,0,0,1,4,1\r\nSTOR name.pdf\r\n"), 19);
    assert_eq!(length(Application::Ftp, b"227 Entering Passive Mode (10,0,0,1,4,1)\r\n"), 42);
    assert_eq!(length(Application::Ftp, b"PORT 10,0,0,1,4"), 0);
}

#[test]
fn of_replies_about_a_login_the_code_leaves() {
    for reply in [&b"530 Login incorrect\r\n"[..], b"430 no\r\n", b"230-User x\r\n"] {
        assert_eq!(length(Application::Ftp, reply), 3);
        assert_eq!(length(Application::Smtp, reply), 0);
    }
    for reply in [&b"535 5.7.8 no\r\n"[..], b"235-yes\r\n"] {
        assert_eq!(length(Application::Smtp, reply), 3);
        assert_eq!(length(Application::Ftp, reply), 0);
        let beginning = *reply.first_chunk().unwrap();
        assert!(Verdict::settled(Application::Smtp).may_sample(u64::from_be_bytes(beginning)));
    }
    for other in [&b"5301 \r\n"[..], b"331 Password of x\r\n", b"USER x\r\n", b"535"] {
        assert_eq!(length(Application::Ftp, other), 0);
        assert_eq!(length(Application::Smtp, other), 0);
    }
}

#[test]
fn of_sip_leaves_what_is_answered_invited_and_asked_for() {
    let sip = |octets: &[u8]| length(Application::Sip, octets);
    assert_eq!(sip(b"INVITE sip:x@ward SIP/2.0\r\n"), 27);
    assert_eq!(sip(b"SIP/2.0 401 Unauthorized\r\n"), 26);
    assert_eq!(sip(b"REGISTER sip:x@ward SIP/2.0\r\n"), 8);
    assert_eq!(sip(b"OPTIONS sip:x@ward SIP/2.0\r\n"), 8);
    assert_eq!(sip(b"MESSAGE sip:x@ward SIP/2.0\r\n"), 0);
}

#[test]
fn of_tftp_leaves_what_is_asked_and_not_for_which_file() {
    assert_eq!(length(Application::Tftp, b"\0\x01name.cfg\0octet\0"), 2);
    assert_eq!(length(Application::Tftp, b"\0\x02name.cfg\0octet\0"), 2);
    for operation in [0, 3, 4, 5, 6] {
        assert_eq!(length(Application::Tftp, &[0, operation, 0, 1, b'n', b'a']), 0);
    }
}

#[test]
fn leases_and_envelopes_leave_and_nothing_else_on_their_flows() {
    let mut lease = [0; 300];
    lease[..3].copy_from_slice(&[1, 1, 6]);
    assert_eq!(length(Application::Dhcp, &lease), 300);
    lease[0] = 2;
    assert_eq!(length(Application::Dhcp, &lease), 300);
    lease[2] = 16;
    assert_eq!(length(Application::Dhcp, &lease), 0);
    let envelope = b"<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">";
    assert_eq!(length(Application::Wsd, envelope), envelope.len());
    assert_eq!(length(Application::Wsd, b"clear text"), 0);
}

fn hello(message: u8) -> [u8; 600] {
    let mut hello = [7; 600];
    hello[..9].copy_from_slice(&[22, 3, 1, 2, 83, message, 0, 2, 79]);
    hello
}

#[test]
fn of_tls_hellos_leave() {
    assert_eq!(length(Application::Tls, &hello(1)), 600);
    assert_eq!(length(Application::Tls, &hello(2)), 128);
    let mut record = hello(1);
    record[0] = 23;
    assert_eq!(length(Application::Tls, &record), 0);
    assert_eq!(length(Application::Tls, &[7; 600]), 0);
}

#[test]
fn of_a_hello_in_several_segments_no_more_leaves_than_the_hello() {
    let tls = Verdict::settled(Application::Tls).bits();
    let segment = |octets: &[u8], awaited| {
        let payload = Payload::from_octets(octets);
        (sample_length(tls, &payload, awaited), awaited_octets(tls, &payload, awaited))
    };
    let whole = hello(1);
    assert_eq!(segment(&whole, 0), (600, 0));
    assert_eq!(segment(&whole[..200], 0), (200, 400));
    assert_eq!(segment(&whole[200..500], 400), (300, 100));
    // What comes with the hello's end is cut off.
    assert_eq!(segment(&[9; 300], 100), (100, 0));
    assert_eq!(segment(&[9; 300], 0), (0, 0));
    // A hello says how long it is; nobody's is this long.
    let mut endless = whole;
    endless[6] = 1;
    assert_eq!(segment(&endless, 0).1, 0);
    let other = Verdict::settled(Application::Hl7).bits();
    assert_eq!(awaited_octets(other, &Payload::from_octets(&whole[..200]), 0), 0);
}

#[test]
fn only_some_flows_are_sampled_throughout() {
    for application in Application::ALL {
        let verdict = Verdict::settled(*application);
        let is_each = application.sampling() == Sampling::Each;
        assert_eq!(verdict.is_sampled_throughout(), is_each, "{}", application.name());
        let packets = (1..=u8::MAX).filter(|&packet| verdict.is_sampled(packet)).count();
        let wanted = match application.sampling() {
            Sampling::Never => 0,
            Sampling::First(packets) => packets as usize,
            Sampling::Each => u8::MAX as usize,
        };
        assert_eq!(packets, wanted, "{}", application.name());
        let is_by_header = application.is_sampled_by_header();
        assert_eq!(verdict.is_sampled_by_header(), is_by_header, "{}", application.name());
    }
    let tls = Verdict::settled(Application::Tls);
    assert!(tls.is_sampled(4) && !tls.is_sampled(5));
}
