//! The sinks that a configuration asks for.

use std::time::Instant;

use super::{
    alertmanager::{self, Alertmanager},
    delivery::{Address, Notice, Sink, sensor_name, tls::Identity, wall_time},
    syslog::{self, Syslog},
    webhook::{self, Webhook},
};
use crate::{
    config::Config,
    detect::Alert,
    inventory::{Device, DeviceId},
    time::WallClock,
};

/// An alert that fires since an earlier run, and its device.
pub type Earlier<'a> = (&'a Alert, Option<&'a Device>);

/// Joins the alerts that fire with their devices.
pub fn earlier<'a>(firing: &'a [Alert], devices: &'a [Device]) -> Vec<Earlier<'a>> {
    let device = |id: DeviceId| devices.iter().find(|device| device.id == id);
    firing.iter().map(|alert| (alert, device(alert.device))).collect()
}

/// Each sink with its address. `firing` is what receivers of states have of an earlier run.
pub fn of(
    config: &Config,
    firing: &[Earlier<'_>],
    clock: WallClock,
) -> Vec<(Address, Box<dyn Sink>)> {
    let mut sinks: Vec<(Address, Box<dyn Sink>)> = Vec::new();
    let own = &config.alertmanager;
    for url in &own.urls {
        let made = Alertmanager::new(alertmanager::Settings {
            url: url.clone(),
            timeout: own.timeout,
            resend_interval: own.resend_interval,
        });
        let mut sink = match made {
            Ok(sink) => sink,
            Err(error) => {
                tracing::error!(%error, url, "no alerts are sent there");
                continue;
            }
        };
        let sensor = sensor_name();
        for (alert, device) in firing.iter().filter(|(a, _)| a.severity >= own.minimum_severity) {
            let notice = Notice::of(alert, *device, clock, 0, &sensor, wall_time());
            sink.adopt(notice, Instant::now());
        }
        let address = Address {
            // A blank: no configured name has one.
            id: format!("alertmanager {url}"),
            label: "alertmanager".to_owned(),
            minimum_severity: own.minimum_severity,
            keeps_states: true,
        };
        sinks.push((address, Box::new(sink)));
    }
    let address = |name: &str, minimum_severity| Address {
        id: name.to_owned(),
        label: name.to_owned(),
        minimum_severity,
        keeps_states: false,
    };
    for settings in &config.syslogs {
        let sink = Syslog::new(syslog::Settings {
            receiver: settings.address.clone(),
            transport: settings.transport,
            format: settings.format,
            facility: settings.facility.code(),
            timeout: settings.timeout,
            identity: Identity {
                authorities: settings.ca_file.clone(),
                certificate: settings.certificate_file.clone().zip(settings.key_file.clone()),
            },
            server_name: settings.server_name.clone(),
        });
        sinks.push((address(&settings.name, settings.minimum_severity), Box::new(sink)));
    }
    for settings in &config.webhooks {
        let sink = Webhook::new(webhook::Settings {
            url: settings.url.clone(),
            secret_file: settings.secret_file.clone(),
            timeout: settings.timeout,
            authorities: settings.ca_file.clone(),
        });
        sinks.push((address(&settings.name, settings.minimum_severity), Box::new(sink)));
    }
    sinks
}
