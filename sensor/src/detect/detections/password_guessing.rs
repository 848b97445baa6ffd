//! Logins that fail again and again, or connections as short as failed logins.

use std::{net::IpAddr, time::Duration};

use sensor_common::application::{Application, Evidence as Basis};

use super::{Detection, smb_exchange::Exchange};
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        burst::Burst,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    flow::FlowRecord,
    interpret::Message,
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(PasswordGuessing::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-028",
    name: "password_guessing",
    title: "Passwords are guessed",
    severity: Severity::Medium,
    sees: "One client at one server, within the window: logins over SMB, FTP or SMTP that are refused, or \
           over SMB end as a guest, or short connections over SSH, RDP, Telnet or VNC, each of which is as \
           long as a login that fails. Refused logins that reach the limit in a \
           tenth of the window, three times in a row, are of high severity.",
    clinical_note: "A service or a modality with a password that has expired retries too, mostly \
                    once a minute, which is below the limits; a monitor that logs in over SSH to \
                    look at hosts belongs into the role that excuses it. Anything else is \
                    somebody guessing: look who sits at the client, and whether accounts were \
                    locked that the ward needs.",
    techniques: &["T1110"],
    parameters: &[
        Parameter {
            name: "failures",
            meaning: "logins of one client that one server refuses",
            default: 20.0,
            minimum: 3.0,
            maximum: 1000.0,
            unit: Unit::Count,
            source: Source::Published("Zeek detect-bruteforcing (FTP): 20 in 15 min"),
        },
        Parameter {
            name: "connections",
            meaning: "short connections of one client to one server",
            default: 30.0,
            minimum: 5.0,
            maximum: 1000.0,
            unit: Unit::Count,
            source: Source::Published("Zeek detect-bruteforcing (SSH): 30 in 30 min"),
        },
        Parameter {
            name: "window",
            meaning: "within which they are counted",
            default: 300.0,
            minimum: 10.0,
            maximum: 3600.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &["management_server", "monitoring", "scanner"],
    clears_after: Duration::from_secs(1800),
};

const PAIRS: usize = 8192;
/// The limit, reached so often in a row and each time within this part of the window, is a machine
/// that guesses.
const FAST_BURSTS: u32 = 3;
const FAST: u32 = 10;

/// A connection that ends without a login is no longer than this.
const SHORT: Duration = Duration::from_secs(30);
const SHORT_OCTETS: u64 = 12_000;
/// A connection that was closed at once carried no password.
const FEWEST_PACKETS: u64 = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Service {
    Smb,
    SmbGuest,
    Ftp,
    Smtp,
    Ssh,
    Rdp,
    Telnet,
    Vnc,
}

impl Service {
    const fn metric(self) -> &'static str {
        match self {
            Self::Smb => "refused_smb_logins",
            Self::SmbGuest => "guest_smb_logins",
            Self::Ftp => "refused_ftp_logins",
            Self::Smtp => "refused_smtp_logins",
            Self::Ssh => "short_ssh_connections",
            Self::Rdp => "short_rdp_connections",
            Self::Telnet => "short_telnet_connections",
            Self::Vnc => "short_vnc_connections",
        }
    }

    const fn of(application: Application) -> Option<Self> {
        match application {
            Application::Ssh => Some(Self::Ssh),
            Application::Rdp => Some(Self::Rdp),
            Application::Telnet => Some(Self::Telnet),
            Application::Vnc => Some(Self::Vnc),
            _ => None,
        }
    }
}

#[derive(Debug)]
struct PasswordGuessing {
    failures: usize,
    connections: usize,
    window: Duration,
    pairs: Table<(Service, DeviceId, Option<IpAddr>), Tries>,
}

#[derive(Debug, Default)]
struct Tries {
    burst: Burst,
    /// Bursts so far, one after the other.
    bursts: u32,
    fast_bursts: u32,
    last_burst: Moment,
}

impl PasswordGuessing {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            failures: parameters.count("failures"),
            connections: parameters.count("connections"),
            window,
            pairs: Table::new(PAIRS, window * 2),
        }
    }

    fn try_once(
        &mut self,
        service: Service,
        client: DeviceId,
        server: Option<IpAddr>,
        at: Moment,
    ) -> Option<Finding> {
        let is_refused = matches!(service, Service::Smb | Service::Ftp | Service::Smtp);
        let is_login = is_refused || service == Service::SmbGuest;
        let limit = if is_login { self.failures } else { self.connections };
        let tries = self.pairs.touch((service, client, server), at, Tries::default)?;
        let since = tries.burst.add(at, limit, self.window)?;
        let is_going_on = at.since(tries.last_burst) <= self.window;
        tries.bursts = if is_going_on { tries.bursts + 1 } else { 1 };
        tries.last_burst = at;
        let is_fast = at.since(since) <= self.window / FAST;
        tries.fast_bursts =
            if is_fast && is_going_on { tries.fast_bursts + 1 } else { u32::from(is_fast) };
        let is_machine = is_refused && tries.fast_bursts >= FAST_BURSTS;
        let count = f64::from(tries.bursts) * limit as f64;
        let sentence = match service {
            Service::Smb | Service::Ftp | Service::Smtp => {
                "is refused again and again by a server that it logs in to"
            }
            Service::SmbGuest => {
                "logs in to a server over SMB again and again, and is let in as a guest only"
            }
            Service::Ssh | Service::Rdp | Service::Telnet | Service::Vnc => {
                "opens one short connection after the other to a service that asks for a password"
            }
        };
        Some(Finding {
            device: client,
            severity: is_machine.then_some(Severity::High),
            metric: service.metric(),
            value: count,
            limit: limit as f64,
            window: self.window,
            sentence: sentence.to_owned(),
            evidence: Evidence::default().peer(server).number(service.metric(), count),
            since,
            at,
        })
    }
}

