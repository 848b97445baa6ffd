//! What never happens in SMB 1 as products speak it, whatever the attack is called.

use std::time::Duration;

use super::{
    Detection,
    smb_exchange::{Connection, Exchange},
};
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    interpret::{Message, message::Smb1Message},
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(Smb1Invariants::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-004",
    name: "smb1_invariants",
    title: "SMB 1 as no product speaks it",
    severity: Severity::High,
    sees: "In one SMB 1 connection: a command, or a function of a transaction, that the protocol \
           leaves unused, or a server that answers processes (PID) which the client never named, \
           as tools do that write into the server's memory (EternalRomance, EternalChampion, \
           EternalSynergy). The first thing of a \
           connection that one flipped bit would explain is of medium severity.",
    clinical_note: "Names the device that opened the connection. Very old servers and test tools \
                    of makers may do one of these; two different ones, or one of them with WL-003, \
                    are an attack. Look at that device first, and separate it if it is not known \
                    for this.",
    techniques: &["T1210"],
    parameters: &[Parameter {
        name: "unknown_processes",
        meaning: "processes that a server answers in one connection and the client never named",
        default: 2.0,
        minimum: 1.0,
        maximum: 32.0,
        unit: Unit::Count,
        source: Source::Ours,
    }],
    excused_roles: &["scanner"],
    clears_after: Duration::from_secs(3600),
};

const CONNECTIONS: usize = 4096;
const LIFETIME: Duration = Duration::from_secs(600);
/// Processes that are remembered of a connection's client; with more nothing is said of it.
const PROCESSES: usize = 64;

const NEGOTIATE: u8 = 0x72;
const TRANSACTION2: u8 = 0x32;
const NT_TRANSACT: u8 = 0xa0;

#[derive(Debug)]
struct Smb1Invariants {
    unknown_processes: usize,
    connections: Table<Connection, Processes>,
}

/// Of a connection that was heard from its beginning.
#[derive(Debug, Default)]
struct Processes {
    /// Commands and functions that are unused.
    violations: u32,
    named: Vec<u32>,
    unknown: Vec<u32>,
}

impl Smb1Invariants {
    fn new(parameters: &Parameters) -> Self {
        Self {
            unknown_processes: parameters.count("unknown_processes"),
            connections: Table::new(CONNECTIONS, LIFETIME),
        }
    }

    fn name(&mut self, connection: Connection, message: &Smb1Message, at: Moment) {
        if message.command == NEGOTIATE {
            self.connections.touch(connection, at, Processes::default);
        }
        if let Some(processes) = self.connections.get_mut(&connection)
            && processes.named.len() < PROCESSES
            && !processes.named.contains(&message.process)
        {
            processes.named.push(message.process);
        }
    }

    /// How many the connection has now; 1 if it was not heard from its beginning.
    fn count_violation(&mut self, connection: Connection) -> u32 {
        let Some(processes) = self.connections.get_mut(&connection) else { return 1 };
        processes.violations += 1;
        processes.violations
    }

    /// How many processes the server answered that were never named, if that has become too many.
    fn answer(
        &mut self,
        connection: Connection,
        message: &Smb1Message,
        at: Moment,
    ) -> Option<usize> {
        self.connections.get(&connection)?;
        let processes = self.connections.touch(connection, at, Processes::default)?;
        let is_known = processes.named.contains(&message.process)
            || processes.unknown.contains(&message.process)
            || processes.named.len() >= PROCESSES
            || processes.unknown.len() >= PROCESSES;
        if is_known {
            return None;
        }
        processes.unknown.push(message.process);
        let count = processes.unknown.len();
        (count == self.unknown_processes).then_some(count)
    }
}

/// Whether MS-CIFS section 2.2.2.1 leaves the code unused. That of messages and of the extensions
/// for Unix are not.
const fn is_unused_command(command: u8) -> bool {
    matches!(
        command,
        0x15..=0x19 | 0x36..=0x5f | 0x76..=0x7d | 0x7f | 0x85..=0x9f | 0xa3 | 0xa6..=0xbf
            | 0xc4..=0xcf | 0xdb..=0xff
    )
}

/// Whether a transaction asks for a function that is not one of section 2.2.6, or of 2.2.7: there 5
/// is a RENAME that was never implemented. TRANS2_SESSION_SETUP is DoublePulsar's (WL-005).
fn is_unused_function(message: &Smb1Message) -> bool {
    match (message.command, message.subcommand) {
        (TRANSACTION2, Some(function)) => function == 0x0f || function > 0x11,
        (NT_TRANSACT, Some(function)) => matches!(function, 0 | 5) || function > 8,
        _ => false,
    }
}

