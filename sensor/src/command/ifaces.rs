//! `wardline ifaces`: every interface, what holds its XDP hook, and what to know before a program is
//! attached there.

use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use serde_json::{Value, json};

use super::{Failure, arguments::Output, place::Place, say};
use crate::{
    capture::xdp::{Mark, Owner},
    config::Config,
    host::{
        ethtool::{Card, HARDWARE_GRO, LARGE_RECEIVE, Setting, VLAN_STRIPPING},
        links::{Link, links},
        preflight::{self, Warning},
    },
};

#[derive(Debug, Args)]
pub struct Ifaces {
    /// Only these interfaces.
    #[arg(value_name = "IFACE")]
    pub interfaces: Vec<String>,
    #[command(flatten)]
    pub place: Place,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// One interface with everything that is known of it.
struct Looked {
    link: Link,
    card: Card,
    owner: Option<Owner>,
    is_configured: bool,
    warnings: Vec<Warning>,
}

pub fn run(words: Ifaces) -> Result<(), Failure> {
    let config = words.place.settings()?;
    let all = links().map_err(|error| Failure::failed(&error))?;
    if let Some(name) =
        words.interfaces.iter().find(|name| all.iter().all(|link| link.name != **name))
    {
        let message = format!("no interface {name} in this network namespace");
        return Err(Failure { exit: super::Exit::Failed, message });
    }
    let chosen =
        |link: &&Link| words.interfaces.is_empty() || words.interfaces.contains(&link.name);
    let looked: Vec<Looked> =
        all.iter().filter(chosen).map(|link| look(link, &all, &config)).collect();
    match words.output {
        Output::Json => {
            let interfaces: Vec<Value> = looked.iter().map(value).collect();
            let answer = json!({"schema": "wardline/ifaces/v1", "interfaces": interfaces});
            say(&format!("{answer:#}\n"))
        }
        Output::Table => say(&text(&looked)),
    }
}

fn look(link: &Link, all: &[Link], config: &Config) -> Looked {
    let card = Card::of(&link.name).unwrap_or_default();
    let owner = link.hook.first().map(|on| Owner::of_program(on.program));
    let watched: Vec<&Link> =
        all.iter().filter(|other| config.capture.watches(&other.name)).collect();
    let holder = owner.as_ref().and_then(|owner| owner.program_name.as_deref());
    let mut warnings = preflight::warnings(link, &card, holder, &watched);
    if Mark::HeldOff.is_on(&config.capture.pin_directory, link.index) {
        warnings.insert(0, preflight::held_off(&link.name));
    }
    let is_configured = config.capture.watches(&link.name);
    Looked { link: link.clone(), card, owner, is_configured, warnings }
}

fn value(looked: &Looked) -> Value {
    let Looked { link, card, owner, is_configured, warnings } = looked;
    let offload = |name: &str| {
        card.feature(name).map(|state| json!({"on": state.is_on, "fixed": state.is_fixed}))
    };
    let setting = |setting: Option<Setting>| {
        setting.map(|setting| json!({"now": setting.now, "maximum": setting.maximum}))
    };
    json!({
        "interface": link.name,
        "index": link.index,
        "kind": link.kind,
        "driver": named(&card.driver),
        "firmware": named(&card.firmware),
        "bus": named(&card.bus),
        "up": link.is_up,
        "state": link.state,
        "mtu": link.mtu,
        "maximum_mtu": link.maximum_mtu,
        "receive_queues": link.receive_queues,
        "configured": is_configured,
        "hook": link.hook.iter().map(|on| json!({"mode": on.mode.name(), "program": on.program})).collect::<Vec<_>>(),
        "holder": owner.as_ref().map(|owner| json!({
            "program": owner.program_id,
            "name": owner.program_name,
            "processes": owner.processes.iter().map(|(pid, command)| json!({"pid": pid, "command": command})).collect::<Vec<_>>(),
        })),
        "offloads": {
            "vlan_stripping": offload(VLAN_STRIPPING),
            "lro": offload(LARGE_RECEIVE),
            "hardware_gro": offload(HARDWARE_GRO),
        },
        "receive_ring": setting(card.receive_ring),
        "channels": setting(card.channels),
        "warnings": warnings.iter().map(|warning| json!({
            "kind": warning.kind.name(),
            "text": warning.text,
            "command": warning.command,
        })).collect::<Vec<_>>(),
    })
}

fn named(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn text(looked: &[Looked]) -> String {
    let mut table = Table::new();
    let head = [
        "INTERFACE",
        "DRIVER",
        "STATE",
        "MTU",
        "XDP",
        "HELD BY",
        "RXVLAN",
        "LRO",
        "GRO-HW",
        "RX RING",
        "CHANNELS",
    ];
    table.load_preset(NOTHING).set_header(head);
    for Looked { link, card, owner, is_configured, .. } in looked {
        let offload = |name: &str| match card.feature(name) {
            None => "-".to_owned(),
            Some(state) => {
                let word = if state.is_on { "on" } else { "off" };
                if state.is_fixed { format!("{word} fixed") } else { word.to_owned() }
            }
        };
        let setting = |setting: Option<Setting>| {
            setting.map_or_else(
                || "-".to_owned(),
                |setting| format!("{}/{}", setting.now, setting.maximum),
            )
        };
        let mark = if *is_configured { "*" } else { "" };
        table.add_row([
            format!("{}{mark}", link.name),
            named(&card.driver).unwrap_or("-").to_owned(),
            if link.is_up { link.state.to_owned() } else { "not set up".to_owned() },
            link.mtu.to_string(),
            link.hook.first().map_or("-", |on| on.mode.name()).to_owned(),
            owner.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string),
            offload(VLAN_STRIPPING),
            offload(LARGE_RECEIVE),
            offload(HARDWARE_GRO),
            setting(card.receive_ring),
            setting(card.channels),
        ]);
    }
    let mut text = format!("{table}\n* configured\n");
    for Looked { link, warnings, .. } in looked {
        for warning in warnings {
            text.push_str(&format!("\n{}: {}", link.name, warning.text));
            if let Some(command) = &warning.command {
                text.push_str(&format!("\n    {command}"));
            }
        }
    }
    if looked.iter().any(|looked| !looked.warnings.is_empty()) {
        text.push('\n');
    }
    text.chars().filter(|character| !character.is_control() || *character == '\n').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_told_in_both_forms() {
        let all = links().unwrap();
        let lo = all.iter().find(|link| link.is_loopback).unwrap();
        let looked = look(lo, &all, &Config::default());
        let value = value(&looked);
        assert_eq!((&value["interface"], &value["configured"]), (&json!("lo"), &json!(false)));
        assert_eq!(value["mtu"], lo.mtu);
        let text = text(&[looked]);
        assert!(text.lines().any(|line| line.trim_start().starts_with("lo ")), "{text}");
    }
}
