//! Which program judges a piece of YAML, by its keys.

use std::process::Command;

/// What a document's YAML is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checker {
    Prometheus,
    Rules,
    Web,
    Alertmanager,
}

/// Who reads a file with these keys at its top; `None` if nobody is known to.
pub fn checker(text: &str) -> Option<Checker> {
    let mut keys = text.lines().filter_map(|line| {
        let key = line.split(':').next()?;
        let is_top = key.starts_with(|c: char| c.is_ascii_lowercase());
        is_top.then_some(key)
    });
    keys.find_map(|key| match key {
        "scrape_configs" | "rule_files" | "alerting" | "global" => Some(Checker::Prometheus),
        "groups" => Some(Checker::Rules),
        "tls_server_config" | "basic_auth_users" => Some(Checker::Web),
        "route" | "receivers" | "inhibit_rules" => Some(Checker::Alertmanager),
        _ => None,
    })
}

impl Checker {
    pub const fn program(self) -> &'static str {
        match self {
            Self::Alertmanager => "amtool",
            Self::Prometheus | Self::Rules | Self::Web => "promtool",
        }
    }

    /// Judges the file at `path`.
    pub fn command(self, path: &str) -> Command {
        let words: &[&str] = match self {
            Self::Prometheus => &["check", "config", "--syntax-only", path],
            Self::Rules => &["check", "rules", path],
            Self::Web => &["check", "web-config", path],
            Self::Alertmanager => &["check-config", path],
        };
        let mut command = Command::new(self.program());
        command.args(words);
        command
    }
}
