//! Frames made by hand, octet by octet, without any input or output.
//!
//! Each protocol has a header type that turns a payload into the next outer
//! layer, so that a frame reads from the inside out:
//!
//! ```
//! use tests::frames::{Endpoints, EthernetHeader, Ipv4Header, MacAddress, TcpHeader, ethertype, protocol};
//! let ends = Endpoints::v4([10, 20, 0, 21], [10, 30, 0, 10]);
//! let segment = TcpHeader::data(49152, 104).segment(&ends, b"\x01\x00");
//! let packet = Ipv4Header::between([10, 20, 0, 21], [10, 30, 0, 10]).packet(protocol::TCP, &segment);
//! let frame = EthernetHeader::between(MacAddress::vendor(0x20e791, 1), MacAddress::vendor(0xd4ae52, 1))
//!     .frame(ethertype::IPV4, &packet);
//! assert_eq!(frame.len(), 60); // padded to the Ethernet minimum
//! ```
//!
//! Nothing here is shared with the classifier under test: what the tests
//! expect must not come from the code that is being tested.

pub mod announcements;
pub mod checksum;
pub mod conversation;
pub mod ethernet;
pub mod generator;
pub mod inject;
pub mod ipv4;
pub mod ipv6;
pub mod packet_socket;
pub mod pcap;
pub mod record;
pub mod seeded;
pub mod signalling;
pub mod transport;
pub mod tunnels;

pub use checksum::Endpoints;
pub use conversation::{Conversation, Party, Side};
pub use ethernet::{EthernetHeader, MacAddress, Tag, ethertype};
pub use generator::{FrameGenerator, Specimen};
pub use ipv4::{Ipv4Header, protocol};
pub use ipv6::{Ipv6Extension, Ipv6Header};
pub use seeded::SeededRandom;
pub use transport::{TcpHeader, tcp_flags, udp_datagram};

/// The largest frame an interface with the usual MTU of 1500 octets sends:
/// MTU and Ethernet header, without the frame check sequence.
pub const LARGEST_FRAME: usize = 1514;
