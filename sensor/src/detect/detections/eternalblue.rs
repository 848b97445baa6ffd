//! Attacks on the transactions of SMB 1 (MS17-010): EternalBlue, EternalRomance and their kin.
//!
//! All of them need transactions that no client sends: parts that belong to another kind of
//! transaction, parts that bring more than they announce, or a store of transactions that are begun
//! and left. Worms ask first whether a server is open to it, with a request that a server without
//! the correction refuses in a way of its own.

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
    detector: |parameters| Box::new(EternalBlue::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-003",
    name: "eternalblue",
    title: "Attack on SMB 1 transactions",
    severity: Severity::Critical,
    sees: "In one SMB 1 connection: a part of a transaction that is of another kind than its \
           beginning, parts that bring more than they announce, or many transactions that are \
           begun and never brought to an end, as EternalBlue, EternalRomance and their kin need \
           them, successful or not. A test for the weakness alone is of medium severity.",
    clinical_note: "The device that does this is infected or in the hands of somebody; it attacks \
                    the one named with it, which may be lost already. Vulnerability scanners only \
                    test. Separate the attacker from the network first; before a medical device is \
                    separated, tell the ward, and go on without it by its plan for downtime.",
    techniques: &["T1210"],
    parameters: &[
        Parameter {
            name: "parts_beyond_total",
            meaning: "parts of transactions that bring more than they announce",
            default: 3.0,
            minimum: 1.0,
            maximum: 100.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "unfinished_transactions",
            meaning: "transactions of a connection that are begun and not brought to an end",
            default: 8.0,
            minimum: 2.0,
            maximum: 64.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(3600),
};

const CONNECTIONS: usize = 4096;
const LIFETIME: Duration = Duration::from_secs(600);
/// Transactions that are remembered of a connection, the latest.
const TRANSACTIONS: usize = 64;

/// MS-CIFS section 2.2.2.1.
const TRANSACTION: u8 = 0x25;
const TRANSACTION_SECONDARY: u8 = 0x26;
const TRANSACTION2: u8 = 0x32;
const TRANSACTION2_SECONDARY: u8 = 0x33;
const NT_TRANSACT: u8 = 0xa0;
const NT_TRANSACT_SECONDARY: u8 = 0xa1;
/// TRANS_PEEK_NMPIPE (MS-CIFS section 2.2.5.5).
const PEEK_NAMED_PIPE: u16 = 0x0023;
/// STATUS_INSUFF_SERVER_RESOURCES: the answer, on a pipe that is not open, before the correction.
const INSUFFICIENT_RESOURCES: u32 = 0xc000_0205;

#[derive(Debug)]
struct EternalBlue {
    parts_beyond_total: usize,
    unfinished_transactions: usize,
    connections: Table<Connection, Doings>,
}

/// What a connection's client did.
#[derive(Debug)]
struct Doings {
    since: Moment,
    begun: Vec<Begun>,
    parts_beyond_total: usize,
    peek: Option<(u32, u16)>,
}

/// A transaction that was begun.
#[derive(Debug)]
struct Begun {
    identity: (u16, u32, u16),
    command: u8,
    is_unfinished: bool,
}

/// What a message shows.
enum Sign {
    KindsDiffer,
    BeyondTotal,
    Unfinished,
    Tested,
}

impl EternalBlue {
    fn new(parameters: &Parameters) -> Self {
        Self {
            parts_beyond_total: parameters.count("parts_beyond_total"),
            unfinished_transactions: parameters.count("unfinished_transactions"),
            connections: Table::new(CONNECTIONS, LIFETIME),
        }
    }

    fn report(
        &self,
        sign: &Sign,
        exchange: &Exchange,
        since: Moment,
        at: Moment,
    ) -> Option<Finding> {
        let (metric, limit, sentence) = match sign {
            Sign::KindsDiffer => (
                "transactions_of_two_kinds",
                1.0,
                "sends SMB 1 transactions whose parts are of different kinds, as EternalBlue does",
            ),
            Sign::BeyondTotal => (
                "parts_beyond_total",
                self.parts_beyond_total as f64,
                "sends parts of SMB 1 transactions that bring more than they announce, as \
                 EternalBlue and EternalRomance do",
            ),
            Sign::Unfinished => (
                "unfinished_transactions",
                self.unfinished_transactions as f64,
                "begins many SMB 1 transactions and leaves them, as EternalRomance does",
            ),
            Sign::Tested => (
                "weakness_tests",
                1.0,
                "tests a server for the weakness of SMB 1 that EternalBlue uses (MS17-010), and \
                 finds it",
            ),
        };
        Some(Finding {
            device: exchange.client?,
            severity: matches!(sign, Sign::Tested).then_some(Severity::Medium),
            metric,
            value: limit,
            limit,
            window: LIFETIME,
            sentence: sentence.to_owned(),
            evidence: Evidence::default().peer(exchange.connection.server.0),
            since,
            at,
        })
    }
}

impl Doings {
    fn new(since: Moment) -> Self {
        Self { since, begun: Vec::new(), parts_beyond_total: 0, peek: None }
    }

    fn begin(&mut self, message: &Smb1Message, limit: usize) -> Option<Sign> {
        let counts = message.counts?;
        let is_unfinished =
            counts.total_data > counts.data || counts.total_parameters > counts.parameters;
        let identity = identity(message);
        self.begun.retain(|each| each.identity != identity);
        if self.begun.len() >= TRANSACTIONS {
            self.begun.remove(0);
        }
        self.begun.push(Begun { identity, command: message.command, is_unfinished });
        let unfinished = self.begun.iter().filter(|each| each.is_unfinished).count();
        (is_unfinished && unfinished == limit).then_some(Sign::Unfinished)
    }

    fn go_on(&mut self, message: &Smb1Message, primary: u8, limit: usize) -> Option<Sign> {
        let identity = identity(message);
        if let Some(begun) = self.begun.iter_mut().find(|each| each.identity == identity) {
            // It is being brought to its end.
            begun.is_unfinished = false;
            if begun.command != primary {
                return Some(Sign::KindsDiffer);
            }
        }
        let counts = message.counts?;
        let end = u64::from(counts.data_displacement) + u64::from(counts.data);
        if counts.data > 0 && end > u64::from(counts.total_data) {
            self.parts_beyond_total += 1;
        }
        if self.parts_beyond_total < limit {
            return None;
        }
        self.parts_beyond_total = 0;
        Some(Sign::BeyondTotal)
    }

    fn answer(&mut self, message: &Smb1Message) -> Option<Sign> {
        let peek = self.peek.take_if(|peek| *peek == (message.process, message.multiplex))?;
        (message.status == INSUFFICIENT_RESOURCES && peek.1 == message.multiplex)
            .then_some(Sign::Tested)
    }
}

/// What an SMB 1 server knows a transaction by (MS-CIFS section 3.2.1.5).
const fn identity(message: &Smb1Message) -> (u16, u32, u16) {
    (message.tree, message.process, message.multiplex)
}

impl Detector for EternalBlue {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Smb1(message) = heard.message else { return };
        let is_begin = matches!(message.command, TRANSACTION | TRANSACTION2 | NT_TRANSACT);
        let primary = match message.command {
            TRANSACTION_SECONDARY => Some(TRANSACTION),
            TRANSACTION2_SECONDARY => Some(TRANSACTION2),
            NT_TRANSACT_SECONDARY => Some(NT_TRANSACT),
            _ => None,
        };
        if !is_begin && primary.is_none() {
            return;
        }
        let exchange = Exchange::new(heard, message.is_reply);
        let (parts, unfinished) = (self.parts_beyond_total, self.unfinished_transactions);
        let at = heard.at;
        let Some(doings) = self.connections.touch(exchange.connection, at, || Doings::new(at))
        else {
            return;
        };
        let sign = match primary {
            _ if message.is_reply => doings.answer(message),
            Some(primary) => doings.go_on(message, primary, parts),
            None => {
                if message.command == TRANSACTION && message.subcommand == Some(PEEK_NAMED_PIPE) {
                    doings.peek = Some((message.process, message.multiplex));
                }
                doings.begin(message, unfinished)
            }
        };
        let since = doings.since;
        if let Some(finding) = sign.and_then(|sign| self.report(&sign, &exchange, since, at)) {
            findings.report(finding);
        }
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
    use crate::interpret::message::TransactionCounts;

    fn transaction(command: u8, multiplex: u16, total: u32, data: u32, at: u32) -> Smb1Message {
        let counts = TransactionCounts {
            total_parameters: 0,
            total_data: total,
            parameters: 0,
            data,
            data_displacement: at,
        };
        Smb1Message { multiplex, counts: Some(counts), ..smb1(command) }
    }

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

    #[test]
    fn a_part_of_another_kind_than_its_beginning_is_an_attack() {
        let begin = transaction(NT_TRANSACT, 65, 66_512, 976, 0);
        let own = transaction(NT_TRANSACT_SECONDARY, 65, 66_512, 4096, 976);
        let other = transaction(TRANSACTION2_SECONDARY, 65, 66_512, 4096, 976);
        assert_eq!(metrics([begin, own]), [""; 0]);
        assert_eq!(metrics([begin, other]), ["transactions_of_two_kinds"]);
        assert_eq!(metrics([begin, Smb1Message { multiplex: 66, ..other }]), [""; 0]);
        assert_eq!(metrics([begin, Smb1Message { tree: 9, ..other }]), [""; 0]);
    }

    #[test]
    fn parts_may_bring_what_they_announce_and_no_more() {
        let begin = transaction(TRANSACTION2, 65, 12_288, 4096, 0);
        let part = |at| transaction(TRANSACTION2_SECONDARY, 65, 8191, 4096, at);
        let within = transaction(TRANSACTION2_SECONDARY, 65, 8192, 4096, 4096);
        assert_eq!(metrics([begin, within, within, within, within]), [""; 0]);
        assert_eq!(metrics([begin, part(4096), part(4096)]), [""; 0]);
        assert_eq!(metrics([begin, part(4096), part(4096), part(4096)]), ["parts_beyond_total"]);
    }

    #[test]
    fn many_transactions_that_are_begun_and_left_are_an_attack() {
        let begun =
            |count: u16| (0..count).map(|each| transaction(TRANSACTION, each, 21_504, 0, 0));
        assert_eq!(metrics(begun(7)), [""; 0]);
        assert_eq!(metrics(begun(8)), ["unfinished_transactions"]);
        assert_eq!(metrics(begun(30)), ["unfinished_transactions"], "told once");
        let whole = (0..30).map(|each| transaction(TRANSACTION, each, 72, 72, 0));
        assert_eq!(metrics(whole), [""; 0]);
        let brought = begun(30).flat_map(|begin| {
            [begin, transaction(TRANSACTION_SECONDARY, begin.multiplex, 21_504, 21_504, 0)]
        });
        assert_eq!(metrics(brought), [""; 0]);
    }

    #[test]
    fn a_test_counts_only_where_it_finds_the_weakness() {
        let peek = Smb1Message {
            subcommand: Some(PEEK_NAMED_PIPE),
            ..transaction(TRANSACTION, 70, 0, 0, 0)
        };
        let answer =
            |status| Smb1Message { is_reply: true, status, multiplex: 70, ..smb1(TRANSACTION) };
        assert_eq!(metrics([peek, answer(0xc000_0008)]), [""; 0]);
        assert_eq!(metrics([answer(INSUFFICIENT_RESOURCES)]), [""; 0], "nobody asked");
        let mut rig = Rig::new(DETECTION);
        rig.hear((1, 40_000), (2, 445), 0.0, Message::Smb1(peek));
        rig.hear((2, 445), (1, 40_000), 0.0, Message::Smb1(answer(INSUFFICIENT_RESOURCES)));
        let found = rig.found(0.0);
        assert_eq!(found[0].severity, Some(Severity::Medium));
    }
}
