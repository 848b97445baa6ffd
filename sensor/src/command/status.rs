//! `wardline status`: is it attached, since when, by which program, and do the books balance. It
//! asks the kernel, so it needs no agent.

mod text;

use std::{io, time::SystemTime};

use clap::Args;
use serde_json::{Value, json};

use super::{
    Exit, Failure,
    arguments::Output,
    place::{Place, is_agent_alive},
    say,
};
use crate::{
    capture::xdp::inspect::{Books, PinnedLink, Standing, standing},
    config::Config,
};
use sensor_common::abi::ABI_VERSION;

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    pub place: Place,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// Ends with 3 when nothing is attached, a configured interface is not, or no agent answers.
pub fn run(words: Status) -> Result<(), Failure> {
    let config = words.place.settings()?;
    let directory = &config.capture.pin_directory;
    let found = match standing(directory) {
        Ok(found) => Some(found),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => {
            let exit = match error.kind() {
                io::ErrorKind::PermissionDenied => Exit::NotPermitted,
                _ => Exit::Failed,
            };
            let message = format!("cannot read the pins below {}: {error}", directory.display());
            return Err(Failure { exit, message });
        }
    };
    let answer = answer(&config, found.as_ref(), is_agent_alive(&config));
    match words.output {
        Output::Json => say(&format!("{answer:#}\n"))?,
        Output::Table => say(&text::text(&answer))?,
    }
    let missing = answer["wrong"].as_array().map_or(&[][..], Vec::as_slice);
    if missing.is_empty() {
        return Ok(());
    }
    let message = missing.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
    Err(Failure { exit: Exit::Degraded, message })
}

/// The answer as programs read it.
fn answer(config: &Config, found: Option<&Standing>, is_alive: bool) -> Value {
    let attached = found.map_or(0, |standing| standing.attached().count());
    json!({
        "schema": "wardline/status/v1",
        "attached": attached > 0,
        "agent": {"answers": is_alive, "socket": config.agent.socket},
        "pin_directory": config.capture.pin_directory,
        "links": found.map_or(&[][..], |standing| &standing.links).iter().map(link).collect::<Vec<_>>(),
        "held_off": found.map_or(&[][..], |standing| &standing.held_off).iter().map(|held| json!({
            "interface": held.name,
            "index": held.interface,
            "since": time(held.since),
        })).collect::<Vec<_>>(),
        "epoch": found.and_then(|standing| standing.epoch.as_ref()).map(|epoch| json!({
            "layout": epoch.layout,
            "layout_of_this_version": ABI_VERSION,
            "is_readable": epoch.is_of_this_agent,
            "began": time(epoch.began),
            "cpus": epoch.cpus,
            "flow_slots": epoch.flow_slots,
            "program": if epoch.is_linear { "one buffer" } else { "several buffers" },
        })),
        "books": found.and_then(|standing| standing.books.as_ref()).map(books),
        "maps_missing": found.map(|standing| &standing.maps_missing),
        "wrong": wrong(config, found, is_alive),
    })
}

fn link(link: &PinnedLink) -> Value {
    let program = link.program.as_ref().map(|program| {
        let holders = program.owner.processes.iter();
        json!({
            "id": program.owner.program_id,
            "name": program.owner.program_name,
            "tag": program.tag,
            "loaded": time(program.loaded_at),
            "held_by": holders.map(|(pid, command)| json!({"pid": pid, "command": command})).collect::<Vec<_>>(),
        })
    });
    json!({
        "interface": link.name,
        "index": link.interface,
        "mode": link.mode,
        "link": link.link,
        "pinned": time(link.pinned_since),
        "program": program,
    })
}

fn books(books: &Books) -> Value {
    json!({
        "frames": {
            "received": books.received,
            "encapsulated": books.encapsulated,
            "counted": books.live + books.evicted,
            "undissected": books.undissected,
            "lost": books.lost,
            "on_their_way": books.unaccounted(),
        },
        "bytes_received": books.received_octets,
        "flows": books.flows,
    })
}

