//! Counting verdicts that are wrong.

use std::{collections::BTreeMap, fmt, time::Duration};

use sensor_common::{
    application::{Application, Context, Evidence, identify},
    payload::Payload,
};

/// Octets of a payload that are shown.
const SHOWN_OCTETS: usize = 32;

/// What was asked, and what was said wrongly.
type Confusion = (String, &'static str, Application);

pub struct Tally {
    shown: usize,
    flows: u64,
    payloads: u64,
    wrong_flows: u64,
    confusions: BTreeMap<Confusion, (u64, Vec<String>)>,
    pub took: Duration,
    subject: String,
    kind: &'static str,
    is_wrong: bool,
}

impl Tally {
    pub fn new(shown: usize) -> Self {
        Self {
            shown,
            flows: 0,
            payloads: 0,
            wrong_flows: 0,
            confusions: BTreeMap::new(),
            took: Duration::ZERO,
            subject: String::new(),
            kind: "",
            is_wrong: false,
        }
    }

    pub fn with(mut self, other: Self) -> Self {
        self.flows += other.flows;
        self.payloads += other.payloads;
        self.wrong_flows += other.wrong_flows;
        for (confusion, (count, examples)) in other.confusions {
            let of = self.confusions.entry(confusion).or_default();
            of.0 += count;
            of.1.extend(examples);
            of.1.truncate(self.shown);
        }
        self
    }

    /// A new flow, of which all payloads are asked about until [`Self::end`].
    pub fn begin(&mut self, subject: &str, kind: &'static str) {
        self.subject.clear();
        self.subject.push_str(subject);
        self.kind = kind;
        self.is_wrong = false;
    }

    /// A confirmed verdict that is not in `right` is wrong, and the flow with it.
    pub fn ask(&mut self, octets: &[u8], context: &Context, right: &[Application]) {
        self.payloads += 1;
        let Some(found) = identify(octets, &Payload::from_octets(octets), context) else { return };
        if found.evidence < Evidence::Confirmed || right.contains(&found.application) {
            return;
        }
        let confusion = (self.subject.clone(), self.kind, found.application);
        let (count, examples) = self.confusions.entry(confusion).or_default();
        *count += 1;
        if examples.len() < self.shown {
            let start: Vec<_> =
                octets.iter().take(SHOWN_OCTETS).map(|octet| format!("{octet:02x}")).collect();
            let ports = (context.source_port, context.destination_port);
            examples.push(format!(
                "{} of {} octets, ports {ports:?}",
                start.concat(),
                octets.len()
            ));
        }
        self.is_wrong = true;
    }

    pub fn end(&mut self) {
        self.flows += 1;
        self.wrong_flows += u64::from(self.is_wrong);
    }

    /// Whether fewer than one flow in `bar` was wrong.
    pub fn is_below(&self, bar: u64) -> bool {
        self.wrong_flows * bar < self.flows
    }

    pub fn report<'a>(&'a self, title: &'a str, bar: Option<u64>) -> impl fmt::Display + 'a {
        fmt::from_fn(move |f| {
            let Self { flows, payloads, wrong_flows, took, .. } = self;
            let seconds = took.as_secs_f64();
            writeln!(f, "{flows} {title} ({payloads} payloads, {seconds:.0} s)")?;
            let mut rows: Vec<_> = self.confusions.iter().collect();
            rows.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
            for ((subject, kind, application), (count, examples)) in rows {
                let name = application.name();
                writeln!(f, "  {subject:22} {kind:32} confirmed as {name:16} {count:>9}")?;
                examples.iter().try_for_each(|example| writeln!(f, "      {example}"))?;
            }
            let per_million = *wrong_flows as f64 * 1e6 / (*flows).max(1) as f64;
            write!(f, "{wrong_flows} wrongly confirmed: {per_million:.3} in a million")?;
            match bar {
                Some(bar) if self.is_below(bar) => write!(f, ", below 1 in {bar}"),
                Some(bar) => write!(f, ", NOT below 1 in {bar}"),
                None => write!(f, " (not judged)"),
            }
        })
    }
}
