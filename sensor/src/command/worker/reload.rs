//! Reloads of the agent's configuration: reads and opens everything that a new one needs, and only
//! then has it put in force.

use std::{path::PathBuf, sync::Arc};

use super::{Failure, intelligence, limits};
use crate::{
    command::log,
    config::{Config, Overrides},
    export::{delivery::wall_time, eve::EveFile, ipfix::Exporters, sinks, store::Store},
    pipeline::live::{NewConfig, wall_clock},
    question::Asker,
    reload::{Outcome, Reloads, Request},
    web::{self, Access, Gate, Server, Sources},
};

/// What is needed to read the configuration again as it was read at the start.
#[derive(Clone, Debug)]
pub struct Origin {
    pub file: PathBuf,
    pub overrides: Overrides,
}

/// Everything that a reload changes.
pub struct Reloader {
    pub origin: Origin,
    pub config: Arc<Config>,
    pub asker: Asker,
    pub gate: Arc<Gate>,
    pub sources: Arc<Sources>,
    pub server: Server,
    pub reloads: Reloads,
}

/// A new configuration with all that it needs.
struct Prepared {
    config: Arc<Config>,
    new: NewConfig,
    access: Access,
    listener: Option<tokio::net::TcpListener>,
    needs_restart: Vec<&'static str>,
}

impl Reloader {
    /// Reloads, answers `request` if somebody waits, and says in the log what became of it.
    pub async fn reload(&mut self, request: Option<Request>) {
        let result = self.attempt().await;
        self.reloads.note(&result, wall_time());
        match &result {
            Ok(outcome) if outcome.needs_restart.is_empty() => tracing::info!("{outcome}"),
            Ok(outcome) => tracing::warn!("{outcome}"),
            Err(error) => {
                tracing::error!(%error, "not reloaded: the configuration stays as it was");
            }
        }
        if let Some(request) = request {
            // Whoever asked may have gone.
            let _ = request.send(result);
        }
    }

    async fn attempt(&mut self) -> Result<Outcome, String> {
        let Prepared { config, new, access, listener, needs_restart } = self.prepare().await?;
        let begins_anew = self.asker.configure(new).await.map_err(|error| error.to_string())?;
        self.gate.replace(access);
        if let Some(listener) = listener {
            self.server = Server::start(listener, Arc::clone(&self.sources));
            tracing::info!(address = %config.web.listen_address, "serving metrics");
        }
        if config.agent.log != self.config.agent.log {
            log::set_level(config.agent.log.name());
        }
        self.config = config;
        Ok(Outcome { needs_restart, begins_anew })
    }

    /// Everything that may fail.
    async fn prepare(&self) -> Result<Prepared, String> {
        let (origin, old) = (self.origin.clone(), Arc::clone(&self.config));
        let read = tokio::task::spawn_blocking(move || read(&origin, &old));
        let (config, new, access, needs_restart) = read
            .await
            .map_err(|error| error.to_string())?
            .map_err(|failure| failure.to_string())?;
        let address = config.web.listen_address;
        let listener = if address == self.config.web.listen_address {
            None
        } else {
            let bound = web::bind(address).await;
            Some(bound.map_err(|error| format!("cannot listen on {address}: {error}"))?)
        };
        Ok(Prepared { config, new, access, listener, needs_restart })
    }
}

type Read = (Arc<Config>, NewConfig, Access, Vec<&'static str>);

fn read(origin: &Origin, old: &Config) -> Result<Read, Failure> {
    let bad = |error: &dyn std::error::Error| Failure::new(super::Exit::BadInput, error);
    let config = Config::load_with(&origin.file, &origin.overrides).map_err(|error| bad(&error))?;
    let (mut config, needs_restart) = config.following(old);
    for account in intelligence::load(&mut config, wall_clock())? {
        tracing::info!("{account}");
    }
    let access = Access::load(&config.web).map_err(|error| bad(&error))?;
    let events_file = match (&config.events.path, &old.events.path) {
        (new, old) if new == old => None,
        (None, _) => Some(None),
        (Some(path), _) => Some(Some(EveFile::open(path).map_err(|error| {
            let message = format!("cannot write events to {}: {error}", path.display());
            Failure { exit: super::Exit::Failed, message }
        })?)),
    };
    let collectors = if config.collectors == old.collectors {
        None
    } else {
        let started = Exporters::start(&config.collectors);
        Some(started.map_err(|error| Failure::failed(&error))?)
    };
    let receivers = config.tells_others_than(old).then(|| store(&config)).transpose()?;
    let config = Arc::new(config);
    let new = NewConfig { config: Arc::clone(&config), receivers, events_file, collectors };
    Ok((config, new, access, needs_restart))
}

/// A way into the store for new receivers; each of them can be made.
fn store(config: &Config) -> Result<Option<Store>, Failure> {
    let wanted = config.alertmanager.urls.len() + config.syslogs.len() + config.webhooks.len();
    if sinks::of(config, &[], wall_clock()).len() < wanted {
        let message = "a receiver of alerts cannot be made; the log says which".to_owned();
        return Err(Failure { exit: super::Exit::BadInput, message });
    }
    if wanted == 0 {
        return Ok(None);
    }
    let opened = Store::open_with(&config.agent.state_directory, limits(config));
    opened.map(|(store, _)| Some(store)).map_err(|error| Failure::failed(&error))
}