/// Whether a login was refused for who asked or how (MS-ERREF section 2.3.1): no such user, a wrong
/// password, an account that is locked, disabled or restricted, or access denied.
const fn is_refused(status: u32) -> bool {
    matches!(
        status,
        0xc000_0064 | 0xc000_006a | 0xc000_006d..=0xc000_0072 | 0xc000_0234 | 0xc000_0022
    )
}

/// Whose login failed by what the server says.
fn failure(message: &Message) -> Option<Service> {
    const SESSION_SETUP_1: u8 = 0x73;
    const SESSION_SETUP_2: u16 = 1;
    let (status, is_guest) = match message {
        Message::Login { service: Application::Ftp, is_failure: true } => {
            return Some(Service::Ftp);
        }
        Message::Login { service: Application::Smtp, is_failure: true } => {
            return Some(Service::Smtp);
        }
        Message::Smb1(message) if message.is_reply && message.command == SESSION_SETUP_1 => {
            (message.status, message.is_guest)
        }
        Message::Smb2(message) if message.is_reply && message.command == SESSION_SETUP_2 => {
            (message.status, message.is_guest)
        }
        _ => return None,
    };
    match is_guest {
        Some(true) => Some(Service::SmbGuest),
        _ => is_refused(status).then_some(Service::Smb),
    }
}

