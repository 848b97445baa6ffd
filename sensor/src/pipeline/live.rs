//! The live agent's loop: reads the maps, steps the core, follows the interfaces, answers
//! questions. It runs on a thread of its own and owns everything it touches.

mod alerts;
mod answers;
mod legacy;
mod past;
mod profiles;
mod reload;
mod room;
mod totals;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    capture::{
        Datapath as _,
        reader::{Past, Reader},
        xdp::{Counted, Tables, monotonic},
    },
    config::Config,
    confinement::Confinement,
    detect::{Alert, desk::Standing},
    event::Event,
    inventory::{Device, DeviceId},
    keeper::line::Line,
    observation::Observation,
    pipeline::{core::Core, sinks::Sinks},
    question::Question,
    time::{Moment, Timestamp, WallClock},
};

pub use crate::keeper::line::Names;
use legacy::LegacyFile;
pub use reload::NewConfig;
use room::Fullest;
pub use totals::SharedTotals;

/// Between two readings of the rings.
const DRAIN: Duration = Duration::from_millis(50);
/// Between two readings of the flow table, the whole of it or, if it is large, a part: what is done for
/// flows is cheaper for many at a time.
const SWEEP: Duration = Duration::from_millis(250);
const LARGE_TABLE: u32 = 1 << 20;
/// Slots of a large table that are swept in a second, so that it takes a few hundredths of a CPU; a sweep
/// is spread over no longer than this.
const SWEPT_IN_A_SECOND: u32 = 1 << 21;
const SLOWEST_SWEEP: Duration = Duration::from_secs(10);
/// Between two signs of life to the keeper.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);
/// Between two readings of all endpoints, in case a notice was lost.
const RECOUNT: Duration = Duration::from_secs(10);
/// Between two looks for devices that were not seen for long.
const TIDY: Duration = Duration::from_secs(3600);

/// The wall clock as it stands now, to a millisecond.
pub fn wall_clock() -> WallClock {
    static SHOWN: Mutex<WallClock> = Mutex::new(WallClock::since_1970());
    let now = jiff::Timestamp::now().as_microsecond();
    let now = WallClock::new(monotonic(), Timestamp::from_micros(now));
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    *shown = now.steadied_by(*shown);
    *shown
}

/// What an earlier run left in the store.
#[derive(Debug, Default)]
pub struct Earlier {
    pub devices: Vec<Device>,
    pub highest_id: Option<DeviceId>,
    pub firing: Vec<Alert>,
    /// Suppressions made while running, and the highest number that one has had.
    pub suppressions: Vec<Standing>,
    pub highest_suppression: u32,
    /// What was learned of devices.
    pub profiles: Vec<(DeviceId, String)>,
}

/// How the worker sits: its line to the keeper, what it was told at the start, what keeps it in.
#[derive(Clone, Debug)]
pub struct Seat {
    pub line: Line,
    pub is_resumed: bool,
    /// Workers that ended before this one without being told to.
    pub restarts: u64,
    pub confinement: Confinement,
}

/// The totals that the kernel's program counts.
pub type LiveTotals = SharedTotals<Arc<Counted>>;

/// Everything the loop owns.
pub struct Live {
    config: Arc<Config>,
    datapath: Tables<Line>,
    reader: Reader,
    legacy: LegacyFile,
    totals: Arc<LiveTotals>,
    core: Core,
    seat: Seat,
    sinks: Sinks,
    observation: Observation,
    events: Vec<Event>,
    reopen: Arc<AtomicBool>,
    fullest: Fullest,
    cycle: Duration,
    longest_cycle: Duration,
    swept: Instant,
    sweep_began: Instant,
    shown_alive: Option<Instant>,
    recounted: Instant,
    tidied: Instant,
    reported: Instant,
}

