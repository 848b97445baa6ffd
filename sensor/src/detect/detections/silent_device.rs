//! A life-critical device that is no longer heard.

use std::time::Duration;

use super::Detection;
use crate::{
    detect::{
        Detector, Estate, Evidence, Finding, Findings, FlowSeen, Severity,
        description::{Description, Parameter, Source, Unit},
        settings::Parameters,
        table::Table,
    },
    inventory::DeviceId,
    time::Moment,
};

pub const DETECTION: Detection = Detection {
    description: &DESCRIPTION,
    detector: |parameters| Box::new(SilentDevice::new(parameters)),
};

static DESCRIPTION: Description = Description {
    id: "WL-025",
    name: "silent_device",
    title: "Life-critical device silent",
    severity: Severity::Medium,
    sees: "A device with the role life_critical that sends nothing for several times the longest pause \
           that is usual of it (the 99th percentile of at least a hundred, over at least an hour), \
           and for no less than the floor. Not while nothing at all is heard, when the sensor is \
           blind.",
    clinical_note: "This is no clinical alarm and says nothing of the patient: the device may be \
                    switched off, moved, or on battery, and goes on working without the network. It \
                    never replaces a look at the device. Ask the ward whether it is in use, then \
                    look at its cable, its access point and its switch port.",
    techniques: &["T0814", "T0815"],
    parameters: &[
        Parameter {
            name: "times",
            meaning: "the usual pause, so many times",
            default: 3.0,
            minimum: 1.0,
            maximum: 100.0,
            unit: Unit::Ratio,
            source: Source::Ours,
        },
        Parameter {
            name: "floor",
            meaning: "shortest silence that counts: 1m suits monitors, 15m infusion pumps",
            default: 60.0,
            minimum: 10.0,
            maximum: 86_400.0,
            unit: Unit::Seconds,
            source: Source::Ours,
        },
    ],
    excused_roles: &[],
    clears_after: Duration::from_secs(120),
};

const ROLE: &str = "life_critical";
/// Devices whose pauses are learned.
const DEVICES: usize = 4096;
const MEMORY: Duration = Duration::from_secs(30 * 24 * 3600);
/// Pauses, and time, after which the usual ones are known.
const ENOUGH_PAUSES: u64 = 100;
const ENOUGH_TIME: Duration = Duration::from_secs(3600);
/// While nothing at all is heard for so long, nothing is said of any device.
const BLIND: Duration = Duration::from_secs(10);
/// How often a silence that goes on is told again; shorter than it takes to be resolved.
const AGAIN: Duration = Duration::from_secs(60);
/// Pauses by the power of two of their milliseconds: up to 2^31, which is 24 days.
const POWERS: usize = 32;

/// The pauses of one device.
#[derive(Debug)]
struct Rhythm {
    began: Moment,
    last: Moment,
    pauses: [u64; POWERS],
    told: Option<Moment>,
}

impl Rhythm {
    fn new(at: Moment) -> Self {
        Self { began: at, last: at, pauses: [0; POWERS], told: None }
    }

    fn hear(&mut self, at: Moment) {
        if at <= self.last {
            return;
        }
        let milliseconds = at.since(self.last).as_millis().min(u128::from(u32::MAX)) as u32;
        let power = (u32::BITS - milliseconds.leading_zeros()).min(POWERS as u32 - 1);
        self.pauses[power as usize] += 1;
        self.last = at;
        self.told = None;
    }

    /// A bound, at most twice too high, below which 99 of 100 pauses are; `None` while too few are
    /// known.
    fn usual(&self) -> Option<Duration> {
        let all: u64 = self.pauses.iter().sum();
        if all < ENOUGH_PAUSES || self.last.since(self.began) < ENOUGH_TIME {
            return None;
        }
        let mut longer = all;
        let power = self.pauses.iter().position(|pauses| {
            longer -= pauses;
            longer * 100 <= all
        })?;
        Some(Duration::from_millis(1 << power))
    }
}

#[derive(Debug)]
struct SilentDevice {
    times: f64,
    floor: Duration,
    rhythms: Table<DeviceId, Rhythm>,
    /// When anything was heard last.
    last: Moment,
}

