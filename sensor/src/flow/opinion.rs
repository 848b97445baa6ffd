//! What is thought of one direction of a flow: the application, how that was found, and what was
//! thought before.

use sensor_common::application::{Application, Change, Evidence};

/// Where a verdict comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    #[default]
    None,
    /// The registered port, and nothing else.
    Port,
    /// The headers say it: ICMP, ARP, fragments.
    Headers,
    /// Octets of the payload.
    Payload,
    /// Another conversation announced this one: an FTP command, an RTSP transport; or the ends
    /// negotiated it.
    Control,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Port => "port",
            Self::Headers => "headers",
            Self::Payload => "payload",
            Self::Control => "control",
        }
    }

    /// The method of a verdict that the packet path reached.
    pub const fn of_packet_path(application: Application, evidence: Evidence) -> Self {
        match evidence {
            Evidence::None => Self::None,
            Evidence::Port => Self::Port,
            Evidence::Likely | Evidence::Confirmed if application.is_told_by_headers() => {
                Self::Headers
            }
            Evidence::Likely | Evidence::Confirmed => Self::Payload,
        }
    }
}

/// Why a verdict gave way to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    LaterPacket,
    OtherDirection,
    /// Its control conversation announced it.
    Control,
}

impl Reason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::LaterPacket => "later_packet",
            Self::OtherDirection => "other_direction",
            Self::Control => "control_conversation",
        }
    }

    pub const fn of_packet_path(change: Change) -> Option<Self> {
        match change {
            Change::None => None,
            Change::LaterPacket => Some(Self::LaterPacket),
            Change::OtherDirection => Some(Self::OtherDirection),
        }
    }
}

/// A verdict and its basis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Opinion {
    pub application: Application,
    pub evidence: Evidence,
    pub method: Method,
}

impl Opinion {
    pub const fn of_packet_path(application: Application, evidence: Evidence) -> Self {
        Self { application, evidence, method: Method::of_packet_path(application, evidence) }
    }

    /// Announced by a control conversation, which names addresses and port: as good as confirmed.
    pub const fn announced(application: Application) -> Self {
        Self { application, evidence: Evidence::Confirmed, method: Method::Control }
    }

    /// Whether this is the better opinion of one flow.
    pub fn outweighs(self, other: Self) -> bool {
        if self.application == Application::Unknown || other.application == Application::Unknown {
            return self.application != Application::Unknown;
        }
        match (self.method, other.method) {
            (Method::Control, Method::Control) => false,
            (Method::Control, _) => overrules(self.application, other),
            (_, Method::Control) => !overrules(other.application, self),
            _ => self.evidence > other.evidence,
        }
    }
}

/// Whether an announced application stands against what the flow's own packets showed. A transfer
/// carries any file, so its payload says nothing; a web service of a device is what it was announced
/// as; anything else that confirmed itself is believed.
fn overrules(announced: Application, shown: Opinion) -> bool {
    match announced {
        Application::FtpData | Application::Tftp => true,
        // A client asks in version 1 whether the server speaks version 2; the answer counts.
        Application::Smb2 => {
            shown.application == Application::Smb1 || shown.evidence < Evidence::Confirmed
        }
        Application::Sdc => {
            shown.application == Application::Http || shown.evidence < Evidence::Confirmed
        }
        _ => shown.evidence < Evidence::Confirmed,
    }
}

/// A verdict that was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerdictChange {
    pub from: (Application, Evidence),
    pub to: (Application, Evidence),
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(application: Application, evidence: Evidence) -> Opinion {
        Opinion::of_packet_path(application, evidence)
    }

    #[test]
    fn evidence_decides_between_what_packets_showed() {
        let port = shown(Application::Http, Evidence::Port);
        let likely = shown(Application::Dns, Evidence::Likely);
        assert!(likely.outweighs(port) && !port.outweighs(likely));
        assert!(port.outweighs(Opinion::default()));
        assert!(!Opinion::default().outweighs(port));
    }

    #[test]
    fn a_transfer_is_one_whatever_the_file_looks_like() {
        let transfer = Opinion::announced(Application::FtpData);
        let file = shown(Application::Dicom, Evidence::Confirmed);
        assert!(transfer.outweighs(file) && !file.outweighs(transfer));
    }

    #[test]
    fn what_confirms_itself_stands_against_an_announcement() {
        let announced = Opinion::announced(Application::Rtp);
        let stun = shown(Application::Stun, Evidence::Confirmed);
        assert!(stun.outweighs(announced) && !announced.outweighs(stun));
        assert!(announced.outweighs(shown(Application::Dns, Evidence::Likely)));
    }

    #[test]
    fn methods_follow_from_evidence_and_label() {
        let method = |application, evidence| shown(application, evidence).method;
        assert_eq!(method(Application::Icmp, Evidence::Confirmed), Method::Headers);
        assert_eq!(method(Application::Dicom, Evidence::Likely), Method::Payload);
        assert_eq!(method(Application::Dicom, Evidence::Port), Method::Port);
        assert_eq!(method(Application::Unknown, Evidence::None), Method::None);
    }
}
