//! Envelopes of a provider of SDC, of a camera, and ones that nobody meant well.

use super::super::testing::*;
use super::*;

/// As an SDC provider sends it, its scopes left out.
const HELLO: &str = "<?xml version='1.0' encoding='UTF-8'?>\n\
    <s12:Envelope xmlns:s12=\"http://www.w3.org/2003/05/soap-envelope\" \
    xmlns:wsd=\"http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01\" \
    xmlns:wsa=\"http://www.w3.org/2005/08/addressing\"><s12:Header>\
    <wsa:To>urn:docs-oasis-open-org:ws-dd:ns:discovery:2009:01</wsa:To>\
    <wsa:Action>http://docs.oasis-open.org/ws-dd/ns/discovery/2009/01/Hello</wsa:Action>\
    <wsd:AppSequence InstanceId=\"3290658430\" MessageNumber=\"1\"/></s12:Header><s12:Body>\
    <wsd:Hello><wsa:EndpointReference><wsa:Address>urn:uuid:72313cab-7352-51c9-8373-8b4031a66ec7\
    </wsa:Address></wsa:EndpointReference>\
    <wsd:Types xmlns:ns0=\"http://docs.oasis-open.org/ws-dd/ns/dpws/2009/01\" \
    xmlns:ns1=\"http://standards.ieee.org/downloads/11073/11073-20702-2016\">ns0:Device \
    ns1:MedicalDevice</wsd:Types>\
    <wsd:XAddrs>http://10.77.40.5:58307/72313cab https://10.77.40.5/x</wsd:XAddrs>\
    <wsd:MetadataVersion>1</wsd:MetadataVersion></wsd:Hello></s12:Body></s12:Envelope>";

const PROBE: &str = "<s:Envelope><s:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types>\
    </d:Probe></s:Body></s:Envelope>";

const SUBSCRIBE: &str = "<s12:Envelope><s12:Header><wsa:ReplyTo><wsa:Address>urn:anonymous\
    </wsa:Address></wsa:ReplyTo></s12:Header><s12:Body><wse:Subscribe><wse:EndTo><wsa:Address>\
    http://10.77.40.5:41777/end</wsa:Address></wse:EndTo><wse:Delivery><wse:NotifyTo>\
    <wsa:Address>http://10.77.40.5:41777/28e4</wsa:Address></wse:NotifyTo></wse:Delivery>\
    <wse:Filter>http://standards.ieee.org/downloads/11073/11073-20701-2018/StateEventService/\
    EpisodicAlertReport</wse:Filter></wse:Subscribe></s12:Body></s12:Envelope>";

fn announced(octets: &[u8]) -> Vec<(u8, IpAddr, u16, Application)> {
    let found = read(octets, &from_server(40418));
    found.iter().map(|it| (it.protocol, it.address, it.port, it.application)).collect()
}

fn tcp(port: u16, application: Application) -> (u8, IpAddr, u16, Application) {
    (protocol::TCP, SERVER, port, application)
}

#[test]
fn a_medical_device_announces_its_services() {
    let wanted = [tcp(58307, Application::Sdc), tcp(443, Application::Tls)];
    for offer in ["Hello", "ProbeMatch", "ResolveMatch"] {
        let sample = HELLO.replace("wsd:Hello>", &format!("wsd:{offer}>"));
        assert_eq!(announced(sample.as_bytes()), wanted, "{offer}");
    }
}

#[test]
fn any_other_device_announces_web_services() {
    let wanted = [tcp(58307, Application::Http), tcp(443, Application::Tls)];
    for (from, to) in [("ns1:MedicalDevice", "ns1:Printer"), ("/11073-20702-2016", "/another")] {
        let sample = HELLO.replace(from, to);
        assert_eq!(announced(sample.as_bytes()), wanted, "{to}");
    }
}

#[test]
fn a_device_that_leaves_announces_nothing() {
    assert_eq!(announced(HELLO.replace("wsd:Hello>", "wsd:Bye>").as_bytes()), []);
}

