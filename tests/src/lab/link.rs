//! Links between namespaces, and what their counters say.

use std::process::Command;

use super::Lab;
use super::command::run;
use super::error::LabError;
use super::namespace::Namespace;
use crate::frames::MacAddress;
use crate::frames::inject::{InjectError, InjectionReport, inject};

/// One end of a link: an interface in a namespace.
#[derive(Clone, Debug)]
pub struct Port {
    pub namespace: Namespace,
    pub device: String,
    pub hardware: MacAddress,
}

impl Port {
    pub fn new(namespace: &Namespace, device: &str, hardware: MacAddress) -> Self {
        Self { namespace: namespace.clone(), device: device.to_owned(), hardware }
    }

    pub fn statistics(&self) -> Result<LinkStatistics, LabError> {
        self.namespace.link_statistics(&self.device)
    }

    /// Sends frames out of this port.
    pub fn inject<F>(
        &self,
        frames: impl IntoIterator<Item = F> + Send,
    ) -> Result<Result<InjectionReport, InjectError>, LabError>
    where
        F: AsRef<[u8]>,
    {
        self.namespace.in_namespace(|| inject(&self.device, frames))
    }

    /// Real frames only: no segment larger than the MTU, no checksum left to a
    /// card that does not exist, tags inside the frame.
    fn without_offload(&self) -> Result<(), LabError> {
        let features = ["tx", "tso", "gso", "gro", "rxvlan", "txvlan"];
        let mut command = self.namespace.command("ethtool");
        command.args(["-K", &self.device]);
        for feature in features {
            command.args([feature, "off"]);
        }
        run(&mut command).map(drop)
    }
}

/// Counters of one interface, as the kernel keeps them. Two traps of a veth
/// were measured on Linux 6.18: with native XDP attached its `rx_octets` leave
/// out the 14 octets of each Ethernet header, which they include without XDP;
/// and `rx_dropped` counts frames for which the stack behind it has no
/// protocol, so it is not a loss on the link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStatistics {
    pub rx_packets: u64,
    pub rx_octets: u64,
    pub rx_dropped: u64,
    pub rx_errors: u64,
    pub tx_packets: u64,
    pub tx_octets: u64,
    pub tx_dropped: u64,
    pub tx_errors: u64,
}

impl LinkStatistics {
    fn from_json(answer: &str) -> Option<Self> {
        let links: serde_json::Value = serde_json::from_str(answer).ok()?;
        let counters = links.get(0)?.get("stats64")?;
        let count = |side: &str, name: &str| counters.get(side)?.get(name)?.as_u64();
        Some(Self {
            rx_packets: count("rx", "packets")?,
            rx_octets: count("rx", "bytes")?,
            rx_dropped: count("rx", "dropped")?,
            rx_errors: count("rx", "errors")?,
            tx_packets: count("tx", "packets")?,
            tx_octets: count("tx", "bytes")?,
            tx_dropped: count("tx", "dropped")?,
            tx_errors: count("tx", "errors")?,
        })
    }
}

impl Namespace {
    pub fn link_statistics(&self, device: &str) -> Result<LinkStatistics, LabError> {
        let answer = self.ip(&["-json", "-statistics", "link", "show", "dev", device])?;
        LinkStatistics::from_json(&answer)
            .ok_or_else(|| LabError::Statistics { device: device.to_owned(), answer })
    }

    /// A bridge that forwards at once and to every port of a group.
    pub fn add_bridge(&self, device: &str) -> Result<(), LabError> {
        self.ip_batch(&[
            format!("link add {device} type bridge stp_state 0 forward_delay 0 mcast_snooping 0"),
            format!("link set {device} up"),
        ])
    }

    pub fn attach_to_bridge(&self, port: &str, bridge: &str) -> Result<(), LabError> {
        self.ip(&["link", "set", port, "master", bridge]).map(drop)
    }
}

/// Two namespaces joined by one link without addresses or IPv6: no frame
/// crosses it but those that a test sends.
#[derive(Debug)]
pub struct Wire {
    pub sender: Port,
    pub receiver: Port,
}

impl Lab {
    /// Joins two ports and brings both up.
    pub fn veth(&self, one: &Port, other: &Port) -> Result<(), LabError> {
        run(Command::new("ip")
            .args(["-n", one.namespace.name(), "link", "add", &one.device])
            .args(["address", &one.hardware.to_string(), "type", "veth", "peer"])
            .args(["name", &other.device, "address", &other.hardware.to_string()])
            .args(["netns", other.namespace.name()]))?;
        for port in [one, other] {
            port.without_offload()?;
            port.namespace.ip(&["link", "set", &port.device, "up"])?;
        }
        Ok(())
    }

    pub fn wire(&self) -> Result<Wire, LabError> {
        let (here, there) = (self.namespace("sender")?, self.namespace("receiver")?);
        here.silence_ipv6()?;
        there.silence_ipv6()?;
        // A locally administered prefix: no maker has it.
        let sender = Port::new(&here, "tx0", MacAddress::vendor(0x02_574c, 1));
        let receiver = Port::new(&there, "rx0", MacAddress::vendor(0x02_574c, 2));
        self.veth(&sender, &receiver)?;
        Ok(Wire { sender, receiver })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_read_from_the_answer_of_ip() {
        let answer = r#"[{"ifname":"rx0","stats64":{
            "rx":{"bytes":600,"packets":10,"errors":0,"dropped":1,"multicast":0},
            "tx":{"bytes":60,"packets":1,"errors":0,"dropped":2}}}]"#;
        let statistics = LinkStatistics::from_json(answer).unwrap();
        assert_eq!(
            (statistics.rx_packets, statistics.rx_octets, statistics.tx_dropped),
            (10, 600, 2)
        );
        assert_eq!(LinkStatistics::from_json("[]"), None);
    }
}
