//! A verdict on what a flow speaks: the application, and how it was recognised.

use super::{Application, Context};

/// How a verdict was reached, weakest first.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Evidence {
    #[default]
    None = 0,
    /// The registered port only.
    Port = 1,
    /// A marker.
    Likely = 2,
    /// A marker and a second condition.
    Confirmed = 3,
}

impl Evidence {
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::Port,
            2 => Self::Likely,
            3 => Self::Confirmed,
            _ => Self::None,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "unknown",
            Self::Port => "port",
            Self::Likely => "likely",
            Self::Confirmed => "confirmed",
        }
    }
}

/// An application and how it was recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identification {
    pub application: Application,
    pub evidence: Evidence,
}

impl Identification {
    #[inline(always)]
    pub(super) const fn confirmed(application: Application) -> Self {
        Self { application, evidence: Evidence::Confirmed }
    }

    #[inline(always)]
    pub(super) const fn likely(application: Application) -> Self {
        Self { application, evidence: Evidence::Likely }
    }

    /// A marker was found; whether confirmed depends on the second condition.
    #[inline(always)]
    pub(super) const fn marked(application: Application, second_condition: bool) -> Self {
        let evidence = if second_condition { Evidence::Confirmed } else { Evidence::Likely };
        Self { application, evidence }
    }

    /// As a number other than 0: a function in the kernel returns no more than one.
    #[inline(always)]
    pub(super) const fn packed(self) -> u16 {
        (self.evidence as u16) << 8 | self.application as u16
    }

    /// What [`Self::packed`] packed.
    ///
    /// The kernel's verifier would go on with every verdict on its own, as with the constant that
    /// it is; mixed with a port for a moment, it is any number.
    #[inline(always)]
    pub(super) fn unpacked(packed: u16, context: &Context) -> Option<Self> {
        let port = context.source_port as u64;
        let packed = core::hint::black_box(packed as u64 ^ port) ^ port;
        Some(Self {
            application: Application::from_number(packed as u8)?,
            evidence: Evidence::from_number((packed >> 8) as u8),
        })
    }

    #[inline(always)]
    pub(super) const fn by_port(application: Application) -> Self {
        Self { application, evidence: Evidence::Port }
    }
}

/// Why a verdict was exchanged for another one, or for the same on better evidence.
#[repr(u8)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    #[default]
    None = 0,
    /// A later packet of the same direction said more.
    LaterPacket = 1,
    /// The other direction of the conversation said more.
    OtherDirection = 2,
}

impl Change {
    pub const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::LaterPacket,
            2 => Self::OtherDirection,
            _ => Self::None,
        }
    }
}

/// An application as it stands in a flow slot: bit 7 says that it is settled, so that no packet of
/// the flow is looked at any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict(u8);

impl Verdict {
    const SETTLED: u8 = 0x80;

    #[inline(always)]
    pub const fn settled(application: Application) -> Self {
        Self(Self::SETTLED | application as u8)
    }

    #[inline(always)]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The same, now for good.
    #[inline(always)]
    pub const fn to_settled(self) -> Self {
        Self(Self::SETTLED | self.0)
    }

    #[inline(always)]
    pub const fn bits(self) -> u8 {
        self.0
    }

    #[inline(always)]
    pub const fn is_settled(self) -> bool {
        self.0 & Self::SETTLED != 0
    }

    /// The number of the application, below [`CAPACITY`] and so within the totals.
    #[inline(always)]
    pub const fn number(self) -> u8 {
        self.0 & !Self::SETTLED
    }

    pub fn application(self) -> Application {
        Application::from_number(self.number()).unwrap_or_default()
    }
}
