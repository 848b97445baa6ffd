use std::path::Path;

use sensor_common::endpoint::OVERFLOW;

use super::*;
use crate::{
    config::Overrides,
    detect::fixture::{device, seconds, tcp},
    event::Event,
    inventory::DeviceId,
    observation::{FlowDelta, Observation},
};

/// A file with something of everything that a reload changes.
const FILE: &str = r#"
[flow]
idle_timeout = "60s"
active_timeout = "30m"

[inventory]
internal = ["198.51.100.0/24"]
forget_after = "90d"

[alerts]
per_minute = 60

[alertmanager]
urls = ["http://127.0.0.1:9093"]
resend_interval = "60s"

[baseline]
learning = "14d"

[events]
flows = true
stats_interval = "60s"

[web]
maximum_device_series = 700

[[syslog]]
name = "siem"
address = "127.0.0.1:514"
transport = "udp"

[[ipfix]]
name = "nfdump"
address = "127.0.0.1:4739"
template_interval = "60s"

[[role]]
name = "pumps"
mac_prefixes = ["00:13:dd"]

[[role]]
name = "ward"
addresses = ["10.20.0.0/16"]

[[suppression]]
rule = "smb_fan_out"
role = "pumps"
owner = "desk"
reason = "known"
until = UNTIL

[[maintenance]]
role = "ward"
owner = "clinic"
reason = "updates"
days = ["sun"]
at = "02:00"
for = "2h"

[[threshold]]
id = "T-1"
name = "peers"
scope = "all"
metric = "distinct_peers"
limit = 20
window = "60s"
severity = "high"

[[threshold]]
id = "T-2"
scope = { role = "ward" }
metric = "packet_rate"
limit = 1000
window = "10s"

[detection.smb1_in_use]
severity = "high"

[detection.beaconing]
enabled = false

[detection.new_device]
except_roles = ["pumps"]
"#;

/// The file, with a date to come in place of `UNTIL`.
fn file() -> String {
    let until = jiff::Timestamp::now().checked_add(jiff::SignedDuration::from_hours(24 * 30));
    FILE.replace("UNTIL", &format!("\"{:.0}\"", until.unwrap()))
}

/// xorshift64*, so that every run mutates alike.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }
}

/// Changes some of the file: lines go, come twice, change places; numbers and octets change.
fn mutate(text: &str, dice: &mut Dice) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for _ in 0..=dice.below(3) {
        let line = dice.below(lines.len());
        match dice.below(8) {
            0 => drop(lines.remove(line)),
            1 => lines.insert(line, lines[line].clone()),
            2 => {
                let other = dice.below(lines.len());
                lines.swap(line, other);
            }
            3..=5 => {
                let number = dice.below(200).to_string();
                let digits = |each: char| each.is_ascii_digit();
                let parts: Vec<&str> = lines[line].split(digits).collect();
                lines[line] = parts.join(&number);
            }
            6 => {
                let words = ["true", "false", "\"low\"", "\"1h\"", "\"udp\"", "[]", "-1", "1e9"];
                if let Some((key, _)) = lines[line].split_once('=') {
                    lines[line] = format!("{key}= {}", words[dice.below(words.len())]);
                }
            }
            _ => {
                let mut octets = lines[line].clone().into_bytes();
                if !octets.is_empty() {
                    let at = dice.below(octets.len());
                    octets[at] = (32 + dice.below(95)) as u8;
                }
                lines[line] = String::from_utf8_lossy(&octets).into_owned();
            }
        }
        if lines.is_empty() {
            lines.push(String::new());
        }
    }
    lines.join("\n")
}

fn parse(text: &str) -> Result<Config, crate::config::ConfigError> {
    Config::parse(Path::new("wardline.toml"), text, &Overrides::default())
}

/// Everything of the core that the configuration says.
fn in_force(core: &Core) -> String {
    format!(
        "{:?}\n{:?}\n{:?}\n{:?}\n{:?}\n{:?}",
        core.thresholds.rules(),
        core.watch.settings(),
        core.roles.configured(),
        core.internal,
        core.flows.timeouts(),
        core.desk.configured(),
    )
}

/// Device `from` speaks to `to`; it is known by its station.
fn flow(from: u32, to: u32, at: f64) -> FlowDelta {
    let delta = tcp(from, to, 40_000, 445).at(at).delta;
    FlowDelta { source_endpoint: OVERFLOW, ..delta }
}