impl Detector for Smb1Invariants {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Smb1(message) = heard.message else { return };
        let Exchange { client, connection, .. } = Exchange::new(heard, message.is_reply);
        let at = heard.at;
        let mut severity = None;
        let (metric, count, sentence) = if message.is_reply {
            let Some(count) = self.answer(connection, message, at) else { return };
            let sentence = "is answered, over SMB 1, for processes that it never named: the \
                            memory of the server is being written to";
            ("unknown_processes", count, sentence)
        } else {
            self.name(connection, message, at);
            let is_wrong = is_unused_command(message.command) || is_unused_function(message);
            if is_wrong && self.count_violation(connection) < 2 {
                severity = Some(Severity::Medium);
            }
            // A server asks too, for an oplock back.
            if is_unused_command(message.command) {
                ("unused_commands", 1, "sends SMB 1 commands that the protocol leaves unused")
            } else if is_unused_function(message) {
                let sentence = "sends SMB 1 transactions of functions that no server implements";
                ("unused_functions", 1, sentence)
            } else {
                return;
            }
        };
        let Some(device) = client else { return };
        findings.report(Finding {
            device,
            severity,
            metric,
            value: count as f64,
            limit: count as f64,
            window: LIFETIME,
            sentence: sentence.to_owned(),
            evidence: Evidence::default().peer(connection.server.0),
            since: at,
            at,
        });
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.connections.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.connections.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::{Rig, smb1};

    fn metrics(messages: impl IntoIterator<Item = Smb1Message>) -> Vec<&'static str> {
        let mut rig = Rig::new(DETECTION);
        for message in messages {
            let (client, server) = ((1, 40_000), (2, 445));
            let (from, to) = if message.is_reply { (server, client) } else { (client, server) };
            rig.hear(from, to, 0.0, Message::Smb1(message));
        }
        let found = rig.found(1.0);
        assert!(found.iter().all(|finding| finding.device.0 == 1));
        found.iter().map(|finding| finding.metric).collect()
    }

    fn reply(process: u32) -> Smb1Message {
        Smb1Message { is_reply: true, process, ..smb1(0x25) }
    }

    #[test]
    fn commands_that_are_unused_are_found_and_no_others() {
        for command in [0x15, 0x5f, 0x7f, 0x90, 0xa3, 0xbf, 0xdb, 0xff] {
            assert_eq!(metrics([smb1(command)]), ["unused_commands"], "{command:#x}");
        }
        for command in [0, 7, 0x14, 0x1a, 0x24, 0x2f, 0x32, 0x35, 0x60, 0x70, 0x72, 0x75, 0x84] {
            assert_eq!(metrics([smb1(command)]), [""; 0], "{command:#x}");
        }
        for command in [0xa0, 0xa1, 0xa2, 0xa4, 0xa5, 0xc0, 0xd0, 0xda] {
            assert_eq!(metrics([smb1(command)]), [""; 0], "{command:#x}");
        }
    }

    #[test]
    fn functions_that_nobody_implements_are_found_and_no_others() {
        let asks = |command, function| {
            let subcommand = Some(function);
            metrics([Smb1Message { subcommand, ..smb1(command) }])
        };
        for (command, function) in [(NT_TRANSACT, 0), (NT_TRANSACT, 5), (NT_TRANSACT, 9)] {
            assert_eq!(asks(command, function), ["unused_functions"]);
        }
        for function in [0x0f, 0x12, 0xffff] {
            assert_eq!(asks(TRANSACTION2, function), ["unused_functions"]);
        }
        for (command, function) in [(NT_TRANSACT, 1), (NT_TRANSACT, 6), (NT_TRANSACT, 8)] {
            assert_eq!(asks(command, function), [""; 0]);
        }
        for function in [0, 1, 5, 8, 0x0e, 0x10, 0x11] {
            assert_eq!(asks(TRANSACTION2, function), [""; 0]);
        }
        assert_eq!(asks(0x25, 0x54), [""; 0], "of a pipe");
    }

    #[test]
    fn one_may_be_a_flipped_bit_and_two_are_none() {
        let mut rig = Rig::new(DETECTION);
        for message in [smb1(NEGOTIATE), smb1(0xff), smb1(0xff)] {
            rig.hear((1, 40_000), (2, 445), 0.0, Message::Smb1(message));
        }
        let severities: Vec<_> = rig.found(0.0).iter().map(|each| each.severity).collect();
        assert_eq!(severities, [Some(Severity::Medium), None]);
    }

    #[test]
    fn a_server_answers_whom_the_client_named() {
        let begin = smb1(NEGOTIATE);
        let second = Smb1Message { process: 7, ..smb1(0x25) };
        assert_eq!(metrics([begin, reply(65_279), second, reply(7)]), [""; 0]);
        // One may be lost between two that were heard.
        assert_eq!(metrics([begin, reply(8), reply(8)]), [""; 0]);
        assert_eq!(metrics([begin, reply(8), reply(9), reply(10)]), ["unknown_processes"]);
        // Of a connection whose beginning was not heard nothing is known.
        assert_eq!(metrics([reply(8), reply(9), reply(10)]), [""; 0]);
    }
}
