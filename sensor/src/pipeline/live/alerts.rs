//! Answers about one alert, and orders about alerts.

use serde_json::{Value, json};

use super::{Live, wall_clock};
use crate::{
    capture::xdp::monotonic,
    detect::{
        Alert,
        desk::Suppression,
        selector::{DeviceSelector, MacAddress},
    },
    explain::explained,
    export::eve::{EventContext, alert_value, flow_value},
    flow::FlowRecord,
    inventory::DeviceKey,
    question::AlertQuestion,
};

/// Flows that explain an alert.
const FLOWS: usize = 20;

impl Live {
    pub(super) fn answer_on_alerts(&mut self, question: AlertQuestion) -> Value {
        let now = monotonic();
        self.core.set_wall_clock(wall_clock());
        match question {
            AlertQuestion::Show { alert } => match self.core.firing_alert(alert) {
                Some(alert) => self.show(&alert),
                None => json!({"error": format!("no alert {alert} is firing")}),
            },
            AlertQuestion::Acknowledge { alert, by, note } => {
                match self.core.acknowledge(alert, &by, &note, now, &mut self.events) {
                    Ok(()) => json!({"acknowledged": alert}),
                    Err(error) => json!({"error": error.to_string()}),
                }
            }
            AlertQuestion::Suppress { alert, mut suppression } => {
                if let Some(id) = alert {
                    match self.core.firing_alert(id) {
                        Some(alert) => self.narrow(&mut suppression, &alert),
                        None => return json!({"error": format!("no alert {id} is firing")}),
                    }
                }
                let answer = json!(suppression);
                match self.core.suppress(suppression, now, &mut self.events) {
                    Ok(id) => json!({"id": id, "suppression": answer}),
                    Err(error) => json!({"error": error.to_string()}),
                }
            }
            AlertQuestion::Lift { suppression } => {
                match self.core.lift(suppression, &mut self.events) {
                    Ok(()) => json!({"lifted": suppression}),
                    Err(error) => json!({"error": error.to_string()}),
                }
            }
            AlertQuestion::Suppressions => {
                let suppressions = self.core.desk.suppressions().map(|(id, suppression)| {
                    let mut value = json!(suppression);
                    value["id"] = json!(id);
                    value
                });
                let suppressions: Vec<Value> = suppressions.collect();
                let windows: Vec<_> = self.core.desk.maintenance().collect();
                json!({"suppressions": suppressions, "maintenance": windows})
            }
        }
    }

    /// Suppresses the rule and the device of an alert, where nothing else is said.
    fn narrow(&self, suppression: &mut Suppression, alert: &Alert) {
        suppression.rule.get_or_insert_with(|| alert.name.clone());
        let names_device = suppression.device.is_some()
            || suppression.role.is_some()
            || suppression.network.is_some();
        if !names_device {
            let device = self.core.inventory.device(alert.device);
            suppression.device = device.map(|device| match device.key {
                DeviceKey::Station { station, .. } => DeviceSelector::Station(MacAddress(station)),
                DeviceKey::Address(address) => DeviceSelector::Address(address),
            });
        }
    }

    fn show(&self, alert: &Alert) -> Value {
        let names = self.seat.line.names();
        let name_of = |index: u32| names.get(&index).map(|(name, _)| name.as_str());
        let context_of = |interface: u32| EventContext {
            wall: wall_clock(),
            interface_name: &name_of,
            attach_mode: names.get(&interface).map_or("native", |(_, mode)| *mode),
            sensor: None,
        };
        let value_of = |alert: &Alert| {
            let device = self.core.inventory.device(alert.device);
            alert_value(alert, device, &context_of(device.map_or(0, |device| device.interface)))
        };
        let device = self.core.inventory.device(alert.device);
        let context = context_of(device.map_or(0, |device| device.interface));
        let mut answer = explained(alert, device, &context);
        let mut rules = self.core.thresholds.rules().iter();
        if let Some(rule) = rules.find(|rule| rule.id == alert.rule && rule.name == alert.name) {
            // As it is configured, which may not be as it is built in.
            answer["rule"]["details"] = json!(toml::to_string(rule).unwrap_or_default());
        }
        let others = self.core.firing().filter(|other| {
            other.device == alert.device && other.id != alert.id && other.marks.story.is_some()
        });
        answer["story"] = others.map(|other| value_of(&other)).collect();
        let flows = self.flows_of(alert);
        let flows = flows.iter().map(|flow| flow_value(flow, &context_of(flow.interface)));
        answer["flows"] = flows.collect();
        answer
    }

    /// Conversations under way of the alert's device, with the peers in evidence if there are any;
    /// the latest first.
    fn flows_of(&self, alert: &Alert) -> Vec<FlowRecord> {
        let peers = &alert.evidence.peers;
        let is_peer = |address: Option<std::net::IpAddr>| {
            peers.is_empty() || address.is_some_and(|address| peers.contains(&address))
        };
        let mut flows: Vec<FlowRecord> = self
            .core
            .flows
            .iter()
            .filter(|flow| {
                flow.initiator_device == Some(alert.device) && is_peer(flow.responder)
                    || flow.responder_device == Some(alert.device) && is_peer(flow.initiator)
            })
            .collect();
        flows.sort_by_key(|flow| std::cmp::Reverse((flow.start, flow.id)));
        flows.truncate(FLOWS);
        flows
    }
}
