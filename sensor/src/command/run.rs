//! `wardline run`: starts the parts, waits for a signal, stops them in order.

mod reload;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use super::{Exit, Failure, arguments::Run, intelligence, log, privilege};
use crate::{
    capture::xdp::{AttachError, Buffers, LoadError, PinError, Pins, XdpDatapath},
    config::{Config, Overrides},
    control,
    export::{
        delivery::{Delivery, wall_time},
        eve::EveFile,
        ipfix::Exporters,
        sinks,
        store::{Loaded, Store, StoreError, StoreLimits},
    },
    pipeline::{
        live::{Earlier, Live, StartError, wall_clock},
        sinks::Sinks,
    },
    plan::Plan,
    question::Asker,
    reload::{Reloads, Request},
    web::{self, Access, Gate, Server},
};
use reload::{Origin, Reloader};

pub fn run(words: Run) -> Result<(), Failure> {
    let overrides = Overrides {
        interfaces: (!words.interface.is_empty()).then_some(words.interface),
        listen_address: words.web_listen_address,
        web_config_file: absolute(words.web_config_file)?,
        insecure_allow: words.web_insecure_allow.then_some(true),
        enable_lifecycle: words.web_enable_lifecycle.then_some(true),
        ..Overrides::default()
    };
    let mut config = Config::load_with(&words.config, &overrides)
        .map_err(|error| Failure::new(Exit::BadInput, &error))
        .map_err(|failure| with_hint(failure, &words.config))?;
    log::start(config.agent.log.name());
    if config.capture.interfaces.is_empty() {
        let message = format!(
            "no interface to attach to; set capture.interfaces in {}, or give --interface NAME",
            words.config.display()
        );
        return Err(Failure { exit: Exit::BadInput, message });
    }
    privilege::require()?;
    for account in intelligence::load(&mut config, wall_clock())? {
        tracing::info!("{account}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error))?;
    let origin = Origin { file: words.config, overrides };
    runtime.block_on(serve(Arc::new(config), origin))
}

/// The paths of the file are absolute, too.
fn absolute(path: Option<PathBuf>) -> Result<Option<PathBuf>, Failure> {
    path.map(std::path::absolute).transpose().map_err(|error| Failure::failed(&error))
}

/// A file that is not there is often one that was not named.
fn with_hint(mut failure: Failure, file: &std::path::Path) -> Failure {
    if !file.exists() {
        failure.message.push_str("; name the configuration with --config FILE");
    }
    failure
}

async fn serve(config: Arc<Config>, origin: Origin) -> Result<(), Failure> {
    let access = Access::load(&config.web).map_err(|error| Failure::new(Exit::BadInput, &error))?;
    // Addresses first: nothing is attached if the agent cannot be asked.
    let failed = |error| Failure {
        exit: Exit::Failed,
        message: format!("cannot listen on {}: {error}", config.web.listen_address),
    };
    let listener = web::bind(config.web.listen_address).await.map_err(failed)?;
    let socket = control::listen(&config.agent.socket).map_err(|error| Failure::failed(&error))?;
    let (live, asker, questions) = start(&config)?;
    let stop = Arc::new(AtomicBool::new(false));
    let reopen = live.reopen_flag();
    let pipeline = {
        let stop = Arc::clone(&stop);
        thread::Builder::new()
            .name("pipeline".to_owned())
            .spawn(move || live.run(&questions, &stop))
            .map_err(|error| Failure::failed(&error))?
    };
    tracing::info!(address = %config.web.listen_address, "serving metrics");
    let (reloads, requests) = Reloads::new(wall_time());
    let sources = control::Sources {
        asker: asker.clone(),
        archive: archive(&config),
        reloads: reloads.clone(),
    };
    let control = tokio::spawn(control::serve(socket, sources));
    let gate = Arc::new(Gate::new(access));
    let sources = Arc::new(web::Sources::new(asker.clone(), Arc::clone(&gate), reloads.clone()));
    let server = Server::start(listener, Arc::clone(&sources));
    let reloader = Reloader { origin, config, asker, gate, sources, server, reloads };
    let reloader =
        wait_for_end(&reopen, requests, reloader).await.map_err(|error| Failure::failed(&error))?;
    tracing::info!("stopping");
    stop.store(true, Ordering::Relaxed);
    control.abort();
    let joined = tokio::task::spawn_blocking(move || pipeline.join()).await;
    // The next agent makes its own.
    let _ = std::fs::remove_file(&reloader.config.agent.socket);
    match joined {
        Ok(Ok(())) => Ok(()),
        _ => Err(Failure { exit: Exit::Failed, message: "the pipeline broke off".to_owned() }),
    }
}

/// Waits for SIGTERM or SIGINT; SIGUSR1 and SIGHUP have the events file opened anew, after its
/// rotation, and SIGHUP has the configuration reloaded.
async fn wait_for_end(
    reopen: &AtomicBool,
    mut requests: mpsc::Receiver<Request>,
    mut reloader: Reloader,
) -> std::io::Result<Reloader> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut rotated = signal(SignalKind::user_defined1())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(reloader),
            _ = interrupt.recv() => return Ok(reloader),
            _ = rotated.recv() => reopen.store(true, Ordering::Relaxed),
            _ = hung_up.recv() => {
                reopen.store(true, Ordering::Relaxed);
                reloader.reload(None).await;
            }
            Some(request) = requests.recv() => reloader.reload(Some(request)).await,
        }
    }
}

