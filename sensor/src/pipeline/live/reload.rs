//! Another configuration for the live agent, between two cycles.

use std::{fmt, sync::Arc};

use super::{Live, wall_clock};
use crate::{
    capture::xdp::monotonic,
    config::Config,
    export::{eve::EveFile, ipfix::Exporters, sinks, store::Store},
    pipeline::sinks::Change,
};

/// A configuration that was checked, and what was opened for it: nothing of it can fail any more.
pub struct NewConfig {
    /// What needs a restart has its old values.
    pub config: Arc<Config>,
    /// For the couriers, if other receivers are told.
    pub receivers: Option<Option<Store>>,
    /// If events go elsewhere.
    pub events_file: Option<Option<EveFile>>,
    /// If flow records go to other collectors.
    pub collectors: Option<Exporters>,
}

impl fmt::Debug for NewConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NewConfig").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Live {
    pub(super) fn reconfigure(&mut self, new: NewConfig) -> Vec<String> {
        let NewConfig { config, receivers, events_file, collectors } = new;
        self.core.set_wall_clock(wall_clock());
        let anew = self.core.reconfigure(&config, monotonic());
        let receivers = receivers.map(|store| {
            let firing: Vec<_> = self.core.firing().collect();
            let devices: Vec<_> = self.core.inventory.devices().cloned().collect();
            let earlier = sinks::earlier(&firing, &devices);
            (sinks::of(&config, &earlier, wall_clock()), store)
        });
        let settings = config.events.clone();
        self.sinks.change(Change { settings, events_file, receivers, collectors });
        self.config = config;
        anew
    }
}
