//! `wardline alerts`: what fires, why, what is done about it, and whether receivers can be reached.

mod test;
mod text;

use super::{
    Failure,
    arguments::{Alerts, AlertsAction, Output, Suppress},
    list::{json, unanswered},
    say,
};
use crate::{
    control,
    detect::desk::Suppression,
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
                Output::Json => say(&json(Subject::Alerts.name(), answer)),
                Output::Table => say(&text::list(&answer)),
            };
        }
        AlertsAction::Show { alert } | AlertsAction::Explain { alert } => {
            AlertQuestion::Show { alert }
        }
        AlertsAction::Ack { alert, by, note } => AlertQuestion::Acknowledge { alert, by, note },
        AlertsAction::Suppress(words) => suppress(words),
        AlertsAction::Unsuppress { suppression } => AlertQuestion::Lift { suppression },
        AlertsAction::Suppressions => AlertQuestion::Suppressions,
        AlertsAction::Test { config, sink } => return test::run(&config, sink.as_deref()),
    };
    let answer = control::ask_about_alerts(&words.socket, &question);
    let answer = answer.map_err(|error| unanswered(&error))?;
    if words.output == Output::Json {
        let kind = match question {
            AlertQuestion::Show { .. } => "alert",
            AlertQuestion::Suppressions => "suppressions",
            _ => "order",
        };
        return say(&json(kind, answer));
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
