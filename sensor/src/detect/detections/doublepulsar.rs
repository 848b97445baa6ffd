//! DoublePulsar: an implant in an SMB 1 server that is asked by a subcommand nobody else uses, and
//! answers by changing the number of the request (MID).

use std::time::Duration;

use super::{
    Detection,
    smb_exchange::{Connection, Exchange},
};
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::Description, settings::Parameters, table::Table,
    },
    interpret::Message,
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DoublePulsar::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-005",
    name: "doublepulsar",
    title: "DoublePulsar implant",
    severity: Severity::Critical,
    sees: "An SMB 1 server that answers TRANS2_SESSION_SETUP, which no product implements, under \
           another number (MID) than it was asked with, 16, 32 or 48 higher: the answers of the \
           implant. Raised for the server and for who asked it. The question alone, which \
           scanners send too, is of medium severity.",
    clinical_note: "A server that answers so runs somebody else's code in its kernel. Nothing that \
                    it shows or stores can be trusted. Separate it from the network as soon as \
                    the ward can do without it, keep it running for those who examine it, and \
                    look at every device that it reached. The question alone may be the \
                    security team's scanner.",
    techniques: &["T1210", "T1205"],
    parameters: &[],
    excused_roles: &["scanner"],
    clears_after: Duration::from_secs(3600),
};

const CONNECTIONS: usize = 4096;
const LIFETIME: Duration = Duration::from_secs(600);
const TRANSACTION2: u8 = 0x32;
/// Reserved (MS-CIFS section 2.2.6.15).
const SESSION_SETUP: u16 = 0x000e;
/// What the implant adds to the number: done, wrong parameters, no memory.
const ANSWERS: [u16; 3] = [0x10, 0x20, 0x30];

#[derive(Debug)]
struct DoublePulsar {
    /// The number that was asked with last.
    asked: Table<Connection, u16>,
}

impl DoublePulsar {
    fn new(_: &Parameters) -> Self {
        Self { asked: Table::new(CONNECTIONS, LIFETIME) }
    }
}

impl Detector for DoublePulsar {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Smb1(message) = heard.message else { return };
        if message.command != TRANSACTION2 {
            return;
        }
        let Exchange { client, server, connection } = Exchange::new(heard, message.is_reply);
        let at = heard.at;
        let mut found = |device: Option<DeviceId>, severity, metric, peer, sentence: &str| {
            let Some(device) = device else { return };
            findings.report(Finding {
                device,
                severity,
                metric,
                value: 1.0,
                limit: 1.0,
                window: LIFETIME,
                sentence: sentence.to_owned(),
                evidence: Evidence::default().peer(peer),
                since: at,
                at,
            });
        };
        let (client_address, server_address) = (connection.client.0, connection.server.0);
        if !message.is_reply && message.subcommand == Some(SESSION_SETUP) {
            let asked = self.asked.touch(connection, at, || message.multiplex);
            if let Some(number) = asked {
                *number = message.multiplex;
            }
            found(
                client,
                Some(Severity::Medium),
                "implant_questions",
                server_address,
                "asks a server for the DoublePulsar implant",
            );
        } else if let Some(&asked) = self.asked.get(&connection).filter(|_| message.is_reply)
            && ANSWERS.contains(&message.multiplex.wrapping_sub(asked))
        {
            let metric = "implant_answers";
            found(server, None, metric, client_address, "answers as the DoublePulsar implant does");
            let sentence = "speaks with the DoublePulsar implant of a server";
            found(client, None, metric, server_address, sentence);
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.asked.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.asked.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::{Rig, smb1};
    use crate::interpret::message::Smb1Message;

    fn question(multiplex: u16, subcommand: u16) -> Message {
        let subcommand = Some(subcommand);
        Message::Smb1(Smb1Message { multiplex, subcommand, ..smb1(TRANSACTION2) })
    }

    fn answer(multiplex: u16) -> Message {
        let status = 0xc000_0002;
        Message::Smb1(Smb1Message { is_reply: true, status, multiplex, ..smb1(TRANSACTION2) })
    }

    fn found(asked: u16, subcommand: u16, answered: u16) -> Vec<(u32, Option<Severity>)> {
        let mut rig = Rig::new(DETECTION);
        rig.hear((1, 40_000), (2, 445), 0.0, question(asked, subcommand));
        rig.hear((2, 445), (1, 40_000), 0.1, answer(answered));
        rig.found(1.0).iter().map(|finding| (finding.device.0, finding.severity)).collect()
    }

    #[test]
    fn the_implant_answers_under_another_number() {
        let asked = (1, Some(Severity::Medium));
        for answered in [81, 97, 113] {
            assert_eq!(found(65, SESSION_SETUP, answered), [asked, (2, None), (1, None)]);
        }
        assert_eq!(found(66, SESSION_SETUP, 82), [asked, (2, None), (1, None)]);
    }

    #[test]
    fn a_server_without_it_refuses_under_the_same() {
        let asked = (1, Some(Severity::Medium));
        for answered in [65, 66, 80, 82, 64] {
            assert_eq!(found(65, SESSION_SETUP, answered), [asked], "{answered}");
        }
    }

    #[test]
    fn other_subcommands_are_anybodys() {
        for subcommand in [0, 5, 13, 15, 16] {
            assert_eq!(found(65, subcommand, 81), [], "{subcommand}");
        }
    }
}
