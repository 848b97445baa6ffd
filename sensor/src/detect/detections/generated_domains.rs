//! Names that a program makes up to find its master (domain generation), most of which nobody has
//! registered.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use super::{
    Detection,
    domain::{Split, looks_random},
    resolvers::Resolvers,
};
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        burst::Distinct,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    interpret::Message,
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(GeneratedDomains::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-019",
    name: "generated_domains",
    title: "Names that a program makes up",
    severity: Severity::High,
    sees: "One client that is told of many registered domains, within the window, that they do not \
           exist, where at least half of the domains look drawn at random. However many names \
           fail below one domain, as with a wrong search suffix, it is one. Programs that make \
           names of words are not seen.",
    clinical_note: "Malware looks for its master so. Nothing on a ward does; a mail filter that \
                    checks senders may, and belongs into the role that excuses it. Look at the \
                    client; it can mostly be left to work while its way to the Internet is closed.",
    techniques: &["T1568.002"],
    parameters: &[
        Parameter {
            name: "domains",
            meaning: "domains that do not exist and look drawn at random",
            default: 20.0,
            minimum: 3.0,
            maximum: 500.0,
            unit: Unit::Count,
            source: Source::Ours,
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
    excused_roles: &["dns_server"],
    clears_after: Duration::from_secs(3600),
};

const CLIENTS: usize = 4096;
/// RFC 1035 section 4.1.1: the name does not exist.
const NAME_ERROR: u8 = 3;

#[derive(Debug)]
struct GeneratedDomains {
    domains: usize,
    window: Duration,
    clients: Table<DeviceId, Missing>,
    resolvers: Resolvers,
}

/// Domains that do not exist, by how they look.
#[derive(Debug, Default)]
struct Missing {
    random: Distinct<u64>,
    other: Distinct<u64>,
}

impl GeneratedDomains {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            domains: parameters.count("domains"),
            window,
            clients: Table::new(CLIENTS, window * 2),
            resolvers: Resolvers::default(),
        }
    }
}

impl Detector for GeneratedDomains {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Dns(message) = heard.message else { return };
        self.resolvers.observe(heard, message);
        let (NAME_ERROR, Some(question), Some(client)) =
            (message.response_code, &message.question, heard.destination)
        else {
            return;
        };
        let at = heard.at;
        let Some(split) = Split::new(&question.name).filter(|split| !split.domain.is_empty())
        else {
            return;
        };
        if self.resolvers.contain(client) {
            return;
        }
        let Some(missing) = self.clients.touch(client, at, Missing::default) else { return };
        let mut hasher = DefaultHasher::new();
        split.domain.hash(&mut hasher);
        let domain = hasher.finish();
        let (limit, window) = (self.domains, self.window);
        if !looks_random(split.registered_label()) {
            missing.other.add(domain, at, limit, window);
            return;
        }
        let Some(since) = missing.random.add(domain, at, limit, window) else { return };
        let others = missing.other.iter().count();
        if others > limit {
            return;
        }
        findings.report(Finding {
            device: client,
            severity: None,
            metric: "generated_domains",
            value: limit as f64,
            limit: limit as f64,
            window,
            sentence: "asks for many domains that do not exist and look made up by a program"
                .to_owned(),
            evidence: Evidence::default()
                .peer(heard.key.source_address())
                .number("generated_domains", limit as f64)
                .number("other_missing_domains", others as f64),
            since,
            at,
        });
        *missing = Missing::default();
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.clients.expire(now);
        self.resolvers.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.clients.overflowed() + self.resolvers.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::{Rig, dns_response};

    const MISSING: u8 = 3;

    fn found(count: usize, code: u8, name: impl Fn(usize) -> String) -> usize {
        let mut rig = Rig::new(DETECTION);
        for each in 0..count {
            rig.hear((2, 53), (1, 40_000), each as f64, dns_response(&name(each), 1, code));
        }
        rig.found(count as f64).len()
    }

    fn random(each: usize) -> String {
        let letters = b"bcdfghjklmnpqrstvwxz";
        let letter =
            |place: usize| letters[(each * 7 + place * place * 3 + each / 20) % 20] as char;
        (0..12).map(letter).collect::<String>() + ".example"
    }

    #[test]
    fn domains_drawn_at_random_are_found_from_the_limit_on() {
        assert_eq!(found(19, MISSING, random), 0);
        assert_eq!(found(20, MISSING, random), 1);
        assert_eq!(found(20, 0, random), 0, "they exist");
        assert_eq!(found(20, 2, random), 0, "the server failed");
    }

    #[test]
    fn a_wrong_suffix_typing_errors_and_browsers_probes_stay_silent() {
        assert_eq!(found(200, MISSING, |each| format!("{}.ward.example", random(each))), 0);
        assert_eq!(found(200, MISSING, |each| format!("practice-{each}.example")), 0);
        assert_eq!(found(200, MISSING, |each| random(each).replace(".example", "")), 0);
    }

    #[test]
    fn many_that_look_like_words_speak_against_it() {
        let mut rig = Rig::new(DETECTION);
        for each in 0..40 {
            let word = dns_response(&format!("surgery-{each}.example"), 1, MISSING);
            rig.hear((2, 53), (1, 40_000), 0.0, word);
        }
        for each in 0..15 {
            rig.hear((2, 53), (1, 40_000), 0.0, dns_response(&random(each), 1, MISSING));
        }
        assert_eq!(rig.found(1.0), []);
    }
}
