//! What to know before a program is attached to an interface, and the command that mends it.

use super::{
    drivers,
    ethtool::{Card, HARDWARE_GRO, LARGE_RECEIVE, VLAN_STRIPPING},
    links::{HookMode, Link, links},
};
use crate::capture::xdp::program_name;

/// Kinds of warnings; a closed set, which metrics use as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Down,
    HookTaken,
    GenericHook,
    ResetsLink,
    HeldOff,
    VlanStripped,
    Lro,
    HardwareGro,
    SmallRing,
    CountedTwice,
    Virtual,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::HookTaken => "hook_taken",
            Self::GenericHook => "generic_hook",
            Self::ResetsLink => "resets_link",
            Self::HeldOff => "held_off",
            Self::VlanStripped => "vlan_stripped",
            Self::Lro => "lro",
            Self::HardwareGro => "hardware_gro",
            Self::SmallRing => "small_ring",
            Self::CountedTwice => "counted_twice",
            Self::Virtual => "virtual",
        }
    }
}

/// One thing to know, in one sentence, and what to type, if anything helps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub kind: Kind,
    pub text: String,
    pub command: Option<String>,
}

/// A receive ring with fewer descriptors fills up within a fraction of a millisecond at line rate.
const SMALL_RING: u32 = 1024;
/// Our programs' names begin so.
const OURS: &str = "wardline";

/// What is on the hook, for the preflight: the program's name, if it has one.
pub type Holder<'a> = Option<&'a str>;

/// Looks at an interface. `watched` are all that are, or will be, watched, it among them or not.
pub fn warnings(link: &Link, card: &Card, holder: Holder<'_>, watched: &[&Link]) -> Vec<Warning> {
    let name = &link.name;
    let mut found = Vec::new();
    let mut warn = |kind, text: String, command: Option<String>| {
        found.push(Warning { kind, text, command });
    };
    if !link.is_up {
        warn(
            Kind::Down,
            "is not set up: no frame comes in".to_owned(),
            Some(format!("ip link set dev {name} up")),
        );
    }
    let is_ours = holder.is_some_and(|holder| holder.starts_with(OURS));
    if let Some(on) = link.hook.first()
        && !is_ours
    {
        let holder = holder.map_or_else(String::new, |holder| format!(" \"{holder}\""));
        let text = format!(
            "program {}{holder} of another owner is on its hook ({}): attaching is refused",
            on.program,
            on.mode.name()
        );
        warn(Kind::HookTaken, text, Some(format!("wardline detach --force {name}")));
    }
    if is_ours && link.hook.iter().any(|on| on.mode == HookMode::Generic) {
        let text = "generic mode: frames are counted after the stack has joined segments, so there \
                    are fewer and larger ones than on the wire";
        warn(Kind::GenericHook, text.to_owned(), None);
    }
    let is_watched = watched.iter().any(|other| other.index == link.index);
    match drivers::known(&card.driver) {
        // What is attached already stays so over restarts and upgrades.
        Some(driver) if driver.resets_link && !is_ours => {
            let text = format!(
                "attaching or detaching: {} {} ({}); attach in a maintenance window",
                driver.name,
                driver.says,
                driver.source.text()
            );
            warn(Kind::ResetsLink, text, None);
        }
        Some(driver) if !driver.resets_link && is_watched => {
            let text = format!("{} {} ({})", driver.name, driver.says, driver.source.text());
            warn(Kind::Virtual, text, None);
        }
        _ => {}
    }
    offloads(name, card, &mut warn);
    if let Some(ring) = card.receive_ring
        && ring.now < SMALL_RING.min(ring.maximum)
    {
        let text = format!(
            "its receive ring has {} of {} descriptors: bursts may be lost before they are counted",
            ring.now, ring.maximum
        );
        warn(Kind::SmallRing, text, Some(format!("ethtool -G {name} rx {}", ring.maximum)));
    }
    for other in watched.iter().filter(|other| other.index != link.index) {
        let is_port = link.master == Some(other.index);
        let is_on = link.kind.as_deref() != Some("veth") && link.lower == Some(other.index);
        if is_port || is_on {
            let relation = if is_port { "a port of" } else { "on" };
            let text = format!(
                "is {relation} {}, which is watched too: its frames are counted twice; leave one out",
                other.name
            );
            warn(Kind::CountedTwice, text, None);
        }
    }
    found
}

/// What is said of an interface from which the program was taken after it was attached.
pub fn held_off(name: &str) -> Warning {
    Warning {
        kind: Kind::HeldOff,
        text: "its link did not come back when the program was attached, so that was taken off and is \
               not attached again without a word of yours (the driver may need capture.mode = \
               \"generic\", or capture.link_patience may be too short)"
            .to_owned(),
        command: Some(format!("wardline attach {name}")),
    }
}

/// Warnings on all interfaces that are watched, with their names; `ours` is the program that is on
/// them as it should be. What cannot be asked is left out.
pub fn of_watched(is_watched: impl Fn(&str) -> bool, ours: Option<u32>) -> Vec<(String, Warning)> {
    let all = links().unwrap_or_default();
    let watched: Vec<&Link> = all.iter().filter(|link| is_watched(&link.name)).collect();
    let mut found = Vec::new();
    for link in &watched {
        let card = Card::of(&link.name).unwrap_or_default();
        let on_hook = link.hook.first().map(|on| on.program);
        // Names of programs take more privilege than the agent has.
        let holder = match on_hook {
            Some(program) if Some(program) == ours => Some(OURS.to_owned()),
            program => program.and_then(program_name),
        };
        let warnings = warnings(link, &card, holder.as_deref(), &watched);
        found.extend(warnings.into_iter().map(|warning| (link.name.clone(), warning)));
    }
    found
}

