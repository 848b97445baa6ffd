//! A client that goes through the files of a share as ransomware does: opened, read, written over and
//! given another name, one after the other.

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
        tally::Tally,
    },
    interpret::{
        Message,
        message::{Smb1Message, Smb2Message, Smb2Request},
    },
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(RansomwareShare::new(parameters)),
};

const fn count(name: &'static str, meaning: &'static str, default: f64) -> Parameter {
    let (unit, source) = (Unit::Count, Source::Ours);
    Parameter { name, meaning, default, minimum: 5.0, maximum: 10_000.0, unit, source }
}

static DESCRIPTION: Description = Description {
    id: "WL-009",
    name: "ransomware_share",
    title: "Files of a share are read, overwritten and renamed",
    severity: Severity::Critical,
    sees: "One client on one server, within the window: many files renamed, or more yet deleted, \
           while at least half as many are opened to be read and half as many to be written. \
           Copying, however fast, only reads or only writes; sorting files only renames. What is \
           done over encrypted SMB 3 is not seen.",
    clinical_note: "If it is ransomware, every second costs files: separate this client from the \
                    network at once, a medical device after a word with the ward, and leave the \
                    server running for those who examine it. Programs that write under a \
                    temporary name and rename (image stores, synchronisation, conversion of \
                    archives) look alike where they also read: give those the role that excuses \
                    them.",
    techniques: &["T1486"],
    parameters: &[
        count("renames", "files that are given another name", 20.0),
        count("deletions", "files that are deleted", 60.0),
        Parameter {
            name: "window",
            meaning: "within which they are counted",
            default: 20.0,
            minimum: 4.0,
            maximum: 600.0,
            unit: Unit::Seconds,
            source: Source::Published("Morató et al. 2018: recognised in less than 20 s"),
        },
    ],
    excused_roles: &["backup_server", "imaging_router", "management_server"],
    clears_after: Duration::from_secs(3600),
};

/// Clients on a server, by addresses.
const PAIRS: usize = 8192;

const READ: usize = 0;
const WRITTEN: usize = 1;
const RENAMED: usize = 2;
const DELETED: usize = 3;

#[derive(Debug)]
struct RansomwareShare {
    renames: u32,
    deletions: u32,
    window: Duration,
    pairs: Table<Connection, Tally<4>>,
}

impl RansomwareShare {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            renames: parameters.count("renames") as u32,
            deletions: parameters.count("deletions") as u32,
            window,
            pairs: Table::new(PAIRS, window * 2),
        }
    }
}

/// What a request does with a file; with one it may do several things.
fn doings_2(message: &Smb2Message) -> [bool; 4] {
    /// MS-SMB2 section 2.2.13.1.1: rights to read, to write or append, and those that hold both.
    const MAY_READ: u32 = 0x9200_0001;
    const MAY_WRITE: u32 = 0x5200_0006;
    /// Section 2.2.13: the file is there, or may be, and is opened as it is.
    const OPEN: u32 = 1;
    const OPEN_OR_CREATE: u32 = 3;
    /// Section 2.2.13.1.1: to delete or rename; to read attributes, to wait.
    const DELETE: u32 = 0x0001_0000;
    const MAY_LOOK: u32 = 0x0010_0080;
    const DELETE_ON_CLOSE: u32 = 0x1000;
    const DIRECTORY: u32 = 1;
    let mut doings = [false; 4];
    match message.request {
        Some(Smb2Request::Create { desired_access, disposition, options })
            if options & DIRECTORY == 0 =>
        {
            let is_new = !matches!(disposition, OPEN | OPEN_OR_CREATE);
            doings[READ] = !is_new && desired_access & MAY_READ != 0;
            doings[WRITTEN] = is_new || desired_access & MAY_WRITE != 0;
            doings[DELETED] = options & DELETE_ON_CLOSE != 0;
            // Clients that send all of it at once: only the first message is sampled.
            doings[RENAMED] = message.is_compound
                && !doings[DELETED]
                && !is_new
                && desired_access & !MAY_LOOK == DELETE;
        }
        // MS-FSCC section 2.4: FileRenameInformation and FileDispositionInformation, and their
        // extensions.
        Some(Smb2Request::SetInfo { .. }) => match message.file_information_class() {
            Some(10 | 65) => doings[RENAMED] = true,
            Some(13 | 64) => doings[DELETED] = true,
            _ => {}
        },
        _ => {}
    }
    doings
}

/// MS-CIFS section 2.2.2.1. Whether a TRANS2_SET_FILE_INFORMATION renames is not sampled, and copies
/// send it for the times of files; so it does not count.
const fn doing_1(message: &Smb1Message) -> Option<usize> {
    match message.command {
        // READ_ANDX, READ_RAW.
        0x2e | 0x1a => Some(READ),
        // WRITE_ANDX, WRITE, WRITE_AND_CLOSE, WRITE_RAW.
        0x2f | 0x0b | 0x2c | 0x1d => Some(WRITTEN),
        // RENAME, NT_RENAME.
        0x07 | 0xa5 => Some(RENAMED),
        // DELETE.
        0x06 => Some(DELETED),
        _ => None,
    }
}

