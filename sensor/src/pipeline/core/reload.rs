//! Another configuration for a core at work: what was learned and what is firing stays.

use super::Core;
use crate::{
    config::Config,
    detect::{desk::Runbooks, role::Roles},
    time::Moment,
};

impl Core {
    /// Puts `config` in force, as far as it concerns the core; it was checked as a whole. Returns
    /// the names of what begins anew, because it now measures something else.
    ///
    /// Alerts that nothing explains any more are resolved with the next step.
    pub fn reconfigure(&mut self, config: &Config, now: Moment) -> Vec<String> {
        if *self.roles.configured() != config.roles {
            self.roles = Roles::new(config.roles.clone());
            self.roles.renew(self.wall.at(now));
        }
        self.internal.clone_from(&config.inventory.internal);
        self.inventory.set_routers(config.inventory.routers.iter().map(|mac| mac.0).collect());
        self.flows.set_timeouts(config.flow.idle_timeout, config.flow.active_timeout);
        self.baselines.set_learning(config.baseline.learning);
        self.desk.reconfigure(
            config.alerts.per_minute,
            config.suppressions.clone(),
            config.maintenance.clone(),
            self.wall.at(now),
        );
        self.desk.set_runbooks(Runbooks::new(&config.alerts.runbook_url));
        let resend = config.alertmanager.resend_interval;
        let (mut anew, strangers) = self.thresholds.reconfigure(&config.thresholds, resend, now);
        self.thresholds.set_roles(self.roles.in_force());
        self.strangers.extend(strangers);
        let indicators = config.intelligence.indicators.as_ref();
        let (others, strangers) = self.watch.reconfigure(&config.detections.0, resend, indicators);
        anew.extend(others);
        self.strangers.extend(strangers);
        anew
    }
}

#[cfg(test)]
mod tests;
