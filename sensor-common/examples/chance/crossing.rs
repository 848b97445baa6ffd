//! Flows that carry pieces of true messages: what one protocol says is not another's to confirm.

use std::{fmt, fs, path::Path};

use sensor_common::{
    account::INSPECTED_PACKETS,
    application::{Application, Context},
    laws::Dialogue,
    wire::transport::protocol::{TCP, UDP},
};

use crate::{draw::Draw, labels::meaning, random::ports, tally::Tally};

const LARGEST_SEGMENT: usize = 1460;

struct Subject {
    label: String,
    meant: Vec<Application>,
    dialogues: Vec<Dialogue>,
}

pub struct Crossings {
    subjects: Vec<Subject>,
    /// Ports of the dialogues, which lead to where a recogniser asks for less.
    ports: Vec<u16>,
    passed_over: Vec<String>,
}

impl Crossings {
    /// Reads `directory`, which has a directory for each label.
    pub fn read(directory: &Path) -> Result<Self, String> {
        let shown = |error| format!("{}: {error}", directory.display());
        let (mut subjects, mut passed_over, mut ports) = (Vec::new(), Vec::new(), Vec::new());
        let mut labels: Vec<_> =
            fs::read_dir(directory).map_err(shown)?.flatten().map(|entry| entry.path()).collect();
        labels.sort();
        for path in labels {
            let label = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let Some(meant) = meaning(&label) else {
                passed_over.push(label);
                continue;
            };
            let mut files: Vec<_> =
                fs::read_dir(&path).map_err(shown)?.flatten().map(|entry| entry.path()).collect();
            files.sort();
            let dialogues: Vec<_> = files
                .iter()
                .filter_map(|file| Dialogue::from_octets(&fs::read(file).ok()?))
                .filter(|dialogue| !dialogue.sayings.is_empty())
                .collect();
            ports.extend(dialogues.iter().map(|dialogue| dialogue.opener.destination_port));
            subjects.push(Subject { label, meant, dialogues });
        }
        subjects.retain(|subject| !subject.dialogues.is_empty());
        if subjects.len() < 2 {
            return Err(format!("{} has no dialogues of two labels", directory.display()));
        }
        ports.sort_unstable();
        ports.dedup();
        Ok(Self { subjects, ports, passed_over })
    }

    /// One flow, of up to four payload packets of one direction.
    pub fn flow(&self, draw: &mut Draw, tally: &mut Tally) {
        let subject = draw.one_of(&self.subjects);
        let dialogue = draw.one_of(&subject.dialogues);
        let [source_port, mut destination_port] = ports(draw);
        if draw.below(3) == 0 {
            destination_port = *draw.one_of(&self.ports);
        }
        let source_address = draw.word() as u32;
        let context = Context { source_port, destination_port, source_address, ..dialogue.opener };
        let kind = draw.below(KINDS.len());
        tally.begin(&subject.label, KINDS[kind]);
        match kind {
            WHOLE => {
                let first = draw.below(dialogue.sayings.len());
                for saying in dialogue.sayings.iter().skip(first).take(INSPECTED_PACKETS.into()) {
                    tally.ask(&saying.octets, &context, &subject.meant);
                }
            }
            CUT => self.cut(draw, tally, subject, dialogue, context),
            OTHER_TRANSPORT => {
                let protocol = if context.protocol == TCP { UDP } else { TCP };
                let saying = draw.one_of(&dialogue.sayings);
                tally.ask(&saying.octets, &Context { protocol, ..context }, &subject.meant);
            }
            SPLICED => {
                let (second, tail) = self.piece(draw);
                let head = &draw.one_of(&dialogue.sayings).octets;
                let head = &head[..draw.below(head.len().min(96)) + 1];
                tally.begin(&format!("{}+{}", subject.label, second.label), KINDS[kind]);
                let right = [&subject.meant[..], &second.meant].concat();
                tally.ask(&[head, &tail].concat(), &context, &right);
            }
            _ => {
                let mut octets = draw.one_of(&dialogue.sayings).octets.clone();
                for _ in 0..1 + draw.below(4) {
                    // Most of what is looked at stands at the beginning.
                    let looked_at = [16, 64, octets.len()][draw.below(3)].min(octets.len());
                    let at = draw.below(looked_at);
                    octets[at] = draw.word() as u8;
                }
                tally.ask(&octets, &context, &subject.meant);
            }
        }
        tally.end();
    }

    /// The stream of one side from any octet on, cut into segments anywhere: a capture that begins
    /// in mid-stream. Datagrams lose their beginnings instead.
    fn cut(
        &self,
        draw: &mut Draw,
        tally: &mut Tally,
        subject: &Subject,
        dialogue: &Dialogue,
        context: Context,
    ) {
        let is_answer = draw.one_of(&dialogue.sayings).is_answer;
        let mut stream = Vec::new();
        let said = dialogue.sayings.iter().filter(|saying| saying.is_answer == is_answer);
        if context.protocol == TCP {
            said.for_each(|saying| stream.extend(&saying.octets));
        } else {
            let said: Vec<_> = said.collect();
            stream.extend(&draw.one_of(&said).octets);
        }
        let mut rest = &stream[draw.below(stream.len())..];
        for _ in 0..INSPECTED_PACKETS {
            let longest = [48, 300, LARGEST_SEGMENT][draw.below(3)];
            let (segment, next) = rest.split_at(rest.len().min(1 + draw.below(longest)));
            if segment.is_empty() {
                break;
            }
            tally.ask(segment, &context, &subject.meant);
            rest = next;
        }
    }

    /// What another dialogue says, from any octet on.
    fn piece(&self, draw: &mut Draw) -> (&Subject, Vec<u8>) {
        let subject = draw.one_of(&self.subjects);
        let dialogue = draw.one_of(&subject.dialogues);
        let octets = &draw.one_of(&dialogue.sayings).octets;
        (subject, octets[draw.below(octets.len())..].to_vec())
    }
}

const KINDS: [&str; 5] = ["whole", "cut", "over the other transport", "spliced", "damaged"];
const WHOLE: usize = 0;
const CUT: usize = 1;
const OTHER_TRANSPORT: usize = 2;
const SPLICED: usize = 3;

impl fmt::Display for Crossings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dialogues: usize = self.subjects.iter().map(|subject| subject.dialogues.len()).sum();
        let labels = self.subjects.len();
        write!(f, "{dialogues} dialogues of {labels} labels; no application is known for ")?;
        write!(f, "{}", self.passed_over.join(", "))
    }
}
