//! Data carried in the names that are asked for: tunnels and exfiltration over DNS.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use super::{
    Detection,
    domain::{Split, encoded_characters, has_foreign_octets},
    resolvers::Resolvers,
};
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, Heard, Interest, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    interpret::{Message, message::DnsQuestion},
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(DnsTunnel::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-018",
    name: "dns_tunnel",
    title: "Data carried by DNS",
    severity: Severity::High,
    sees: "One client that asks for many different names below one registered domain, or for names \
           that end in no top-level domain, within the window: either at least half of them for \
           types that carry data (NULL, TXT, CNAME, MX, KEY, private ones) or with octets that no \
           host's name has, or with much text in them that looks encoded. Look-ups of addresses, \
           of services and the known services that carry a question in the name (lists of \
           senders, clouds of antivirus programs) do not count; nor does a device that answers \
           queries itself, which asks for others.",
    clinical_note: "Nothing on a ward needs this. It may be somebody's way past the firewall, or \
                    data that leaves. The domain is named: block it at the resolver, which \
                    harms no device's work, then look at the client. A new product of the \
                    security team that asks a cloud over DNS may look alike.",
    techniques: &["T1071.004", "T1572", "T1048.003"],
    parameters: &[
        Parameter {
            name: "names",
            meaning: "different names that one client asks for below one domain",
            default: 10.0,
            minimum: 5.0,
            maximum: 256.0,
            unit: Unit::Count,
            source: Source::Ours,
        },
        Parameter {
            name: "encoded_octets",
            meaning: "characters in labels that look encoded, of different names in all",
            default: 1500.0,
            minimum: 100.0,
            maximum: 1_000_000.0,
            unit: Unit::Octets,
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

/// Clients with a domain.
const PAIRS: usize = 16_384;
/// Characters before the registered domain, on average: shorter names carry nothing.
const SHORT: usize = 8;

/// Domains whose services are asked by names that hold the question: reputation of senders and
/// files, keys of senders.
const QUESTIONS_IN_NAMES: [&str; 23] = [
    "amazonses.com",
    "barracudacentral.org",
    "bitdefender.net",
    "cymru.com",
    "dnswl.org",
    "e5.sk",
    "eset.com",
    "mailspike.net",
    "mcafee.com",
    "msbl.org",
    "nod32.com",
    "nszones.com",
    "sendgrid.net",
    "senderscore.com",
    "sophosxl.com",
    "sophosxl.net",
    "sorbs.net",
    "spamcop.net",
    "spamhaus.net",
    "spamhaus.org",
    "surbl.org",
    "trendmicro.com",
    "uribl.com",
];

#[derive(Debug)]
struct DnsTunnel {
    names: usize,
    encoded_octets: usize,
    window: Duration,
    pairs: Table<(DeviceId, u64), Asked>,
    resolvers: Resolvers,
}

/// Of one client below one domain, within the window that began `since`.
#[derive(Debug)]
struct Asked {
    since: Moment,
    /// Of different names, as far as they are needed.
    names: Vec<u64>,
    /// Different names that carry data by their type or their octets.
    carriers: usize,
    characters: usize,
    encoded: usize,
}

impl Asked {
    fn new(since: Moment) -> Self {
        Self { since, names: Vec::new(), carriers: 0, characters: 0, encoded: 0 }
    }
}

impl DnsTunnel {
    fn new(parameters: &Parameters) -> Self {
        let window = parameters.duration("window");
        Self {
            names: parameters.count("names"),
            encoded_octets: parameters.count("encoded_octets"),
            window,
            pairs: Table::new(PAIRS, window * 2),
            resolvers: Resolvers::default(),
        }
    }

    fn ask(&mut self, client: DeviceId, question: &DnsQuestion, at: Moment) -> Option<Finding> {
        let Split { host, domain } = Split::new(&question.name)?;
        if host.is_empty() || is_of_service(host) || QUESTIONS_IN_NAMES.contains(&domain) {
            return None;
        }
        let asked = self.pairs.touch((client, hash(domain)), at, || Asked::new(at))?;
        if at.since(asked.since) > self.window {
            *asked = Asked::new(at);
        }
        let name = hash(host);
        // Beyond the most that is kept a repetition counts as new; by then there are enough.
        if asked.names.contains(&name) {
            return None;
        }
        if asked.names.len() < self.names {
            asked.names.push(name);
        }
        asked.characters += host.chars().count();
        asked.encoded += encoded_characters(host);
        asked.carriers += usize::from(is_carrier(question.record_type) || has_foreign_octets(host));
        let count = asked.names.len();
        let carries = asked.carriers * 2 >= count && asked.characters >= SHORT * count;
        let is_encoded = asked.encoded >= self.encoded_octets;
        if count < self.names || !(carries || is_encoded) {
            return None;
        }
        let asked = std::mem::replace(asked, Asked::new(at));
        let (metric, value, limit) = if is_encoded {
            ("encoded_octets", asked.encoded, self.encoded_octets)
        } else {
            ("carrier_names", asked.carriers, self.names / 2)
        };
        let below = if domain.is_empty() { "in no domain" } else { domain };
        Some(Finding {
            device: client,
            severity: None,
            metric,
            value: value as f64,
            limit: limit as f64,
            window: self.window,
            sentence: format!("carries data in the names that it asks DNS for, below {below}"),
            evidence: Evidence::default()
                .number("names", count as f64)
                .number("carrier_names", asked.carriers as f64)
                .number("encoded_octets", asked.encoded as f64),
            since: asked.since,
            at,
        })
    }
}

/// Whether names begin as those of services and of policies do (RFC 8552): `_ldap._tcp`, `_dmarc`,
/// `selector._domainkey`.
fn is_of_service(host: &str) -> bool {
    !has_foreign_octets(host) && host.split('.').any(|label| label.starts_with('_'))
}

/// Types that tools carry data back in: CNAME, NULL, MX, TXT, KEY and those for private use (RFC
/// 6895). Hosts ask for addresses, services, policies and keys of zones.
const fn is_carrier(record_type: u16) -> bool {
    matches!(record_type, 5 | 10 | 15 | 16 | 25 | 65_280..=65_534)
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

impl Detector for DnsTunnel {
    fn interest(&self) -> Interest {
        Interest::NONE
    }

    fn observe_message(&mut self, heard: &Heard<'_>, _: &Estate<'_>, findings: &mut Findings) {
        let Message::Dns(message) = heard.message else { return };
        self.resolvers.observe(heard, message);
        let (false, Some(question), Some(client)) =
            (message.is_response, &message.question, heard.source)
        else {
            return;
        };
        if self.resolvers.contain(client) {
            return;
        }
        if let Some(mut finding) = self.ask(client, question, heard.at) {
            finding.evidence.add_peers(heard.key.destination_address());
            findings.report(finding);
        }
    }

    fn advance(&mut self, now: Moment, _: &Estate<'_>, _: &mut Findings) {
        self.pairs.expire(now);
        self.resolvers.expire(now);
    }

    fn overflowed(&self) -> u64 {
        self.pairs.overflowed() + self.resolvers.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::rig::{Rig, dns_query, dns_response};

    const A: u16 = 1;
    const TXT: u16 = 16;

    fn found(count: usize, record_type: u16, name: impl Fn(usize) -> String) -> Vec<Finding> {
        let mut rig = Rig::new(DETECTION);
        for each in 0..count {
            let query = dns_query(&name(each), record_type);
            rig.hear((1, 40_000), (2, 53), each as f64, query);
        }
        rig.found(count as f64)
    }

    /// As base32 would write it, 48 characters, different each time.
    fn encoded(each: usize) -> String {
        format!("za3mbyczvgquztfoxksehwkasozef65pvtm2vjf4xxfb{each:04}")
    }

    #[test]
    fn types_that_carry_data_are_found_from_the_limit_on() {
        for record_type in [5, 10, 15, 16, 25, 65_399] {
            let name = |each| format!("evkaaaa{each:03}.d2.tun.example");
            assert_eq!(found(9, record_type, name), [], "{record_type}");
            let at = found(10, record_type, name);
            assert_eq!((at.len(), at[0].device.0, at[0].metric), (1, 1, "carrier_names"));
            assert!(at[0].sentence.ends_with("below tun.example"), "{}", at[0].sentence);
        }
    }

    #[test]
    fn encoded_names_are_found_by_how_much_they_carry() {
        let name = |each| format!("{}.c2.example", encoded(each));
        assert_eq!(found(31, A, name), [], "1488 octets");
        assert_eq!(found(32, A, name)[0].metric, "encoded_octets");
        let longer = |each| format!("{0}.{0}.{0}.c2.example", encoded(each));
        assert_eq!(found(10, A, longer), [], "1440 octets");
        assert_eq!(found(11, A, longer).len(), 1);
    }

    #[test]
    fn foreign_octets_and_names_that_end_in_data_are_found() {
        assert_eq!(found(10, A, |each| format!("ra¼½¾å{each:03}þ.tun.example")).len(), 1);
        assert_eq!(found(10, TXT, |each| format!("dnscat.{each:04}03f5.9200821e")).len(), 1);
    }

    #[test]
    fn the_same_name_counts_once_and_slow_questions_never_add_up() {
        assert_eq!(found(500, TXT, |_| "evkaaaaabba.tun.example".to_owned()), []);
        let mut rig = Rig::new(DETECTION);
        for each in 0..100_u32 {
            let query = dns_query(&format!("evkaaaa{each:03}.tun.example"), TXT);
            rig.hear((1, 40_000), (2, 53), f64::from(each) * 40.0, query);
        }
        assert_eq!(rig.found(4000.0), []);
    }

    #[test]
    fn what_wards_look_up_stays_silent() {
        let long = |each| format!("d11111abcdef{each:03}.cloudfront.example");
        assert_eq!(found(100, A, long), []);
        assert_eq!(found(500, A, |each| format!("ultrasound-room-{each}.ward.example")), []);
        assert_eq!(found(500, 12, |each| format!("{each}.30.77.10.in-addr.arpa")), []);
        assert_eq!(found(500, TXT, |each| format!("s{each}._domainkey.ward.example")), []);
        assert_eq!(
            found(500, 33, |each| format!("_ldap._tcp.site-{each}._sites.ward.example")),
            []
        );
        assert_eq!(found(500, A, |each| format!("{each}.2.0.192.zen.spamhaus.org")), []);
        assert_eq!(found(500, A, |each| format!("{}.avts.mcafee.com", encoded(each))), []);
        assert_eq!(found(500, TXT, |each| format!("pump-{each}.local")), []);
        assert_eq!(found(500, 15, |each| format!("practice-{each}.example")), [], "many domains");
        assert_eq!(found(500, 43, |each| format!("ward-{each}.zone.example")), [], "DNSSEC");
        let load_balancer =
            |each| format!("internal-k8s-{each}-1234567890.eu-west-1.elb.cloud.example");
        assert_eq!(found(20, A, load_balancer), []);
    }

    #[test]
    fn a_resolver_asks_for_others() {
        let mut rig = Rig::new(DETECTION);
        rig.hear((2, 53), (1, 40_000), 0.0, dns_response("ward.example", A, 0));
        for each in 0..100_u32 {
            let query = dns_query(&format!("evkaaaa{each:03}.tun.example"), TXT);
            rig.hear((2, 40_000), (3, 53), 1.0, query);
        }
        assert_eq!(rig.found(2.0), []);
    }
}
