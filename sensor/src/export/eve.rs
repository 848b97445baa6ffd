//! EVE-style JSON lines: one object for each flow, device, alert and reading of counters, in the
//! names of Suricata's EVE where it has one.
//!
//! Whatever a device said of itself is stripped of control and direction characters, and the rest is
//! escaped by the serializer: a line is always one whole record.

mod alert;
mod detail;
mod device;
mod file;
mod flow;
pub mod schema;
mod unclassified;

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    detect::Alert,
    event::DeviceChange,
    flow::FlowRecord,
    inventory::Device,
    time::{Timestamp, WallClock},
};
pub use file::EveFile;
pub use unclassified::unclassified_value;

/// What records refer to beyond themselves.
#[derive(Clone, Copy)]
pub struct EventContext<'a> {
    pub wall: WallClock,
    /// The name of an interface by its index.
    pub interface_name: &'a dyn Fn(u32) -> Option<&'a str>,
    /// How the program is attached (`native`, `generic`), or `replay`.
    pub attach_mode: &'a str,
    /// Which of several sensors this is.
    pub sensor: Option<&'a str>,
}

/// A flow as it stands in a line, for answers over the socket; so for the next two.
pub fn flow_value(record: &FlowRecord, context: &EventContext<'_>) -> serde_json::Value {
    serde_json::to_value(flow::Event::of(record, context)).unwrap_or_default()
}

pub fn alert_value(
    alert: &Alert,
    device: Option<&Device>,
    context: &EventContext<'_>,
) -> serde_json::Value {
    serde_json::to_value(alert::Event::of(alert, device, context)).unwrap_or_default()
}

pub fn device_value(device: &Device, context: &EventContext<'_>) -> serde_json::Value {
    let event = device::Event::of(DeviceChange::Updated, device, context);
    let mut value = serde_json::to_value(event).unwrap_or_default();
    value.get_mut("device").map(serde_json::Value::take).unwrap_or_default()
}

/// What every line begins with.
#[derive(Serialize, JsonSchema)]
struct Line<'a, T> {
    /// Flows: their end. Devices: first seen if new, else last seen. Alerts: fired or resolved.
    timestamp: Timestamp,
    event_type: &'static str,
    /// Which of several sensors this is.
    #[serde(skip_serializing_if = "Option::is_none")]
    sensor: Option<&'a str>,
    #[serde(flatten)]
    event: T,
}

/// Writes each record as one line in one call of the sink's `write_all`.
#[derive(Debug)]
pub struct EveWriter<W> {
    sink: W,
    line: Vec<u8>,
}

impl<W: Write> EveWriter<W> {
    pub fn new(sink: W) -> Self {
        Self { sink, line: Vec::new() }
    }

    pub fn get_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    pub fn into_inner(self) -> W {
        self.sink
    }

    /// # Errors
    ///
    /// The sink refused the line; so for each of the following.
    pub fn flow(&mut self, record: &FlowRecord, context: &EventContext<'_>) -> io::Result<()> {
        let at = context.wall.at(record.end);
        self.write(at, "flow", context, flow::Event::of(record, context))
    }

    pub fn device(
        &mut self,
        change: DeviceChange,
        device: &Device,
        context: &EventContext<'_>,
    ) -> io::Result<()> {
        let at = match change {
            DeviceChange::New => device.first_seen,
            DeviceChange::Updated => device.last_seen,
        };
        let event = device::Event::of(change, device, context);
        self.write(context.wall.at(at), "device", context, event)
    }

    /// `device` is the alert's, if it is still known.
    pub fn alert(
        &mut self,
        alert: &Alert,
        device: Option<&Device>,
        context: &EventContext<'_>,
    ) -> io::Result<()> {
        let at = context.wall.at(alert.resolved_at.unwrap_or(alert.fired_at));
        let event = alert::Event::of(alert, device, context);
        self.write(at, "alert", context, event)
    }

    /// `counters` stand under `stats` as the caller has them.
    pub fn stats(
        &mut self,
        at: Timestamp,
        counters: &impl Serialize,
        context: &EventContext<'_>,
    ) -> io::Result<()> {
        #[derive(Serialize)]
        struct Event<'a, T> {
            attach_mode: &'a str,
            stats: &'a T,
        }
        let event = Event { attach_mode: context.attach_mode, stats: counters };
        self.write(at, "stats", context, event)
    }

    /// # Errors
    ///
    /// The sink's.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }

    fn write(
        &mut self,
        timestamp: Timestamp,
        event_type: &'static str,
        context: &EventContext<'_>,
        event: impl Serialize,
    ) -> io::Result<()> {
        self.line.clear();
        let line = Line { timestamp, event_type, sensor: context.sensor, event };
        serde_json::to_writer(&mut self.line, &line)?;
        self.line.push(b'\n');
        self.sink.write_all(&self.line)
    }
}

#[cfg(test)]
mod tests;
