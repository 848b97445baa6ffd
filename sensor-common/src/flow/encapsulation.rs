//! In what a frame was carried that another frame carries.

/// How the frame of an inner flow was carried. The number stands in the flow key, in 4 bits; 0 is
/// a frame as it came in.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Encapsulation {
    /// IPv4 in IPv4 (RFC 2003).
    Ipv4InIpv4 = 1,
    /// IPv6 in IPv4 (RFC 4213).
    Ipv6InIpv4 = 2,
    /// IPv4 in IPv6 (RFC 2473).
    Ipv4InIpv6 = 3,
    /// IPv6 in IPv6 (RFC 2473).
    Ipv6InIpv6 = 4,
    /// GRE around IP or an Ethernet frame (RFC 2784, RFC 2890).
    Gre = 5,
    /// Copies that a switch makes of a port's frames (draft-foschiano-erspan-03), by type.
    ErspanI = 6,
    ErspanII = 7,
    ErspanIII = 8,
    /// RFC 7348.
    Vxlan = 9,
}

impl Encapsulation {
    pub const ALL: [Self; 9] = [
        Self::Ipv4InIpv4,
        Self::Ipv6InIpv4,
        Self::Ipv4InIpv6,
        Self::Ipv6InIpv6,
        Self::Gre,
        Self::ErspanI,
        Self::ErspanII,
        Self::ErspanIII,
        Self::Vxlan,
    ];

    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1..=9 => Some(Self::ALL[number as usize - 1]),
            _ => None,
        }
    }

    /// The kind in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4InIpv4 => "4in4",
            Self::Ipv6InIpv4 => "6in4",
            Self::Ipv4InIpv6 => "4in6",
            Self::Ipv6InIpv6 => "6in6",
            Self::Gre => "gre",
            Self::ErspanI => "erspan1",
            Self::ErspanII => "erspan2",
            Self::ErspanIII => "erspan3",
            Self::Vxlan => "vxlan",
        }
    }
}

// The number shares an octet of the flow key with that of the network.
const _: () = {
    let mut index = 0;
    while index < Encapsulation::ALL.len() {
        assert!(Encapsulation::ALL[index] as usize == index + 1);
        assert!(Encapsulation::ALL[index] as u8 <= 0xf);
        index += 1;
    }
};
