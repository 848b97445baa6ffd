//! The file as a whole.

use super::*;
use crate::detect::Severity;

const EXAMPLE: &str = include_str!("../../../deploy/wardline.toml");

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("w.toml"), text, &Overrides::default())
}

/// The lines of the error that `text` gives.
fn complaints(text: &str) -> Vec<String> {
    let error = parse(text).unwrap_err().to_string();
    error.lines().map(str::to_owned).collect()
}

#[test]
fn an_empty_file_gives_the_defaults() {
    let config = parse("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.capture.memory, Some(128 << 20));
    assert!(config.thresholds.len() > 10);
}

#[test]
fn the_example_says_the_defaults() {
    let config = parse(EXAMPLE).unwrap();
    let mut capture = config.capture.clone();
    capture.interfaces.clear();
    let default = Config::default();
    assert_eq!(capture, default.capture);
    assert_eq!(config.flow, default.flow);
    assert_eq!(config.inventory, default.inventory);
    assert_eq!(config.agent, default.agent);
    assert_eq!(config.web, default.web);
    assert_eq!(config.events, default.events);
    assert_eq!(config.alertmanager, default.alertmanager);
    assert_eq!(config.intelligence, default.intelligence);
    assert_eq!(config.outbox, default.outbox);
    assert_eq!(config.alerts, default.alerts);
    assert_eq!(config.roles.len(), 4);
    assert_eq!((config.suppressions.len(), config.maintenance.len()), (0, 1));
    let find = |name: &str| {
        let mut all = config.thresholds.iter();
        all.find(|rule| rule.name == name).unwrap()
    };
    assert_eq!(find("smb_fan_out").severity, Severity::Critical);
    assert!(!find("half_open_share").enabled);
    assert!(find("stealth_scan").enabled);
    assert_eq!(config.thresholds.len(), default.thresholds.len() + 1);
}

#[test]
fn what_is_shown_gives_the_same_configuration() {
    for text in ["", EXAMPLE, "[defaults]\nthresholds = false"] {
        let config = parse(text).unwrap();
        let shown = config.to_toml();
        assert_eq!(parse(&shown).unwrap(), config, "{shown}");
    }
}

const RECEIVERS: &str = "[outbox]\nmaximum_entries = 100\n\
    [[syslog]]\nname = \"siem\"\naddress = \"[::1]:6514\"\ntransport = \"tls\"\nformat = \"cef\"\n\
    facility = \"authpriv\"\nminimum_severity = \"high\"\nca_file = \"/ca\"\n\
    certificate_file = \"/c\"\nkey_file = \"/k\"\nserver_name = \"n\"\n\
    [[syslog]]\nname = \"plain\"\naddress = \"host:514\"\n\
    [[webhook]]\nname = \"desk\"\nurl = \"https://a/b\"\nsecret_file = \"/s\"\n";

#[test]
fn receivers_of_alerts_are_read_and_shown() {
    let config = parse(RECEIVERS).unwrap();
    assert_eq!((config.syslogs.len(), config.webhooks.len()), (2, 1));
    assert_eq!(config.syslogs[0].facility.code(), 10);
    assert_eq!(config.syslogs[1].transport, SyslogTransport::Tcp);
    assert_eq!(config.webhooks[0].minimum_severity, Severity::Info);
    assert_eq!(parse(&config.to_toml()).unwrap(), config);
}

/// The example with its comments taken off, so that its keys are those that there are.
#[test]
fn the_receivers_of_the_example_are_valid() {
    let is_of_receiver = |line: &&str| {
        let line = line.trim_start_matches("# ");
        line.starts_with("[[") || line.contains(" = ") && !line.starts_with("path")
    };
    let start = EXAMPLE.find("# [[syslog]]").unwrap();
    let end = EXAMPLE.find("[defaults]").unwrap();
    let lines = EXAMPLE[start..end].lines().filter(is_of_receiver);
    let text: Vec<_> = lines.map(|line| line.trim_start_matches("# ")).collect();
    let config = parse(&text.join("\n")).unwrap();
    assert_eq!((config.syslogs.len(), config.webhooks.len()), (1, 1));
}

#[test]
fn a_secret_in_an_address_is_refused_and_not_repeated() {
    for url in ["https://user:hunter2@a/b", "https://a/b?token=hunter2"] {
        let lines =
            complaints(&format!("[[webhook]]\nname=\"a\"\nsecret_file=\"/s\"\nurl={url:?}"));
        assert!(lines[0].starts_with("w.toml:4:5: "), "{lines:?}");
        assert!(!lines.concat().contains("hunter2"), "{lines:?}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_key() {
    let lines = complaints("[capture]\nmode = \"native\"\ninterfacs = []\n");
    assert_eq!(lines.len(), 1);
    assert!(
        lines[0].starts_with("w.toml:3:1: unknown field `interfacs`, expected one of `interfaces`"),
        "{lines:?}"
    );
    assert!(lines[0].ends_with("did you mean `interfaces`?"), "{lines:?}");
}

#[test]
fn an_unknown_value_is_named_with_its_line_and_the_nearest_value() {
    let lines = complaints("[capture]\nmode = \"natif\"\n");
    assert!(lines[0].starts_with("w.toml:2:8: "), "{lines:?}");
    assert!(lines[0].ends_with("did you mean `native`?"), "{lines:?}");
    let lines = complaints("[[role]]\nname = \"a\"\napplications = [\"dicom\", \"dikom\"]");
    // Elements of a list stand where the list begins.
    assert!(lines[0].starts_with("w.toml:3:16: "), "{lines:?}");
    assert!(lines[0].ends_with("did you mean `dicom`?"), "{lines:?}");
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    let lines = complaints(
        "[capture]\nendpoints = 3\n[flows]\n[flow]\nidle_timeout = \"fast\"\n\
         [[threshold]]\nid = \"X-1\"\nmetric = \"distinct_pears\"\nlimit = 3\n\
         [[threshold]]\nid = \"X-2\"\nmetric = \"distinct_peers\"\nlimit = 3000\n",
    );
    assert_eq!(lines.len(), 5, "{lines:?}");
    assert!(lines[0].starts_with("w.toml:2:13: "), "{lines:?}");
    assert!(lines[0].contains("a whole number from 256 to 65536"), "{lines:?}");
    assert!(lines[1].starts_with("w.toml:3:2: unknown section `flows`"), "{lines:?}");
    assert!(lines[1].ends_with("did you mean `flow`?"), "{lines:?}");
    assert!(lines[2].starts_with("w.toml:5:16: `fast` is not a duration"), "{lines:?}");
    assert!(lines[3].ends_with("did you mean `distinct_peers`?"), "{lines:?}");
    assert!(lines[4].starts_with("w.toml:13:1: `limit` of distinct_peers"), "{lines:?}");
}

#[test]
fn what_does_not_go_together_is_refused() {
    let cases = [
        ("[capture]\nmemory = \"2MiB\"\nflows = 65536", "`memory` is 2MiB"),
        ("[web]\nlisten_address = \"0.0.0.0:9469\"", ":2:1: "),
        ("[alertmanager]\nurls = [\"http://a:b@c\"]", ":2:8: "),
        ("[alertmanager]\nurls = [\"ftp://a\"]", ":2:8: "),
        ("[agent]\nsocket = \"here\"", ":2:10: "),
        ("[[role]]\nname = \"a\"", ":1:"),
        ("[[threshold]]\nid = \"X\"\nmetric = \"silence\"\nlimit = 3", "needs a `scope`"),
        ("[[threshold]]\nid = \"X\"\nlimit = 3", "missing field `metric`"),
        ("[[threshold]]\nid = \"X\"\nenabled = false", "no built-in threshold"),
        (
            "[[role]]\nname=\"pacs\"\nvendors=[\"a\"]\n[[threshold]]\nid=\"X\"\n\
             scope = { role = \"pasc\" }\nmetric=\"syn_rate\"\nlimit=3",
            ":6:1: `scope` names the role `pasc`, which is not defined; did you mean `pacs`?",
        ),
        ("[capture]\ninterfaces = [\"a/b\"]", ":2:14: "),
        ("role = 3", "write `[[role]]`"),
        ("capture = 3", "a table of keys"),
        ("[[syslog]]\nname = \"a\"\naddress = \"host\"", ":3:11: "),
        ("[[syslog]]\naddress = \"host:1\"", "missing field `name`"),
        ("[[syslog]]\nname = \"a\"\naddress = \"h:1\"\nca_file = \"/a\"", ":4:1: `ca_file` needs"),
        (
            "[[syslog]]\nname = \"a\"\naddress = \"h:1\"\ntransport = \"tls\"\nkey_file = \"/a\"",
            ":5:1: `key_file` needs `certificate_file`",
        ),
        ("[[syslog]]\nname = \"store\"\naddress = \"h:1\"", ":2:1: `name` may not be"),
        ("[[syslog]]\nname = \"a b\"\naddress = \"h:1\"", ":2:1: `name` has 1 to 64"),
        (
            "[[syslog]]\nname = \"a\"\naddress = \"h:1\"\n\
             [[webhook]]\nname = \"a\"\nurl = \"http://a\"\nsecret_file = \"/s\"",
            ":5:1: there are two sinks of the `name` `a`",
        ),
        ("[outbox]\nmaximum_entries = 5", ":2:19: "),
        ("[capture]\npersist = maybe", ":2:11: "),
    ];
    for (text, expected) in cases {
        let lines = complaints(text);
        assert!(lines[0].starts_with("w.toml:"), "{lines:?}");
        assert!(lines[0].contains(expected), "{text}: {lines:?}");
    }
}

#[test]
fn a_threshold_of_the_file_takes_the_place_of_the_builtin_one() {
    let config =
        parse("[[threshold]]\nid=\"WL-032\"\nname=\"icmp_flood\"\nmetric=\"packet_rate\"\nlimit=9")
            .unwrap();
    assert_eq!(config.thresholds.len(), Config::default().thresholds.len());
    let config =
        parse("[[threshold]]\nid=\"WL-032\"\nname=\"mine\"\nmetric=\"packet_rate\"\nlimit=9")
            .unwrap();
    let mut floods = config.thresholds.iter().filter(|rule| rule.id == "WL-032");
    assert_eq!(floods.next().unwrap().name, "mine");
    assert!(floods.next().is_none());
}

#[test]
fn the_command_line_comes_before_the_file() {
    let overrides = Overrides {
        interfaces: Some(vec!["eth7".to_owned()]),
        listen_address: Some(([0, 0, 0, 0], 1).into()),
        ..Overrides::default()
    };
    let path = Path::new("w.toml");
    let error = Config::parse(path, "", &overrides).unwrap_err();
    assert!(matches!(error, ConfigError::Override(_)));
    let overrides = Overrides { insecure_allow: Some(true), ..overrides };
    let config = Config::parse(path, EXAMPLE, &overrides).unwrap();
    assert_eq!(config.capture.interfaces, ["eth7"]);
    assert!(config.capture.watches("eth7"));
}

/// A small generator (xorshift64*), so that every run tries the same files.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        drawn as usize % bound.max(1)
    }
}

fn mutate(random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<&str> =
        EXAMPLE.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let big = ["99999999999999999999", "-1", "1e400", "0", "nan", "0x7fffffffffffffff"];
    let digits = |line: &str| line.bytes().filter(u8::is_ascii_digit).count();
    let mut octets = Vec::new();
    match random.below(4) {
        0 => {
            let (left, right) = (random.below(lines.len()), random.below(lines.len()));
            lines.swap(left, right);
        }
        1 => {
            lines.remove(random.below(lines.len()));
        }
        2 => {
            let numbered: Vec<_> = (0..lines.len()).filter(|&at| digits(lines[at]) > 0).collect();
            let at = numbered[random.below(numbered.len())];
            let line = lines[at];
            let start = line.find(|each: char| each.is_ascii_digit()).unwrap();
            let end = line[start..]
                .find(|each: char| !each.is_ascii_digit())
                .map_or(line.len(), |length| start + length);
            let blown = [&line[..start], big[random.below(big.len())], &line[end..]].concat();
            lines.remove(at);
            octets = [lines[..at].join("\n"), blown, lines[at..].join("\n")].join("\n").into();
        }
        _ => {}
    }
    if octets.is_empty() {
        octets = lines.join("\n").into();
    }
    for _ in 0..random.below(4) {
        let at = random.below(octets.len());
        octets[at] ^= 1 << random.below(8);
    }
    octets
}

#[test]
fn no_mutated_file_panics_and_every_complaint_has_a_line() {
    let path = std::env::temp_dir().join(format!("wardline-{}.toml", std::process::id()));
    let mut random = Random(0x57a4_d11e);
    let mut refused = 0;
    for round in 0..2000 {
        std::fs::write(&path, mutate(&mut random)).unwrap();
        let Err(error) = Config::load(&path) else {
            continue;
        };
        refused += 1;
        let text = error.to_string();
        for line in text.lines() {
            let rest = line
                .strip_prefix(&format!("{}:", path.display()))
                .unwrap_or_else(|| panic!("{round}: no file: {line}"));
            let mut parts = rest.splitn(3, ':');
            let mut number = || parts.next().unwrap().parse::<usize>();
            assert!(matches!(number(), Ok(1..)), "{round}: no line: {line}");
            assert!(matches!(number(), Ok(1..)), "{round}: no column: {line}");
            assert!(parts.next().is_some_and(|message| message.len() > 5), "{line}");
        }
    }
    std::fs::remove_file(&path).unwrap();
    assert!((500..2000).contains(&refused), "{refused}");
}

#[test]
fn files_of_indicators_have_absolute_paths_and_there_are_not_too_many() {
    let config = parse("[intelligence]\nfiles = [\"/etc/feed.csv\"]").unwrap();
    assert_eq!(config.intelligence.files, [Path::new("/etc/feed.csv")]);
    let lines = complaints("[intelligence]\nfiles = [\"feed.csv\"]");
    assert!(
        lines[0].starts_with("w.toml:2:") && lines[0].contains("no absolute path"),
        "{lines:?}"
    );
    let many = vec!["\"/a\""; 17].join(",");
    assert!(complaints(&format!("[intelligence]\nfiles = [{many}]"))[0].contains("at most 16"));
}

#[test]
fn a_suppression_has_an_end_within_a_year_and_names_something() {
    let suppression =
        |more: &str| complaints(&format!("[[suppression]]\nowner = \"a\"\nreason = \"b\"\n{more}"));
    let missing = suppression("rule = \"port_scan\"");
    assert!(missing[0].contains("missing field `until`"), "{missing:?}");
    let long = suppression("rule = \"port_scan\"\nuntil = \"2199-01-01T00:00:00Z\"");
    assert_eq!(long, ["w.toml:5:1: `until` is at most a year away"]);
    let all = suppression("until = \"2020-01-01T00:00:00Z\"");
    assert!(all[0].contains("nothing suppresses all alerts"), "{all:?}");
    let role = suppression("role = \"pakcs\"\nuntil = 2020-01-01T00:00:00Z");
    assert!(role[0].contains("names the role `pakcs`, which is not defined"), "{role:?}");
    let time = suppression("rule = \"a\"\nuntil = \"tomorrow\"");
    assert!(time[0].starts_with("w.toml:5:9: `tomorrow` is no time"), "{time:?}");
}

#[test]
fn a_maintenance_window_says_when_and_of_what() {
    let window =
        |more: &str| complaints(&format!("[[maintenance]]\nowner = \"a\"\nreason = \"b\"\n{more}"));
    let devices = "devices = [\"10.0.0.1\"]\n";
    let never = window(devices);
    assert!(never[0].contains("missing `days`, `at` and `for`"), "{never:?}");
    let zone = window(&format!("{devices}time_zone = \"Mars/Base\""));
    assert!(zone[0].contains("`Mars/Base` is no time zone"), "{zone:?}");
    let day = window(&format!("{devices}days = [\"tus\"]"));
    assert!(day[0].contains("did you mean `tue`?"), "{day:?}");
}

#[test]
fn a_user_is_named_as_systems_name_them_and_is_missing_where_its_line_is() {
    let text = "[capture]\n\n[agent]\nlog = \"info\"\nuser = \"wardline\"\n";
    let config = parse(text).unwrap();
    assert_eq!(config.agent.user.as_deref(), Some("wardline"));
    assert_eq!(parse("").unwrap().agent.user, None);
    for name in ["", "-x", "a b", "a/b", "a:b", &"x".repeat(33)] {
        let lines = complaints(&format!("[agent]\nuser = {name:?}\n"));
        assert!(lines[0].starts_with("w.toml:2:8: "), "{lines:?}");
    }
    let path = std::env::temp_dir().join(format!("wardline-user-{}.toml", std::process::id()));
    std::fs::write(&path, text).unwrap();
    let said = Config::wrong_at(&path, "agent", "user", "there is no such user").to_string();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(said, format!("{}:5:8: there is no such user", path.display()));
}
