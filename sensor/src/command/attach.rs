//! `wardline attach`: puts the program on interfaces without an agent. It counts from then on; the
//! next agent takes over what it has counted.

use clap::Args;

use super::{Exit, Failure, account, keeper, place::Place, privilege, say};
use crate::{
    capture::xdp::{AttachError, Interface, interfaces},
    config::Mode,
    keeper::attach,
};

#[derive(Debug, Args)]
pub struct Attach {
    /// Interfaces; the configured ones if none is named.
    #[arg(value_name = "IFACE")]
    pub interfaces: Vec<String>,
    /// How to attach, instead of what the configuration says.
    #[arg(long, value_enum)]
    pub mode: Option<Mode>,
    #[command(flatten)]
    pub place: Place,
}

pub fn run(words: Attach) -> Result<(), Failure> {
    let mut config = words.place.settings()?;
    privilege::require()?;
    if words.place.is_in_use(&config) {
        let message = format!(
            "an agent answers at {} and follows its interfaces itself: name them in \
             capture.interfaces and restart it",
            config.agent.socket.display()
        );
        return Err(Failure { exit: Exit::Failed, message });
    }
    let present = interfaces().map_err(|error| Failure::failed(&error))?;
    let chosen = chosen(&words.interfaces, &present, |name| config.capture.watches(name))?;
    // Without pins it would leave with this command.
    config.capture.persist = true;
    let account = account::give_up_root(&config, &words.place.file())?;
    let mut datapath =
        keeper::load(&config, account.as_ref()).map_err(|error| keeper::explain(&error))?;
    for interface in chosen {
        let attachment =
            attach(&mut datapath, &interface, words.mode.unwrap_or(config.capture.mode)).map_err(
                |error| match error {
                    AttachError::NotPermitted { .. } => Failure::new(Exit::NotPermitted, &error),
                    _ => Failure::failed(&error),
                },
            )?;
        let (name, mode) = (&interface.name, attachment.mode.name());
        let how = if attachment.was_attached { "took over the program on" } else { "attached to" };
        say(&format!("{how} {name} ({mode}); it counts until `wardline detach {name}`\n"))?;
    }
    Ok(())
}

/// The interfaces that were named, or those configured.
fn chosen(
    named: &[String],
    present: &[Interface],
    is_configured: impl Fn(&str) -> bool,
) -> Result<Vec<Interface>, Failure> {
    let failed = |message| Err(Failure { exit: Exit::Failed, message });
    if named.is_empty() {
        let chosen: Vec<Interface> =
            present.iter().filter(|interface| is_configured(&interface.name)).cloned().collect();
        return match chosen.is_empty() {
            true => failed("no interface is named, and no configured one is there".to_owned()),
            false => Ok(chosen),
        };
    }
    let mut chosen = Vec::new();
    for name in named {
        match present.iter().find(|interface| interface.name == *name) {
            Some(interface) => chosen.push(interface.clone()),
            None => return failed(format!("no interface {name} in this network namespace")),
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interfaces_are_those_named_or_else_those_configured() {
        let interface = |index, name: &str| Interface { index, name: name.to_owned() };
        let present = [interface(1, "lo"), interface(2, "eth0")];
        let names = |named: &[&str]| {
            let named: Vec<String> = named.iter().map(|&name| name.to_owned()).collect();
            chosen(&named, &present, |name| name == "eth0")
                .map(|chosen| {
                    chosen.into_iter().map(|interface| interface.name).collect::<Vec<_>>()
                })
                .map_err(|failure| failure.to_string())
        };
        assert_eq!(names(&[]), Ok(vec!["eth0".to_owned()]));
        assert_eq!(names(&["lo"]), Ok(vec!["lo".to_owned()]));
        assert!(names(&["eth0", "eth9"]).is_err_and(|message| message.contains("eth9")));
        assert!(chosen(&[], &present, |_| false).is_err());
    }
}
