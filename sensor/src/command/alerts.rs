//! `wardline alerts`: what fires, why, what is done about it, and whether those who are told of it
//! can be reached.

mod text;

use std::{path::Path, time::Instant};

use super::{
    Exit, Failure,
    arguments::{Alerts, AlertsAction, Output, Suppress},
    config,
    list::unanswered,
    say,
};
use crate::{
    control,
    detect::desk::Suppression,
    export::{
        delivery::{Notice, sensor_name, wall_time},
        sinks,
    },
    pipeline::live::wall_clock,
    question::{AlertQuestion, Subject},
    time::Timestamp,
};

pub fn run(words: Alerts) -> Result<(), Failure> {
    let action = words.action.unwrap_or(AlertsAction::List);
    let is_explanation = matches!(action, AlertsAction::Explain { .. });
    let question = match action {
        AlertsAction::List => {
            let answer = control::ask(&words.socket, Subject::Alerts);
            let answer = answer.map_err(|error| unanswered(&error))?;
            return match words.output {
                Output::Json => say(&format!("{answer:#}\n")),
                Output::Table => say(&text::list(&answer)),
            };
        }
        AlertsAction::Test { config, sink } => return test(&config, sink.as_deref()),
        AlertsAction::Show { alert } | AlertsAction::Explain { alert } => {
            AlertQuestion::Show { alert }
        }
        AlertsAction::Ack { alert, by, note } => AlertQuestion::Acknowledge { alert, by, note },
        AlertsAction::Suppress(words) => suppress(words),
        AlertsAction::Unsuppress { suppression } => AlertQuestion::Lift { suppression },
        AlertsAction::Suppressions => AlertQuestion::Suppressions,
    };
    let answer = control::ask_about_alerts(&words.socket, &question);
    let answer = answer.map_err(|error| unanswered(&error))?;
    if words.output == Output::Json {
        return say(&format!("{answer:#}\n"));
    }
    say(&match question {
        AlertQuestion::Show { .. } if is_explanation => text::explanation(&answer),
        AlertQuestion::Show { .. } => text::alert(&answer),
        AlertQuestion::Acknowledge { alert, .. } => {
            format!("alert {alert} is acknowledged; it is told again if it gets worse\n")
        }
        AlertQuestion::Suppress { .. } => text::suppressed(&answer),
        AlertQuestion::Lift { suppression } => format!("suppression {suppression} is lifted\n"),
        AlertQuestion::Suppressions => text::suppressions(&answer),
    })
}

fn suppress(words: Suppress) -> AlertQuestion {
    let length = words.length.unwrap_or_default();
    let until = words.until.unwrap_or_else(|| {
        let length = i64::try_from(length.as_micros()).unwrap_or(i64::MAX);
        let now = jiff::Timestamp::now().as_microsecond();
        Timestamp::from_micros(now.saturating_add(length))
    });
    AlertQuestion::Suppress {
        alert: words.alert,
        suppression: Suppression {
            rule: words.rule,
            device: words.device,
            role: words.role,
            network: words.network,
            owner: words.by,
            reason: words.reason,
            until,
        },
    }
}

/// Sends a test alert through each sink, past the outbox: what it says is of this moment.
fn test(file: &Path, name: Option<&str>) -> Result<(), Failure> {
    let config = config::load(file)?;
    let notice = Notice::test(&sensor_name(), wall_time());
    let mut sinks = sinks::of(&config, &[], wall_clock());
    sinks.retain(|(address, _)| name.is_none_or(|name| address.label == name));
    if sinks.is_empty() {
        let message = match name {
            Some(name) => format!("{} has no sink of the name {name}", file.display()),
            None => format!("{} has no sink for alerts", file.display()),
        };
        return Err(Failure { exit: Exit::BadInput, message });
    }
    let mut failed = 0;
    for (address, mut sink) in sinks {
        let began = Instant::now();
        let delivered = sink.deliver(std::slice::from_ref(&notice), began);
        let milliseconds = began.elapsed().as_millis();
        match delivered.failure {
            None => say(&format!("{}: delivered in {milliseconds} ms\n", address.id))?,
            Some(failure) => {
                failed += 1;
                say(&format!("{}: FAILED: {}\n", address.id, failure.reason()))?;
            }
        }
    }
    say(&format!("key {}\n", notice.key()))?;
    if failed == 0 {
        return Ok(());
    }
    Err(Failure { exit: Exit::Failed, message: format!("{failed} sinks did not take the alert") })
}
