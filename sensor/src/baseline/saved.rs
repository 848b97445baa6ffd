//! A profile as text, for the store.

use std::net::IpAddr;

use base64::{Engine, engine::general_purpose::STANDARD};
use sensor_common::application::Application;
use serde::{Deserialize, Serialize};

use super::{
    Baselines, Hour,
    habit::{Habit, Service},
    profile::{MOST_HABITS, Profile},
    rates::Rates,
};
use crate::inventory::DeviceId;

#[derive(Serialize, Deserialize)]
struct Saved {
    began: Hour,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reset_reason: Option<String>,
    is_unbounded: bool,
    habits: Vec<SavedHabit>,
    /// Base64.
    sent: String,
    received: String,
}

#[derive(Serialize, Deserialize)]
struct SavedHabit {
    #[serde(flatten)]
    service: SavedService,
    first: Hour,
    last: Hour,
    days: u8,
    usual: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SavedService {
    Uses(IpAddr, u8, u16),
    Serves(u8, u16),
    /// By its label: numbers may change between versions.
    Speaks(String),
}

impl From<Service> for SavedService {
    fn from(service: Service) -> Self {
        match service {
            Service::Uses { peer, protocol, port } => Self::Uses(peer, protocol, port),
            Service::Serves { protocol, port } => Self::Serves(protocol, port),
            Service::Speaks(application) => Self::Speaks(application.name().to_owned()),
        }
    }
}

impl SavedService {
    /// `None` for an application that is no longer told apart.
    fn service(self) -> Option<Service> {
        match self {
            Self::Uses(peer, protocol, port) => Some(Service::Uses { peer, protocol, port }),
            Self::Serves(protocol, port) => Some(Service::Serves { protocol, port }),
            Self::Speaks(name) => {
                let application = Application::ALL.iter().find(|each| each.name() == name)?;
                Some(Service::Speaks(*application))
            }
        }
    }
}

impl Profile {
    /// The profile as JSON.
    pub fn save(&self) -> String {
        let habits = self.habits.iter().map(|(&service, habit)| SavedHabit {
            service: service.into(),
            first: habit.first,
            last: habit.last,
            days: habit.days,
            usual: habit.is_usual,
        });
        let saved = Saved {
            began: self.began,
            reset_reason: self.reset_reason.clone(),
            is_unbounded: self.is_unbounded,
            habits: habits.collect(),
            sent: STANDARD.encode(self.sent.octets()),
            received: STANDARD.encode(self.received.octets()),
        };
        serde_json::to_string(&saved).expect("a profile holds numbers, texts and lists only")
    }

    /// What [`Profile::save`] wrote; `None` if it is anything else.
    pub fn load(text: &str) -> Option<Self> {
        let saved: Saved = serde_json::from_str(text).ok()?;
        let rates = |text: &str| Rates::from_octets(&STANDARD.decode(text).ok()?);
        let habits = saved.habits.into_iter().take(MOST_HABITS).filter_map(|each| {
            let SavedHabit { service, first, last, days, usual: is_usual } = each;
            Some((service.service()?, Habit { first, last, days, is_usual }))
        });
        Some(Self {
            began: saved.began,
            reset_reason: saved.reset_reason,
            is_unbounded: saved.is_unbounded,
            sent: rates(&saved.sent)?,
            received: rates(&saved.received)?,
            habits: habits.collect(),
        })
    }
}

impl Baselines {
    /// Takes over what an earlier run had learned; returns how many profiles could not be read.
    pub fn restore(&mut self, saved: Vec<(DeviceId, String)>) -> usize {
        let mut unreadable = 0;
        for (device, text) in saved {
            match Profile::load(&text) {
                Some(profile) if self.profiles.len() < self.settings.maximum_devices => {
                    self.profiles.insert(device, profile);
                }
                Some(_) => self.refused += 1,
                None => unreadable += 1,
            }
        }
        unreadable
    }
}
