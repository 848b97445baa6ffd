//! Announcements that are met, end, make room, and are refused.

use sensor_common::{
    flow::{FlowKeyFields, Network},
    wire::transport::protocol,
};

use super::super::{
    announcement::Ends,
    ftp,
    testing::{CLIENT, SERVER, from_client, from_server, mutate},
};
use super::*;

fn at(seconds: u64) -> Moment {
    Moment::from_micros(1_000_000 * seconds)
}

fn flow(protocol: u8, source: (IpAddr, u16), destination: (IpAddr, u16)) -> FlowKey {
    let words = |address: IpAddr| match address {
        // A station address stands beside an IPv4 address.
        IpAddr::V4(address) => [0x0013_dd01_0203 << 16, u64::from(address.to_bits())],
        IpAddr::V6(address) => [(address.to_bits() >> 64) as u64, address.to_bits() as u64],
    };
    FlowKey::new(&FlowKeyFields {
        network: if source.0.is_ipv4() { Network::Ipv4 } else { Network::Ipv6 },
        source: words(source.0),
        destination: words(destination.0),
        source_port: source.1,
        destination_port: destination.1,
        outer_vlan: 0,
        inner_vlan: 0,
        interface: 3,
        protocol,
    })
}

fn own(ends: &Ends, protocol: u8, port: u16, application: Application) -> Announcement {
    Announcement::of_speaker(ends, protocol, port, application)
}

/// The server's data port 33689, for the client.
fn passive() -> Announcement {
    let ends = from_server(21);
    own(&ends, protocol::TCP, 33689, Application::FtpData).between(&ends)
}

fn data_connection() -> FlowKey {
    flow(protocol::TCP, (CLIENT, 54978), (SERVER, 33689))
}

const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 77, 40, 99));

#[test]
fn both_directions_of_an_announced_flow_are_known() {
    let mut expectations = Expectations::default();
    assert_eq!(expectations.find(&data_connection(), at(0)), None);
    expectations.announce(&passive(), at(1)).unwrap();
    let wanted = Some(Application::FtpData);
    assert_eq!(expectations.find(&data_connection(), at(2)), wanted);
    let answer = flow(protocol::TCP, (SERVER, 33689), (CLIENT, 54978));
    assert_eq!(expectations.find(&answer, at(2)), wanted);
    let counts = expectations.counts();
    assert_eq!((counts.announced, counts.met), (1, 2));
}

#[test]
fn another_port_host_or_protocol_is_not_known() {
    let mut expectations = Expectations::default();
    expectations.announce(&passive(), at(1)).unwrap();
    for other in [
        flow(protocol::UDP, (CLIENT, 54978), (SERVER, 33689)),
        flow(protocol::TCP, (CLIENT, 54978), (SERVER, 33690)),
        flow(protocol::TCP, (CLIENT, 33689), (SERVER, 54978)),
        flow(protocol::TCP, (STRANGER, 54978), (SERVER, 33689)),
        FlowKey::default(),
    ] {
        assert_eq!(expectations.find(&other, at(2)), None);
    }
}

#[test]
fn addresses_of_ipv6_are_found_too() {
    let [client, server] = ["2001:db8::21", "2001:db8::5"].map(|text| text.parse().unwrap());
    let ends = Ends { speaker: (server, 21).into(), listener: (client, 46056).into() };
    let mut expectations = Expectations::default();
    let announced = own(&ends, protocol::TCP, 33689, Application::FtpData).between(&ends);
    expectations.announce(&announced, at(1)).unwrap();
    let connection = flow(protocol::TCP, (client, 54978), (server, 33689));
    assert_eq!(expectations.find(&connection, at(1)), Some(Application::FtpData));
}

