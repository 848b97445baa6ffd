//! The worker of `wardline run`: confines itself, starts the parts, waits until it is to end, stops
//! them in order. It is started by the keeper, whose line is its standard input.

mod reload;

use std::{
    io,
    os::fd::AsFd as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Signal, set_parent_process_death_signal};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{mpsc, watch},
};

use super::{
    Exit, Failure,
    arguments::Run,
    intelligence,
    keeper::{configuration, overrides},
    log, say,
};
use crate::{
    capture::xdp::Tables,
    config::Config,
    confinement::{Confinement, confine_worker, probe},
    control::{self, ControlError},
    export::{
        delivery::{Delivery, wall_time},
        eve::EveFile,
        ipfix::Exporters,
        sinks,
        store::{Loaded, Store, StoreError, StoreLimits},
    },
    keeper::line::Line,
    pipeline::{
        live::{Earlier, Live, Seat, wall_clock},
        sinks::Sinks,
    },
    question::Asker,
    reload::{Reloads, Request},
    web::{self, Access, Gate, Server},
};
use reload::{Origin, Reloader};

/// For another worker to leave its addresses, and between two looks whether it has.
const LEAVING: Duration = Duration::from_secs(5);
const GLANCE: Duration = Duration::from_millis(50);

pub fn run(words: Run) -> Result<(), Failure> {
    // Without its keeper it is nobody's.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    let overrides = overrides(&words)?;
    let mut config = configuration(&words.config, &overrides)?;
    log::start(config.agent.log.name());
    let confinement = confine_worker(&config, &words.config)
        .map_err(|error| Failure { exit: Exit::Failed, message: error.to_string() })?;
    let line = io::stdin().as_fd().try_clone_to_owned();
    let line = Line::new(line.map_err(|error| Failure::failed(&error))?);
    if words.probe {
        let given = line.prepared().map_err(|error| Failure::failed(&error))?;
        return say(&probe::attempt(&config, given.as_ref().map(|(_, files)| files)));
    }
    for account in intelligence::load(&mut config, wall_clock())? {
        tracing::info!("{account}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Failure::failed(&error))?;
    let origin = Origin { file: words.config, overrides };
    runtime.block_on(serve(Arc::new(config), origin, line, confinement))
}

async fn serve(
    config: Arc<Config>,
    origin: Origin,
    line: Line,
    confinement: Confinement,
) -> Result<(), Failure> {
    let access = Access::load(&config.web).map_err(|error| Failure::new(Exit::BadInput, &error))?;
    // Addresses first: nothing is loaded or attached if the agent cannot be asked.
    let failed = |error| Failure {
        exit: Exit::Failed,
        message: format!("cannot listen on {}: {error}", config.web.listen_address),
    };
    let listener = patiently(|| web::bind(config.web.listen_address), io::Error::kind).await;
    let listener = listener.map_err(failed)?;
    let listen = || std::future::ready(control::listen(&config.agent.socket));
    let socket = patiently(listen, ControlError::kind).await;
    let socket = socket.map_err(|error| Failure::failed(&error))?;
    let Some((live, asker, questions)) = start(&config, line, confinement)? else {
        let _ = std::fs::remove_file(&config.agent.socket);
        return Ok(());
    };
    let stop = Arc::new(AtomicBool::new(false));
    let reopen = live.reopen_flag();
    // Its sender goes with the pipeline, however that ends.
    let (running, pipeline_end) = watch::channel(());
    let pipeline = {
        let stop = Arc::clone(&stop);
        let run = move || {
            live.run(&questions, &stop);
            drop(running);
        };
        thread::Builder::new()
            .name("pipeline".to_owned())
            .spawn(run)
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
    let reloader = wait_for_end(&reopen, requests, reloader, pipeline_end)
        .await
        .map_err(|error| Failure::failed(&error))?;
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

/// Tries again while an address is in use: by the worker of a keeper that was killed a moment ago,
/// which takes a moment to end.
async fn patiently<T, E, F: Future<Output = Result<T, E>>>(
    attempt: impl Fn() -> F,
    kind: impl Fn(&E) -> io::ErrorKind,
) -> Result<T, E> {
    let began = Instant::now();
    loop {
        match attempt().await {
            Err(error) if kind(&error) == io::ErrorKind::AddrInUse && began.elapsed() < LEAVING => {
                tokio::time::sleep(GLANCE).await;
            }
            result => return result,
        }
    }
}

/// Waits for SIGTERM or the end of the pipeline; SIGUSR1 and SIGHUP have the events file opened
/// anew, after its rotation, and SIGHUP has the configuration reloaded. SIGINT, which a terminal
/// sends to both processes, is the keeper's affair.
async fn wait_for_end(
    reopen: &AtomicBool,
    mut requests: mpsc::Receiver<Request>,
    mut reloader: Reloader,
    mut pipeline_end: watch::Receiver<()>,
) -> io::Result<Reloader> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut rotated = signal(SignalKind::user_defined1())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    loop {
        tokio::select! {
            _ = terminate.recv() => return Ok(reloader),
            // Never sent to: it changes when its sender goes.
            _ = pipeline_end.changed() => return Ok(reloader),
            _ = interrupt.recv() => {}
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

/// `None` when the keeper has no use for a worker any more.
fn start(
    config: &Arc<Config>,
    line: Line,
    confinement: Confinement,
) -> Result<Option<Started>, Failure> {
    let file = match &config.events.path {
        None => None,
        Some(path) => Some(EveFile::open(path).map_err(|error| Failure {
            exit: Exit::Failed,
            message: format!("cannot write events to {}: {error}", path.display()),
        })?),
    };
    let given = line.prepared().map_err(|error| Failure::failed(&error))?;
    let Some((welcome, files)) = given else { return Ok(None) };
    let datapath = Tables::map(&welcome.shape, &files, welcome.clock, line.clone())
        .map_err(|error| Failure::failed(&error))?;
    // The mappings stay, for reading only. The descriptors could be mapped for writing: they go before
    // anything is read that came from the network.
    drop(files);
    if welcome.is_resumed {
        tracing::info!("taking over the counts of an earlier agent");
    }
    let (store, earlier) = open_store(config);
    let firing = sinks::earlier(&earlier.firing, &earlier.devices);
    let receivers = sinks::of(config, &firing, wall_clock());
    let outbox = if receivers.is_empty() { None } else { outbox(config) };
    let delivery = Delivery::start(receivers, outbox).map_err(|error| Failure::failed(&error))?;
    let collectors =
        Exporters::start(&config.collectors).map_err(|error| Failure::failed(&error))?;
    let sinks = Sinks::start(store, file, delivery, collectors, &config.events);
    let (is_resumed, restarts) = (welcome.is_resumed, welcome.restarts);
    let seat = Seat { line, is_resumed, restarts, confinement };
    let live = Live::start(Arc::clone(config), datapath, seat, earlier, sinks);
    let (asker, questions) = Asker::new(live.totals());
    Ok(Some((live, asker, questions)))
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
