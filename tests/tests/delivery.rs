//! Alerts reach those who are told of them: a real rsyslog by UDP, TCP and TLS, a web server,
//! while they come and go, the agent is killed, and the disk is full.
#![expect(clippy::unwrap_used, reason = "a test that cannot prepare itself must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use tests::agent::{Agent, Scratch, Settings, executable, is_installed, wait_until};
use tests::lab::{Lab, SmallDisk, Wire};
use tests::siem::{Authority, Hook, Input, Rsyslog, stories};
use tests::sweep;

const PATIENCE: Duration = Duration::from_secs(120);
/// The built-in rule with a short memory, so that sweeps are soon over, and no digest of many.
const SOON_OVER: &str = "[alerts]\nper_minute = 10000\n\n[[threshold]]\nid = \"WL-002\"\nname = \"smb_fan_out\"\n\
    scope = \"all\"\nmetric = \"distinct_peers\"\nlimit = 10.0\nwindow = \"3s\"\n\
    severity = \"critical\"\nprotocol = \"tcp\"\ndestination_ports = [139, 445]\n\
    direction = \"sent\"\n";
const SECRET: &str = "a secret of the test";

fn sweep_from(wire: &Wire, hosts: impl Iterator<Item = u8>) {
    for host in hosts {
        let injected = wire.sender.inject(sweep::probes_from(host, 20)).unwrap().unwrap();
        assert_eq!(injected.sent, 20);
    }
}

fn webhook(scratch: &Scratch) -> String {
    let secret = scratch.write("secret", SECRET).unwrap();
    format!(
        "[[webhook]]\nname = \"hook\"\nurl = \"http://127.0.0.1:{}/wardline\"\n\
         secret_file = {secret:?}\n\n",
        Hook::PORT
    )
}

/// A sink for each input of rsyslog.
fn syslogs(authority: &Authority) -> String {
    let mut tables = String::new();
    for input in Input::ALL {
        let (transport, format) = match input {
            Input::Udp => ("udp", "rfc5424"),
            Input::Tcp => ("tcp", "rfc5424"),
            Input::TcpCef => ("tcp", "cef"),
            Input::Tls => ("tls", "rfc5424"),
        };
        tables += &format!(
            "[[syslog]]\nname = \"{}\"\naddress = \"127.0.0.1:{}\"\n\
             transport = \"{transport}\"\nformat = \"{format}\"\n",
            input.name(),
            input.port()
        );
        if input == Input::Tls {
            let (certificate, key) = authority.issue(Rsyslog::CLIENT).unwrap();
            let authorities = authority.certificate();
            tables += &format!(
                "server_name = {:?}\nca_file = {authorities:?}\n\
                 certificate_file = {certificate:?}\nkey_file = {key:?}\n",
                Rsyslog::SERVER
            );
        }
        tables.push('\n');
    }
    tables
}

const SINKS: [&str; 5] = ["udp", "tcp", "cef", "tls", "hook"];

fn waiting(agent: &Agent, sink: &str) -> u64 {
    agent.metrics().unwrap().count("wardline_outbox_entries", &[("sink", sink)])
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let (_, waited) = wait_until(PATIENCE, || is_so().then_some(())).expect(what);
    println!("{what}: after {waited:.2?}");
}

/// What the agent itself wrote of its alerts: state by alert.
fn told(agent: &Agent) -> BTreeMap<String, BTreeSet<String>> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in agent.events("alert") {
        let alert = &event["alert"];
        let id = format!("{:016x}", alert["instance"].as_u64().unwrap());
        told.entry(id).or_default().insert(alert["state"].as_str().unwrap().to_owned());
    }
    told
}

/// Everything told has arrived, and of each alert in order.
fn has_everything(told: &BTreeMap<String, BTreeSet<String>>, keys: &[String], sink: &str) {
    let stories = stories(keys);
    for (alert, states) in told {
        let story = stories.get(alert).unwrap_or_else(|| panic!("{sink}: nothing of {alert}"));
        let arrived: BTreeSet<String> = story.iter().cloned().collect();
        assert!(arrived.is_superset(states), "{sink}: {alert}: {states:?} became {story:?}");
        let resolved = story.iter().position(|state| state == "resolved");
        assert!(resolved.is_none_or(|at| at + 1 == story.len()), "{sink}: {alert}: {story:?}");
    }
}