/// Traffic of some devices, and time that passes.
fn live(core: &mut Core, round: u32, events: &mut Vec<Event>) {
    let at = f64::from(round) * 0.25;
    let flows = (0..4).map(|each| flow(1 + each, 10 + (round + each) % 40, at));
    let observation = Observation { flows: flows.collect(), ..Observation::default() };
    core.step(&observation, seconds(at), events);
}

#[test]
fn ten_thousand_mutated_files_are_taken_whole_or_not_at_all() {
    const FILES: u32 = 10_000;
    let file = file();
    let mut config = parse(&file).unwrap();
    let known: Vec<_> = (1..60).map(device).collect();
    let mut core = Core::new(&config, known, Some(DeviceId(60)));
    let mut dice = Dice(0x5eed_0006);
    let (mut taken, mut refused) = (0, 0);
    let mut before = in_force(&core);
    let mut events = Vec::new();
    for round in 0..FILES {
        match parse(&mutate(&file, &mut dice)) {
            Err(_) => refused += 1,
            Ok(new) => {
                let (new, _) = new.following(&config);
                core.reconfigure(&new, seconds(f64::from(round) * 0.25));
                config = new;
                taken += 1;
                before = in_force(&Core::new(&config, Vec::new(), None));
            }
        }
        live(&mut core, round, &mut events);
        events.clear();
        assert_eq!(in_force(&core), before, "round {round}");
    }
    println!("{taken} of {FILES} files taken, {refused} refused");
    assert!(taken > 1000 && refused > 1000);
    assert_eq!(core.inventory.devices().len(), 59, "devices stay");
}

#[test]
fn what_is_firing_goes_on_and_what_nothing_explains_is_resolved() {
    let config = parse(&file()).unwrap();
    let known: Vec<_> = (1..60).map(device).collect();
    let mut core = Core::new(&config, known, Some(DeviceId(60)));
    let mut events = Vec::new();
    let flows = (10..50).map(|host| flow(1, host, 1.0));
    let observation = Observation { flows: flows.collect(), ..Observation::default() };
    core.step(&observation, seconds(1.0), &mut events);
    let peers = |core: &Core| -> Vec<u64> {
        core.firing().filter(|alert| alert.name == "peers").map(|alert| alert.id).collect()
    };
    let firing = peers(&core);
    assert_eq!(firing.len(), 1);
    let other = parse(&file().replace("limit = 20", "limit = 25")).unwrap();
    assert_eq!(core.reconfigure(&other, seconds(2.0)), Vec::<String>::new());
    events.clear();
    core.step(&Observation::default(), seconds(2.0), &mut events);
    assert_eq!(peers(&core), firing);
    let is_told = |events: &[Event]| {
        events.iter().any(|event| matches!(event, Event::Alert(alert, _) if alert.name == "peers"))
    };
    assert!(!is_told(&events));
    let without = parse(&file().replace("name = \"peers\"", "name = \"others\"")).unwrap();
    core.reconfigure(&without, seconds(3.0));
    core.step(&Observation::default(), seconds(3.0), &mut events);
    assert!(peers(&core).is_empty() && is_told(&events));
}

#[test]
fn what_needs_a_restart_is_named_and_stays() {
    let old = parse(&file()).unwrap();
    let text = file().replace("[flow]", "[capture]\nflows = 4096\n[flow]\nmaximum = 2048");
    let (new, kept) = parse(&text).unwrap().following(&old);
    assert_eq!(kept, ["capture", "flow.maximum"]);
    assert_eq!((&new.capture, new.flow.maximum), (&old.capture, old.flow.maximum));
    assert!(!new.tells_others_than(&old));
    let text = file().replace("127.0.0.1:514", "127.0.0.1:515");
    assert!(parse(&text).unwrap().tells_others_than(&old));
}

#[test]
fn detections_with_the_same_numbers_go_on() {
    let config = parse(&file()).unwrap();
    let mut core = Core::new(&config, Vec::new(), None);
    let text = file().replace("[detection.smb1_in_use]\nseverity = \"high\"", "");
    let anew = core.reconfigure(&parse(&text).unwrap(), seconds(1.0));
    assert!(anew.is_empty(), "only the severity has changed: {anew:?}");
    let text = text + "\n[detection.smb_sweep]\naddresses = 77\n";
    let anew = core.reconfigure(&parse(&text).unwrap(), seconds(2.0));
    assert_eq!(anew, ["smb_sweep"], "it looks for something else");
}
