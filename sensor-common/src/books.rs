//! The books: where every frame ended, so that nothing is lost silently.
//!
//! Each CPU keeps its own rows, so entries are plain additions. The reader checks the identity
//! `received + encapsulated = undissected + live + evicted + lost`, where `live` is the sum over the
//! flow table and `encapsulated` are the frames inside of others that have a flow of their own.

/// Why a frame could not be placed in a flow. The discriminant is the index in [`InterfaceRow`].
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undissected {
    TruncatedEthernet = 0,
    TruncatedVlan = 1,
    TooManyTags = 2,
    UnknownEthertype = 3,
    TruncatedArp = 4,
    UnknownArp = 5,
    TruncatedIpv4 = 6,
    InvalidIpv4 = 7,
    TruncatedIpv6 = 8,
    InvalidIpv6 = 9,
    TruncatedExtension = 10,
    TooManyExtensions = 11,
    TruncatedTransport = 12,
    InvalidTcp = 13,
}

/// Places kept for reasons in each row.
pub const UNDISSECTED_REASONS: usize = 16;

impl Undissected {
    /// Every reason, in the order of its index.
    pub const ALL: [Self; 14] = [
        Self::TruncatedEthernet,
        Self::TruncatedVlan,
        Self::TooManyTags,
        Self::UnknownEthertype,
        Self::TruncatedArp,
        Self::UnknownArp,
        Self::TruncatedIpv4,
        Self::InvalidIpv4,
        Self::TruncatedIpv6,
        Self::InvalidIpv6,
        Self::TruncatedExtension,
        Self::TooManyExtensions,
        Self::TruncatedTransport,
        Self::InvalidTcp,
    ];

    /// The value of the `reason` label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TruncatedEthernet => "truncated_ethernet",
            Self::TruncatedVlan => "truncated_vlan",
            Self::TooManyTags => "too_many_tags",
            Self::UnknownEthertype => "unknown_ethertype",
            Self::TruncatedArp => "truncated_arp",
            Self::UnknownArp => "unknown_arp",
            Self::TruncatedIpv4 => "truncated_ipv4",
            Self::InvalidIpv4 => "invalid_ipv4",
            Self::TruncatedIpv6 => "truncated_ipv6",
            Self::InvalidIpv6 => "invalid_ipv6",
            Self::TruncatedExtension => "truncated_extension",
            Self::TooManyExtensions => "too_many_extensions",
            Self::TruncatedTransport => "truncated_transport",
            Self::InvalidTcp => "invalid_tcp",
        }
    }
}

/// What one CPU received on one interface.
///
/// A row belongs to the interface written in it; row 0 takes every interface that found its own
/// row in use.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InterfaceRow {
    /// Kernel interface index, 0 while the row is free (and always in row 0).
    pub interface: u64,
    /// Frames and their octets from destination address to end of payload, no frame check sequence.
    pub received_frames: u64,
    pub received_octets: u64,
    pub undissected_octets: u64,
    /// Frames by [`Undissected`].
    pub undissected_frames: [u64; UNDISSECTED_REASONS],
}

/// Rows per CPU; a power of two.
pub const INTERFACE_ROWS: u32 = 64;

/// The row that `interface` uses unless another interface holds it.
#[inline(always)]
pub const fn preferred_row(interface: u32) -> u32 {
    let row = interface % INTERFACE_ROWS;
    if row == 0 { 1 } else { row }
}

/// A line of the per-CPU [`Ledger`]. The discriminant is its index.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Flows opened in the table.
    FlowsOpened = 0,
    /// Flows handed to user space when their slot was needed; their packets and octets.
    EvictedFlows = 1,
    EvictedPackets = 2,
    EvictedOctets = 3,
    /// Flows whose record found the ring full; their packets and octets.
    LostFlows = 4,
    LostPackets = 5,
    LostOctets = 6,
    /// Notices (new flow, new endpoint) that found their ring full; the next sweep finds what they
    /// announced.
    LostNotices = 7,
    /// Payload samples taken, refused by the rate limit, and refused by a full ring.
    Samples = 8,
    SamplesLimited = 9,
    SamplesLost = 10,
    /// Endpoints that found the endpoint table full and are counted as `overflow`.
    EndpointsRefused = 11,
    /// First payload packets inspected for their application.
    Inspected = 12,
    /// Frames found inside of others and counted in a flow of their own; their octets.
    Encapsulated = 13,
    EncapsulatedOctets = 14,
    /// Frames found inside of others that could not be dissected; the outer frame is counted.
    EncapsulatedUndissected = 15,
    /// Samples of headers refused by their rate limit.
    HeaderSamplesLimited = 16,
}

/// What becomes of a flow that loses its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Handed to user space.
    Evicted,
    /// Its record found the ring full.
    Lost,
}

/// Lines in a [`Ledger`].
pub const LEDGER_LINES: usize = 32;

/// What one CPU did with the flow table, by [`Entry`].
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub lines: [u64; LEDGER_LINES],
}

impl Ledger {
    #[inline(always)]
    pub fn add(&mut self, entry: Entry, amount: u64) {
        // Masked so that neither compiler nor verifier sees a way out of the array.
        self.lines[entry as usize & (LEDGER_LINES - 1)] += amount;
    }

    /// Adds a flow that left its slot.
    #[inline(always)]
    pub fn add_gone(&mut self, fate: Fate, packets: u64, octets: u64) {
        let [flow, packet, octet] = match fate {
            Fate::Evicted => [Entry::EvictedFlows, Entry::EvictedPackets, Entry::EvictedOctets],
            Fate::Lost => [Entry::LostFlows, Entry::LostPackets, Entry::LostOctets],
        };
        self.add(flow, 1);
        self.add(packet, packets);
        self.add(octet, octets);
    }

    pub fn line(&self, entry: Entry) -> u64 {
        self.lines[entry as usize & (LEDGER_LINES - 1)]
    }
}
