//! The keeper's loop: looks at the interfaces, listens to the worker, starts it again when it ends.

use std::{
    io,
    process::ExitStatus,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use sd_notify::NotifyState;
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use super::{
    nursery::Nursery,
    protocol::{Attached, CHUNK, FromKeeper, FromWorker, Standing, Welcome},
    watch::{StartError, Watch},
    worker::{Stage, Worker},
};
use crate::{
    capture::{
        Datapath as _,
        xdp::{LoadError, PinError, TableFiles, TableShape, XdpDatapath},
    },
    config::Config,
    confinement::{ConfinementError, confine_keeper},
};

/// Between two looks at clocks and interfaces.
const TICK: Duration = Duration::from_millis(250);
const LOOK: Duration = Duration::from_millis(500);
/// Before a worker is started again: the first time, and at most.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A worker that ran for so long is given the first pause again.
const SETTLED: Duration = Duration::from_secs(60);
/// For the worker to end its flows and write what it has to write.
const TIME_TO_END: Duration = Duration::from_secs(10);

/// Why the keeper ends other than by order.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    Pins(#[from] PinError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Confinement(#[from] ConfinementError),
    #[error("cannot start the worker: {0}")]
    Worker(#[source] io::Error),
    /// It has said why, if it could.
    #[error("the worker ended ({0}) before it was ready")]
    NotReady(ExitStatus),
    #[error("the worker broke off: {0}")]
    BrokenOff(ExitStatus),
    #[error("the worker could not be ended in time")]
    Wedged,
}

/// What is in the kernel, and how a worker gets to see it.
struct Held {
    datapath: XdpDatapath,
    watch: Watch,
    shape: TableShape,
    files: TableFiles,
}

struct Keeper<'a> {
    config: &'a Config,
    nursery: Nursery,
    /// Loads the program, when the first worker is prepared.
    load: Option<Box<dyn FnOnce() -> Result<XdpDatapath, KeeperError> + 'a>>,
    held: Option<Held>,
    worker: Option<Worker>,
    started: Instant,
    again_at: Instant,
    pause: Duration,
    restarts: u64,
    looked: Instant,
    /// When the worker was told to end.
    ending: Option<Instant>,
    is_ready: bool,
}

/// Runs until SIGTERM or SIGINT; `words` make this executable a worker, `load` loads the program.
///
/// # Errors
///
/// [`KeeperError`]; after that no worker is left.
pub async fn keep<'a>(
    config: &'a Config,
    words: Vec<String>,
    load: impl FnOnce() -> Result<XdpDatapath, KeeperError> + 'a,
) -> Result<(), KeeperError> {
    let failed = KeeperError::Worker;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hung_up = signal(SignalKind::hangup()).map_err(failed)?;
    let mut rotated = signal(SignalKind::user_defined1()).map_err(failed)?;
    let mut child = signal(SignalKind::child()).map_err(failed)?;
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let nursery = Nursery::open(words).map_err(failed)?;
    let now = Instant::now();
    let mut keeper = Keeper {
        config,
        worker: Some(Worker::start(&nursery).map_err(failed)?),
        nursery,
        load: Some(Box::new(load)),
        held: None,
        started: now,
        again_at: now,
        pause: PAUSE,
        restarts: 0,
        looked: now,
        ending: None,
        is_ready: false,
    };
    let result = loop {
        let step = tokio::select! {
            _ = terminate.recv() => { keeper.end(); Ok(()) }
            _ = interrupt.recv() => { keeper.end(); Ok(()) }
            _ = hung_up.recv() => { keeper.forward(Signal::HUP); Ok(()) }
            _ = rotated.recv() => { keeper.forward(Signal::USR1); Ok(()) }
            _ = child.recv() => keeper.look_after(),
            () = readable(keeper.worker.as_ref()) => keeper.listen(),
            _ = ticks.tick() => keeper.tick(),
        };
        if step.is_err() || keeper.ending.is_some() && keeper.worker.is_none() {
            break step;
        }
    };
    if let Some(worker) = keeper.worker.take() {
        worker.dismiss();
    }
    if let Some(mut held) = keeper.held {
        held.watch.end(&mut held.datapath, config.capture.persist);
    }
    result
}

async fn readable(worker: Option<&Worker>) {
    match worker {
        Some(worker) => worker.readable().await,
        None => std::future::pending().await,
    }
}