fn missing(programs: &[&str], test: &str) -> bool {
    let missing = programs.iter().find(|program| !is_installed(program));
    if let Some(program) = missing {
        println!("NOT RUN: {test}: {program} is not installed");
    }
    missing.is_some()
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn every_receiver_gets_every_alert_though_all_come_and_go_and_the_agent_is_killed() {
    let test = "every_receiver_gets_every_alert_though_all_come_and_go_and_the_agent_is_killed";
    if missing(&["rsyslogd", "openssl"], test) {
        return;
    }
    let lab = Lab::new("delivery").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let scratch = Scratch::make("siem").unwrap();
    let authority = Authority::make(scratch.path()).unwrap();
    let mut rsyslog = Rsyslog::prepare(namespace, scratch.path(), &authority).unwrap();
    let hook = Hook::open(namespace).unwrap();
    hook.go_away(true);
    let more = syslogs(&authority) + &webhook(&scratch) + SOON_OVER;
    let mut agent = Agent::start(namespace, Settings { more, ..Settings::on(&["rx0"]) }).unwrap();
    let shown = Command::new(executable().unwrap())
        .args(["config", "show"])
        .arg(agent.directory().join("wardline.toml"))
        .output()
        .unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(shown.contains("secret_file") && !shown.contains(SECRET), "{shown}");

    // Nobody is there, and the agent is killed with everything undelivered.
    sweep_from(&wire, 1..99);
    until("alerts wait for every sink", || SINKS.iter().all(|sink| waiting(&agent, sink) >= 98));
    agent.kill().unwrap();
    agent.start_again().unwrap();
    for sink in SINKS {
        assert!(waiting(&agent, sink) >= 98, "{sink} forgot");
    }

    // Everybody comes; the agent is killed as soon as something has arrived.
    rsyslog.start().unwrap();
    hook.go_away(false);
    until("something arrives", || {
        !hook.keys().is_empty() || Input::ALL.iter().any(|input| !rsyslog.keys(*input).is_empty())
    });
    agent.kill().unwrap();
    agent.start_again().unwrap();
    until("nothing waits", || SINKS.iter().all(|sink| waiting(&agent, sink) == 0));

    // They go and come again, with alerts between.
    rsyslog.stop();
    hook.go_away(true);
    sweep_from(&wire, 100..198);
    until("alerts wait again", || SINKS.iter().all(|sink| waiting(&agent, sink) >= 98));
    rsyslog.start().unwrap();
    hook.go_away(false);
    until("nothing waits", || SINKS.iter().all(|sink| waiting(&agent, sink) == 0));
    // The alerts end, before these eyes.
    let over = || told(&agent).values().filter(|states| states.contains("resolved")).count();
    until("all is over", || over() >= 196 && agent.list("alerts").unwrap().is_empty());
    until("nothing waits", || SINKS.iter().all(|sink| waiting(&agent, sink) == 0));

    let told = told(&agent);
    assert!(told.len() >= 196, "{}", told.len());
    // What an agent has written of alerts when it is killed may be less than what it has stored.
    has_everything(&told, &hook.keys(), "hook");
    for input in Input::ALL {
        let is_everything_there = || {
            let arrived: BTreeSet<String> = rsyslog.keys(input).into_iter().collect();
            let alerts = stories(&arrived.into_iter().collect::<Vec<_>>());
            told.iter().all(|(alert, states)| {
                alerts.get(alert).is_some_and(|story| story.len() >= states.len())
            })
        };
        until("rsyslog has written it", is_everything_there);
        has_everything(&told, &rsyslog.keys(input), input.name());
        let (lines, keys) = (rsyslog.lines(input).len(), rsyslog.keys(input).len());
        assert_eq!(lines, keys, "every line of {} is one whole message", input.name());
        println!("{}: {} messages, {} alerts", input.name(), lines, told.len());
    }
    let metrics = agent.metrics().unwrap();
    assert_eq!(metrics.sum("wardline_outbox_dropped_total", &[]), 0);

    signature_is_as_openssl_makes_it(&hook, &scratch);
    test_alerts_arrive(&agent, &wire, &hook, &rsyslog);
}

fn signature_is_as_openssl_makes_it(hook: &Hook, scratch: &Scratch) {
    let posted = hook.posted().pop().unwrap();
    let timestamp = &posted.headers["wardline-timestamp"];
    let signed = [timestamp.as_bytes(), b".", &posted.body].concat();
    let file = scratch.write("signed", signed).unwrap();
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-hmac", SECRET]).arg(file);
    let output = String::from_utf8(command.output().unwrap().stdout).unwrap();
    let digits = output.trim().rsplit(' ').next().unwrap();
    assert_eq!(posted.headers["wardline-signature"], format!("v1={digits}"));
}

/// `wardline alerts test` says the truth of each sink.
fn test_alerts_arrive(agent: &Agent, wire: &Wire, hook: &Hook, rsyslog: &Rsyslog) {
    let namespace = &wire.receiver.namespace;
    let test = |more: &[&str]| {
        let mut command = namespace.command(executable().unwrap());
        command.args(["alerts", "test", "--config"]).arg(agent.directory().join("wardline.toml"));
        let output = command.args(more).stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (status, said) = test(&[]);
    assert_eq!(status, Some(0), "{said}");
    let key = said.lines().last().unwrap().trim_start_matches("key ").to_owned();
    assert!(hook.keys().contains(&key), "{said}");
    for input in Input::ALL {
        until("the test arrives", || rsyslog.keys(input).contains(&key));
    }
    hook.go_away(true);
    let (status, said) = test(&["--sink", "hook"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.starts_with("hook: FAILED: 503"), "{said}");
    assert_eq!(test(&["--sink", "nobody"]).0, Some(2));
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn a_full_disk_delays_no_alert_and_loses_none() {
    if missing(&["mount", "sqlite3"], "a_full_disk_delays_no_alert_and_loses_none") {
        return;
    }
    let lab = Lab::new("fulldisk").unwrap();
    let wire = lab.wire().unwrap();
    let namespace = &wire.receiver.namespace;
    let scratch = Scratch::make("hook").unwrap();
    let hook = Hook::open(namespace).unwrap();
    let more = webhook(&scratch) + SOON_OVER;
    let mut agent = Agent::start(namespace, Settings { more, ..Settings::on(&["rx0"]) }).unwrap();
    agent.stop().unwrap();
    let disk = SmallDisk::mount(&agent.state_directory()).unwrap();
    agent.start_again().unwrap();
    let failures =
        || agent.metrics().unwrap().count("wardline_events_failed_total", &[("sink", "store")]);

    disk.fill().unwrap();
    sweep_from(&wire, 10..30);
    until("alerts arrive though the store is full", || {
        stories(&hook.keys()).len() >= 20 && failures() > 0
    });

    hook.go_away(true);
    sweep_from(&wire, 40..60);
    until("alerts wait in memory", || waiting(&agent, "hook") >= 20);
    let before = agent.metrics().unwrap();
    assert_eq!(before.sum("wardline_outbox_dropped_total", &[]), 0);
    disk.make_room().unwrap();
    let stored = || {
        let mut command = Command::new("sqlite3");
        command.arg("-readonly").arg(agent.state_directory().join("wardline.db"));
        command.arg("SELECT count(DISTINCT alert) FROM outbox");
        let output = command.stdin(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap_or(0)
    };
    until("what waited in memory is stored", || stored() >= 20);
    let told = told(&agent);
    agent.kill().unwrap();
    agent.start_again().unwrap();
    hook.go_away(false);
    until("nothing waits", || waiting(&agent, "hook") == 0);
    assert!(told.len() >= 40);
    has_everything(&told, &hook.keys(), "hook");
    drop(disk);
}

#[test]
#[ignore = "needs CAP_BPF, CAP_NET_ADMIN"]
fn rotation_by_logrotate_loses_no_line() {
    if missing(&["logrotate"], "rotation_by_logrotate_loses_no_line") {
        return;
    }
    let lab = Lab::new("rotation").unwrap();
    let wire = lab.wire().unwrap();
    let settings = Settings { more: SOON_OVER.to_owned(), ..Settings::on(&["rx0"]) };
    let agent = Agent::start(&wire.receiver.namespace, settings).unwrap();
    let scratch = Scratch::make("rotate").unwrap();
    let events = agent.events_path();
    let lines_of = |number: usize| {
        let path = if number == 0 {
            events.clone()
        } else {
            PathBuf::from(format!("{}.{number}", events.display()))
        };
        fs::read_to_string(path).unwrap_or_default()
    };
    let ways = [
        // Renamed without a word, with a signal, and with a new file made by logrotate.
        ("nocreate", String::new()),
        ("nocreate", format!("postrotate\nkill -HUP {}\nendscript\n", agent.id())),
        ("create 0640", format!("postrotate\nkill -USR1 {}\nendscript\n", agent.id())),
    ];
    for (round, (create, postrotate)) in ways.iter().enumerate() {
        let directives = format!(
            "{} {{\nrotate 9\nsize 1\n{create}\nmissingok\nnocompress\n{postrotate}}}\n",
            events.display()
        );
        let file = scratch.write("logrotate.conf", directives).unwrap();
        sweep_from(&wire, 10..12);
        until("something is written", || !lines_of(0).is_empty());
        let mut command = Command::new("logrotate");
        command.arg("--force").arg("--state").arg(scratch.join("state")).arg(&file);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        until("a new file is written", || !lines_of(0).is_empty() && !lines_of(1).is_empty());
        println!("{create}: round {round}");
    }
    let all = || (0..=ways.len()).rev().map(lines_of).collect::<String>();
    let count = |name| agent.metrics().unwrap().count(name, &[("sink", "events")]);
    until("every line written is in one of the files", || {
        let written = count("wardline_events_written_total");
        all().lines().count() as u64 == written
    });
    for line in all().lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    assert_eq!(count("wardline_events_failed_total"), 0);
}
