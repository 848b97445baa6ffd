//! Announcements that are not believed.

use sensor_common::application::Application;

use super::super::{announcement::Announcement, text::is_host};

/// Ports below are registered to services (RFC 6335 section 6): none is chosen for a transfer.
const FIRST_CHOSEN_PORT: u16 = 1024;

/// Why an announcement is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Of another host than who said it (the "bounce" of RFC 2577 section 3).
    #[error("announces the port of another host")]
    ThirdParty,
    #[error("announces an address that no host can have")]
    Address,
    #[error("announces a port that is not free to be chosen")]
    Port,
    /// The host itself said otherwise.
    #[error("contradicts what the host itself announced")]
    Contradicted,
}

impl Refusal {
    pub const ALL: [Self; 4] = [Self::ThirdParty, Self::Address, Self::Port, Self::Contradicted];

    /// Its place in [`Self::ALL`].
    pub const fn number(self) -> usize {
        match self {
            Self::ThirdParty => 0,
            Self::Address => 1,
            Self::Port => 2,
            Self::Contradicted => 3,
        }
    }

    /// The label in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThirdParty => "third_party",
            Self::Address => "address",
            Self::Port => "port",
            Self::Contradicted => "contradicted",
        }
    }

    /// Why this announcement alone is not to be believed.
    pub(super) fn of(announcement: &Announcement) -> Option<Self> {
        let is_media = matches!(announcement.application, Application::Rtp | Application::Rtcp);
        let is_chosen = is_media
            || matches!(
                announcement.application,
                Application::FtpData | Application::Tftp | Application::Wsd
            );
        let first_port = if is_chosen { FIRST_CHOSEN_PORT } else { 1 };
        // RTSP binds both ends of a stream; an offer of SIP goes through proxies (RFC 3261).
        let may_be_by_proxy = is_media && announcement.peer.is_none();
        if !is_host(&announcement.address) {
            Some(Self::Address)
        } else if !announcement.is_of_speaker() && !may_be_by_proxy {
            Some(Self::ThirdParty)
        } else if announcement.port < first_port {
            Some(Self::Port)
        } else {
            None
        }
    }
}
