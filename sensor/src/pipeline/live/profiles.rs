//! What the agent says of what it has learned, and how it is told to begin anew.

use serde_json::{Value, json};

use super::{Live, wall_clock};
use crate::{
    baseline::{Hour, Service, State},
    inventory::DeviceId,
    question::ProfileQuestion,
    time::Timestamp,
};

impl Live {
    pub(super) fn answer_on_profiles(&mut self, question: &ProfileQuestion) -> Value {
        match question {
            ProfileQuestion::Show { device } => self.profile(DeviceId(*device)),
            ProfileQuestion::Reset { device, reason } => {
                self.reset_profile(DeviceId(*device), reason)
            }
        }
    }

    /// Every profile in one line.
    pub(super) fn profiles(&self) -> Value {
        let baselines = &self.core.baselines;
        let lines = self.core.inventory.devices().filter_map(|device| {
            let profile = baselines.profile(device.id)?;
            let (state, since) = written(baselines.state(device.id)?);
            Some(json!({
                "id": device.id,
                "vendor": device.vendor,
                "address": device.main_address(&[]),
                "state": state,
                "boundary": since,
                "usual_services": profile.usual().count(),
                "reset_reason": profile.reset_reason(),
            }))
        });
        json!({"profiles": lines.collect::<Vec<_>>()})
    }

    fn profile(&self, id: DeviceId) -> Value {
        let baselines = &self.core.baselines;
        let Some((profile, state)) = baselines.profile(id).zip(baselines.state(id)) else {
            return nothing_of(id);
        };
        let services = profile.usual().map(|(service, habit)| {
            let mut value = match *service {
                Service::Uses { peer, protocol, port } => {
                    json!({"deed": "uses", "peer": peer, "protocol": protocol, "port": port})
                }
                Service::Serves { protocol, port } => {
                    json!({"deed": "serves", "protocol": protocol, "port": port})
                }
                Service::Speaks(application) => {
                    json!({"deed": "speaks", "application": application.name()})
                }
            };
            value["first_seen"] = json!(at(habit.first));
            value["last_seen"] = json!(at(habit.last));
            value
        });
        let (state, boundary) = written(state);
        let hour = wall_clock().at(super::monotonic()).as_micros() / MICROS;
        let hour = Hour::try_from(hour).unwrap_or_default();
        let (sent, limit) = baselines.sent_in_hour(id);
        json!({
            "id": id,
            "state": state,
            "boundary": boundary,
            "began": at(profile.began()),
            "reset_reason": profile.reset_reason(),
            "has_more_services_than_are_kept": profile.is_unbounded(),
            "this_hour": {
                "bytes_sent": sent,
                "usual": profile.sent().usual(hour),
                "unusual_above": limit,
            },
            "services": services.collect::<Vec<_>>(),
        })
    }

    fn reset_profile(&mut self, id: DeviceId, reason: &str) -> Value {
        if reason.trim().is_empty() {
            return json!({"error": "a reason is needed"});
        }
        if !self.core.baselines.reset(id, reason) {
            return nothing_of(id);
        }
        let profile = self.core.baselines.profile(id).map(|profile| (id, profile.save()));
        self.sinks.save_profiles(profile.into_iter().collect());
        tracing::info!(device = id.0, reason, "what was learned of a device is forgotten");
        self.profile(id)
    }
}

const MICROS: i64 = 3_600_000_000;

fn nothing_of(id: DeviceId) -> Value {
    json!({"error": format!("nothing is learned of device {}: `wardline devices` lists them", id.0)})
}

fn at(hour: Hour) -> Timestamp {
    Timestamp::from_micros(i64::from(hour) * MICROS)
}

/// The state, and until or since when.
fn written(state: State) -> (&'static str, Timestamp) {
    match state {
        State::Learning { until } => ("learning", at(until)),
        State::Active { since } => ("active", at(since)),
    }
}
