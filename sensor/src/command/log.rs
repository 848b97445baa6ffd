//! The agent's log: plain lines for a terminal, JSON for a collector.

use std::{
    io::{IsTerminal as _, stderr},
    sync::OnceLock,
};

use tracing_subscriber::{
    EnvFilter,
    field::MakeExt as _,
    fmt::{FormatFields, format},
};

/// Puts another filter in force; it is there once the log was started.
static FILTER: OnceLock<Box<dyn Fn(EnvFilter) + Send + Sync>> = OnceLock::new();

/// Sends the log to standard error, from `level` up; `WARDLINE_LOG` overrides.
pub fn start(level: &str) {
    let is_terminal = stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_env_filter(filter(level))
        .with_target(false)
        .with_ansi(is_terminal && std::env::var_os("NO_COLOR").is_none());
    // A second start, as in tests, keeps the first log.
    let _ = if is_terminal {
        let log = log.fmt_fields(plain_fields()).with_filter_reloading();
        let handle = log.reload_handle();
        let _ = FILTER.set(Box::new(move |filter| drop(handle.reload(filter))));
        log.try_init()
    } else {
        let log = log.json().flatten_event(true).with_filter_reloading();
        let handle = log.reload_handle();
        let _ = FILTER.set(Box::new(move |filter| drop(handle.reload(filter))));
        log.try_init()
    };
}

/// What is logged, in one line and without control characters: names come from the network, and a
/// terminal obeys what it is shown.
fn plain_fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    let fields = format::debug_fn(|writer, field, value| {
        let name = field.name();
        if name.starts_with("log.") {
            return Ok(());
        }
        if name != "message" {
            write!(writer, "{name}=")?;
        }
        for character in format!("{value:?}").chars() {
            if character.is_control() {
                write!(writer, "{}", character.escape_default())?;
            } else {
                writer.write_char(character)?;
            }
        }
        Ok(())
    });
    fields.delimited(" ")
}

/// Logs from another level up.
pub fn set_level(level: &str) {
    if let Some(set) = FILTER.get() {
        set(filter(level));
    }
}

fn filter(level: &str) -> EnvFilter {
    let filter = std::env::var("WARDLINE_LOG").unwrap_or_else(|_| level.to_owned());
    EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"))
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex},
    };

    const HOSTILE: &str = "pump\u{1b}[2J\u{7}\n{\"level\":\"ERROR\"}\u{9b}31m";

    #[derive(Clone, Default)]
    struct Pages(Arc<Mutex<Vec<u8>>>);

    impl Write for Pages {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(octets);
            Ok(octets.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is logged of a hostile name, for a collector or for a terminal.
    fn logged(is_json: bool) -> String {
        let pages = Pages::default();
        let writer = pages.clone();
        let log = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_target(false)
            .with_ansi(false);
        let say = || tracing::warn!(quoted = HOSTILE, shown = %HOSTILE, "a device says {HOSTILE}");
        if is_json {
            tracing::subscriber::with_default(log.json().flatten_event(true).finish(), say);
        } else {
            let log = log.fmt_fields(super::plain_fields());
            tracing::subscriber::with_default(log.finish(), say);
        }
        String::from_utf8(pages.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_hostile_name_is_one_line_of_json_and_no_escape_on_a_terminal() {
        let json = logged(true);
        assert_eq!(json.lines().count(), 1, "{json}");
        let line: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&line["level"], &line["shown"]), (&"WARN".into(), &HOSTILE.into()));
        let plain = logged(false);
        assert_eq!(plain.lines().count(), 1, "{plain:?}");
        assert!(
            plain.contains("pump") && !plain.contains(['\u{1b}', '\u{7}', '\u{9b}']),
            "{plain:?}"
        );
    }
}
