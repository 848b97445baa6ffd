//! Attacks that can be mixed into the day: by whom, when, and what of them is seen.

mod credentials;
mod exfiltration;
mod flood;
mod segment;
mod spread;

use std::time::Duration;

use clap::ValueEnum;

use super::class::Class;
use super::habit::Agenda;
use super::plan::{POWER_CUT, SLOWEST_START, clock};
use super::world::World;
use crate::frames::MacAddress;

/// What an attack is called on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Name {
    /// A worm tries SMBv1 on 200 addresses
    SmbSweep,
    /// An infected workstation tries 1,000 ports of the file server
    PortScan,
    /// A workstation claims the addresses of the gateway and of a neighbour
    ArpSpoof,
    /// A box from a shop answers DHCP on the office segment
    RogueDhcp,
    /// Data leaves in names that are asked for, by way of the site's own name server
    DnsTunnel,
    /// Ransomware reads, writes and renames files on the share
    RenameBurst,
    /// A gigabyte goes to one host outside, in TLS
    Exfiltration,
    /// An implant reports every minute for ten hours
    Beacon,
    /// 2,000 SYN a second to the image archive
    SynFlood,
    /// Passwords are tried on the file server
    SmbGuessing,
    /// Passwords are tried on the record's server
    SshGuessing,
}

pub const FIVE: [Name; 5] =
    [Name::SmbSweep, Name::PortScan, Name::ArpSpoof, Name::RogueDhcp, Name::RenameBurst];

impl Name {
    pub fn text(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// When it begins on a whole day.
    const fn begins(self) -> Duration {
        match self {
            Self::Beacon => clock(8, 0),
            Self::SmbSweep => clock(9, 10),
            Self::PortScan => clock(9, 40),
            Self::ArpSpoof => clock(10, 10),
            Self::RogueDhcp => clock(10, 40),
            Self::DnsTunnel => clock(11, 10),
            Self::RenameBurst => clock(11, 40),
            Self::Exfiltration => clock(14, 20),
            Self::SynFlood => clock(15, 0),
            Self::SmbGuessing => clock(15, 20),
            Self::SshGuessing => clock(15, 40),
        }
    }

    const fn lasts(self) -> Duration {
        Duration::from_secs(match self {
            Self::Beacon => 10 * 3600,
            Self::SmbSweep | Self::SynFlood => 10,
            Self::PortScan => 20,
            Self::ArpSpoof | Self::RogueDhcp | Self::DnsTunnel => 120,
            Self::RenameBurst => 40,
            Self::Exfiltration => 400,
            Self::SmbGuessing | Self::SshGuessing => 60,
        })
    }
}

/// An attack as it was staged.
#[derive(Clone, Debug)]
pub struct Staged {
    pub name: Name,
    pub actor: MacAddress,
    /// What the actor is.
    pub description: String,
    pub begins: Duration,
    pub ends: Duration,
    /// The actor is no device of the site.
    pub is_newcomer: bool,
}

/// Puts the plan's attacks into the agenda. One that does not fit into a short day at its own time
/// takes its share of the day.
pub fn stage(world: &mut World, agenda: &mut Agenda) -> Vec<Staged> {
    let names = world.plan.attacks.clone();
    let workstations: Vec<usize> = world.site.of_class(Class::Workstation).collect();
    let mut taken = 0;
    let mut staged = Vec::new();
    for (position, name) in names.iter().copied().enumerate() {
        let (from, to) = (world.plan.begins, world.plan.ends);
        let mut begins = name.begins();
        if begins < from || begins + name.lasts() > to {
            begins = from + (to - from) * (position as u32 + 1) / (names.len() as u32 + 1);
        }
        // Nobody attacks in the dark.
        let settled = POWER_CUT.ends + 2 * SLOWEST_START;
        if (POWER_CUT.begins..settled).contains(&begins) {
            begins = settled;
        }
        let ends = (begins + name.lasts()).min(to);
        // The next workstation that is on at that time.
        let free = (0..workstations.len()).map(|step| (taken + step) % workstations.len());
        let mut free = free.filter(|&place| world.is_on(workstations[place], begins));
        let place = free.next().unwrap_or(taken % workstations.len());
        taken = place + 1;
        let station = workstations[place];
        let mut each = Staged {
            name,
            actor: world.host(station).station,
            description: world.site.stations[station].name.clone(),
            begins,
            ends,
            is_newcomer: false,
        };
        match name {
            Name::SmbSweep => spread::sweep(station, &each, agenda),
            Name::PortScan => spread::scan(station, &each, agenda),
            Name::ArpSpoof => segment::spoof(station, &each, agenda, world),
            Name::RogueDhcp => segment::offer(&mut each, agenda, world),
            Name::DnsTunnel => exfiltration::tunnel(station, &each, agenda),
            Name::RenameBurst => credentials::encrypt_share(station, &each, agenda),
            Name::Exfiltration => exfiltration::pour_out(station, &each, agenda),
            Name::Beacon => exfiltration::beacon(station, &each, agenda),
            Name::SynFlood => flood::syn(station, &each, agenda),
            Name::SmbGuessing => credentials::guess_smb(station, &each, agenda),
            Name::SshGuessing => credentials::guess_ssh(station, &each, agenda),
        }
        staged.push(each);
    }
    staged
}

/// One step of an attack: its number counts from 0.
type Step = fn(station: usize, number: u32, now: Duration, world: &mut World);

/// Steps at a fixed pace until the attack ends.
#[derive(Debug)]
struct Campaign {
    station: usize,
    number: u32,
    ends: Duration,
    pace: Duration,
    step: Step,
}

impl super::habit::Habit for Campaign {
    fn act(&mut self, now: Duration, world: &mut World) -> Option<Duration> {
        if now >= self.ends {
            return None;
        }
        (self.step)(self.station, self.number, now, world);
        self.number += 1;
        Some(now + self.pace)
    }
}

fn campaign(station: usize, staged: &Staged, pace: Duration, step: Step, agenda: &mut Agenda) {
    let campaign = Campaign { station, number: 0, ends: staged.ends, pace, step };
    agenda.add(staged.begins, Some(station), Box::new(campaign));
}