impl Live {
    /// Takes over what an earlier agent or worker left.
    pub fn start(
        config: Arc<Config>,
        datapath: Tables<Line>,
        seat: Seat,
        earlier: Earlier,
        sinks: Sinks,
    ) -> Self {
        let reader = Reader::new(&datapath, datapath.clock());
        let totals = Arc::new(LiveTotals::of(Arc::clone(datapath.counted())));
        let mut core = Core::new(&config, earlier.devices, earlier.highest_id);
        core.set_wall_clock(wall_clock());
        core.desk.adopt_suppressions(earlier.suppressions, earlier.highest_suppression);
        core.adopt(earlier.firing, monotonic());
        let unreadable = core.baselines.restore(earlier.profiles);
        if unreadable > 0 {
            tracing::error!(unreadable, "some profiles of devices could not be understood");
        }
        let legacy = LegacyFile::open(&config.agent.state_directory);
        let now = Instant::now();
        let mut live = Self {
            config,
            datapath,
            reader,
            legacy,
            totals,
            core,
            seat,
            sinks,
            observation: Observation::default(),
            events: Vec::new(),
            reopen: Arc::default(),
            fullest: Fullest::from(now),
            cycle: Duration::ZERO,
            longest_cycle: Duration::ZERO,
            swept: now,
            sweep_began: now,
            shown_alive: None,
            recounted: now,
            tidied: now,
            reported: now,
        };
        let (legacy, listed) = (live.legacy.read(), past::take(&live.config.agent.state_directory));
        let past = match live.seat.is_resumed {
            true => listed.unwrap_or_else(|| {
                let rest = live.reader.clock().ticks(live.config.flow.idle_timeout);
                Past::of_killed(legacy.read_at, rest)
            }),
            false => Past::default(),
        };
        live.reader.resume(&mut live.datapath, &past, &mut live.observation);
        if live.seat.is_resumed {
            live.reader.inherit(legacy);
            live.totals.resume();
        }
        live.legacy.write(live.reader.legacy());
        live.step(monotonic());
        live
    }

    /// What has to be refreshed before totals are asked for.
    pub fn totals(&self) -> Arc<LiveTotals> {
        Arc::clone(&self.totals)
    }