fn offloads(name: &str, card: &Card, warn: &mut impl FnMut(Kind, String, Option<String>)) {
    let offloads = [
        (
            VLAN_STRIPPING,
            Kind::VlanStripped,
            "rxvlan",
            "the card takes VLAN tags off before XDP: devices of different VLANs are not told apart",
        ),
        (
            LARGE_RECEIVE,
            Kind::Lro,
            "lro",
            "the card joins segments (LRO): fewer packets are counted than came, or attaching is refused",
        ),
        (
            HARDWARE_GRO,
            Kind::HardwareGro,
            "rx-gro-hw",
            "the card joins segments (GRO in hardware): fewer packets are counted than came, or \
             attaching is refused",
        ),
    ];
    for (feature, kind, word, text) in offloads {
        let Some(state) = card.feature(feature).filter(|state| state.is_on) else { continue };
        if state.is_fixed {
            warn(kind, format!("{text}; this driver cannot switch it off"), None);
        } else {
            warn(kind, text.to_owned(), Some(format!("ethtool -K {name} {word} off")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        ethtool::{Feature, Setting},
        links::OnHook,
    };
    use super::*;

    fn link(index: u32, name: &str) -> Link {
        Link {
            index,
            name: name.to_owned(),
            kind: None,
            is_loopback: false,
            is_up: true,
            state: "up",
            has_carrier: Some(true),
            mtu: 1500,
            maximum_mtu: None,
            hardware: Vec::new(),
            master: None,
            lower: None,
            receive_queues: None,
            hook: Vec::new(),
        }
    }

    fn kinds(link: &Link, card: &Card, holder: Holder<'_>, others: &[&Link]) -> Vec<Kind> {
        warnings(link, card, holder, others).iter().map(|warning| warning.kind).collect()
    }

    #[test]
    fn a_card_with_everything_wrong_is_told_the_exact_commands() {
        let is_on = Feature { is_on: true, is_fixed: false };
        let features = [VLAN_STRIPPING, LARGE_RECEIVE, HARDWARE_GRO];
        let card = Card {
            driver: "mlx5_core".to_owned(),
            features: features.map(|name| (name.to_owned(), is_on)).into(),
            receive_ring: Some(Setting { now: 256, maximum: 8192 }),
            ..Card::default()
        };
        let down = Link { is_up: false, ..link(2, "eth0") };
        let commands: Vec<String> =
            warnings(&down, &card, None, &[]).into_iter().filter_map(|told| told.command).collect();
        let wanted = [
            "ip link set dev eth0 up",
            "ethtool -K eth0 rxvlan off",
            "ethtool -K eth0 lro off",
            "ethtool -K eth0 rx-gro-hw off",
            "ethtool -G eth0 rx 8192",
        ];
        assert_eq!(commands, wanted);
        assert!(kinds(&down, &card, None, &[]).contains(&Kind::ResetsLink));
    }

    #[test]
    fn what_the_driver_does_not_let_change_has_no_command() {
        let fixed = Feature { is_on: true, is_fixed: true };
        let card =
            Card { features: [(VLAN_STRIPPING.to_owned(), fixed)].into(), ..Card::default() };
        let told = warnings(&link(2, "eth0"), &card, None, &[]);
        assert_eq!((told.len(), told[0].kind, &told[0].command), (1, Kind::VlanStripped, &None));
    }

    #[test]
    fn our_own_program_is_no_stranger_and_its_link_was_reset_already() {
        let card = Card { driver: "ixgbe".to_owned(), ..Card::default() };
        let hook = vec![OnHook { mode: HookMode::Native, program: 7 }];
        let held = Link { hook, ..link(2, "eth0") };
        assert_eq!(kinds(&held, &card, Some("wardline_linear"), &[]), []);
        assert_eq!(
            kinds(&held, &card, Some("xdp_filter"), &[]),
            [Kind::HookTaken, Kind::ResetsLink]
        );
        assert_eq!(kinds(&held, &Card::default(), None, &[]), [Kind::HookTaken]);
    }

    #[test]
    fn a_vlan_and_its_parent_count_frames_twice_and_two_ends_of_a_veth_do_not() {
        let parent = link(2, "eth0");
        let vlan = Link { kind: Some("vlan".to_owned()), lower: Some(2), ..link(5, "eth0.20") };
        let port = Link { master: Some(2), ..link(6, "eth1") };
        let veth = Link { kind: Some("veth".to_owned()), lower: Some(2), ..link(7, "veth0") };
        let others = [&parent, &vlan, &port, &veth];
        for (link, wanted) in [(&parent, 0), (&vlan, 1), (&port, 1), (&veth, 0)] {
            assert_eq!(kinds(link, &Card::default(), None, &others).len(), wanted, "{}", link.name);
        }
    }

    #[test]
    fn what_a_veth_costs_is_said_only_where_it_is_watched() {
        let veth = link(2, "veth0");
        let card = Card { driver: "veth".to_owned(), ..Card::default() };
        assert_eq!(kinds(&veth, &card, None, &[]), []);
        assert_eq!(kinds(&veth, &card, None, &[&veth]), [Kind::Virtual]);
    }

    #[test]
    fn a_quiet_card_gives_no_warning() {
        let card = Card {
            driver: "e1000e".to_owned(),
            receive_ring: Some(Setting { now: 4096, maximum: 4096 }),
            ..Card::default()
        };
        assert_eq!(kinds(&link(2, "eth0"), &card, None, &[]), []);
    }
}
