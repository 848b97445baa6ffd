//! What an operator writes to name devices: a MAC prefix, a network, one device.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::inventory::{Device, DeviceKey};

/// The first 1 to 6 octets of a station address, such as `00:13:dd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacPrefix {
    /// As the high octets of a 48-bit address.
    station: u64,
    octets: u8,
}

impl MacPrefix {
    pub const fn contains(self, station: u64) -> bool {
        (self.station ^ station) >> (48 - self.octets as u32 * 8) == 0
    }
}

impl FromStr for MacPrefix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is not a MAC address or prefix: write 1 to 6 octets as in \"00:13:dd\""
            )
        };
        let mut station = 0;
        let mut octets = 0u8;
        for part in text.split([':', '-']) {
            let is_octet = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_octet || octets == 6 {
                return Err(wrong());
            }
            let octet = u64::from_str_radix(part, 16).map_err(|_| wrong())?;
            octets += 1;
            station |= octet << (48 - u32::from(octets) * 8);
        }
        Ok(Self { station, octets })
    }
}

impl fmt::Display for MacPrefix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_station(formatter, self.station, self.octets)
    }
}

/// A whole station address, 48 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MacAddress(pub u64);

impl FromStr for MacAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(MacPrefix { station, octets: 6 }) => Ok(Self(station)),
            _ => Err(format!(
                "`{text}` is not a MAC address: write 6 octets as in \"00:13:dd:01:02:03\""
            )),
        }
    }
}

impl fmt::Display for MacAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_station(formatter, self.0, 6)
    }
}

fn write_station(formatter: &mut fmt::Formatter<'_>, station: u64, octets: u8) -> fmt::Result {
    for index in 0..u32::from(octets) {
        let separator = if index == 0 { "" } else { ":" };
        let octet = station >> (40 - index * 8) & 0xff;
        write!(formatter, "{separator}{octet:02x}")?;
    }
    Ok(())
}

/// An IPv4 or IPv6 network, such as `10.20.0.0/16`; a plain address is a network of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    length: u8,
}

impl Network {
    pub const fn address(&self) -> IpAddr {
        self.address
    }

    /// Bits that its addresses have in common.
    pub const fn length(&self) -> u8 {
        self.length
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                difference.checked_shr(32 - u32::from(self.length)).unwrap_or(0) == 0
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let difference = network.to_bits() ^ address.to_bits();
                difference.checked_shr(128 - u32::from(self.length)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a network: write CIDR as in \"10.20.0.0/16\" or \"fd00::/8\"")
        };
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().map_err(|_| wrong())?,
            None => longest,
        };
        if length > longest {
            return Err(wrong());
        }
        let network = Self { address, length };
        let has_host_bits = match address {
            IpAddr::V4(address) => {
                address.to_bits().checked_shl(u32::from(length)).unwrap_or(0) != 0
            }
            IpAddr::V6(address) => {
                address.to_bits().checked_shl(u32::from(length)).unwrap_or(0) != 0
            }
        };
        if has_host_bits {
            return Err(format!(
                "`{text}` has bits set behind its prefix: write the network's own address"
            ));
        }
        Ok(network)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.address, self.length)
    }
}

/// One device, by its MAC address or one of its network addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum DeviceSelector {
    Station(MacAddress),
    Address(IpAddr),
}

impl DeviceSelector {
    pub fn selects(&self, device: &Device) -> bool {
        match (self, device.key) {
            (Self::Station(MacAddress(wanted)), DeviceKey::Station { station, .. }) => {
                *wanted == station
            }
            (Self::Station(_), DeviceKey::Address(_)) => false,
            (Self::Address(wanted), key) => {
                key == DeviceKey::Address(*wanted) || device.addresses.contains(wanted)
            }
        }
    }
}

impl FromStr for DeviceSelector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(address));
        }
        text.parse()
            .map(Self::Station)
            .map_err(|_| format!("`{text}` names no device: write a MAC address or an IP address"))
    }
}

impl fmt::Display for DeviceSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Station(station) => station.fmt(formatter),
            Self::Address(address) => address.fmt(formatter),
        }
    }
}

macro_rules! written_as_text {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.to_string()
            }
        }
    )*};
}

written_as_text!(MacPrefix, MacAddress, Network, DeviceSelector);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_holds_the_addresses_that_begin_with_it() {
        let prefix: MacPrefix = "00:13:DD".parse().unwrap();
        assert_eq!(prefix.to_string(), "00:13:dd");
        assert!(prefix.contains(0x0013_dd01_0203));
        assert!(!prefix.contains(0x0013_de01_0203));
        assert!("".parse::<MacPrefix>().is_err());
        assert!("00:13:d".parse::<MacPrefix>().is_err());
        assert!("00:13:dd:01:02:03:04".parse::<MacPrefix>().is_err());
        assert!("+1:13".parse::<MacPrefix>().is_err());
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let network: Network = "10.20.0.0/16".parse().unwrap();
        assert!(network.contains("10.20.255.1".parse().unwrap()));
        assert!(!network.contains("10.21.0.0".parse().unwrap()));
        assert!(!network.contains("fd00::1".parse().unwrap()));
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("255.1.2.3".parse().unwrap()));
        let six: Network = "fd00::/8".parse().unwrap();
        assert!(six.contains("fdff::1".parse().unwrap()));
        assert!("10.20.0.1/16".parse::<Network>().is_err());
        assert!("10.20.0.0/33".parse::<Network>().is_err());
        assert!("10.20.0.7".parse::<Network>().is_ok());
    }

    #[test]
    fn a_device_is_named_by_station_or_address() {
        let station: DeviceSelector = "00:13:dd:01:02:03".parse().unwrap();
        assert_eq!(station, DeviceSelector::Station(MacAddress(0x0013_dd01_0203)));
        let address: DeviceSelector = "fd00::7".parse().unwrap();
        assert_eq!(address.to_string(), "fd00::7");
        assert!("pump-7".parse::<DeviceSelector>().is_err());
    }
}
