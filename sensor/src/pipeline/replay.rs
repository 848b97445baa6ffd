//! A capture through the same pipeline, under the capture's own clock.

use std::{
    io::{self, Write},
    path::Path,
    time::{Duration, Instant},
};

use sensor_common::books::{Entry, InterfaceRow};

use crate::{
    capture::{
        Datapath, Tallies,
        file::{CaptureError, CaptureFile, FrameSource},
        host::{HostDatapath, TableSizes},
        reader::Reader,
        ticks::TickClock,
        totals::TotalsReader,
        xdp::{KernelReplay, KernelReplayError},
    },
    config::Config,
    event::Event,
    export::eve::{EveWriter, EventContext},
    observation::Observation,
    pipeline::core::Core,
    time::{Moment, WallClock},
};

/// Capture time between two readings of the table, as when live.
const READING: Duration = Duration::from_millis(250);
/// Frames after which the rings are read even within that time.
const FRAMES: u64 = 4096;
/// In a gap without frames time passes in such steps, at most this many.
const STEP: Duration = Duration::from_secs(1);
const STEPS: u32 = 900;

/// Which packet path runs the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// The shared code on the host; needs no privilege.
    #[default]
    Host,
    /// The XDP program itself (BPF_PROG_TEST_RUN); needs CAP_BPF.
    Kernel,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Capture(#[from] CaptureError),
    #[error(transparent)]
    Kernel(#[from] KernelReplayError),
    #[error("cannot write events: {0}")]
    Events(#[source] io::Error),
}

/// A replay's moments are the capture's microseconds since 1970.
const CONTEXT: EventContext<'static> = EventContext {
    wall: WallClock::since_1970(),
    interface_name: &|_| None,
    attach_mode: "replay",
    sensor: None,
};

/// What was read, whether to the end or not.
#[derive(Debug, Default)]
pub struct Summary {
    pub frames: u64,
    pub octets: u64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    pub flows: u64,
    pub alerts: Vec<crate::detect::Alert>,
    pub elapsed: Duration,
}

/// A packet path that takes frames from a file.
trait Receive: Datapath + Tallies {
    fn receive(
        &mut self,
        frame: &[u8],
        wire_length: u64,
        interface: u32,
        now: u64,
    ) -> Result<(), KernelReplayError>;

    /// A frame that begins like this will probably come next.
    fn expect(&self, _upcoming: &[u8], _interface: u32) {}
}

impl Receive for HostDatapath {
    fn receive(
        &mut self,
        frame: &[u8],
        wire_length: u64,
        interface: u32,
        now: u64,
    ) -> Result<(), KernelReplayError> {
        Self::receive(self, frame, wire_length, interface, now);
        Ok(())
    }

    fn expect(&self, upcoming: &[u8], interface: u32) {
        Self::expect(self, upcoming, interface);
    }
}

impl Receive for KernelReplay {
    fn receive(
        &mut self,
        frame: &[u8],
        wire_length: u64,
        interface: u32,
        now: u64,
    ) -> Result<(), KernelReplayError> {
        Self::receive(self, frame, wire_length, interface, now)
    }
}

/// Progress through one capture: octets read, and of how many if that is known.
pub type Progress<'a> = dyn FnMut(u64, Option<u64>) + 'a;

/// The state after a replay, for the summary.
pub struct Replayed {
    pub core: Core,
    pub totals: TotalsReader,
    pub summary: Summary,
    /// Rows and ledger of the packet path.
    pub rows: Vec<InterfaceRow>,
    pub ledger: sensor_common::books::Ledger,
    pub books: crate::capture::reader::FlowBooks,
    /// Why the replay ended before the end of the capture.
    pub error: Option<ReplayError>,
}

/// Replays one capture. What was read before an error is in the result, and so is the error. Events
/// that nobody asks for are not put into words.
pub fn replay(
    path: &Path,
    engine: Engine,
    config: &Config,
    events: Option<&mut dyn Write>,
    progress: &mut Progress<'_>,
) -> Result<Replayed, ReplayError> {
    let mut file = CaptureFile::open(path)?;
    Ok(match engine {
        Engine::Host => {
            let sizes = TableSizes::of_replay(file.progress().1);
            run(HostDatapath::new(&sizes), &mut file, config, events, progress)
        }
        Engine::Kernel => {
            let datapath = KernelReplay::open(&TableSizes::REPLAY)?;
            run(datapath, &mut file, config, events, progress)
        }
    })
}

/// Replays frames that need not be in a file, through the shared code on the host.
pub fn replay_frames(
    source: &mut dyn FrameSource,
    config: &Config,
    events: Option<&mut dyn Write>,
    progress: &mut Progress<'_>,
) -> Replayed {
    run(HostDatapath::new(&TableSizes::REPLAY), source, config, events, progress)
}

fn run<D: Receive>(
    datapath: D,
    source: &mut dyn FrameSource,
    config: &Config,
    events: Option<&mut dyn Write>,
    progress: &mut Progress<'_>,
) -> Replayed {
    let started = Instant::now();
    let mut run = Run::new(datapath, config, events);
    let error = run.read(source, progress).err();
    let written = run.finish();
    let mut totals = TotalsReader::default();
    totals.read(&run.datapath);
    let ledger = run.datapath.ledger();
    let mut summary = run.summary;
    summary.elapsed = started.elapsed();
    Replayed {
        core: run.core,
        totals,
        summary,
        rows: run.datapath.interface_rows(),
        ledger,
        books: run.reader.books(),
        error: error.or(written.err()),
    }
}

/// How much a reading looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Rings,
    News,
    /// What else has changed too: no frame comes for longer than it may stay unread.
    All,
}