#[test]
fn an_announcement_ends_unless_it_is_used() {
    let mut expectations = Expectations::default();
    expectations.announce(&passive(), at(0)).unwrap();
    assert!(expectations.find(&data_connection(), at(60)).is_some());
    assert!(expectations.find(&data_connection(), at(120)).is_some());
    assert_eq!(expectations.find(&data_connection(), at(181)), None);
    assert!(expectations.is_empty());
    assert_eq!(expectations.counts().ended, 1);
}

#[test]
fn no_announcement_lasts_for_ever() {
    let mut expectations = Expectations::default();
    expectations.announce(&passive(), at(0)).unwrap();
    let day = LONGEST.as_secs();
    for second in (0..=day).step_by(60) {
        assert!(expectations.find(&data_connection(), at(second)).is_some(), "{second}");
    }
    assert_eq!(expectations.find(&data_connection(), at(day + 1)), None);
}

#[test]
fn the_oldest_goes_first_and_is_counted() {
    let mut expectations = Expectations::new(3);
    let ends = from_server(135);
    let service = |port| own(&ends, protocol::TCP, port, Application::Dcerpc);
    let is_known = |expectations: &mut Expectations, port| {
        expectations.find(&flow(protocol::TCP, (CLIENT, 50_000), (SERVER, port)), at(9)).is_some()
    };
    for port in [1, 2, 3, 1, 4] {
        expectations.announce(&service(port), at(1)).unwrap();
        assert!(expectations.len() <= 3);
    }
    // Port 1 was announced again, so 2 was the oldest.
    let known = [1, 2, 3, 4].map(|port| is_known(&mut expectations, port));
    assert_eq!(known, [true, false, true, true]);
    let counts = expectations.counts();
    assert_eq!((counts.announced, counts.displaced, counts.ended), (5, 1, 0));
}

#[test]
fn what_has_ended_makes_room_first() {
    let mut expectations = Expectations::new(2);
    expectations.announce(&passive(), at(0)).unwrap();
    let ends = from_server(135);
    for port in [1, 2] {
        let service = own(&ends, protocol::TCP, port, Application::Dcerpc);
        expectations.announce(&service, at(100)).unwrap();
    }
    let counts = expectations.counts();
    assert_eq!((counts.displaced, counts.ended, expectations.len()), (0, 1, 2));
}

#[test]
fn a_bounce_is_refused_and_counted() {
    let mut expectations = Expectations::default();
    let found = ftp::read(b"PORT 10,77,40,99,4,1\r\n", &from_client(21));
    assert_eq!(expectations.announce(&found[0], at(1)), Err(Refusal::ThirdParty));
    assert_eq!(expectations.counts().refused[Refusal::ThirdParty.number()], 1);
    let connection = flow(protocol::TCP, (SERVER, 20), (STRANGER, 1025));
    assert_eq!(expectations.find(&connection, at(1)), None);
    for application in [Application::Dcerpc, Application::Sdc, Application::Tls, Application::Http]
    {
        let other = own(&from_server(1), protocol::TCP, 5000, application).at(STRANGER);
        assert_eq!(expectations.announce(&other, at(1)), Err(Refusal::ThirdParty));
    }
}

#[test]
fn media_may_be_announced_by_a_proxy_and_is_marked() {
    let mut expectations = Expectations::default();
    let ends = from_server(5060);
    let media = own(&ends, protocol::UDP, 16384, Application::Rtp).at(STRANGER);
    expectations.announce(&media, at(1)).unwrap();
    let stream = flow(protocol::UDP, (CLIENT, 16384), (STRANGER, 16384));
    let expected = expectations.expected(&stream, at(1)).unwrap();
    assert_eq!(expected, Expected { application: Application::Rtp, is_by_proxy: true });
    // Of RTSP, which knows both ends, it is not believed.
    let bound = media.between(&ends);
    assert_eq!(expectations.announce(&bound, at(1)), Err(Refusal::ThirdParty));
}