impl SilentDevice {
    fn new(parameters: &Parameters) -> Self {
        Self {
            times: parameters.number("times"),
            floor: parameters.duration("floor"),
            rhythms: Table::new(DEVICES, MEMORY),
            last: Moment::default(),
        }
    }
}

impl Detector for SilentDevice {
    fn observe_flow(&mut self, flow: &FlowSeen<'_>, estate: &Estate<'_>, _: &mut Findings) {
        let at = flow.delta.last_seen;
        self.last = self.last.max(at);
        let Some(device) = flow.source else { return };
        if let Some(rhythm) = self.rhythms.get_mut(&device) {
            rhythm.hear(at);
        } else if estate.roles.iter().any(|role| role.name == ROLE) && estate.has_role(device, ROLE)
        {
            self.rhythms.touch(device, at, || Rhythm::new(at));
        }
    }

    fn advance(&mut self, now: Moment, estate: &Estate<'_>, findings: &mut Findings) {
        if now.since(self.last) > BLIND {
            return;
        }
        for (&device, rhythm) in self.rhythms.iter_mut() {
            let silence = now.since(rhythm.last);
            if silence < self.floor || rhythm.told.is_some_and(|told| now.since(told) < AGAIN) {
                continue;
            }
            let Some(usual) = rhythm.usual() else { continue };
            let limit = usual.mul_f64(self.times).max(self.floor);
            if silence < limit || !estate.has_role(device, ROLE) {
                continue;
            }
            rhythm.told = Some(now);
            findings.report(Finding {
                device,
                severity: None,
                metric: "silence",
                value: silence.as_secs_f64(),
                limit: limit.as_secs_f64(),
                window: limit,
                sentence: format!(
                    "has sent nothing for {} s; this is no clinical alarm",
                    silence.as_secs()
                ),
                evidence: Evidence::default().number("usual_pause_seconds", usual.as_secs_f64()),
                since: rhythm.last,
                at: now,
            });
        }
    }

    fn overflowed(&self) -> u64 {
        self.rhythms.overflowed()
    }
}

#[cfg(test)]
mod tests {
    use crate::detect::segment::{Frame, Segment, host};

    /// Host 1, which is life-critical, speaks every `pause` seconds until a moment that is returned.
    fn segment(pause: f64, times: u32) -> (Segment, f64) {
        let mut segment = Segment::watched_by("silent_device");
        segment.give_role("life_critical", &[host(1)]);
        for step in 0..=times {
            segment.feed(Frame::announcement(host(1)), f64::from(step) * pause);
        }
        (segment, f64::from(times) * pause)
    }

    fn found(segment: &mut Segment, at: f64) -> usize {
        segment.feed(Frame::announcement(host(2)), at);
        segment.advance(at).len()
    }

    #[test]
    fn a_monitor_that_speaks_every_four_seconds_is_silent_after_a_minute() {
        for (silence, expected) in [(59.0, 0), (60.0, 1), (61.0, 1)] {
            let (mut segment, last) = segment(4.0, 1000);
            assert_eq!(found(&mut segment, last + silence), expected, "{silence}");
        }
    }

    #[test]
    fn who_pauses_for_long_is_given_longer() {
        let (mut segment, last) = segment(60.0, 200);
        // 60 s are below 65.5 s, the next power of two of milliseconds.
        assert_eq!(found(&mut segment, last + 196.0), 0);
        assert_eq!(found(&mut segment, last + 197.0), 1);
        assert_eq!(found(&mut segment, last + 198.0), 0, "it was told");
    }

    #[test]
    fn a_device_that_is_not_known_for_long_or_not_life_critical_is_not_judged() {
        let (mut segment_, last) = segment(4.0, 899);
        assert_eq!(found(&mut segment_, last + 600.0), 0);
        let (mut segment, last) = segment(60.0, 99);
        assert_eq!(found(&mut segment, last + 6000.0), 0);
        let (mut segment, last) = self::segment(4.0, 1000);
        segment.bed.roles.clear();
        assert_eq!(found(&mut segment, last + 600.0), 0);
    }

    #[test]
    fn while_nothing_is_heard_the_sensor_is_blind_not_the_device_silent() {
        let (mut segment, last) = segment(4.0, 1000);
        assert_eq!(segment.advance(last + 600.0), []);
    }
}
