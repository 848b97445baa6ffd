//! What one end of a biflow sent.

use sensor_common::application::Application;

use super::claim::Claim;
use crate::{
    flow::{
        opinion::{Method, Opinion, Reason},
        packed::{Packed, PackedMoment},
        record::HalfFlow,
    },
    inventory::DeviceId,
    observation::FlowDelta,
};

/// What one end sent. Of one that sent nothing no more is known than its device, its station and what
/// the ends agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::flow) struct Half {
    /// As [`device_number`] tells it.
    device: u32,
    pub(super) interface: u32,
    pub(super) outer_vlan: u16,
    pub(super) inner_vlan: u16,
    pub(super) icmp_type_code: u16,
    pub(super) tcp_flags: u8,
    marks: u8,
    pub(super) opinion: Opinion,
    pub(super) first_seen: PackedMoment,
    /// Since the last record, which is made once a day at least: in that time 800 Gbit/s are an eighth of
    /// what fits.
    octets: Packed<7>,
    /// Likewise: those of a day in which one end sends 12 million a second to one port of another, more than
    /// the packet path takes of one CPU. With the usual active timeout, half an hour, 600 million a second.
    packets: Packed<5>,
    /// 0 where the key holds none.
    station: Packed<6>,
}

// A million of them lie in memory.
const _: () = assert!(size_of::<Half>() == 44);

/// It sent something since the biflow began.
const HAS_SENT: u8 = 1 << 2;
/// The kernel's flow was opened within this biflow, so that its control bits are of this connection and
/// not of one before it.
const IS_WHOLE: u8 = 1 << 3;
/// The [`Claim`].
const CLAIM: u8 = 3;

impl Half {
    /// An end that has sent nothing yet, with its device as [`device_number`] tells it.
    pub(super) fn silent(device: u32, station: Packed<6>) -> Self {
        Self { device, station, ..Self::default() }
    }

    pub(super) fn add(&mut self, delta: &FlowDelta) {
        let first_seen = delta.first_seen.as_micros();
        let has_sent = self.has_sent();
        if !has_sent || (delta.is_new && first_seen < self.first_seen.get()) {
            self.first_seen = PackedMoment::of(first_seen);
            self.set_claim(if delta.is_new { Claim::of(delta) } else { Claim::Open });
            self.icmp_type_code = delta.icmp_type_code;
            self.set_station(delta.key.source_station());
            self.interface = delta.key.interface();
            self.outer_vlan = delta.key.outer_vlan();
            self.inner_vlan = delta.key.inner_vlan();
        }
        if !has_sent {
            self.marks |= HAS_SENT | if delta.is_new { IS_WHOLE } else { 0 };
        }
        self.packets = Packed::of(self.packets.get().saturating_add(delta.packets));
        self.octets = Packed::of(self.octets.get().saturating_add(delta.octets));
        self.tcp_flags |= delta.tcp_flags;
    }

    /// Takes over what the packets show, if it is better; the opinion that was given up for it.
    pub(super) fn consider(&mut self, delta: &FlowDelta) -> Option<(Opinion, Reason)> {
        let shown = delta.opinion;
        let is_as_good = shown.application != Application::Unknown
            && (shown.evidence, shown.method) == (self.opinion.evidence, self.opinion.method);
        if shown == self.opinion || !(shown.outweighs(self.opinion) || is_as_good) {
            return None;
        }
        let before = std::mem::replace(&mut self.opinion, shown);
        if let (Method::Payload, Some(reason)) =
            (shown.method, Reason::of_packet_path(delta.change))
        {
            let earlier = &delta.earlier;
            return Some((Opinion::of_packet_path(earlier.application, earlier.evidence), reason));
        }
        let reason = match shown.method {
            Method::Control => Reason::Control,
            _ => Reason::LaterPacket,
        };
        (before.application != Application::Unknown).then_some((before, reason))
    }

    pub fn has_sent(&self) -> bool {
        self.marks & HAS_SENT != 0
    }

    pub(super) fn claim(&self) -> Claim {
        Claim::from_bits(self.marks & CLAIM)
    }

    fn set_claim(&mut self, claim: Claim) {
        self.marks = self.marks & !CLAIM | claim.bits();
    }

    pub fn device(&self) -> Option<DeviceId> {
        self.device.checked_sub(1).map(DeviceId)
    }

    pub(super) fn set_device(&mut self, device: Option<DeviceId>) {
        self.device = device_number(device);
    }

    /// The station address, where the key holds it.
    pub(super) fn station(&self) -> Option<u64> {
        Some(self.station.get()).filter(|&station| station != 0)
    }

    pub(super) fn set_station(&mut self, station: Option<u64>) {
        self.station = Packed::of(station.unwrap_or(0));
    }

    /// As a flow key has them.
    pub(super) fn vlans(&self) -> u32 {
        u32::from(self.outer_vlan) << 16 | u32::from(self.inner_vlan)
    }

    /// Control bits that were surely sent within this biflow.
    pub(super) fn trusted_flags(&self) -> u8 {
        if self.marks & IS_WHOLE != 0 { self.tcp_flags } else { 0 }
    }

    pub(super) fn counted(&self) -> HalfFlow {
        HalfFlow {
            packets: self.packets.get(),
            octets: self.octets.get(),
            tcp_flags: self.tcp_flags,
        }
    }

    /// Begins to count for the next record.
    pub(super) fn forget_counts(&mut self) {
        self.packets = Packed::default();
        self.octets = Packed::default();
    }
}

/// The number of a device and one more, 0 where none is known: half of an option's memory.
pub(super) fn device_number(device: Option<DeviceId>) -> u32 {
    device.map_or(0, |device| device.0.saturating_add(1))
}
