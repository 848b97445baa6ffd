//! The day as a source of frames, made as they are asked for.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Duration;

use sensor::capture::file::{CaptureError, CapturedFrame, FrameSource};
use sensor::time::Timestamp;

use super::attack::{self, Staged};
use super::error::DayError;
use super::habit::Agenda;
use super::habits;
use super::plan::{MIDNIGHT, Plan};
use super::wire::Arrival;
use super::world::World;
use crate::frames::pcap::PcapWriter;

/// The one port of the gateway that all frames arrive on: a trunk of all segments.
const TRUNK: u32 = 1;
pub const HOURS: usize = 25;

/// What was made so far.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub frames: u64,
    pub octets: u64,
    pub frames_by_hour: [u64; HOURS],
}

#[derive(Debug)]
pub struct Day {
    world: World,
    agenda: Agenda,
    staged: Vec<Staged>,
    current: Option<Arrival>,
    tally: Tally,
    recording: Option<Recording>,
}

/// A capture that is written beside.
struct Recording {
    writer: PcapWriter<BufWriter<File>>,
    failure: Option<std::io::Error>,
}

impl std::fmt::Debug for Recording {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Recording").field("failure", &self.failure).finish()
    }
}

impl Day {
    pub fn new(plan: &Plan) -> Self {
        let mut world = World::new(plan);
        let mut agenda = Agenda::default();
        habits::settle(&mut world, &mut agenda);
        let staged = attack::stage(&mut world, &mut agenda);
        Self { world, agenda, staged, current: None, tally: Tally::default(), recording: None }
    }

    /// Also writes every frame into a capture.
    pub fn record(&mut self, path: &Path) -> Result<(), DayError> {
        let cannot = |source| DayError::Write { path: path.to_owned(), source };
        let output = BufWriter::with_capacity(1 << 20, File::create(path).map_err(cannot)?);
        let writer = PcapWriter::new(output).map_err(cannot)?;
        self.recording = Some(Recording { writer, failure: None });
        Ok(())
    }

    /// Ends the capture.
    pub fn finish_recording(&mut self, path: &Path) -> Result<(), DayError> {
        let cannot = |source| DayError::Write { path: path.to_owned(), source };
        match self.recording.take() {
            Some(Recording { failure: Some(failure), .. }) => Err(cannot(failure)),
            Some(Recording { writer, .. }) => writer.finish().map(drop).map_err(cannot),
            None => Ok(()),
        }
    }

    pub fn world(&self) -> &World {
        &self.world
    }

    pub fn staged(&self) -> &[Staged] {
        &self.staged
    }

    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The next frame, `None` when the day is over.
    pub fn next_arrival(&mut self) -> Option<&Arrival> {
        let ends = self.world.plan.ends;
        loop {
            let frame = self.world.wire.next_at();
            let habit = self.agenda.next_at().filter(|at| *at < ends);
            match (frame, habit) {
                // What a habit does at a moment is never earlier than that moment.
                (Some(frame), Some(habit)) if frame < habit => break,
                (Some(_), None) => break,
                (None, None) => break,
                (_, Some(_)) => self.agenda.act(&mut self.world),
            }
        }
        self.current = self.world.wire.take().filter(|arrival| arrival.at < ends);
        let arrival = self.current.as_ref()?;
        self.tally.frames += 1;
        self.tally.octets += arrival.wire_length;
        let hour = (arrival.at.as_secs() / 3600) as usize;
        self.tally.frames_by_hour[hour.min(HOURS - 1)] += 1;
        if let Some(Recording { writer, failure }) = &mut self.recording
            && failure.is_none()
        {
            let (at, length) = (MIDNIGHT + arrival.at, arrival.wire_length as u32);
            *failure = writer.write_captured(at, &arrival.octets, length).err();
        }
        self.current.as_ref()
    }
}

/// A moment of the day as a capture states it.
pub fn timestamp(at: Duration) -> Timestamp {
    Timestamp::from_micros((MIDNIGHT + at).as_micros() as i64)
}

impl FrameSource for Day {
    fn next_frame(&mut self) -> Result<Option<CapturedFrame<'_>>, CaptureError> {
        Ok(self.next_arrival().map(|arrival| CapturedFrame {
            octets: &arrival.octets,
            wire_length: arrival.wire_length,
            timestamp: timestamp(arrival.at),
            interface: TRUNK,
            upcoming: &[],
        }))
    }

    fn progress(&self) -> (u64, Option<u64>) {
        (self.tally.octets, None)
    }
}