struct Run<'a, D> {
    datapath: D,
    reader: Reader,
    core: Core,
    writer: Option<EveWriter<&'a mut dyn Write>>,
    observation: Observation,
    pending: Vec<Event>,
    summary: Summary,
    /// Capture time of the last reading, and frames since.
    read_at: Moment,
    unread: u64,
    /// Capture time of the last reading of the table.
    swept_at: Moment,
}

impl<'a, D: Receive> Run<'a, D> {
    fn new(datapath: D, config: &Config, events: Option<&'a mut dyn Write>) -> Self {
        let mut core = Core::new(config, Vec::new(), None);
        if events.is_none() {
            core.withhold_records();
        }
        Self {
            reader: Reader::new(&datapath, TickClock::of_replay()),
            datapath,
            core,
            writer: events.map(EveWriter::new),
            observation: Observation::default(),
            pending: Vec::new(),
            summary: Summary::default(),
            read_at: Moment::default(),
            unread: 0,
            swept_at: Moment::default(),
        }
    }

    fn read(
        &mut self,
        source: &mut dyn FrameSource,
        progress: &mut Progress<'_>,
    ) -> Result<(), ReplayError> {
        // A clock that steps back in the capture stands still here.
        let mut now = Moment::default();
        loop {
            if self.summary.frames.is_multiple_of(65_536) {
                let (offset, total) = source.progress();
                progress(offset, total);
            }
            let Some(frame) = source.next_frame()? else { return Ok(()) };
            let at = Moment::from_micros(frame.timestamp.as_micros().max(0) as u64);
            now = now.max(at);
            if self.summary.first.is_none() {
                self.summary.first = Some(now);
                (self.read_at, self.swept_at) = (now, now);
            }
            if let Some(depth) = self.due(now) {
                self.take_reading(depth)?;
                self.let_time_pass(now)?;
                if depth != Depth::Rings {
                    self.swept_at = now;
                }
            }
            let tick = now.as_micros() / 1000;
            self.datapath.expect(frame.upcoming, frame.interface);
            self.datapath.receive(frame.octets, frame.wire_length, frame.interface, tick)?;
            self.summary.frames += 1;
            self.summary.octets += frame.wire_length;
            self.summary.last = Some(now);
            self.unread += 1;
        }
    }

    /// What is to be read before a frame that comes at `now`.
    fn due(&self, now: Moment) -> Option<Depth> {
        if now.since(self.read_at) >= STEP {
            return Some(Depth::All);
        }
        if now.since(self.swept_at) >= READING {
            return Some(Depth::News);
        }
        (self.unread >= FRAMES).then_some(Depth::Rings)
    }

