//! What drivers are known to do when a program is attached or taken off. A gateway's link is not to
//! be interrupted without warning, so an operator is told before.

/// How sure it is, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Measured on the kernel named.
    Measured(&'static str),
    /// Reported in a public issue.
    Reported(&'static str),
    /// From how the driver is written; not tried on such a card.
    Read,
}

/// One driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Driver {
    /// As `ethtool -i` names it.
    pub name: &'static str,
    /// Whether frames are lost, or the link goes down, when a program is attached or detached.
    pub resets_link: bool,
    pub says: &'static str,
    pub source: Source,
}

/// None of these cards were at hand: see `source`.
pub const DRIVERS: &[Driver] = &[
    Driver {
        name: "mlx5_core",
        resets_link: true,
        says: "closes and opens its receive queues: frames are lost for a moment, the link stays up",
        source: Source::Reported("cilium/cilium#18636"),
    },
    Driver {
        name: "ixgbe",
        resets_link: true,
        says: "resets the card: the link goes down and comes back after some seconds",
        source: Source::Reported("highpps/xdpcookie#5"),
    },
    Driver {
        name: "i40e",
        resets_link: true,
        says: "rebuilds its queues: frames are lost for a moment; on Linux 5.4 it crashed",
        source: Source::Reported("xdp-project/xdp-tutorial#167"),
    },
    Driver {
        name: "ice",
        resets_link: true,
        says: "rebuilds its queues: frames are lost for a moment",
        source: Source::Reported("intel/ethernet-linux-ice#61"),
    },
    Driver {
        name: "igb",
        resets_link: true,
        says: "takes the interface down and up again: the link is renegotiated",
        source: Source::Read,
    },
    Driver {
        name: "igc",
        resets_link: true,
        says: "takes the interface down and up again: the link is renegotiated",
        source: Source::Read,
    },
    Driver {
        name: "bnxt_en",
        resets_link: true,
        says: "closes and opens its rings: frames are lost for a moment; it refuses while LRO is on",
        source: Source::Read,
    },
    Driver {
        name: "mlx4_en",
        resets_link: true,
        says: "stops and starts the port: frames are lost for a moment",
        source: Source::Read,
    },
    Driver {
        name: "ena",
        resets_link: true,
        says: "may reset its queues: frames are lost for a moment; it needs half of the channels free",
        source: Source::Read,
    },
    Driver {
        name: "virtio_net",
        resets_link: false,
        says: "needs guest LRO off and, without sharing, a spare queue for each CPU",
        source: Source::Read,
    },
    Driver {
        name: "veth",
        resets_link: false,
        says: "switches the peer's TSO off while a native program is attached: a container's bulk \
               throughput fell by two thirds",
        source: Source::Measured("Linux 6.18"),
    },
];

/// What is known of a driver.
pub fn known(driver: &str) -> Option<&'static Driver> {
    DRIVERS.iter().find(|known| known.name == driver)
}

impl Source {
    /// As a reader is told.
    pub fn text(self) -> String {
        match self {
            Self::Measured(on) => format!("measured on {on}"),
            Self::Reported(at) => format!("reported in {at}"),
            Self::Read => "by how the driver is written, not tried".to_owned(),
        }
    }
}