type Started = (Live, Asker, std::sync::mpsc::Receiver<crate::question::Question>);

fn start(config: &Arc<Config>) -> Result<Started, Failure> {
    let (store, earlier) = open_store(config);
    let file = match &config.events.path {
        None => None,
        Some(path) => Some(EveFile::open(path).map_err(|error| Failure {
            exit: Exit::Failed,
            message: format!("cannot write events to {}: {error}", path.display()),
        })?),
    };
    let plan = Plan::of(config);
    let pins = if config.capture.persist {
        Some(Pins::open(&config.capture.pin_directory).map_err(|error| explain_pins(&error))?)
    } else {
        None
    };
    let mut datapath =
        XdpDatapath::open(&plan.settings, seed(), pins).map_err(|error| explain_load(&error))?;
    if config.capture.run_statistics {
        datapath.measure_runs();
    }
    if datapath.buffers() == Buffers::One {
        tracing::warn!(
            "this kernel gives the program no frame in several buffers (Linux 5.18 and later do): \
             using the program for frames in one; interfaces with a large MTU may refuse it"
        );
    }
    if datapath.is_resumed() {
        tracing::info!("taking over the counts of an earlier agent");
    }
    let firing = sinks::earlier(&earlier.firing, &earlier.devices);
    let receivers = sinks::of(config, &firing, wall_clock());
    let outbox = if receivers.is_empty() { None } else { outbox(config) };
    let delivery = Delivery::start(receivers, outbox).map_err(|error| Failure::failed(&error))?;
    let collectors =
        Exporters::start(&config.collectors).map_err(|error| Failure::failed(&error))?;
    let sinks = Sinks::start(store, file, delivery, collectors, &config.events);
    let live = Live::start(Arc::clone(config), datapath, earlier, sinks)
        .map_err(|error| explain_start(&error))?;
    let (asker, questions) = Asker::new();
    Ok((live, asker, questions))
}

/// Opens the store. Without it the agent runs all the same, and says so.
fn open_store(config: &Config) -> (Option<Store>, Earlier) {
    let opened = Store::open_with(&config.agent.state_directory, limits(config));
    let (store, opened) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            tracing::error!(%error, "running without a store: devices and alerts are not kept");
            return (None, Earlier::default());
        }
    };
    if let Some(recovery) = opened.recovered_from {
        tracing::error!(?recovery, "the store could not be used and was set aside; began anew");
    }
    let clock = wall_clock();
    let (suppressions, highest_suppression) = match store.load_suppressions() {
        Ok((loaded, highest)) => (rows(Ok(loaded), "suppressions"), highest),
        Err(error) => (rows(Err(error), "suppressions"), 0),
    };
    let earlier = Earlier {
        suppressions,
        highest_suppression,
        devices: rows(store.load_devices(clock), "devices"),
        highest_id: store.highest_device_id().ok().flatten(),
        firing: rows(store.load_firing(clock), "alerts"),
        profiles: rows(store.load_profiles(), "profiles"),
    };
    let (devices, firing) = (earlier.devices.len(), earlier.firing.len());
    tracing::info!(devices, firing, "store opened");
    (Some(store), earlier)
}

/// What could be loaded; what could not is said.
fn rows<T>(loaded: Result<Loaded<T>, StoreError>, of: &str) -> Vec<T> {
    match loaded {
        Ok(Loaded { rows, unreadable: 0 }) => rows,
        Ok(Loaded { rows, unreadable }) => {
            tracing::error!(unreadable, "some {of} of earlier runs could not be understood");
            rows
        }
        Err(error) => {
            tracing::error!(%error, "cannot load the {of} of earlier runs");
            Vec::new()
        }
    }
}

/// A way into the store for questions on alerts that are over.
fn archive(config: &Config) -> Option<control::Archive> {
    let opened = Store::open(&config.agent.state_directory);
    let opened = opened.inspect_err(|error| tracing::error!(%error, "alerts have no history"));
    opened.ok().map(|(store, _)| Arc::new(Mutex::new(store)))
}

fn limits(config: &Config) -> StoreLimits {
    StoreLimits { outbox_entries: config.outbox.maximum_entries, ..StoreLimits::default() }
}

/// A second way into the store, for the threads that deliver alerts.
fn outbox(config: &Config) -> Option<Store> {
    match Store::open_with(&config.agent.state_directory, limits(config)) {
        Ok((store, _)) => Some(store),
        Err(error) => {
            tracing::error!(%error, "alerts that are not delivered do not outlive the agent");
            None
        }
    }
}

pub(super) fn explain_load(error: &LoadError) -> Failure {
    let exit = match error {
        LoadError::NotPermitted => Exit::NotPermitted,
        _ => Exit::Failed,
    };
    Failure::new(exit, error)
}

pub(super) fn explain_pins(error: &PinError) -> Failure {
    let is_denied = match error {
        PinError::Mount { source, .. } | PinError::Directory { source, .. } => {
            source.kind() == std::io::ErrorKind::PermissionDenied
        }
        PinError::NotBpf { .. } => false,
    };
    Failure::new(if is_denied { Exit::NotPermitted } else { Exit::Failed }, error)
}

fn explain_start(error: &StartError) -> Failure {
    let exit = match error {
        StartError::Attach(AttachError::NotPermitted { .. }) => Exit::NotPermitted,
        _ => Exit::Failed,
    };
    Failure::new(exit, error)
}

/// A number that nobody who sends frames can know.
pub(super) fn seed() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    RandomState::new().hash_one(std::process::id())
}