#[test]
fn nobody_contradicts_a_host_about_itself() {
    let mut expectations = Expectations::default();
    let ends = from_client(69);
    let transfer = own(&ends, protocol::UDP, 46056, Application::Tftp).between(&ends);
    expectations.announce(&transfer, at(1)).unwrap();
    let proxy = Ends { speaker: (STRANGER, 5060).into(), ..ends };
    let media = own(&proxy, protocol::UDP, 46056, Application::Rtp).at(CLIENT);
    assert_eq!(expectations.announce(&media, at(2)), Err(Refusal::Contradicted));
    let answer = flow(protocol::UDP, (SERVER, 40_000), (CLIENT, 46056));
    assert_eq!(expectations.find(&answer, at(2)), Some(Application::Tftp));
    // After the end of what it said, there is nothing to contradict.
    expectations.announce(&media, at(200)).unwrap();
}

#[test]
fn a_proxy_that_repeats_a_host_changes_nothing() {
    let mut expectations = Expectations::default();
    let media = own(&from_client(5060), protocol::UDP, 16384, Application::Rtp);
    expectations.announce(&media, at(1)).unwrap();
    let repeated = Announcement { speaker: SERVER, ..media };
    expectations.announce(&repeated, at(2)).unwrap();
    let stream = flow(protocol::UDP, (SERVER, 16384), (CLIENT, 16384));
    assert!(!expectations.expected(&stream, at(2)).unwrap().is_by_proxy);
    // The other way round, the host is believed.
    let mut expectations = Expectations::default();
    expectations.announce(&repeated, at(1)).unwrap();
    assert!(expectations.expected(&stream, at(1)).unwrap().is_by_proxy);
    expectations.announce(&media, at(2)).unwrap();
    assert!(!expectations.expected(&stream, at(2)).unwrap().is_by_proxy);
}

#[test]
fn a_transfer_is_what_the_server_sends_to_the_port_that_asked() {
    let mut expectations = Expectations::default();
    let ends = from_client(69);
    let transfer = own(&ends, protocol::UDP, 46056, Application::Tftp).between(&ends);
    expectations.announce(&transfer, at(1)).unwrap();
    let wanted = Some(Application::Tftp);
    let answer = flow(protocol::UDP, (SERVER, 40_000), (CLIENT, 46056));
    assert_eq!(expectations.find(&answer, at(1)), wanted);
    let scan = flow(protocol::UDP, (CLIENT, 46056), (SERVER, 161));
    assert_eq!(expectations.find(&scan, at(1)), None);
}

#[test]
fn ports_of_services_and_addresses_of_groups_are_refused() {
    let mut expectations = Expectations::default();
    let ends = from_server(5060);
    for (port, application) in
        [(53, Application::Rtp), (1023, Application::FtpData), (0, Application::Dcerpc)]
    {
        let announced = own(&ends, protocol::UDP, port, application);
        assert_eq!(expectations.announce(&announced, at(1)), Err(Refusal::Port), "{port}");
    }
    let web = own(&ends, protocol::TCP, 80, Application::Http);
    assert_eq!(expectations.announce(&web, at(1)), Ok(()));
    let group = own(&ends, protocol::UDP, 5004, Application::Rtp).at([239, 1, 1, 1].into());
    assert_eq!(expectations.announce(&group, at(1)), Err(Refusal::Address));
    for (number, refusal) in Refusal::ALL.into_iter().enumerate() {
        assert_eq!(refusal.number(), number);
    }
}

#[test]
fn a_flood_of_announcements_keeps_the_table_and_its_order_equal() {
    let mut expectations = Expectations::new(50);
    let mut second = 0;
    mutate(&[b"229 ok (|||33689|)\r\nPORT 10,77,40,5,131,153\r\n"], |octets| {
        second += 7;
        for announcement in ftp::read(octets, &from_server(21)) {
            let _refused = expectations.announce(&announcement, at(second));
        }
        expectations.find(&data_connection(), at(second));
        assert!(expectations.len() <= 50);
        assert_eq!(expectations.order.len(), expectations.entries.len());
    });
    assert!(expectations.counts().announced > 1000);
}
