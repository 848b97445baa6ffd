//! `wardline doctor`: checks everything that the agent needs, one line each, with what to do.

use clap::Args;
use serde_json::{Value, json};

use super::{
    Exit, Failure, account,
    arguments::Output,
    place::{Place, is_agent_alive},
    say,
};
use crate::{
    capture::xdp::{Buffers, LoadError, Mark, Owner, self_test, verified_instructions},
    config::Config,
    host::{
        doctor::{Check, Facts, Outcome, checks, disk, permissions},
        ethtool::Card,
        links::{Link, links},
        preflight,
    },
};

#[derive(Debug, Args)]
pub struct Doctor {
    #[command(flatten)]
    pub place: Place,
    /// End with 3 also when there are only warnings.
    #[arg(long)]
    pub strict: bool,
    /// How to print.
    #[arg(long, short, value_enum, default_value_t)]
    pub output: Output,
}

/// Ends with 3 when something fails.
pub fn run(words: Doctor) -> Result<(), Failure> {
    let mut found = checks(&Facts::gather());
    found.extend(program(&found));
    let config = match words.place.settings() {
        Ok(config) => {
            found.push(configuration(&words.place, &config));
            config
        }
        Err(failure) => {
            let message = failure.to_string();
            found.push(Check::fail(
                "config",
                message,
                "mend it; `wardline config check` says where",
            ));
            Config::default()
        }
    };
    found.extend(account::checks(&config, &words.place.file()));
    found.extend(interfaces(&config));
    found.push(disk("state", &config.agent.state_directory));
    if let Some(path) = &config.events.path {
        found.push(disk("events", path));
    }
    found.extend(permissions("permissions", &config.agent.state_directory, 0o750));
    found.extend(permissions("permissions", &config.capture.pin_directory, 0o700));
    found.extend(permissions("permissions", &words.place.file(), 0o755));
    found.push(agent(&config));
    match words.output {
        Output::Json => say(&format!("{:#}\n", answer(&found)))?,
        Output::Table => say(&text(&found))?,
    }
    let count = |outcome| found.iter().filter(|check| check.outcome == outcome).count();
    let (failed, warned) = (count(Outcome::Fail), count(Outcome::Warn));
    if failed > 0 || words.strict && warned > 0 {
        let message = format!("{failed} checks failed, {warned} warn");
        return Err(Failure { exit: Exit::Degraded, message });
    }
    Ok(())
}

/// Loads and tries the program, where that is allowed.
fn program(so_far: &[Check]) -> Vec<Check> {
    let may =
        so_far.iter().any(|check| check.subject == "capabilities" && check.outcome == Outcome::Ok);
    if !may {
        return vec![Check::ok("program", "not loaded: not permitted here")];
    }
    match verified_instructions() {
        Ok(verified) => {
            let used = verified.iter().find(|verified| verified.is_used);
            let text = used.map_or_else(String::new, |used| {
                format!("the kernel accepts {} ({} instructions)", used.program, used.instructions)
            });
            vec![Check::ok("program", text), tried()]
        }
        Err(error) => vec![Check::fail("program", error.to_string(), "see docs/kernels.md")],
    }
}

/// As the agent does before it attaches the program, or puts it in another's place.
fn tried() -> Check {
    match Buffers::of_this_kernel().map_err(LoadError::Program).and_then(self_test) {
        Ok(test) => Check::ok("self_test", test.to_string()),
        Err(error) => Check::fail(
            "self_test",
            error.to_string(),
            "do not upgrade to this version on this host; `wardline status` tells what is attached",
        ),
    }
}

fn configuration(place: &Place, config: &Config) -> Check {
    let file = place.file();
    let shown = file.display();
    if !file.exists() {
        return Check::warn(
            "config",
            format!("{shown} does not exist: defaults"),
            "write one; deploy/wardline.toml is a beginning",
        );
    }
    if config.capture.interfaces.is_empty() {
        return Check::fail(
            "config",
            format!("{shown} names no interface"),
            "set capture.interfaces",
        );
    }
    Check::ok("config", format!("{shown} is valid"))
}

