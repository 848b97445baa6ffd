//! What of a new configuration can be put in force while the agent runs.

use super::Config;

impl Config {
    /// This configuration as far as it can follow `old` without a restart, and the keys that cannot
    /// and keep their old values.
    pub fn following(mut self, old: &Self) -> (Self, Vec<&'static str>) {
        let mut kept = Vec::new();
        if self.capture != old.capture {
            self.capture = old.capture.clone();
            kept.push("capture");
        }
        keep(&mut kept, "flow.maximum", &mut self.flow.maximum, &old.flow.maximum);
        keep(
            &mut kept,
            "inventory.maximum_devices",
            &mut self.inventory.maximum_devices,
            &old.inventory.maximum_devices,
        );
        let (agent, before) = (&mut self.agent, &old.agent);
        keep(
            &mut kept,
            "agent.state_directory",
            &mut agent.state_directory,
            &before.state_directory,
        );
        keep(&mut kept, "agent.socket", &mut agent.socket, &before.socket);
        keep(&mut kept, "agent.sandbox", &mut agent.sandbox, &before.sandbox);
        keep(&mut kept, "agent.user", &mut agent.user, &before.user);
        keep(&mut kept, "outbox", &mut self.outbox, &old.outbox);
        (self, kept)
    }

    /// Whether other receivers are told of alerts, or in another way.
    pub fn tells_others_than(&self, old: &Self) -> bool {
        (&self.alertmanager, &self.syslogs, &self.webhooks)
            != (&old.alertmanager, &old.syslogs, &old.webhooks)
    }
}

fn keep<T: Clone + PartialEq>(
    kept: &mut Vec<&'static str>,
    key: &'static str,
    new: &mut T,
    old: &T,
) {
    if new != old {
        new.clone_from(old);
        kept.push(key);
    }
}