    /// Set it to have the events file opened anew.
    pub fn reopen_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.reopen)
    }

    /// Runs until `stop` is set or the keeper says so, then ends the flows.
    pub fn run(mut self, questions: &Receiver<Question>, stop: &AtomicBool) {
        let mut next = Instant::now();
        while !stop.load(Ordering::Relaxed) && !self.seat.line.is_over() {
            match questions.recv_timeout(next.saturating_duration_since(Instant::now())) {
                Ok(question) => self.answer(question),
                Err(RecvTimeoutError::Timeout) => {
                    self.cycle();
                    next = Instant::now() + DRAIN;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.end();
    }

    fn cycle(&mut self) {
        let started = Instant::now();
        self.observation.clear();
        if self.swept.elapsed() >= SWEEP {
            self.swept = started;
            self.go_on_sweeping();
        } else {
            self.reader.drain(&mut self.datapath, &mut self.observation);
        }
        self.fullest.note(started, self.datapath.take_fullest());
        if self.recounted.elapsed() >= RECOUNT {
            self.recounted = started;
            self.datapath.doubt_all();
            self.reader.announce_all(&mut self.datapath, &mut self.observation);
        }
        if self.reopen.swap(false, Ordering::Relaxed) {
            self.sinks.reopen();
        }
        self.step(monotonic());
        self.seat.line.listen();
        // From here, and from nowhere else: who watches the agent watches the pipeline.
        if self.shown_alive.is_none_or(|shown| shown.elapsed() >= SIGN_OF_LIFE) {
            self.shown_alive = Some(started);
            self.seat.line.alive();
        }
        if self.tidied.elapsed() >= TIDY {
            self.tidied = started;
            let since = monotonic() - self.config.inventory.forget_after;
            let forgotten = self.core.inventory.forget_unseen_since(since);
            self.core.baselines.forget(&forgotten);
            self.sinks.forget(forgotten);
        }
        if self.reported.elapsed() >= self.config.events.stats_interval {
            self.reported = started;
            let statistics = self.statistics();
            self.sinks.statistics(wall_clock(), statistics, self.seat.line.names());
        }
        self.cycle = started.elapsed();
        self.longest_cycle = self.longest_cycle.max(self.cycle);
    }

    /// Reads as much of the table as is to be read by now.
    fn go_on_sweeping(&mut self) {
        let takes = sweep_takes(self.datapath.slots());
        let share = (self.sweep_began.elapsed() + SWEEP).div_duration_f64(takes).min(1.0);
        if self.reader.skim_to(share, &mut self.datapath, &mut self.observation) {
            self.sweep_began = Instant::now();
            self.legacy.write(self.reader.legacy());
        }
    }

    fn step(&mut self, now: Moment) {
        self.core.set_wall_clock(wall_clock());
        self.look_at_clock();
        let learned = self.core.tell_time(wall_clock().at(now));
        self.sinks.save_profiles(learned);
        self.core.step(&self.observation, now, &mut self.events);
        for role in self.core.take_expired_roles() {
            tracing::warn!(role, "the role has ended and excuses nothing any more");
        }
        self.send();
    }

    /// Says when the wall clock jumped: in the log, in a line of the events file, in the metrics.
    fn look_at_clock(&mut self) {
        let (before, wall, after) = (monotonic(), jiff::Timestamp::now(), monotonic());
        let wall = Timestamp::from_micros(wall.as_microsecond());
        let Some(jump) = self.core.clock_jumps.look(before, wall, after) else { return };
        let seconds = jump.seconds();
        tracing::warn!(
            seconds,
            "the wall clock jumped, or the machine stood still: what is dated before and after it \
             does not fit together. Windows and timeouts are not affected"
        );
        let mut statistics = self.statistics();
        statistics["clock_jump_seconds"] = json!(seconds);
        self.sinks.statistics(wall_clock(), statistics, self.seat.line.names());
    }

    /// Gives the sinks what there is.
    fn send(&mut self) {
        let events = std::mem::take(&mut self.events);
        self.sinks.take(events, wall_clock(), self.seat.line.names());
        self.sinks.save_devices(self.core.inventory.devices(), wall_clock());
    }

    fn answer(&mut self, question: Question) {
        // Whoever asked may have gone; then nobody misses the answer.
        match question {
            Question::Snapshot(answer) => {
                let _ = answer.send(Box::new(self.snapshot()));
            }
            Question::Readiness(answer) => {
                let _ = answer.send(self.readiness());
            }
            Question::List(subject, answer) => {
                let _ = answer.send(self.list(subject));
            }
            Question::Profiles(question, answer) => {
                let _ = answer.send(self.answer_on_profiles(&question));
            }
            Question::Configure(new, answer) => {
                let _ = answer.send(self.reconfigure(*new));
            }
            Question::Alerts(question, answer) => {
                let _ = answer.send(self.answer_on_alerts(question));
                self.send();
            }
        }
    }

    /// Endpoints of each device.
    fn endpoints_by_device(&self) -> BTreeMap<Option<DeviceId>, Vec<u32>> {
        let mut endpoints: BTreeMap<Option<DeviceId>, Vec<u32>> = BTreeMap::new();
        let first = sensor_common::endpoint::FIRST_ENDPOINT;
        for endpoint in first..first + self.reader.endpoints_seen() {
            let device = self.core.inventory.device_of(endpoint);
            endpoints.entry(device).or_default().push(endpoint);
        }
        endpoints
    }

    fn end(mut self) {
        self.observation.clear();
        self.datapath.doubt_all();
        for _ in 0..3 {
            self.reader.sweep(&mut self.datapath, &mut self.observation);
        }
        let now = monotonic();
        self.legacy.write(self.reader.legacy());
        self.core.step(&self.observation, now, &mut self.events);
        self.core.finish(now, &mut self.events);
        past::leave(&self.config.agent.state_directory, &self.reader.past(&self.datapath));
        self.sinks.save_profiles(self.core.finish_learning());
        let events = std::mem::take(&mut self.events);
        self.sinks.take(events, wall_clock(), self.seat.line.names());
        self.sinks.save_all_devices(self.core.inventory.devices(), wall_clock());
        self.sinks.finish();
    }
}

/// In how much time so many slots are swept.
fn sweep_takes(slots: u32) -> Duration {
    if slots <= LARGE_TABLE {
        return SWEEP;
    }
    let seconds = slots.div_ceil(SWEPT_IN_A_SECOND);
    Duration::from_secs(u64::from(seconds)).min(SLOWEST_SWEEP)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn larger_tables_are_swept_less_often() {
        let seconds = |slots| sweep_takes(slots).as_secs_f64();
        let found = [1, 1 << 20, 1 << 21, 1 << 22, 1 << 24, 1 << 26].map(seconds);
        assert_eq!(found, [0.25, 0.25, 1.0, 2.0, 8.0, 10.0]);
    }
}
