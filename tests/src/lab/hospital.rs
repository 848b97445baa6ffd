//! A small hospital: a clinical segment and a core segment with a gateway
//! between them, every station a namespace with a plausible hardware address.
//!
//! ```text
//!  stations ── clin-sw (bridge) ── clin0 [ gw routes ] core0 ── core-sw (bridge) ── servers
//!              10.20.0.0/24  fd00:20::/64            10.30.0.0/24  fd00:30::/64
//! ```

pub mod agenda;
pub mod day;
pub mod leases;
pub mod outbreak;
pub mod stations;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Lab;
use super::error::LabError;
use super::link::Port;
use super::namespace::Namespace;
use crate::frames::MacAddress;
use stations::{STATIONS, Station};

/// The gateway's port to the clinical segment.
pub const CLINICAL_PORT: &str = "clin0";
/// The gateway's port to the core segment.
pub const CORE_PORT: &str = "core0";

/// Which side of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    Clinical,
    Core,
}

impl Segment {
    const fn network(self) -> u8 {
        match self {
            Self::Clinical => 20,
            Self::Core => 30,
        }
    }

    /// The address of host number `host` on this segment.
    pub const fn address(self, host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, self.network(), 0, host)
    }

    /// The decimal digits of network and host, read as hexadecimal.
    pub const fn address_v6(self, host: u8) -> Ipv6Addr {
        const fn same_digits(number: u8) -> u16 {
            (number / 100) as u16 * 256 + (number / 10 % 10) as u16 * 16 + (number % 10) as u16
        }
        Ipv6Addr::new(0xfd00, same_digits(self.network()), 0, 0, 0, 0, 0, same_digits(host))
    }

    const fn gateway_port(self) -> &'static str {
        match self {
            Self::Clinical => CLINICAL_PORT,
            Self::Core => CORE_PORT,
        }
    }
}

/// The number of the gateway on both segments.
const GATEWAY_HOST: u8 = 1;

#[derive(Debug)]
pub struct Hospital {
    /// Removes the namespaces when it is dropped; the rest are handles.
    _lab: Lab,
    gateway: Namespace,
    clinical_switch: Namespace,
    stations: BTreeMap<&'static str, Namespace>,
}

impl Hospital {
    /// Builds the whole hospital; nobody speaks yet.
    pub fn open(name: &str) -> Result<Self, LabError> {
        let lab = Lab::new(name)?;
        let gateway = lab.namespace("gw")?;
        let clinical_switch = lab.namespace("clin-sw")?;
        let core_switch = lab.namespace("core-sw")?;
        open_gateway(
            &lab,
            &gateway,
            [(&clinical_switch, Segment::Clinical), (&core_switch, Segment::Core)],
        )?;
        let mut stations = BTreeMap::new();
        for station in &STATIONS {
            let switch = match station.segment {
                Segment::Clinical => &clinical_switch,
                Segment::Core => &core_switch,
            };
            stations.insert(station.name, open_station(&lab, switch, station)?);
        }
        Ok(Self { _lab: lab, gateway, clinical_switch, stations })
    }

    /// The namespace where the agent runs, on `clin0` and `core0`.
    pub fn gateway(&self) -> &Namespace {
        &self.gateway
    }

    pub fn clinical_switch(&self) -> &Namespace {
        &self.clinical_switch
    }

    /// The namespace of a station in [`STATIONS`].
    pub fn station(&self, name: &str) -> &Namespace {
        self.stations.get(name).expect("the name is in the table of stations")
    }
}

/// The hardware address of the gateway's port.
pub fn gateway_hardware(segment: Segment) -> MacAddress {
    MacAddress::vendor(0x00_25b5, segment.network() as u32)
}

fn open_gateway(
    lab: &Lab,
    gateway: &Namespace,
    switches: [(&Namespace, Segment); 2],
) -> Result<(), LabError> {
    let mut lines = Vec::new();
    for (switch, segment) in switches {
        switch.silence_ipv6()?;
        switch.add_bridge("br0")?;
        let device = segment.gateway_port();
        // The switch's own address on its uplink: a switch maker's prefix.
        let uplink_hardware =
            MacAddress::vendor(0x00_25b5, 0x10_0000 + u32::from(segment.network()));
        let uplink = Port::new(switch, "uplink", uplink_hardware);
        lab.veth(&Port::new(gateway, device, gateway_hardware(segment)), &uplink)?;
        switch.attach_to_bridge("uplink", "br0")?;
        lines.push(format!("address add {}/24 dev {device}", segment.address(GATEWAY_HOST)));
        lines.push(format!(
            "address add {}/64 dev {device} nodad",
            segment.address_v6(GATEWAY_HOST)
        ));
    }
    // The DHCP relay answers to the limited broadcast address.
    lines.push(format!("route add 255.255.255.255/32 dev {CLINICAL_PORT}"));
    gateway.ip_batch(&lines)?;
    gateway.set("ipv4/ip_forward", "1")?;
    gateway.set("ipv6/conf/all/forwarding", "1")
}

fn open_station(lab: &Lab, switch: &Namespace, station: &Station) -> Result<Namespace, LabError> {
    let namespace = lab.namespace(station.name)?;
    let port_name = format!("port{}", station.host);
    // What the switch's end is called on the wire never shows: it only forwards.
    let switch_hardware = MacAddress::vendor(0x02_574c, u32::from(station.host));
    lab.veth(&station.port(&namespace), &Port::new(switch, &port_name, switch_hardware))?;
    switch.attach_to_bridge(&port_name, "br0")?;
    let gateway = station.segment.address(GATEWAY_HOST);
    let gateway_v6 = station.segment.address_v6(GATEWAY_HOST);
    namespace.ip_batch(&[
        format!("address add {}/24 broadcast + dev eth0", station.address()),
        format!("address add {}/64 dev eth0 nodad", station.address_v6()),
        format!("route add default via {gateway}"),
        format!("route add default via {gateway_v6}"),
    ])?;
    Ok(namespace)
}

impl Station {
    pub fn address(&self) -> Ipv4Addr {
        self.segment.address(self.host)
    }

    pub fn address_v6(&self) -> Ipv6Addr {
        self.segment.address_v6(self.host)
    }

    pub fn hardware(&self) -> MacAddress {
        MacAddress::vendor(self.maker_prefix, 0x00_a000 + u32::from(self.host))
    }

    fn port(&self, namespace: &Namespace) -> Port {
        Port::new(namespace, "eth0", self.hardware())
    }

    /// The address of the family that an encounter uses.
    pub fn address_of(&self, is_v6: bool) -> IpAddr {
        if is_v6 { self.address_v6().into() } else { self.address().into() }
    }
}