#[test]
fn each_match_has_types_of_its_own() {
    let one = |types: &str, port: u16| {
        format!(
            "<ProbeMatch><Types xmlns:m='x/11073-20702-2016'>{types}</Types>\
            <XAddrs>http://10.77.40.5:{port}</XAddrs></ProbeMatch>"
        )
    };
    let plain = "<ProbeMatch><XAddrs>http://10.77.40.5:3</XAddrs></ProbeMatch>";
    let sample = format!("{}{}{plain}", one("d:Printer", 1), one("m:MedicalDevice", 2));
    let wanted = [tcp(1, Application::Http), tcp(2, Application::Sdc), tcp(3, Application::Http)];
    assert_eq!(announced(sample.as_bytes()), wanted);
}

#[test]
fn who_looks_for_devices_announces_where_answers_go() {
    let wanted = [(protocol::UDP, SERVER, 40418, Application::Wsd)];
    assert_eq!(announced(PROBE.as_bytes()), wanted);
    assert_eq!(announced(PROBE.replace("d:Probe", "Resolve").as_bytes()), wanted);
}

#[test]
fn who_subscribes_announces_where_events_go() {
    let sdc = tcp(41777, Application::Sdc);
    assert_eq!(announced(SUBSCRIBE.as_bytes()), [sdc, sdc]);
    let other = SUBSCRIBE.replace("/11073-20701-2018", "");
    let http = tcp(41777, Application::Http);
    assert_eq!(announced(other.as_bytes()), [http, http]);
}

#[test]
fn addresses_have_many_forms() {
    for (uri, address, port) in [
        ("http://10.77.40.5", "10.77.40.5", 80),
        ("http://10.77.40.5/dev", "10.77.40.5", 80),
        ("http://[2001:db8::5]:8080/dev", "2001:db8::5", 8080),
        ("http://[fe80::5%25eth0]", "fe80::5", 80),
        ("http://10.77.40.5:81?a:b", "10.77.40.5", 81),
    ] {
        let sample = format!("<Hello><XAddrs>{uri}</XAddrs></Hello>");
        let wanted = [(protocol::TCP, address.parse().unwrap(), port, Application::Http)];
        assert_eq!(announced(sample.as_bytes()), wanted, "{uri}");
    }
    for uri in [
        "10.77.40.5:80/dev",
        "ftp://10.77.40.5:80",
        "soap.udp://10.77.40.5:3702",
        "http://icu-12.example:80",
        "http://10.77.40.5:80000",
        "http://10.77.40.5:",
        "http://[10.77.40.5]:80",
        "http://[2001:db8::5:80",
        "http://2001:db8::5",
        "http://239.255.255.250:80",
        "http://0.0.0.0:80",
        "http://",
    ] {
        let sample = format!("<Hello><XAddrs>{uri}</XAddrs></Hello>");
        assert_eq!(announced(sample.as_bytes()), [], "{uri}");
    }
}

#[test]
fn an_envelope_that_is_cut_never_announces_another_port() {
    let whole = announced(HELLO.as_bytes());
    for length in 0..HELLO.len() {
        let part = announced(&HELLO.as_bytes()[..length]);
        assert!(part.is_empty() || part == whole, "{length}");
    }
    let end = HELLO.find("</wsd:XAddrs>").unwrap();
    assert_eq!(announced(&HELLO.as_bytes()[..end]), []);
    assert_eq!(announced(&HELLO.as_bytes()[..=end]), whole);
}

#[test]
fn text_in_attributes_and_comments_is_no_address() {
    for sample in [
        "<Hello><a XAddrs='http://10.77.40.5:80'/></Hello>",
        "<Hello><!--XAddrs>http://10.77.40.5:80</XAddrs--></Hello>",
        "<Hello></XAddrs>http://10.77.40.5:80<a>",
        "<XAddrs>http://10.77.40.5:80</XAddrs>",
    ] {
        assert_eq!(announced(sample.as_bytes()), [], "{sample}");
    }
}

#[test]
fn mutated_samples_do_no_harm() {
    let many = "<Hello><XAddrs>".to_owned() + &"http://1.1.1.1 ".repeat(90) + "</XAddrs>";
    assert_eq!(announced(many.as_bytes()).len(), LIMIT);
    let samples = [HELLO.as_bytes(), PROBE.as_bytes(), SUBSCRIBE.as_bytes(), many.as_bytes()];
    mutate(&samples, |octets| assert!(read(octets, &from_server(1)).len() <= LIMIT));
    mutate(&[&[b'<'; 1500], &[b'>'; 1500]], |octets| {
        assert!(read(octets, &from_server(1)).len() <= LIMIT);
    });
}