impl Detector for RansomwareShare {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let doings = match heard.message {
            Message::Smb2(message) if !message.is_reply => doings_2(message),
            Message::Smb1(message) if !message.is_reply => {
                let mut doings = [false; 4];
                let Some(doing) = doing_1(message) else { return };
                doings[doing] = true;
                doings
            }
            _ => return,
        };
        if doings == [false; 4] {
            return;
        }
        let Exchange { client, mut connection, .. } = Exchange::new(heard, false);
        // All connections of the client count together.
        connection.client.1 = 0;
        let at = heard.at;
        let Some(tally) = self.pairs.touch(connection, at, Tally::default) else { return };
        let mut counts = [0; 4];
        for kind in (0..4).filter(|&kind| doings[kind]) {
            counts = tally.add(kind, at, self.window);
        }
        let [read, written, renamed, deleted] = counts;
        let (metric, count, limit) = if renamed >= self.renames {
            ("renamed_files", renamed, self.renames)
        } else if deleted >= self.deletions {
            ("deleted_files", deleted, self.deletions)
        } else {
            return;
        };
        let is_cycle = read.min(written) >= count / 2;
        let (true, Some(device)) = (is_cycle, client) else { return };
        *tally = Tally::default();
        findings.report(Finding {
            device,
            severity: None,
            metric,
            value: f64::from(count),
            limit: f64::from(limit),
            window: self.window,
            sentence: format!(
                "reads, overwrites and {} many files of one server at once, as ransomware does",
                if metric == "renamed_files" { "renames" } else { "deletes" }
            ),
            evidence: Evidence::default()
                .peer(connection.server.0)
                .number("opened_to_read", f64::from(read))
                .number("opened_to_write", f64::from(written))
                .number("renamed", f64::from(renamed))
                .number("deleted", f64::from(deleted)),
            since: at - self.window,
            at,
        });
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
    use crate::detect::rig::{Rig, smb1, smb2};

    fn open(desired_access: u32, disposition: u32) -> Message {
        let request = Some(Smb2Request::Create { desired_access, disposition, options: 0x40 });
        Message::Smb2(Smb2Message { request, ..smb2(5) })
    }

    fn set(information_class: u8) -> Message {
        let request = Some(Smb2Request::SetInfo { information_type: 1, information_class });
        Message::Smb2(Smb2Message { request, ..smb2(17) })
    }

    /// `files` are gone through in so many seconds, each by all of `messages`.
    fn found(files: u32, seconds: f64, messages: &[Message]) -> Vec<Finding> {
        let mut rig = Rig::new(DETECTION);
        for file in 0..files {
            let at = 100.0 + f64::from(file) * seconds / f64::from(files);
            for message in messages {
                rig.hear((1, 40_000 + file as u16), (2, 445), at, message.clone());
            }
        }
        rig.found(200.0)
    }

    /// Opened for reading, writing and renaming, written, renamed.
    fn in_place() -> [Message; 2] {
        [open(0x0013_0183, 1), set(10)]
    }

    #[test]
    fn files_that_are_overwritten_and_renamed_are_found_from_the_limit_on() {
        assert_eq!(found(19, 10.0, &in_place()), []);
        let at = found(20, 10.0, &in_place());
        assert_eq!((at.len(), at[0].device.0, at[0].metric), (1, 1, "renamed_files"));
        assert_eq!(found(40, 10.0, &in_place()).len(), 2, "told of every so many");
        assert_eq!(found(20, 60.0, &in_place()), [], "too slow");
    }

    #[test]
    fn the_server_may_be_told_in_other_words() {
        let copy_and_rename =
            [open(0x0012_0089, 1), open(0x0012_0116, 5), open(0x1_0080, 1), set(65)];
        assert_eq!(found(20, 1.0, &copy_and_rename)[0].metric, "renamed_files");
        let rewrite_and_delete = [open(0x8000_0000, 1), open(0x4000_0000, 2), set(13)];
        assert_eq!(found(59, 10.0, &rewrite_and_delete), []);
        assert_eq!(found(60, 10.0, &rewrite_and_delete)[0].metric, "deleted_files");
        let at_once = |options| {
            let request =
                Some(Smb2Request::Create { desired_access: 0x0001_0000, disposition: 1, options });
            Message::Smb2(Smb2Message { request, is_compound: true, ..smb2(5) })
        };
        let linux = [open(0xc000_0000, 1), at_once(0x20_0000)];
        assert_eq!(found(20, 1.0, &linux)[0].metric, "renamed_files");
        assert_eq!(found(20, 1.0, &[open(0xc000_0000, 1), at_once(0x1000)]), [], "deletes");
        let version_1 = [0x2e, 0x2f, 0x07].map(|command| Message::Smb1(smb1(command)));
        assert_eq!(found(20, 1.0, &version_1)[0].metric, "renamed_files");
    }

    #[test]
    fn copying_sorting_and_storing_under_another_name_first_stay_silent() {
        // Times of the copies are set.
        assert_eq!(found(500, 5.0, &[open(0x0012_0196, 5), set(4)]), []);
        assert_eq!(found(500, 5.0, &[open(0x0012_0089, 1)]), []);
        assert_eq!(found(500, 5.0, &[open(0x1_0080, 1), set(10)]), []);
        assert_eq!(found(500, 5.0, &[open(0x0012_0116, 2), open(0x1_0080, 1), set(10)]), []);
        assert_eq!(found(500, 5.0, &[open(0x1_0080, 1), set(13)]), []);
    }
}