impl Keeper<'_> {
    fn forward(&mut self, signal: Signal) {
        if let Some(worker) = &mut self.worker {
            worker.signal(signal);
        }
    }

    fn end(&mut self) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(Instant::now());
        notify(&[NotifyState::Stopping]);
        if let Some(worker) = &mut self.worker
            && worker.tell(&FromKeeper::End).is_err()
        {
            worker.signal(Signal::TERM);
        }
    }

    fn tick(&mut self) -> Result<(), KeeperError> {
        self.listen()?;
        self.look_after()?;
        if let Some(ending) = self.ending
            && ending.elapsed() > TIME_TO_END
            && let Some(mut worker) = self.worker.take()
        {
            worker.kill();
            return Err(KeeperError::Wedged);
        }
        if let Some(worker) = self.worker.as_mut().filter(|worker| worker.is_wedged()) {
            tracing::error!(pid = worker.id(), "the worker is wedged: killing it");
            worker.kill();
        }
        if self.worker.is_none() && self.ending.is_none() && Instant::now() >= self.again_at {
            match Worker::start(&self.nursery) {
                Ok(worker) => {
                    self.started = Instant::now();
                    self.worker = Some(worker);
                }
                Err(error) => {
                    tracing::error!(%error, "cannot start a worker");
                    self.again_at = Instant::now() + LONGEST_PAUSE;
                }
            }
        }
        if self.looked.elapsed() >= LOOK {
            self.looked = Instant::now();
            if let Some(held) = &mut self.held {
                held.datapath.flush_log();
                held.watch.follow(&mut held.datapath);
            }
            self.tell_standing();
        }
        Ok(())
    }

    /// Notices that the worker has ended.
    fn look_after(&mut self) -> Result<(), KeeperError> {
        let Some(worker) = &mut self.worker else { return Ok(()) };
        let Some(status) = worker.ended().map_err(KeeperError::Worker)? else { return Ok(()) };
        let pid = worker.id();
        let stage = worker.stage;
        self.worker = None;
        if self.ending.is_some() {
            return if status.success() { Ok(()) } else { Err(KeeperError::BrokenOff(status)) };
        }
        if !self.is_ready && stage != Stage::Running {
            return Err(KeeperError::NotReady(status));
        }
        if self.started.elapsed() > SETTLED {
            self.pause = PAUSE;
        }
        tracing::error!(
            pid, %status, pause_seconds = self.pause.as_secs_f64(),
            "the worker ended; the kernel counts on until another takes over"
        );
        notify(&[NotifyState::Status("the worker ended; starting another")]);
        self.restarts += 1;
        self.again_at = Instant::now() + self.pause;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        Ok(())
    }

    fn listen(&mut self) -> Result<(), KeeperError> {
        // As much as may wait; the rest the next time round.
        for _ in 0..16 {
            let Some(worker) = &mut self.worker else { return Ok(()) };
            match worker.hear() {
                Ok(None) => return Ok(()),
                Ok(Some(FromWorker::Prepared)) => self.welcome()?,
                Ok(Some(FromWorker::Alive)) => self.note_alive(),
                Ok(Some(FromWorker::Endpoints)) => self.tell_endpoints(),
                // It is ending; how, its status tells.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
                Err(error) => {
                    tracing::error!(%error, "the worker cannot be understood: killing it");
                    worker.kill();
                    return self.look_after();
                }
            }
        }
        Ok(())
    }

    /// Gives a worker that is prepared the tables; before the first, fills and attaches them.
    fn welcome(&mut self) -> Result<(), KeeperError> {
        if let Some(load) = self.load.take() {
            let mut datapath = load()?;
            let (shape, files) = datapath.hand_over()?;
            let mut watch = Watch::new(&self.config.capture);
            watch.start(&mut datapath)?;
            confine_keeper(self.config.agent.sandbox)?;
            self.held = Some(Held { datapath, watch, shape, files });
        }
        let (Some(held), Some(worker)) = (&self.held, &mut self.worker) else { return Ok(()) };
        if worker.stage != Stage::Starting {
            return Ok(());
        }
        let welcome = Welcome {
            shape: held.shape,
            clock: held.datapath.clock(),
            is_resumed: held.datapath.is_resumed() || self.restarts > 0,
            restarts: self.restarts,
        };
        if let Err(error) = worker.welcome(welcome, &held.files) {
            tracing::error!(%error, "cannot hand the tables to the worker");
            worker.kill();
            return self.look_after();
        }
        self.tell_standing();
        Ok(())
    }

    fn note_alive(&mut self) {
        let Some(worker) = &mut self.worker else { return };
        if worker.stage == Stage::Starting {
            // It has no tables, so no pipeline.
            return worker.kill();
        }
        if worker.stage == Stage::Given {
            worker.stage = Stage::Running;
            let interfaces = self.held.as_ref().map_or(0, |held| held.watch.attached());
            let status = format!("counting on {interfaces} interfaces");
            notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
            self.is_ready = true;
        }
        notify(&[NotifyState::Watchdog]);
    }

    fn tell_standing(&mut self) {
        let (Some(held), Some(worker)) = (&self.held, &mut self.worker) else { return };
        if worker.stage == Stage::Starting || self.ending.is_some() {
            return;
        }
        let attached = held.datapath.attachments().map(|attachment| {
            FromKeeper::Attached(Attached {
                index: attachment.interface.index,
                mode: attachment.mode,
                name: attachment.interface.name.clone(),
            })
        });
        let held_off = held.watch.held_off().iter();
        let held_off = held_off.map(|interface| FromKeeper::HeldOff(interface.name.clone()));
        let runs = held.datapath.run_statistics();
        let runs = runs.map(|(time, runs)| (time.as_nanos() as u64, runs));
        let missing = held.watch.missing() as u32;
        let pins_restored = held.watch.pins_restored();
        let standing = FromKeeper::Standing(Standing { missing, pins_restored, runs });
        let messages: Vec<FromKeeper> = attached.chain(held_off).chain([standing]).collect();
        if let Err(error) = messages.iter().try_for_each(|message| worker.tell(message)) {
            tracing::error!(%error, "the worker does not listen: killing it");
            worker.kill();
        }
    }

    fn tell_endpoints(&mut self) {
        let (Some(held), Some(worker)) = (&self.held, &mut self.worker) else { return };
        let mut endpoints = Vec::new();
        held.datapath.endpoints(&mut |index, key| endpoints.push((index, key)));
        let chunks = endpoints.chunks(CHUNK).map(|chunk| FromKeeper::Endpoints(chunk.to_vec()));
        let mut messages = chunks.chain([FromKeeper::EndpointsEnd]);
        if let Err(error) = messages.try_for_each(|message| worker.tell(&message)) {
            tracing::error!(%error, "the worker does not listen: killing it");
            worker.kill();
        }
    }
}

/// Tells the service manager, if there is one.
fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager cannot be told");
    }
}