fn interfaces(config: &Config) -> Vec<Check> {
    let all = match links() {
        Ok(all) => all,
        Err(error) => {
            return vec![Check::fail("interfaces", error.to_string(), "look at the kernel's log")];
        }
    };
    let watched: Vec<&Link> =
        all.iter().filter(|link| config.capture.watches(&link.name)).collect();
    let mut found: Vec<Check> =
        watched.iter().flat_map(|link| interface(link, &watched, config)).collect();
    for pattern in &config.capture.interfaces {
        let is_there = all
            .iter()
            .any(|link| crate::config::capture::is_match(pattern.as_bytes(), link.name.as_bytes()));
        if !is_there {
            let text = format!("configured interface {pattern} is not there");
            found.push(Check::fail("interfaces", text, "connect it, or mend capture.interfaces"));
        }
    }
    found
}

fn interface(link: &Link, watched: &[&Link], config: &Config) -> Vec<Check> {
    let card = Card::of(&link.name).unwrap_or_default();
    let owner = link.hook.first().map(|on| Owner::of_program(on.program));
    let holder = owner.as_ref().and_then(|owner| owner.program_name.as_deref());
    let subject = format!("xdp {}", link.name);
    let mut warnings = preflight::warnings(link, &card, holder, watched);
    if Mark::HeldOff.is_on(&config.capture.pin_directory, link.index) {
        warnings.insert(0, preflight::held_off(&link.name));
    }
    if warnings.is_empty() {
        let text = owner.map_or_else(|| "free".to_owned(), |owner| owner.to_string());
        return vec![Check::ok(&subject, text)];
    }
    let check = |warning: preflight::Warning| {
        let remedy = warning.command.unwrap_or_else(|| "nothing to type; know it".to_owned());
        match warning.kind {
            preflight::Kind::HookTaken | preflight::Kind::Down | preflight::Kind::HeldOff => {
                Check::fail(&subject, warning.text, remedy)
            }
            _ => Check::warn(&subject, warning.text, remedy),
        }
    };
    warnings.into_iter().map(check).collect()
}

fn agent(config: &Config) -> Check {
    let socket = config.agent.socket.display();
    match is_agent_alive(config) {
        true => Check::ok("agent", format!("answers at {socket}")),
        false => {
            Check::warn("agent", format!("none answers at {socket}"), "systemctl start wardline")
        }
    }
}

fn answer(checks: &[Check]) -> Value {
    let worst = checks.iter().map(|check| check.outcome).max().unwrap_or(Outcome::Ok);
    json!({
        "schema": "wardline/doctor/v1",
        "outcome": worst.name(),
        "checks": checks.iter().map(|check| json!({
            "subject": check.subject,
            "outcome": check.outcome.name(),
            "text": check.text,
            "remedy": check.remedy,
        })).collect::<Vec<_>>(),
    })
}

fn text(checks: &[Check]) -> String {
    let widest = checks.iter().map(|check| check.subject.len()).max().unwrap_or(0);
    let mut text = String::new();
    for Check { subject, outcome, text: said, remedy } in checks {
        text.push_str(&format!("{:<4}  {subject:<widest$}  {said}\n", outcome.name()));
        if let Some(remedy) = remedy {
            text.push_str(&format!("{:<4}  {:<widest$}  -> {remedy}\n", "", ""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_is_the_outcome_and_every_remedy_has_its_line() {
        let checks = [
            Check::ok("kernel", "Linux 6.1"),
            Check::fail("state", "no room", "make room"),
            Check::warn("jit", "off", "switch it on"),
        ];
        assert_eq!(answer(&checks)["outcome"], "fail");
        assert_eq!(answer(&checks)["schema"], "wardline/doctor/v1");
        let text = text(&checks);
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(text.contains("fail  state") && text.contains("-> make room"), "{text}");
    }
}
