//! A segment whose every frame also reaches an observer, as from the mirror port of a switch.
//!
//! ```text
//!  stations ── switch (bridge that learns nothing) ── mir0 [ observer ] load0 ── load
//!              10.40.0.0/24
//! ```

use std::net::Ipv4Addr;

use super::Lab;
use super::error::LabError;
use super::link::Port;
use super::namespace::Namespace;
use crate::frames::MacAddress;

/// Where the observer sees the segment.
pub const MIRROR_PORT: &str = "mir0";
/// Where it sees what [`MirroredSegment::load`] sends.
pub const LOAD_PORT: &str = "load0";
/// The router of the segment: the way to all other networks.
pub const ROUTER_HOST: u8 = 1;

#[derive(Debug)]
pub struct MirroredSegment {
    lab: Lab,
    switch: Namespace,
    observer: Namespace,
    load: Port,
}

impl MirroredSegment {
    /// The switch and its observer; nobody is connected yet.
    pub fn open(name: &str) -> Result<Self, LabError> {
        let lab = Lab::new(name)?;
        let (switch, observer) = (lab.namespace("switch")?, lab.namespace("observer")?);
        let loader = lab.namespace("load")?;
        for namespace in [&switch, &observer, &loader] {
            namespace.silence_ipv6()?;
        }
        switch.add_bridge("br0")?;
        // What is never learned goes out of every port.
        switch.ip(&["link", "set", "br0", "type", "bridge", "ageing_time", "0"])?;
        let mirror = Port::new(&observer, MIRROR_PORT, MacAddress::vendor(0x02_574c, 1));
        connect(&lab, &switch, &mirror, "mirror", 1)?;
        let load = Port::new(&loader, "tx0", MacAddress::vendor(0x02_574c, 2));
        lab.veth(&load, &Port::new(&observer, LOAD_PORT, MacAddress::vendor(0x02_574c, 3)))?;
        Ok(Self { lab, switch, observer, load })
    }

    /// The address of a host of the segment.
    pub const fn address(host: u8) -> Ipv4Addr {
        Ipv4Addr::new(10, 40, 0, host)
    }

    /// The hardware address of a host of the segment.
    pub const fn hardware(host: u8) -> MacAddress {
        MacAddress::vendor(0xd4_ae52, 0x00_b000 + host as u32)
    }

    /// Where the agent runs.
    pub fn observer(&self) -> &Namespace {
        &self.observer
    }

    /// Sends into the observer's second port, past the segment.
    pub fn load(&self) -> &Port {
        &self.load
    }

    /// Connects a station with an address and a default route.
    pub fn join(&self, name: &str, host: u8) -> Result<Namespace, LabError> {
        let station = self.lab.namespace(name)?;
        station.silence_ipv6()?;
        let port = Port::new(&station, "eth0", Self::hardware(host));
        connect(&self.lab, &self.switch, &port, &format!("port{host}"), host)?;
        let address = Self::address(host);
        station.ip_batch(&[
            format!("address add {address}/24 broadcast + dev eth0"),
            format!("route add default via {} dev eth0", Self::address(ROUTER_HOST)),
        ])?;
        Ok(station)
    }

    /// Connects a router, which knows no way to `beyond` and says nothing of it.
    pub fn join_router(&self, beyond: &str) -> Result<Namespace, LabError> {
        let router = self.lab.namespace("router")?;
        router.silence_ipv6()?;
        let port = Port::new(&router, "eth0", Self::hardware(ROUTER_HOST));
        connect(&self.lab, &self.switch, &port, "router", ROUTER_HOST)?;
        router.ip_batch(&[
            format!("address add {}/24 broadcast + dev eth0", Self::address(ROUTER_HOST)),
            format!("route add blackhole {beyond}"),
        ])?;
        router.set("ipv4/ip_forward", "1")?;
        Ok(router)
    }
}

fn connect(
    lab: &Lab,
    switch: &Namespace,
    port: &Port,
    switch_port: &str,
    number: u8,
) -> Result<(), LabError> {
    let hardware = MacAddress::vendor(0x02_574c, 0x00_0100 + u32::from(number));
    lab.veth(port, &Port::new(switch, switch_port, hardware))?;
    switch.attach_to_bridge(switch_port, "br0")
}