    /// Reads what the frames so far did, as of the last of them.
    fn take_reading(&mut self, depth: Depth) -> Result<(), ReplayError> {
        self.observation.clear();
        let read = match depth {
            Depth::Rings => Reader::drain,
            Depth::News => Reader::skim,
            Depth::All => Reader::sweep,
        };
        read(&mut self.reader, &mut self.datapath, &mut self.observation);
        self.unread = 0;
        self.read_at = self.summary.last.unwrap_or_default().max(self.read_at);
        self.tell_time();
        self.core.step(&self.observation, self.read_at, &mut self.pending);
        self.write()
    }

    /// Moments of a replay count from 1970. What is learned in it is not kept.
    fn tell_time(&mut self) {
        drop(self.core.tell_time(WallClock::since_1970().at(self.read_at)));
    }

    /// Lets timeouts and windows run out in a gap without frames.
    fn let_time_pass(&mut self, to: Moment) -> Result<(), ReplayError> {
        self.observation.clear();
        for _ in 0..STEPS {
            if to.since(self.read_at) < STEP {
                break;
            }
            self.read_at = self.read_at + STEP;
            self.tell_time();
            self.core.step(&self.observation, self.read_at, &mut self.pending);
        }
        self.read_at = self.read_at.max(to);
        self.write()
    }

    fn finish(&mut self) -> Result<(), ReplayError> {
        // Flows that the first sweep finds gone have their record read by the second; with the
        // third the books are closed.
        for _ in 0..3 {
            self.take_reading(Depth::All)?;
        }
        let now = self.read_at;
        self.core.finish(now, &mut self.pending);
        // No more will come, so what became of the last connections counts.
        self.observation.clear();
        self.core.step(&self.observation, now, &mut self.pending);
        self.summary.flows = self.core.records_by_reason().values().sum();
        self.write()?;
        self.write_statistics(now)?;
        self.writer.as_mut().map_or(Ok(()), EveWriter::flush).map_err(ReplayError::Events)
    }

    fn write_statistics(&mut self, now: Moment) -> Result<(), ReplayError> {
        if self.writer.is_none() {
            return Ok(());
        }
        let rows = self.datapath.interface_rows();
        let sum = |of: fn(&InterfaceRow) -> u64| rows.iter().map(of).sum::<u64>();
        let books = self.reader.books();
        let statistics = serde_json::json!({
            "frames": {
                "received": sum(|row| row.received_frames),
                "encapsulated": self.datapath.ledger().line(Entry::Encapsulated),
                "counted": books.counted_packets,
                "undissected": sum(|row| row.undissected_frames.iter().sum()),
                "lost": books.lost_packets,
            },
            "flows": self.summary.flows,
            "devices": self.core.inventory.devices().len(),
            "no_room": self.no_room(),
        });
        let at = WallClock::default().at(now);
        let written = self.writer.as_mut().map(|writer| writer.stats(at, &statistics, &CONTEXT));
        written.unwrap_or(Ok(())).map_err(ReplayError::Events)
    }

    /// How often something found no room, by where.
    fn no_room(&self) -> serde_json::Value {
        let core = &self.core;
        serde_json::json!({
            "endpoints": self.datapath.ledger().line(Entry::EndpointsRefused),
            "devices": core.inventory.refused(),
            "thresholds": core.thresholds.overflowed(),
            "detections": core.watch.overflowed(),
            "profiles": core.baselines.refused(),
            "alerts": core.desk.counts().overflowed,
        })
    }

    fn write(&mut self) -> Result<(), ReplayError> {
        for event in self.pending.drain(..) {
            if let Some(writer) = &mut self.writer {
                write_event(writer, &event).map_err(ReplayError::Events)?;
            }
            match event {
                Event::Alert(alert, _) => self.summary.alerts.push(alert),
                Event::Flow(_) | Event::Device(..) | Event::Desk(_) => {}
            }
        }
        Ok(())
    }
}

fn write_event(writer: &mut EveWriter<&mut dyn Write>, event: &Event) -> io::Result<()> {
    match event {
        Event::Flow(record) => writer.flow(record, &CONTEXT),
        Event::Device(change, device) => writer.device(*change, device, &CONTEXT),
        Event::Alert(alert, device) => writer.alert(alert, device.as_ref(), &CONTEXT),
        Event::Desk(_) => Ok(()),
    }
}
