use bytes::Bytes;
use dhcproto::{
    Encodable,
    v4::{DhcpOption, Message, MessageType, Opcode},
};
use sensor_common::flow::{FlowKeyFields, Network};

use super::*;
use crate::observation::PayloadSample;

const VLAN: u16 = 20;

/// A DHCP message from `station` about `client`.
fn dhcp(station: u64, client: u64, build: impl FnOnce(&mut Message)) -> PayloadSample {
    let none = Ipv4Addr::UNSPECIFIED;
    let mut message = Message::new(none, none, none, none, &client.to_be_bytes()[2..]);
    build(&mut message);
    PayloadSample {
        key: FlowKey::new(&FlowKeyFields {
            network: Network::Ipv4,
            source: [station << 16, 0],
            destination: [0xffff_ffff_ffff << 16, 0xffff_ffff],
            source_port: 68,
            destination_port: 67,
            outer_vlan: VLAN,
            inner_vlan: 0,
            interface: 3,
            protocol: 17,
        }),
        station,
        application: Application::Dhcp,
        sequence: 0,
        octets: Bytes::from(message.to_vec().unwrap()),
        payload_length: 0,
        at: at(50),
    }
}

fn request(station: u64, client: u64, name: &str) -> PayloadSample {
    dhcp(station, client, |message| {
        let options = message.opts_mut();
        options.insert(DhcpOption::MessageType(MessageType::Request));
        options.insert(DhcpOption::Hostname(name.into()));
    })
}

fn acknowledgement(client: u64, address: Ipv4Addr) -> PayloadSample {
    dhcp(ROUTER, client, |message| {
        message.set_opcode(Opcode::BootReply);
        message.set_yiaddr(address);
        let options = message.opts_mut();
        options.insert(DhcpOption::MessageType(MessageType::Ack));
    })
}

#[test]
fn a_neighbours_request_names_it() {
    let mut inventory = inventory();
    inventory.observe_sample(&request(PUMP, PUMP, "icu-pump-12"));
    let id = inventory.device_of_station(PUMP, VLANS).unwrap();
    let name = |inventory: &Inventory| inventory.device(id).unwrap().host_name.clone();
    assert_eq!(name(&inventory).as_deref(), Some("icu-pump-12"));
    inventory.take_changes();
    inventory.observe_sample(&request(PUMP, PUMP, "icu-pump-12"));
    assert_eq!(inventory.take_changes(), []);
    inventory.observe_sample(&request(PUMP, PUMP, ""));
    assert_eq!(name(&inventory).as_deref(), Some("icu-pump-12"));
    inventory.observe_sample(&request(PUMP, PUMP, "icu-pump-13"));
    assert_eq!(inventory.take_changes().len(), 1);
    assert_eq!(name(&inventory).as_deref(), Some("icu-pump-13"));
}

#[test]
fn an_acknowledgement_gives_a_neighbour_its_address() {
    let mut inventory = inventory();
    inventory.observe_sample(&acknowledgement(PUMP, host(5)));
    assert_eq!(inventory.devices().len(), 0);
    inventory.observe_endpoint(&seen(2, PUMP, [0; 2], 10));
    inventory.observe_sample(&acknowledgement(PUMP, host(5)));
    assert_eq!(inventory.device_of_address(host(5).into()), inventory.device_of(2));
}

#[test]
fn a_relayed_request_names_the_host_that_gets_the_address() {
    for host_is_seen_first in [false, true] {
        let mut inventory = with_router();
        inventory.observe_endpoint(&seen(2, ROUTER, [0; 2], 10));
        inventory.observe_sample(&request(ROUTER, PUMP, "ward-7-monitor"));
        if host_is_seen_first {
            inventory.observe_endpoint(&seen_host(3, ROUTER, 5, 20));
            inventory.observe_sample(&acknowledgement(PUMP, host(5)));
        } else {
            inventory.observe_sample(&acknowledgement(PUMP, host(5)));
            inventory.observe_endpoint(&seen_host(3, ROUTER, 5, 20));
        }
        inventory.observe_endpoint(&seen_host(4, ROUTER, 6, 20));
        let name = |index| {
            let id = inventory.device_of(index).unwrap();
            inventory.device(id).unwrap().host_name.clone()
        };
        assert_eq!(name(3).as_deref(), Some("ward-7-monitor"));
        assert_eq!(name(4), None);
        assert_eq!(name(2), None);
        assert_eq!(inventory.device_of_station(PUMP, VLANS), None);
    }
}

#[test]
fn a_renewal_through_a_router_names_the_host_by_the_address_it_has() {
    let mut inventory = with_router();
    inventory.observe_endpoint(&seen_host(3, ROUTER, 5, 20));
    inventory.observe_sample(&dhcp(ROUTER, PUMP, |message| {
        message.set_ciaddr(host(5));
        let options = message.opts_mut();
        options.insert(DhcpOption::MessageType(MessageType::Request));
        options.insert(DhcpOption::ClassIdentifier(b"udhcp 1.30".to_vec()));
    }));
    let id = inventory.device_of(3).unwrap();
    let class = inventory.device(id).unwrap().vendor_class.clone();
    assert_eq!(class.as_deref(), Some("udhcp 1.30"));
}