fn time(at: Option<SystemTime>) -> Option<String> {
    let at = jiff::Timestamp::try_from(at?).ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// What an operator has to see to, in words.
fn wrong(config: &Config, found: Option<&Standing>, is_alive: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let attached: Vec<&str> = found
        .iter()
        .flat_map(|standing| standing.attached())
        .filter_map(|link| link.name.as_deref())
        .collect();
    if attached.is_empty() {
        wrong.push("no interface has the program".to_owned());
    }
    let patterns = config.capture.interfaces.iter();
    for pattern in patterns.filter(|pattern| !attached.iter().any(|name| is_match(pattern, name))) {
        if !attached.is_empty() {
            wrong.push(format!("configured interface {pattern} does not have the program"));
        }
    }
    for held in found.iter().flat_map(|standing| &standing.held_off) {
        if let Some(name) = &held.name {
            wrong.push(format!(
                "the program was taken off {name}, whose link did not come back after it was \
                 attached; `wardline attach {name}` has it tried again"
            ));
        }
    }
    if !is_alive {
        wrong.push("no agent answers".to_owned());
    }
    if let Some(missing) =
        found.map(|standing| &standing.maps_missing).filter(|maps| !maps.is_empty())
    {
        wrong.push(format!("maps that are not pinned: {}", missing.join(", ")));
    }
    wrong
}

fn is_match(pattern: &str, name: &str) -> bool {
    crate::config::capture::is_match(pattern.as_bytes(), name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::xdp::{
        Owner,
        inspect::{HeldOff, Program},
    };

    fn found() -> Standing {
        let owner = Owner {
            program_id: 7,
            program_name: Some("wardline".to_owned()),
            processes: Vec::new(),
        };
        let program = Program { owner, tag: "00ff".to_owned(), loaded_at: None };
        let link = PinnedLink {
            interface: 2,
            name: Some("eth0".to_owned()),
            mode: "native".to_owned(),
            pinned_since: Some(SystemTime::UNIX_EPOCH),
            link: Some(3),
            program: Some(program),
        };
        let books = Books { received: 9, live: 8, ..Books::default() };
        Standing {
            links: vec![link],
            held_off: Vec::new(),
            maps_missing: Vec::new(),
            epoch: None,
            books: Some(books),
        }
    }

    #[test]
    fn what_is_wrong_is_said_and_what_is_right_is_not() {
        let mut config = Config::default();
        assert_eq!(wrong(&config, Some(&found()), true), Vec::<String>::new());
        assert_eq!(wrong(&config, Some(&found()), false), ["no agent answers"]);
        assert_eq!(wrong(&config, None, true), ["no interface has the program"]);
        config.capture.interfaces = vec!["eth*".to_owned(), "core0".to_owned()];
        let told = wrong(&config, Some(&found()), true);
        assert!(told.len() == 1 && told[0].contains("core0"), "{told:?}");
    }

    #[test]
    fn an_interface_that_is_held_off_is_said_with_what_to_type() {
        let since = Some(SystemTime::UNIX_EPOCH);
        let held = HeldOff { interface: 3, name: Some("eth1".to_owned()), since };
        let gone = HeldOff { interface: 9, name: None, since };
        let standing = Standing { held_off: vec![held, gone], ..found() };
        let told = wrong(&Config::default(), Some(&standing), true);
        assert!(told.len() == 1 && told[0].contains("`wardline attach eth1`"), "{told:?}");
        let answer = answer(&Config::default(), Some(&standing), true);
        assert_eq!(answer["held_off"][0]["interface"], "eth1");
        let text = text::text(&answer);
        assert!(text.contains("held off   eth1 since 1970-01-01T00:00:00Z"), "{text}");
    }

    #[test]
    fn frames_without_a_fate_are_in_the_answer_and_in_the_text() {
        let answer = answer(&Config::default(), Some(&found()), true);
        assert_eq!(answer["schema"], "wardline/status/v1");
        assert_eq!(answer["books"]["frames"]["on_their_way"], 1);
        let text = text::text(&answer);
        for part in ["eth0", "native", "program 7", "1970-01-01T00:00:00Z", "9 received"] {
            assert!(text.contains(part), "{part} is not in:\n{text}");
        }
    }
}
