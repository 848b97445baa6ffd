//! Offsets and field reads, one protocol a file, in the words of its standard.

pub mod arp;
pub mod ethernet;
pub mod ipv4;
pub mod ipv6;
pub mod mpls;
pub mod pppoe;
pub mod transport;
pub mod tunnel;