impl Detector for PasswordGuessing {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Some(service) = failure(heard.message) else { return };
        let Exchange { client, connection, .. } = Exchange::new(heard, true);
        let Some(client) = client else { return };
        let found = self.try_once(service, client, connection.server.0, heard.at);
        found.into_iter().for_each(|finding| findings.report(finding));
    }

    fn observe_record(&mut self, record: &FlowRecord, _: &Estate<'_>, findings: &mut Findings) {
        let Some(service) = Service::of(record.opinion.application) else { return };
        let (forward, reverse) = (record.forward, record.reverse);
        let is_short = record.end.since(record.start) <= SHORT
            && forward.octets.max(reverse.octets) <= SHORT_OCTETS
            && forward.packets.min(reverse.packets) >= FEWEST_PACKETS;
        let is_spoken = record.opinion.evidence == Basis::Confirmed;
        let (true, true, Some(client)) = (is_short, is_spoken, record.initiator_device) else {
            return;
        };
        let found = self.try_once(service, client, record.responder, record.end);
        found.into_iter().for_each(|finding| findings.report(finding));
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.pairs.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.pairs.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::fixture::seconds;
    use crate::detect::rig::{Rig, smb1, smb2};
    use crate::flow::{HalfFlow, Opinion, fixture};
    use crate::interpret::message::{Smb1Message, Smb2Message};

    const LOGON_FAILURE: u32 = 0xc000_006d;

    fn answer(status: u32, is_guest: Option<bool>) -> Message {
        Message::Smb2(Smb2Message { is_reply: true, status, is_guest, ..smb2(1) })
    }

    /// So many answers, so many seconds apart.
    fn found(count: u32, apart: f64, answer: &Message) -> Vec<Finding> {
        let mut rig = Rig::new(DETECTION);
        for each in 0..count {
            rig.hear((2, 445), (1, 40_000), f64::from(each) * apart, answer.clone());
        }
        rig.found(f64::from(count) * apart)
    }

    #[test]
    fn refused_logins_are_found_from_the_limit_on() {
        let refused = answer(LOGON_FAILURE, None);
        assert_eq!(found(19, 1.0, &refused), []);
        let at = found(20, 1.0, &refused);
        assert_eq!((at.len(), at[0].device.0, at[0].severity), (1, 1, None));
        let many: Vec<_> = found(60, 1.0, &refused).iter().map(|each| each.severity).collect();
        assert_eq!(many, [None, None, Some(Severity::High)]);
    }

    #[test]
    fn an_account_whose_password_is_stale_retries_every_minute_unheard_and_never_is_high() {
        assert_eq!(found(600, 60.0, &answer(LOGON_FAILURE, None)), []);
        assert_eq!(found(600, 16.0, &answer(LOGON_FAILURE, None)), []);
        let at_worst = found(600, 5.0, &answer(LOGON_FAILURE, None));
        assert!(!at_worst.is_empty() && at_worst.iter().all(|each| each.severity.is_none()));
    }

    #[test]
    fn both_versions_and_guests_count_and_what_goes_well_does_not() {
        let version_1 = Smb1Message { is_reply: true, status: LOGON_FAILURE, ..smb1(0x73) };
        assert_eq!(found(20, 1.0, &Message::Smb1(version_1)).len(), 1);
        assert_eq!(found(20, 1.0, &answer(0, Some(true)))[0].metric, "guest_smb_logins");
        let login = |is_failure| Message::Login { service: Application::Ftp, is_failure };
        assert_eq!(found(20, 1.0, &login(true))[0].metric, "refused_ftp_logins");
        assert_eq!(found(100, 1.0, &login(false)), []);
        assert_eq!(found(100, 1.0, &answer(0, Some(false))), []);
        assert_eq!(found(100, 1.0, &answer(0xc000_0016, None)), [], "goes on");
        let other = Smb2Message { is_reply: true, status: 0xc000_0022, ..smb2(5) };
        assert_eq!(found(100, 1.0, &Message::Smb2(other)), [], "a file that is refused");
    }

    fn connections(count: u32, application: Application, octets: u64, lasts: f64) -> usize {
        let mut rig = Rig::new(DETECTION);
        for each in 0..count {
            let half = HalfFlow { packets: 9, octets, tcp_flags: 0x1b };
            rig.record(&FlowRecord {
                initiator_device: Some(DeviceId(1)),
                opinion: Opinion::of_packet_path(application, Basis::Confirmed),
                forward: half,
                reverse: half,
                start: seconds(f64::from(each) * 2.0),
                end: seconds(f64::from(each) * 2.0 + lasts),
                ..fixture::record()
            });
        }
        rig.found(100.0).len()
    }

    #[test]
    fn short_connections_are_found_from_the_limit_on() {
        assert_eq!(connections(29, Application::Ssh, 3000, 2.0), 0);
        assert_eq!(connections(30, Application::Ssh, 3000, 2.0), 1);
        assert_eq!(connections(30, Application::Rdp, 3000, 2.0), 1);
        assert_eq!(connections(100, Application::Ssh, 50_000, 2.0), 0, "work was done");
        assert_eq!(connections(100, Application::Ssh, 3000, 31.0), 0, "somebody was logged in");
        assert_eq!(connections(100, Application::Http, 3000, 2.0), 0);
    }
}
