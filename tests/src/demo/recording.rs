//! Records the hospital's day and the outbreak on both ports of the gateway:
//! the capture that is replayed where there is no root.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::thread;
use std::time::Duration;

use super::error::DemoError;
use crate::frames::pcap::PcapWriter;
use crate::frames::record::Recorder;
use crate::lab::hospital::outbreak::Scanner;
use crate::lab::hospital::{CLINICAL_PORT, CORE_PORT, Hospital, stations};
use crate::lab::interrupt;
use crate::speakers::Shift;

/// Small images: the capture is part of the repository.
const IMAGE_OCTETS: usize = 40_000;
const GLANCE: Duration = Duration::from_millis(100);

/// What a recording holds.
#[derive(Clone, Copy, Debug)]
pub struct Recording {
    pub frames: u64,
    pub octets: u64,
}

/// Records an ordinary day of this length and the outbreak after it.
pub fn record(file: &Path, day: Duration) -> Result<Recording, DemoError> {
    interrupt::install();
    let cannot_write = |source| DemoError::File { path: file.to_owned(), source };
    let hospital = Hospital::open("record")?;
    let mut recorder = hospital
        .gateway()
        .in_namespace(|| Recorder::on(&[CLINICAL_PORT, CORE_PORT], GLANCE))?
        .map_err(DemoError::Recorder)?;
    let output = BufWriter::new(File::create(file).map_err(cannot_write)?);
    let mut writer = PcapWriter::new(output).map_err(cannot_write)?;
    let mut recording = Recording { frames: 0, octets: 0 };

    let shift = Shift::of(day + Duration::from_secs(30));
    thread::scope(|scope| {
        let story = scope.spawn(|| story(&hospital, &shift, day));
        while !story.is_finished() {
            while let Some(frame) = recorder.next_frame().map_err(DemoError::Recorder)? {
                writer.write(frame.at, &frame.octets).map_err(cannot_write)?;
                recording.frames += 1;
                recording.octets += frame.octets.len() as u64;
            }
            if interrupt::is_requested() {
                shift.call_off();
            }
        }
        story.join().map_err(|_| DemoError::DayFailed)?
    })?;
    writer.finish().map_err(cannot_write)?;
    Ok(recording)
}

fn story(hospital: &Hospital, shift: &Shift, day: Duration) -> Result<(), DemoError> {
    thread::scope(|scope| {
        let speakers = scope.spawn(|| hospital.day(shift, IMAGE_OCTETS));
        let swept = if shift.rest(day) {
            let outbreak =
                hospital.begin_outbreak(stations::named("ward-pc"), Scanner::available());
            outbreak.map(|mut outbreak| outbreak.has_ended_within(Duration::from_secs(15)))
        } else {
            Ok(false)
        };
        shift.call_off();
        speakers.join().map_err(|_| DemoError::DayFailed)??;
        swept.map(drop).map_err(DemoError::from)
    })
}
